"""A and B drawn beside each other: pictures, codebooks, verdicts, and their curves over the same
axis in steps. HTML, pure functions of the files of runs and recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from demo.charts.cloud import cloud_svg
from demo.charts.curves import Curve, line_chart
from demo.models import recordings
from demo.page.run_head import PHASES
from demo.runs import files as runfiles
from demo.runs.status import Phase
from demo.tabs.train import view as train_view
from demo.tabs.train.beside.sides import MISSING, Side, difference
from demo.tabs.train.beside.state import verdict
from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
STYLES = ("a", "b")


def html(sides: Sequence[Side]) -> str:
    """Both, or a sentence on the one that is not there."""
    if len(sides) < 2:
        return f'<p class="vq-note">{MISSING}</p>'
    heads = "".join(_head(name, side) for name, side in zip("AB", sides, strict=True))
    said, came = escape(difference(sides[0].values, sides[1].values)), escape(verdict(sides))
    return (
        f'<p class="vq-beside-said" role="status">{said}</p>'
        f'<p class="vq-beside-verdict" role="status">{came}</p>'
        f'<div class="vq-beside-heads">{heads}</div>'
    )


def charts(sides: Sequence[Side]) -> str:
    """Reconstruction loss, perplexity and usage of both over steps (HTML); "" where one is
    missing."""
    if len(sides) < 2:
        return ""
    records = [
        runfiles.read_records(side.live.folder) if side.live.folder else [] for side in sides
    ]
    xs = sorted({one.get("step") or 0 for found in records for one in found})
    most = max(side.values.get("codebook_size") or 1 for side in sides)
    end = max(side.values.get("steps") or 0 for side in sides)

    def lines(key: str, factor: float = 1.0) -> list[Curve]:
        return [
            Curve(name, _along(found, xs, key, factor), style)
            for name, found, style in zip("AB", records, STYLES, strict=True)
        ]

    note = "The curves start with the first steps."
    drawn = [
        line_chart(
            f"{term('reconstruction loss', 'Reconstruction')}, log scale",
            xs,
            lines("reconstruction_loss"),
            log=True,
            x_max=end,
            note=note,
            along="steps",
        ),
        line_chart(
            term("perplexity", "Perplexity"),
            xs,
            lines("perplexity"),
            x_max=end,
            y_range=(0, most),
            note=note,
            along="steps",
        ),
        line_chart(
            f"{term('usage', 'Usage')} of the codebook",
            xs,
            lines("usage", 100.0),
            x_max=end,
            y_range=(0, 100),
            unit=" %",
            note=note,
            along="steps",
        ),
    ]
    return f'<div class="vq-charts vq-beside-charts">{"".join(drawn)}</div>'


def _head(name: str, side: Side) -> str:
    """What one of the two looks like now, and how its codebook is used."""
    figures = side.live.figures()
    said = train_view.verdict(figures) if figures and side.step >= train_view.SETTLED_STEPS else ""
    status = side.live.status
    if status and not status.phase.ended:
        phase = PHASES.get(status.phase, str(status.phase))
        words = f"{phase}. {status.text}" if status.text else f"{phase}."
        said = words if status.phase is Phase.FAILED else f"{words} {said}"
    return (
        f'<section class="vq-beside-{name.lower()}" aria-label="{name}"><h3>{name} · '
        f"{escape(side.title.removeprefix(f'{name} · '))}</h3>{_pictures(side)}"
        f'<div class="vq-beside-book">{cloud_svg(_map(side))}<div><b>The codebook</b>'
        f'<p class="vq-note">{escape(said)}</p></div></div></section>'
    )


def _map(side: Side) -> str:
    """Where codes and latents are, as demo.charts.cloud packs it; "" where that is not known."""
    if side.recording:
        return side.recording.moments[-1]["map"]
    packed = side.live.live.get("map") if side.live.stage == "model" else ""
    return packed if isinstance(packed, str) else ""


def _pictures(side: Side) -> str:
    """Test pictures above what the model makes of them: of a recording in the end."""
    if not side.recording:
        return side.live.pictures()
    model = runfiles.read_json(side.recording.folder / runfiles.JOB)["model"]
    return train_view.pairs_html(
        f"url({recordings.address(side.recording)})",
        (model["height"], model["width"]),
        side.recording.pictures,
        rows=len(side.recording.moments) + 1,
        label=f"{side.recording.pictures} test images above their reconstructions, recorded",
    )


def _along(
    records: Sequence[Mapping[str, Any]], xs: Sequence[int], key: str, factor: float
) -> list[float | None]:
    """A value at each step: that of the newest record up to there, None where a curve has ended or
    not begun."""
    ys: list[float | None] = []
    at, last = -1, (records[-1].get("step") or 0) if records else -1
    for x in xs:
        while at + 1 < len(records) and (records[at + 1].get("step") or 0) <= x:
            at += 1
        value = records[at].get(key) if at >= 0 and x <= last else None
        ys.append(None if value is None else factor * value)
    return ys
