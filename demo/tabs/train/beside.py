"""Two runs side by side: what differs between their settings, in words, and their curves over the
same axis in steps. Pure functions of the files of runs and recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from demo.charts.curves import Line, line_chart
from demo.runs import files as runfiles
from demo.runs import recordings
from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS, FIELDS, Field
from demo.tabs.train import mending
from demo.tabs.train import view as train_view
from demo.tabs.train.live import RunLive
from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
RECORDED = "recorded:"
"""Before the name of a recording, where an id of a run may be, too."""
FIRST = (f"{RECORDED}healthy", f"{RECORDED}plain")
"""What is shown until two others are chosen: A and B."""
STYLES = ("a", "b")
MISSING = "This run is not here, or not yours: choose another one."


class Side(NamedTuple):
    """One of the two."""

    title: str
    values: Mapping[str, Any]
    """Its settings, by the names of the form."""
    live: RunLive
    pictures: str
    """HTML"""


def choices(jobs: Jobs, visitor: str | None) -> list[tuple[str, str]]:
    """(title, id) of all that can be chosen: the recordings, then the visitor's runs."""
    recorded = [
        (f"Recorded: {one.title}", RECORDED + one.name) for one in recordings.present().values()
    ]
    runs = [(one.title, one.run_id) for one in jobs.list_runs(visitor or "") if not one.plan]
    return [*recorded, *((f"{title} · {run_id[-4:]}", run_id) for title, run_id in runs)]


def find(jobs: Jobs, visitor: str | None, ident: object) -> Side | None:
    """The side of an id; None where there is no such run of the visitor's, or it trained a prior
    alone."""
    name = ident if isinstance(ident, str) else ""
    if name.startswith(RECORDED):
        one = recordings.present().get(name.removeprefix(RECORDED))
        if one is None:
            return None
        live = RunLive(one.folder, one.status)
        values = {**mending.form_of_preset(one), **told(one.folder)}
        return Side(f"Recorded: {one.title}", values, live, _last_pictures(one))
    status = next((s for s in jobs.list_runs(visitor or "") if s.run_id == name), None)
    if status is None or status.plan:
        return None
    live = RunLive(jobs.folder(visitor or "", name), status)
    if not runfiles.read_json(jobs.folder(visitor or "", name) / runfiles.JOB).get("training"):
        return None
    return Side(status.title, mending.form_of(live), live, live.pictures())


def told(folder: Path) -> dict[str, Any]:
    """The fields of the form that a job tells itself."""
    job = runfiles.read_json(folder / runfiles.JOB)
    parts = [job.get("model") or {}, job.get("training") or {}]
    return {name: part[name] for name in DEFAULTS for part in parts if name in part}


def difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """What differs between two forms, in a sentence or two of plain text."""
    found = [
        f"{field.label}: {shown(field, a[field.name])} in A, {shown(field, b[field.name])} in B"
        for field in FIELDS
        if field.name in a and field.name in b and a[field.name] != b[field.name]
    ]
    if not found:
        return "A and B have the same settings: whatever differs below is chance, or the machine."
    if len(found) == 1:
        return f"One setting differs. {found[0]}. So what differs below comes from it."
    return (
        f"{len(found)} settings differ, so the curves alone do not tell which of them matters. "
        f"{'; '.join(found)}."
    )


def shown(field: Field, value: Any) -> str:
    """A value as the form shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    named = {choice: label for label, choice in field.choices}
    return named.get(value, f"{value:g}" if isinstance(value, float) else str(value))


def html(jobs: Jobs, visitor: str | None, a: object, b: object) -> str:
    """Both, or a sentence on the one that is not there."""
    sides = [find(jobs, visitor, ident) for ident in (a, b)]
    there = [side for side in sides if side]
    if len(there) < 2:
        return f'<p class="vq-note">{MISSING}</p>'
    heads = "".join(_head(name, side) for name, side in zip("AB", there, strict=True))
    said = escape(difference(there[0].values, there[1].values))
    return (
        f'<p class="vq-beside-said" role="status">{said}</p><div class="vq-beside-heads">{heads}'
        f"</div>{charts(there)}"
    )


def charts(sides: Sequence[Side]) -> str:
    """Reconstruction loss, perplexity and usage of both over steps."""
    records = [
        runfiles.read_records(side.live.folder) if side.live.folder else [] for side in sides
    ]
    xs = sorted({one.get("step") or 0 for found in records for one in found})
    most = max(side.values.get("codebook_size") or 1 for side in sides)

    def lines(key: str, factor: float = 1.0) -> list[Line]:
        return [
            Line(name, _along(found, xs, key, factor), style)
            for name, found, style in zip("AB", records, STYLES, strict=True)
        ]

    note = "The curves start with the first steps."
    drawn = [
        line_chart(
            f"{term('reconstruction loss', 'Reconstruction')}, log scale",
            xs,
            lines("reconstruction_loss"),
            log=True,
            note=note,
            along="steps",
        ),
        line_chart(
            term("perplexity", "Perplexity"),
            xs,
            lines("perplexity"),
            y_range=(0, most),
            note=note,
            along="steps",
        ),
        line_chart(
            f"{term('usage', 'Usage')} of the codebook",
            xs,
            lines("usage", 100.0),
            y_range=(0, 100),
            unit=" %",
            note=note,
            along="steps",
        ),
    ]
    return f'<div class="vq-charts vq-beside-charts">{"".join(drawn)}</div>'


def is_live(jobs: Jobs, visitor: str | None, *idents: object) -> bool:
    """Whether one of them trains, so that there is something new to draw."""
    return any(one.active and one.run_id in idents for one in jobs.list_runs(visitor or ""))


def _head(name: str, side: Side) -> str:
    figures = side.live.figures()
    said = escape(train_view.verdict(figures)) if figures else ""
    return (
        f'<section class="vq-beside-{name.lower()}" aria-label="{name}"><h3>{name} · '
        f'{escape(side.title)}</h3>{side.pictures}<p class="vq-note">{said}</p></section>'
    )


def _last_pictures(recording: recordings.Recording) -> str:
    """Test pictures of a recording above what the model made of them in the end."""
    model = runfiles.read_json(recording.folder / runfiles.JOB)["model"]
    return train_view.pairs_html(
        f"url({recordings.address(recording)})",
        (model["height"], model["width"]),
        recording.pictures,
        rows=len(recording.moments) + 1,
        label=f"{recording.pictures} test images above their reconstructions, recorded",
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
