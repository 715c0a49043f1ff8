"""The component that turns the lines of the model picker into cards (`main.js`). The picker stays
Gradio's dropdown, with its keys and with what a screen reader says of it; what the cards look like
is in `picking.css` (demo.page.theme)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import gradio as gr

from demo.as_text import encoded
from demo.door import OfModel, Slots, server_functions
from demo.models.library import ModelEntry
from demo.models.thumbnails import thumbnail
from demo.page.modules import starts
from demo.settings import Settings

FOLDER = Path(__file__).parent
AT_ONCE = 2
"""Thumbnails drawn side by side: each loads its model for a moment."""


class Thumbnail(TypedDict):
    """A picture of a model."""

    png: str
    """base64; "" where it keeps no test pictures."""


class Card(TypedDict):
    """A line of the picker."""

    id: str
    title: str
    """As the dropdown has it."""
    name: str
    facts: str


def model_thumbnail(request: OfModel, settings: Settings) -> Thumbnail:
    """{model} -> what it makes of four test pictures."""
    return {"png": encoded(thumbnail(request.model, settings))}


def picker_cards(settings: Settings, entries: Sequence[ModelEntry]) -> gr.HTML:
    """The component. Its value is what `cards` says of the models that the dropdown lists."""
    return gr.HTML(
        cards(entries),
        html_template="<i hidden></i>",
        js_on_load=starts(FOLDER / "main.js"),
        server_functions=[*server_functions((model_thumbnail,), settings, Slots(AT_ONCE))],
        elem_id="vq-picker-cards",
        padding=False,
        apply_default_css=False,
    )


def cards(entries: Sequence[ModelEntry]) -> list[Card]:
    """The cards of some models."""
    return [
        {"id": entry.id, "title": entry.title, "name": entry.name, "facts": entry.facts}
        for entry in entries
    ]
