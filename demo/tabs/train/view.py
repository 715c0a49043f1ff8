"""What the Train tab shows of a run, as HTML: pure functions of its status, records and latest
figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from demo.as_text import PNG, encoded
from demo.charts.curves import Curve, bar_chart, line_chart, number
from demo.page.run_head import PHASES, clock, run_head, run_text
from demo.runs.status import Phase, Status
from demo.tabs.train.loss import loss_html
from demo.text import term
from vqvae.collapse import RECENT_STEPS, collapsed

CSS_PATH = Path(__file__).with_suffix(".css")
PRIOR_ADVICE = {
    Phase.TRAINING: (
        "Watch the samples: they turn from noise into images as the curve falls below the "
        "dashed line."
    ),
    Phase.PAUSED: "Paused. Resume continues from this step.",
    Phase.EVALUATING: "Measuring the prior on test images.",
    Phase.FINISHED: "Done: the model in the menu at the top can draw new images now.",
    Phase.STOPPED: "Stopped early; the model with this prior is in the menu at the top.",
}
MANY_DEAD = 0.6
"""With a smaller share in use a codebook has many dead codes, as the Codebook tab says."""
BLURRED = 15.0
"""Decibels below which one hardly sees what a picture is of."""
SETTLED_STEPS = 2 * RECENT_STEPS
"""While a run trains, its usage is not judged before this step: it has only just begun to count."""


class Figures(NamedTuple):
    """How well the codebook of a run is used: on the test images once they are measured, before
    that in training."""

    usage: float
    """Share of codes in use, 0..1."""
    perplexity: float
    codebook_size: int
    psnr: float | None = None
    """Of test images, in decibels."""
    measured: bool = False
    """On the test images, not in training."""

    @property
    def used(self) -> int:
        """Codes in use."""
        return round(self.usage * self.codebook_size)

    @property
    def said(self) -> str:
        """Codes in use and perplexity, in words."""
        return (
            f"{self.used:,} of {self.codebook_size:,} codes are in use, with a perplexity of "
            f"{self.perplexity:.0f} {'on the test images' if self.measured else 'in training'}"
        )


PICTURES = 10
IN_A_ROW = 5
"""Pictures that stay together when the row breaks."""


def said_html(
    status: Status | None, record: dict[str, Any] | None, figures: Figures | None = None
) -> str:
    """One sentence on what the figures say."""
    if status is None:
        return run_text("Press Train: the curves start within a few seconds.")
    text = " ".join(filter(None, [status.text or _advice(status, record, figures), status.note]))
    return run_text(text, f"vq-is-{status.phase}")


def status_html(status: Status | None, record: dict[str, Any] | None) -> str:
    """Phase, how far, how fast."""
    if status is None:
        return run_head("No run yet", [], 0.0)
    share = 0.0
    facts = []
    if record:
        elapsed, remaining = record.get("elapsed") or 0.0, record.get("remaining")
        share = _share(status, elapsed, remaining)
        facts.append(f"<b>{clock(elapsed)}</b> trained")
        if remaining and status.phase in (Phase.TRAINING, Phase.PAUSED):
            facts.append(f"<b>{clock(remaining)}</b> left")
        facts.append(f"<b>{number(record.get('images_per_second'))}</b> images/s")
        facts.append(f"step <b>{record.get('step', 0):,}</b>")
    elif status.seconds:
        facts.append(f"<b>{clock(status.seconds)}</b> to train")
    phase = PHASES.get(status.phase, status.phase)
    if status.stage == "prior" and status.phase in (Phase.TRAINING, Phase.EVALUATING):
        phase += " the prior"
    return run_head(phase, facts, share, style=f"vq-is-{status.phase}")


def pictures_html(preview: bytes, shape: tuple[int, int], count: int, mse: float | None) -> str:
    """Test images above their reconstructions, at an integer scale.

    `preview` is the worker's PNG (two rows of `count` images of `shape` (H, W)); b"" reserves the
    place.
    """
    count = count or PICTURES
    note = (
        ""
        if mse is None
        else f'{term("PSNR")} of these {count}: <b class="vq-mono">{psnr(mse)}</b>'
    )
    label = (
        f"{count} test images above their reconstructions"
        if preview
        else "Test images will appear here"
    )
    return sprite_html(
        preview,
        shape,
        count,
        label=label,
        note=note,
        said="Top: unseen test images. Bottom: their reconstructions.",
    )


def sprite_html(
    preview: bytes, shape: tuple[int, int], count: int, *, label: str, said: str, note: str
) -> str:
    """Two rows of `count` pictures of one PNG, at an integer scale, above a sentence and a figure
    (HTML)."""
    sprite = f"url({PNG}{encoded(preview)})" if preview else "none"
    return (
        pairs_html(sprite, shape, count, label=label)
        + f'<p class="vq-pictures-note"><span>{escape(said)}</span> '
        f"<span>{note}</span></p>"
    )


def pairs_html(
    sprite: str, shape: tuple[int, int], count: int, *, label: str, rows: int = 2
) -> str:
    """`count` pictures of the first row of a sheet, each above its picture of another row: the last
    of `rows`, or the one that --row names (HTML). sprite: the sheet as CSS takes it."""
    height, width = shape
    scale = max(1, 90 // max(width, height))
    pair = '<i class="vq-shot"></i><i class="vq-shot vq-recon"></i>'
    cells = [f'<div class="vq-pair" style="--i:{i}">{pair}</div>' for i in range(count)]
    groups = "".join(
        f'<div class="vq-group">{"".join(cells[i : i + IN_A_ROW])}</div>'
        for i in range(0, count, IN_A_ROW)
    )
    return (
        f'<div class="vq-pictures" role="img" aria-label="{label}" '
        f'style="--sprite:{sprite};--w:{width};--h:{height};--n:{count};'
        f"--rows:{rows};--row:{rows - 1};"
        f'--wide:{scale};--narrow:{max(1, 60 // width)}">{groups}</div>'
    )


def psnr(mse: float) -> str:
    """Peak signal-to-noise ratio of a mean squared error over [0, 1], in decibels."""
    return f"{decibels(mse):.1f} dB"


def decibels(mse: float) -> float:
    """The same as a number."""
    return -10 * math.log10(max(mse, 1e-10))


def charts_html(
    records: Sequence[dict[str, Any]],
    counts: Sequence[float],
    codebook_size: int,
    seconds: float | None,
) -> str:
    """Losses, perplexity and usage over seconds, and how often each code is chosen."""
    xs = [record.get("elapsed") or 0.0 for record in records]
    waiting = "The curve starts with the first steps."

    def ys(name: str, factor: float = 1.0) -> list[float | None]:
        return [None if record.get(name) is None else factor * record[name] for record in records]

    losses = [
        Curve("reconstruction", ys("reconstruction_loss"), "a", "reconstruction loss"),
        Curve("codebook", ys("codebook_loss"), "b", "codebook loss"),
        Curve("commitment", ys("commitment_loss"), "c", "commitment loss"),
    ]
    charts = [
        line_chart("Losses, log scale", xs, losses, x_max=seconds, log=True, note=waiting),
        line_chart(
            f"{term('perplexity', 'Perplexity')} of "
            f"{term('codebook size', f'{codebook_size:,} codes')}, in training",
            xs,
            [Curve("perplexity", ys("perplexity"))],
            x_max=seconds,
            y_range=(0, codebook_size),
            note=waiting,
        ),
        line_chart(
            f"{term('usage', 'Usage')} of the codebook",
            xs,
            [Curve("usage", ys("usage", 100.0))],
            x_max=seconds,
            y_range=(0, 100),
            unit=" %",
            note=waiting,
        ),
        bar_chart(
            "How often each code is chosen, relative to equal use",
            counts,
            note="One bar per code, as soon as codes are chosen.",
        ),
    ]
    return (
        f'<div class="vq-charts">{"".join(charts)}</div>{loss_html(records[-1] if records else {})}'
    )


def collapse_sentence(figures: Figures) -> str:
    """What a collapsed codebook is told by; "" of any other."""
    if not collapsed(figures.usage, figures.perplexity, figures.codebook_size):
        return ""
    return (
        f"Codebook collapse: {figures.said}; the others are dead. K-means start, restart of dead "
        "codes and a small β, under Advanced, prevent it."
    )


def verdict(figures: Figures) -> str:
    """How the codebook ended, in a sentence."""
    if collapse := collapse_sentence(figures):
        return collapse
    health = "Many dead codes" if figures.usage < MANY_DEAD else "Codebook healthy"
    still = (
        f"; but the pictures are still blurred ({figures.psnr:.1f} dB): train longer"
        if figures.psnr is not None and figures.psnr < BLURRED
        else ""
    )
    return f"{health}: {figures.said}{still}."


def _share(status: Status, elapsed: float, remaining: float | None) -> float:
    if status.phase in (Phase.FINISHED, Phase.EVALUATING):
        return 1.0
    total = elapsed + remaining if remaining is not None else status.seconds or 0.0
    return min(1.0, elapsed / total) if total else 0.0


def _advice(status: Status, record: dict[str, Any] | None, figures: Figures | None) -> str:
    """What the figures say, in a sentence: the phase alone explains little to a newcomer."""
    record = record or {}
    over = status.phase.ended
    settled = over or (
        status.phase in (Phase.TRAINING, Phase.PAUSED) and record.get("step", 0) >= SETTLED_STEPS
    )
    if figures and settled and (collapse := collapse_sentence(figures)):
        return collapse
    if status.stage == "prior":
        return PRIOR_ADVICE.get(status.phase, "")
    ended = f"{verdict(figures)} " if figures and over else ""
    return {
        Phase.TRAINING: "Watch the lower row: it sharpens as codes find their place.",
        Phase.PAUSED: "Paused. Resume continues from this step.",
        Phase.EVALUATING: "Measuring the model on the whole test set.",
        Phase.FINISHED: f"{ended}The model is in the menu at the top.",
        Phase.STOPPED: f"{ended}Stopped early; what it has learned is in the menu at the top.",
    }.get(status.phase, "")
