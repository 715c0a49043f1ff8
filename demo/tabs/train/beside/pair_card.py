"""Two runs side by side as one picture to keep or hand in: what differs, their test pictures, their
curves over one axis, and what came of the two."""

from __future__ import annotations

from collections.abc import Sequence

from demo.tabs.train import card_parts, run_card
from demo.tabs.train import view as train_view
from demo.tabs.train.beside.sides import MISSING, Side, difference
from demo.tabs.train.beside.state import verdict
from demo.tabs.train.card_parts import ACCENT, MARGIN, MUTED, SECOND, WIDTH, text

ROOM, PICTURES = (520, 170), 6
"""Of the test pictures of each, and how many."""


def card_of(sides: Sequence[Side]) -> list[str]:
    """[name, PNG in base64] for the page to keep; ["", a sentence] where one of the two is not
    there."""
    if len(sides) < 2:
        return ["", MISSING]
    card, draw = card_parts.blank()
    text(draw, (MARGIN, 30), "VQ-VAE · two runs side by side", 34)
    card_parts.paragraph(draw, (MARGIN, 80), difference(sides[0].values, sides[1].values), 118, 3)
    for number, (name, side) in enumerate(zip("AB", sides, strict=True)):
        left = MARGIN + number * (WIDTH - MARGIN) // 2
        title = side.title.removeprefix(f"{name} · ")
        text(draw, (left, 172), f"{name} · {title}"[:52], 20, (ACCENT, SECOND)[number])
        text(draw, (left, 200), run_card.facts(side), 16, MUTED)
        bottom = card_parts.pictures(card, side, (left, 228), ROOM, PICTURES)
        figures = side.live.figures()
        if figures:
            said = train_view.verdict(figures).partition(";")[0].rstrip(".")
            text(draw, (left, bottom + 12), f"{said}.", 16, MUTED)
    card_parts.plots(draw, dict(zip("AB", sides, strict=True)))
    card_parts.paragraph(draw, (MARGIN, 710), verdict(sides), 118, 3)
    return card_parts.as_file(" beside ".join(side.title for side in sides), card)
