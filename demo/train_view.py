"""What the Train tab shows of a run, as HTML: pure functions of its status, records and latest figures."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from demo.curves import Line, bar_chart, line_chart, number
from demo.run_status import Status
from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
PHASES = {
    "queued": "Waiting", "starting": "Starting", "training": "Training", "paused": "Paused",
    "evaluating": "Measuring", "finished": "Finished", "stopped": "Stopped", "failed": "Failed",
    "interrupted": "Interrupted",
}
PRIOR_ADVICE = {
    "training": "Watch the samples: they turn from rubble into images as the curve falls below the dashed line.",
    "paused": "Held where it is; Resume goes on from this very step.",
    "evaluating": "Measuring the prior on test images.",
    "finished": "Done: the model in the picker at the top of the page can draw new images now.",
    "stopped": "Stopped early; the model with this prior is in the picker at the top of the page.",
}
COLLAPSED = 0.25
"""Usage below this, some seconds into a run, is called a collapse."""
PICTURES = 10
IN_A_ROW = 5
"""Pictures that stay together when the row breaks."""


def status_html(status: Status | None, record: dict[str, Any] | None) -> str:
    """The line above the pictures: phase, how far, how fast; then one sentence."""
    if status is None:
        return ('<div class="vq-run"><div class="vq-run-head"><b class="vq-phase">No run yet</b></div>'
                '<div class="vq-progress" aria-hidden="true"><i style="width:0"></i></div>'
                '<p class="vq-run-text">Press Train: the curves start within a few seconds.</p></div>')
    share = 0.0
    facts = []
    if record:
        elapsed, remaining = record.get("elapsed") or 0.0, record.get("remaining")
        share = _share(status, elapsed, remaining)
        facts.append(f"<b>{clock(elapsed)}</b> trained")
        if remaining is not None and status.phase in ("training", "paused"):
            facts.append(f"<b>{clock(remaining)}</b> left")
        facts.append(f"<b>{number(record.get('images_per_second'))}</b> images/s")
        facts.append(f"step <b>{record.get('step', 0):,}</b>")
    elif status.seconds:
        facts.append(f"<b>{clock(status.seconds)}</b> to train")
    phase = PHASES.get(status.phase, status.phase)
    if status.stage == "prior" and status.phase in ("training", "evaluating"):
        phase += " the prior"
    text = " ".join(filter(None, [status.text or _advice(status, record), status.note]))
    return (f'<div class="vq-run vq-is-{escape(status.phase)}"><div class="vq-run-head">'
            f'<b class="vq-phase" role="status">{escape(phase)}</b>'
            f'<span class="vq-run-facts">{"".join(f"<span>{fact}</span>" for fact in facts)}</span></div>'
            f'<div class="vq-progress" role="progressbar" aria-label="Training" aria-valuemin="0" aria-valuemax="100" '
            f'aria-valuenow="{100 * share:.0f}"><i style="width:{100 * share:.1f}%"></i></div>'
            f'<p class="vq-run-text">{escape(text)}</p></div>')


def clock(seconds: float) -> str:
    """`9.4 s`, `42 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def pictures_html(preview: bytes, shape: tuple[int, int], count: int, mse: float | None) -> str:
    """Test images above their reconstructions, at an integer scale.

    `preview` is the worker's PNG (two rows of `count` images of `shape` (H, W)); b"" reserves the place.
    """
    count = count or PICTURES
    note = "" if mse is None else f'{term("PSNR")} of these {count}: <b class="vq-mono">{psnr(mse)}</b>'
    label = f"{count} test images above their reconstructions" if preview else "Test images will appear here"
    return sprite_html(preview, shape, count, label=label, note=note,
                       said="Images the model never trains on, above what it makes of them.")


def sprite_html(preview: bytes, shape: tuple[int, int], count: int, *, label: str, said: str, note: str) -> str:
    """Two rows of `count` pictures of one PNG, at an integer scale, above a sentence and a figure (HTML)."""
    height, width = shape
    scale = max(1, 90 // max(width, height))
    sprite = f"url(data:image/png;base64,{base64.b64encode(preview).decode()})" if preview else "none"
    pair = '<i class="vq-shot"></i><i class="vq-shot vq-recon"></i>'
    cells = [f'<div class="vq-pair" style="--i:{i}">{pair}</div>' for i in range(count)]
    groups = "".join(f'<div class="vq-group">{"".join(cells[i:i + IN_A_ROW])}</div>' for i in range(0, count, IN_A_ROW))
    return (f'<div class="vq-pictures" role="img" aria-label="{label}" '
            f'style="--sprite:{sprite};--w:{width};--h:{height};--n:{count};--wide:{scale};'
            f'--narrow:{max(1, 60 // width)}">{groups}</div>'
            f'<p class="vq-pictures-note"><span>{escape(said)}</span> '
            f'<span>{note}</span></p>')


def psnr(mse: float) -> str:
    """Peak signal-to-noise ratio of a mean squared error over [0, 1], in decibels."""
    return f"{-10 * math.log10(max(mse, 1e-10)):.1f} dB"


def charts_html(records: Sequence[dict[str, Any]], counts: Sequence[float], codebook_size: int,
                seconds: float | None) -> str:
    """Losses, perplexity and usage over seconds, and how often each code is chosen."""
    xs = [record.get("elapsed") or 0.0 for record in records]
    waiting = "The curve starts with the first steps."

    def ys(name: str, factor: float = 1.0) -> list[float | None]:
        return [None if record.get(name) is None else factor * record[name] for record in records]

    losses = [Line("reconstruction", ys("reconstruction_loss"), "a"), Line("codebook", ys("codebook_loss"), "b"),
              Line("commitment", ys("commitment_loss"), "c")]
    charts = [
        line_chart(f'{term("reconstruction loss", "Losses")}, log scale', xs, losses, x_max=seconds, log=True,
                   note=waiting),
        line_chart(f'{term("perplexity", "Perplexity")} of {codebook_size:,} codes', xs,
                   [Line("perplexity", ys("perplexity"))], x_max=seconds, y_range=(0, codebook_size), note=waiting),
        line_chart(f'{term("usage", "Usage")} of the codebook', xs, [Line("usage", ys("usage", 100.0))],
                   x_max=seconds, y_range=(0, 100), unit=" %", note=waiting),
        bar_chart("How often each code is chosen, × an even share", counts,
                  note="One bar a code, as soon as codes are chosen."),
    ]
    return f'<div class="vq-charts">{"".join(charts)}</div>'


def _share(status: Status, elapsed: float, remaining: float | None) -> float:
    if status.phase in ("finished", "evaluating"):
        return 1.0
    total = elapsed + remaining if remaining is not None else status.seconds or 0.0
    return min(1.0, elapsed / total) if total else 0.0


def _advice(status: Status, record: dict[str, Any] | None) -> str:
    """What the figures say, in a sentence: the phase alone explains little to a newcomer."""
    usage = (record or {}).get("usage")
    if usage is not None and usage < COLLAPSED and (record.get("elapsed") or 0.0) > 5 and \
            status.phase in ("training", "paused", "finished", "stopped"):
        return (f"Codebook collapse: only {100 * usage:.0f} % of the codes are in use, the others are dead. K-means "
                "start, restart of dead codes and a small β, under Advanced, prevent it.")
    if status.stage == "prior":
        return PRIOR_ADVICE.get(status.phase, "")
    return {
        "training": "Watch the lower row: it sharpens as codes find their place.",
        "paused": "Held where it is; Resume goes on from this very step.",
        "evaluating": "Measuring the model on the whole test set.",
        "finished": "Done: the model is in the picker at the top of the page.",
        "stopped": "Stopped early; what it has learned is in the picker at the top of the page.",
    }.get(status.phase, "")
