"""A run as one picture to keep or hand in: its settings, its curves, its test pictures, and how its
codebook ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import ImageDraw

from demo.page.run_head import PHASES, clock
from demo.runs.presets import DEFAULTS, FIELDS
from demo.tabs.train import card_parts
from demo.tabs.train import view as train_view
from demo.tabs.train.beside.sides import Side, shown
from demo.tabs.train.card_parts import MARGIN, MUTED, text

PICTURES = (640, 240)
"""Room of the test pictures."""
ALWAYS = ("dataset", "codebook_size", "embedding_dim", "quantizer", "commitment_weight", "seed")
"""Settings that every card names; of the others those that are not as they were at first."""
MOST_SETTINGS = 14


def card_of(side: Side | None) -> list[str]:
    """[name, PNG in base64] of 1200 x 800 pixels for the page to keep; ["", a sentence] where there
    is no run."""
    if side is None:
        return ["", "There is no run to make a card of: press Train first."]
    card, draw = card_parts.blank()
    text(draw, (MARGIN, 36), f"VQ-VAE · {side.title}"[:60], 34)
    text(draw, (MARGIN, 84), facts(side), 20, MUTED)
    _settings(draw, side.values)
    bottom = card_parts.pictures(card, side, (MARGIN, 140), PICTURES)
    if bottom > 140:
        said = "Top: unseen test images. Bottom: their reconstructions."
        text(draw, (MARGIN, bottom + 10), said, 16, MUTED)
    card_parts.plots(draw, {"": side})
    figures = side.live.figures()
    if figures:
        card_parts.paragraph(draw, (MARGIN, 724), train_view.verdict(figures), 108, 2)
    return card_parts.as_file(side.title, card)


def facts(side: Side) -> str:
    """Phase, time and steps."""
    record, status = side.live.record() or {}, side.live.status
    told = [
        PHASES.get(status.phase, "") if status else "",
        f"{clock(record['elapsed'])} trained" if record.get("elapsed") else "",
        f"{record['step']:,} steps" if record.get("step") else "",
    ]
    return " · ".join(filter(None, told))


def _settings(draw: ImageDraw.ImageDraw, values: Mapping[str, Any]) -> None:
    """The settings as two columns at the right."""
    told = [
        field
        for field in FIELDS
        if field.name in values
        and (field.name in ALWAYS or values[field.name] != DEFAULTS[field.name])
    ]
    for number, field in enumerate(told[:MOST_SETTINGS]):
        y = 140 + 22 * number
        text(draw, (720, y), field.label, 16, MUTED)
        text(draw, (980, y), shown(field, values[field.name])[:26], 16)
