"""A run as one picture to keep or hand in: its settings, its curves, its test pictures, and how its
codebook ended."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from demo.page.run_head import PHASES, clock
from demo.runs import files as runfiles
from demo.runs import recordings
from demo.runs.presets import DEFAULTS, FIELDS
from demo.tabs.train import beside
from demo.tabs.train import view as train_view
from demo.tabs.train.beside import Side

WIDTH, HEIGHT, MARGIN = 1200, 800, 48
CURVES_TOP, PICTURES_WIDE = 500, 640
INK, MUTED, LINE, ACCENT = "#1d2426", "#566063", "#dfe4e4", "#0f766e"
ALWAYS = ("dataset", "codebook_size", "embedding_dim", "quantizer", "commitment_weight", "seed")
"""Settings that every card names; of the others those that are not as they were at first."""
MOST_SETTINGS = 14
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


def run_card(side: Side) -> bytes:
    """The card of a run or a recording as PNG, 1200 x 800 pixels."""
    card = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(card)
    record, status = side.live.record() or {}, side.live.status
    _text(draw, (MARGIN, 36), f"VQ-VAE · {side.title}"[:60], 34)
    facts = [
        PHASES.get(status.phase, "") if status else "",
        f"{clock(record['elapsed'])} trained" if record.get("elapsed") else "",
        f"{record['step']:,} steps" if record.get("step") else "",
    ]
    _text(draw, (MARGIN, 84), " · ".join(filter(None, facts)), 20, MUTED)
    _settings(draw, side.values)
    _pictures(card, side)
    records = runfiles.read_records(side.live.folder) if side.live.folder else []
    most = side.values.get("codebook_size") or 1
    for number, (title, key, top) in enumerate(
        (
            ("Reconstruction loss, log scale", "reconstruction_loss", None),
            (f"Perplexity, 0 to {most:,}", "perplexity", most),
            ("Share of codes in use, 0 to 1", "usage", 1),
        )
    ):
        values = [(one.get("step") or 0, one.get(key)) for one in records]
        points = [(step, value) for step, value in values if value is not None]
        _curve(draw, number, title, points, top)
    figures = side.live.figures()
    if figures:
        lines = _wrapped(train_view.verdict(figures), 108)
        for number, line in enumerate(lines[:2]):
            _text(draw, (MARGIN, 724 + 26 * number), line, 20)
    file = io.BytesIO()
    card.save(file, "PNG", optimize=True)
    return file.getvalue()


def named(side: Side) -> str:
    """What the file of a card is called."""
    plain = "".join(letter if letter.isalnum() else "-" for letter in side.title.lower())
    return f"run-{'-'.join(filter(None, plain.split('-')))[:60]}.png"


def card_of(side: Side | None) -> list[str]:
    """[name, PNG in base64] for the page to keep; ["", a sentence] where there is no run."""
    if side is None:
        return ["", "There is no run to make a card of: press Train first."]
    return [named(side), base64.b64encode(run_card(side)).decode()]


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
        _text(draw, (720, y), field.label, 16, MUTED)
        _text(draw, (980, y), beside.shown(field, values[field.name])[:26], 16)


def _sheet(side: Side) -> Image.Image | None:
    """Two rows of pictures: test images, and what the model made of them last."""
    folder = side.live.folder
    for name in (runfiles.PREVIEW, recordings.SHEET):
        if folder and (folder / name).is_file():
            sheet = Image.open(folder / name).convert("RGB")
            model = runfiles.read_json(folder / runfiles.JOB).get("model") or {}
            height, width = model.get("height", sheet.height // 2), model.get("width", sheet.width)
            fitting = max(1, PICTURES_WIDE // width) * width
            rows = Image.new("RGB", (min(sheet.width, fitting), 2 * height))
            rows.paste(sheet, (0, 0))
            rows.paste(sheet.crop((0, sheet.height - height, *sheet.size)), (0, height))
            return rows
    return None


def _pictures(card: Image.Image, side: Side) -> None:
    """Test pictures above their reconstructions, as large as whole factors allow."""
    sheet = _sheet(side)
    if sheet is None:
        return
    factor = max(1, min(PICTURES_WIDE // sheet.width, 240 // sheet.height))
    size = (sheet.width * factor, sheet.height * factor)
    card.paste(sheet.resize(size, Image.Resampling.NEAREST), (MARGIN, 140))
    _text(
        ImageDraw.Draw(card),
        (MARGIN, 150 + size[1]),
        "Top: unseen test images. Bottom: their reconstructions.",
        16,
        MUTED,
    )


def _curve(
    draw: ImageDraw.ImageDraw,
    number: int,
    title: str,
    points: Sequence[tuple[float, float]],
    most: float | None,
) -> None:
    """One of the three plots in the lower half, over steps: from 0 to `most`, or over the values
    there are on a log scale."""
    log = most is None
    width, top, height = 336, CURVES_TOP, 160
    left = MARGIN + number * (width + 48)
    _text(draw, (left, top - 30), title, 18)
    draw.rectangle((left, top, left + width, top + height), outline=LINE)
    scaled = [(x, math.log10(max(y, 1e-12)) if log else y) for x, y in points if math.isfinite(y)]
    if len(scaled) < 2:
        return
    most_x = max(x for x, _ in scaled) or 1
    ys = [y for _, y in scaled]
    low, high = (min(ys), max(ys)) if most is None else (0.0, most)
    span = (high - low) or 1.0
    line = [
        (left + width * x / most_x, top + height - (height - 8) * (y - low) / span)
        for x, y in scaled
    ]
    draw.line(line, fill=ACCENT, width=3, joint="curve")
    last = 10 ** ys[-1] if log else ys[-1]
    _text(draw, (left, top + height + 8), f"{last:.3g} in the end", 16, MUTED)
    steps = f"{most_x:,.0f} steps"
    _text(draw, (left + width, top + height + 8), steps, 16, MUTED, anchor="ra")


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    colour: str = INK,
    anchor: str = "la",
) -> None:
    font = ImageFont.load_default(size)
    draw.text(place, text.translate(LACKING), fill=colour, font=font, anchor=anchor)


def _wrapped(text: str, most: int) -> list[str]:
    lines: list[str] = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
