"""What cards of runs are drawn of: text, test pictures, curves; and how one becomes a file."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from demo.as_text import encoded
from demo.models import recordings
from demo.runs import files as runfiles
from demo.tabs.train.beside.sides import Side

WIDTH, HEIGHT, MARGIN = 1200, 800, 48
CURVES_TOP = 500
INK, MUTED, LINE, ACCENT, SECOND = "#1d2426", "#566063", "#dfe4e4", "#0f766e", "#9a5400"
LACKING = str.maketrans({"β": "beta", "×": "x", "−": "-"})
"""Letters that the font which comes with Pillow does not have."""
KEEP = """([name, content]) => {
  if (!name) return `<p class="vq-bad" role="alert">${content}</p>`;
  const link = document.createElement("a");
  link.href = `data:image/png;base64,${content}`;
  link.download = name;
  link.click();
  return "";
}"""
"""JavaScript: what `card_of` gives becomes a file; returns HTML of what went wrong."""


class Curve(NamedTuple):
    """A line of a plot."""

    name: str
    """"" where it is the only one."""
    points: Sequence[tuple[float, float]]
    """(step, value)"""
    colour: str = ACCENT


def blank() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A white card and what draws on it."""
    card = Image.new("RGB", (WIDTH, HEIGHT), "white")
    return card, ImageDraw.Draw(card)


def as_file(title: str, card: Image.Image) -> list[str]:
    """[name, PNG in base64], as KEEP takes it. title: what the file is called after."""
    file = io.BytesIO()
    card.save(file, "PNG", optimize=True)
    plain = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    name = f"run-{'-'.join(filter(None, plain.split('-')))[:60]}.png"
    return [name, encoded(file.getvalue())]


def pictures(
    card: Image.Image,
    side: Side,
    place: tuple[int, int],
    room: tuple[int, int],
    most: int = 10,
) -> int:
    """Up to so many test pictures above their reconstructions at a place, as large as whole factors
    allow in a room (width, height). Returns where they end, in pixels from the top."""
    sheet = _sheet(side, room[0], most)
    if sheet is None:
        return place[1]
    factor = max(1, min(room[0] // sheet.width, room[1] // sheet.height))
    size = (sheet.width * factor, sheet.height * factor)
    card.paste(sheet.resize(size, Image.Resampling.NEAREST), place)
    return place[1] + size[1]


def curves_of(side: Side, key: str) -> list[tuple[float, float]]:
    """(step, value) of a run so far."""
    records = runfiles.read_records(side.live.folder) if side.live.folder else []
    values = [(one.get("step") or 0, one.get(key)) for one in records]
    return [(step, value) for step, value in values if value is not None]


def plots(draw: ImageDraw.ImageDraw, sides: Mapping[str, Side]) -> None:
    """The three plots in the lower half over steps: one line per side, by its name."""
    most = max(side.values.get("codebook_size") or 1 for side in sides.values())
    for number, (title, key, top) in enumerate(
        (
            ("Reconstruction loss, log scale", "reconstruction_loss", None),
            (f"Perplexity, 0 to {most:,}", "perplexity", most),
            ("Share of codes in use, 0 to 1", "usage", 1),
        )
    ):
        lines = [
            Curve(name, curves_of(side, key), colour)
            for (name, side), colour in zip(sides.items(), (ACCENT, SECOND), strict=False)
        ]
        _plot(draw, number, title, lines, top)


def _plot(
    draw: ImageDraw.ImageDraw, number: int, title: str, curves: Sequence[Curve], most: float | None
) -> None:
    """From 0 to `most`, or over the values there are on a log scale."""
    log = most is None
    width, top, height = 336, CURVES_TOP, 160
    left = MARGIN + number * (width + 48)
    text(draw, (left, top - 30), title, 18)
    draw.rectangle((left, top, left + width, top + height), outline=LINE)
    scaled = [
        [(x, math.log10(max(y, 1e-12)) if log else y) for x, y in one.points if math.isfinite(y)]
        for one in curves
    ]
    every = [point for line in scaled for point in line]
    if len(every) < 2:
        return
    most_x = max(x for x, _ in every) or 1
    low, high = (min(y for _, y in every), max(y for _, y in every)) if log else (0.0, most)
    span = (high - low) or 1.0
    ends = []
    for one, line in zip(curves, scaled, strict=True):
        if len(line) < 2:
            continue
        placed = [
            (left + width * x / most_x, top + height - (height - 8) * (y - low) / span)
            for x, y in line
        ]
        draw.line(placed, fill=one.colour, width=3, joint="curve")
        last = 10 ** line[-1][1] if log else line[-1][1]
        ends.append(f"{one.name} {last:.3g}" if one.name else f"{last:.3g} in the end")
    text(draw, (left, top + height + 8), ", ".join(ends), 16, MUTED)
    text(draw, (left + width, top + height + 8), f"{most_x:,.0f} steps", 16, MUTED, anchor="ra")


def text(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    words: str,
    size: int,
    colour: str = INK,
    anchor: str = "la",
) -> None:
    """A line at its upper left corner, or as `anchor` has it."""
    font = ImageFont.load_default(size)
    draw.text(place, words.translate(LACKING), fill=colour, font=font, anchor=anchor)


def paragraph(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], words: str, most: int, lines: int
) -> None:
    """Words in at most so many lines of at most so many letters; where some are left over, the last
    line says so."""
    wrapped: list[str] = [""]
    for word in words.split():
        if len(wrapped[-1]) + len(word) >= most:
            wrapped.append("")
        wrapped[-1] = f"{wrapped[-1]} {word}".strip()
    if len(wrapped) > lines:
        wrapped[lines - 1] += " ..."
    for number, line in enumerate(wrapped[:lines]):
        text(draw, (place[0], place[1] + 26 * number), line, 20)


def _sheet(side: Side, wide: int, most: int) -> Image.Image | None:
    """Two rows of pictures: test images, and what the model made of them last."""
    folder = side.live.folder
    for name in (runfiles.PREVIEW, recordings.SHEET):
        if folder and (folder / name).is_file():
            sheet = Image.open(folder / name).convert("RGB")
            model = runfiles.read_json(folder / runfiles.JOB).get("model") or {}
            height, width = model.get("height", sheet.height // 2), model.get("width", sheet.width)
            fitting = max(1, min(most, wide // width)) * width
            rows = Image.new("RGB", (min(sheet.width, fitting), 2 * height))
            rows.paste(sheet, (0, 0))
            rows.paste(sheet.crop((0, sheet.height - height, *sheet.size)), (0, height))
            return rows
    return None
