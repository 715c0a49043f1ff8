"""A and B: what can be chosen, whose it is, and what differs between their settings, in words.
Pure functions of the files of runs and recordings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from demo.models import recordings
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS, FIELDS, Field
from demo.runs.status import Phase
from demo.tabs.train import mending
from demo.tabs.train.live import RunLive

RECORDED = "recorded:"
"""Before the name of a recording, where an id of a run may be, too."""
FIRST = (f"{RECORDED}healthy", f"{RECORDED}plain")
"""What is shown until two others are chosen: A and B."""
MISSING = "This run is not here, or not yours: choose another one."


class Side(NamedTuple):
    """One of the two."""

    title: str
    values: Mapping[str, Any]
    """Its settings, by the names of the form."""
    live: RunLive
    recording: recordings.Recording | None = None
    """Where it is one."""

    @property
    def phase(self) -> Phase:
        return self.live.status.phase if self.live.status else Phase.QUEUED

    @property
    def step(self) -> int:
        """Steps done."""
        return int((self.live.record() or {}).get("step") or 0)


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
        return Side(f"Recorded: {one.title}", values, live, one)
    status = next((s for s in jobs.list_runs(visitor or "") if s.run_id == name), None)
    if status is None or status.plan:
        return None
    live = RunLive(jobs.folder(visitor or "", name), status)
    if not runfiles.read_json(jobs.folder(visitor or "", name) / runfiles.JOB).get("training"):
        return None
    return Side(status.title, mending.form_of(live), live)


def pair_under_way(jobs: Jobs, visitor: str | None) -> tuple[str, str] | None:
    """(A, B) of two that were started together and are not over, or None. A was made first."""
    listed = {one.run_id: one for one in jobs.list_runs(visitor or "")}
    for one in listed.values():
        if one.active and one.beside in listed:
            a, b = sorted((one, listed[one.beside]), key=lambda status: status.created)
            return a.run_id, b.run_id
    return None


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
