"""The form of the Train tab: presets, the simple fields, own images, and the advanced fields."""

import json
from functools import partial
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from demo.own_images import describe, sources
from demo.presets import FIELDS, OWN_SIZES, PRESETS, SHAPES, Field, preset_values
from demo.settings import Settings

NAMES = tuple(field.name for field in FIELDS)
"""The fields in the order in which handlers receive them."""
CUSTOM = "custom"
"""Not a preset: what the picker says once a field was changed by hand."""
PRIVATE = {"show_progress": "hidden", "api_visibility": "private"}


class RunPicker(gr.Dropdown):
    """A dropdown of run ids. Gradio would compare a choice with the list it last sent, which is stale after a restart;
    demo.jobs checks an id whenever it is used."""

    is_template = True  # the browser draws it as the Dropdown it is

    def preprocess(self, payload: str | None) -> str | None:
        return payload if isinstance(payload, str) else None


class Form(NamedTuple):
    """The components of the form."""

    preset: gr.Dropdown
    why: gr.HTML
    """What the preset shows, in a sentence."""
    fields: list
    """In the order of NAMES."""
    own: list
    """Zip of the visitor's own images, their size, whether in colour, a folder of the server instead."""
    train: gr.Button
    problem: gr.HTML
    """Where a field that cannot be used is named."""

    @classmethod
    def build(cls, settings: Settings) -> "Form":
        """Draw the form where it is called."""
        made: dict[str, Any] = {}
        titles = [*((preset.title, key) for key, preset in PRESETS.items()), ("Your own settings", CUSTOM)]
        preset = gr.Dropdown(titles, value="minute", label="Preset", filterable=False, elem_id="vq-train-preset")
        why = gr.HTML(explain("minute"), elem_id="vq-train-why", padding=False)
        own: list = []
        for field in FIELDS:
            if not field.advanced:
                made[field.name] = _component(field)
            if field.name == "dataset":
                own = _own_images(made["dataset"], settings)
        train = gr.Button("Train", variant="primary", elem_id="vq-train-start")
        problem = gr.HTML("", elem_id="vq-train-problem", padding=False)
        with gr.Accordion("Advanced", open=False, elem_id="vq-train-advanced"):
            for field in FIELDS:
                if field.advanced:
                    made[field.name] = _component(field)
        return cls(preset, why, [made[name] for name in NAMES], own, train, problem)

    def connect(self) -> None:
        """Whoever changes a field by hand leaves the preset: said by the browser alone."""
        said = f"() => {json.dumps([CUSTOM, explain(CUSTOM)])}"
        gr.on([field.input for field in self.fields], None, None, [self.preset, self.why], js=said, **PRIVATE)


def explain(key: str) -> str:
    """HTML of the sentence under the presets."""
    return f'<p class="vq-note">{escape(PRESETS[key].why if key in PRESETS else "Every field as you set it.")}</p>'


def choose_preset(key: str | None) -> list:
    """The preset's sentence, then every field as it wants it."""
    if key not in PRESETS:
        return [explain(CUSTOM), *[gr.skip() for _ in NAMES]]
    values = preset_values(key)
    return [explain(key), *[values.get(name, gr.skip()) for name in NAMES]]


def show_own(dataset: str) -> dict:
    """The fields of own images, only where they are asked for."""
    return gr.update(visible=dataset not in SHAPES)


def look_own(settings: Settings, upload: str | None, folder: str | None) -> tuple:
    """What was found in the visitor's images, and the size and colour that suit them."""
    said, size, colour = describe(settings, upload, folder)
    return said, gr.skip() if size is None else size, gr.skip() if colour is None else colour


def _own_images(dataset: gr.Dropdown, settings: Settings) -> list:
    offered = sources(settings.images)
    with gr.Column(visible=False, min_width=0) as box:
        with gr.Group():
            folder = gr.Dropdown([("none", ""), *offered], value="", filterable=False, visible=bool(offered),
                                 label="Folder on this server", info="Or upload a zip below, which goes first.",
                                 elem_id="vq-train-folder")
            file = gr.File(label="Zip of images (PNG, JPEG)", file_types=[".zip"], height=150, elem_id="vq-train-zip")
            size = gr.Dropdown([(f"{side}×{side} pixels", side) for side in OWN_SIZES], value=32, filterable=False,
                               label="Size of my images", info="Every image is cropped to a square and resized.")
            colour = gr.Checkbox(True, label="In colour")
        found = gr.HTML("", elem_id="vq-train-found", padding=False)
    gr.on([file.change, folder.input], partial(look_own, settings), [file, folder], [found, size, colour], **PRIVATE)
    dataset.change(show_own, dataset, box, queue=False, **PRIVATE)
    return [file, size, colour, folder]


def _component(field: Field):
    options = {"label": field.label, "info": field.help, "elem_id": f"vq-train-{field.name}"}
    if field.choices:
        return gr.Dropdown(list(field.choices), value=field.default, filterable=False, **options)
    if isinstance(field.default, bool):
        return gr.Checkbox(field.default, **options)
    return gr.Number(field.default, **options)
