"""The handlers of the plans in the Compare tab: start, watch, stop, resume, and find again after a
reload.

All kinds (four, sweep, quantizers) have the same buttons and the same view; `kind` says which one
it is.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from demo.models.library import ModelError, find_model, named
from demo.models.sharing import sharing_of
from demo.runs import files as runfiles
from demo.runs import plan_worker
from demo.runs.jobs import JobError, Jobs
from demo.runs.plans import Pictures, Plan, four, quantizers, sweep
from demo.runs.presets import SHAPES
from demo.runs.settings import SettingsError
from demo.runs.status import Status
from demo.settings import Settings
from demo.tabs.compare import plan_view, rate_view, rivals_view

RECORDED = ("quantizers-mnist.json", "quantizers-cifar10.json")
"""Beside it: quantizers measured beforehand."""
MAKERS = {
    "four": lambda pictures, preset, seconds, *rest: four(pictures, seconds, preset, *rest),
    "sweep": sweep,
    "quantizers": quantizers,
}
"""What makes each kind of plan of the images, its choice and its budget."""
OWN = "own"
"""In the place of a data set: the images that the model at the top of the page learned."""


class View(NamedTuple):
    """What a handler sends to one plan's side of the tab, in the order of its components."""

    run_id: Any
    seen: Any
    """What the page shows already: what has not changed is not sent again."""
    status: Any
    figure: Any
    """The curves of the four, the plot of a sweep or of quantizers."""
    table: Any
    stop: Any
    resume: Any
    timer: Any
    problem: Any
    done: Any
    """A timer that tells the page, once, that there is a new set of models."""


def show(
    kind: str,
    jobs: Jobs,
    settings: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
    problem: str | None = None,
) -> View:
    """The view of a plan (None: of no plan), with gr.skip() for every part that the page shows
    already, and for the sentence of a problem where there is no new one ("" takes it away)."""
    seen = seen or {}
    status = next(
        (s for s in jobs.list_runs(visitor) if s.run_id == run_id and s.plan == kind), None
    )
    run_id = status.run_id if status else None
    folder = jobs.folder(visitor, status.run_id) if status else None
    parts = runfiles.read_json(folder / runfiles.JOB)["plan"]["parts"] if folder else []
    results = runfiles.read_json(folder / plan_worker.RESULTS) if folder else {}
    sizes = (
        [_size(folder / plan_worker.records_name(part["name"])) for part in parts] if folder else []
    )
    now = {
        "run": run_id or "",
        "phase": status.phase if status else "",
        "text": status.text if status else "",
        "sizes": sizes,
        "done": len(results.get("done", [])),
        "points": len(results.get("points", [])),
    }
    fresh = seen.get("run") != now["run"]
    records = (
        {
            part["name"]: runfiles.read_records(folder, plan_worker.records_name(part["name"]))
            for part in parts
        }
        if folder and seen != now
        else {}
    )
    counted = fresh or any(seen.get(name) != now[name] for name in ("done", "points"))
    drawn = table = gr.skip()
    if kind == "four" and (fresh or sizes != seen.get("sizes")):
        drawn = plan_view.curves_html(parts, records)
    elif kind == "sweep" and counted:
        drawn = rate_view.plot(settings, visitor, parts, results)
    if kind != "quantizers" and counted:
        table = plan_view.table_html(results)
    elif counted:
        tables = [rivals_view.own(parts, results)]
        if not tables[0].entries:
            tables = [rivals_view.recorded(settings.checkpoints / name) for name in RECORDED]
        drawn, table = rivals_view.plot_html(tables[0]), rivals_view.tables_html(tables)
    active = bool(status) and status.active
    ended = not fresh and bool(seen.get("phase")) and seen["phase"] != now["phase"] and not active
    return View(
        run_id,
        now,
        gr.skip() if seen == now else plan_view.status_html(kind, status, parts, records, results),
        drawn,
        table,
        gr.update(interactive=active),
        gr.update(visible=bool(status) and status.resumable),
        gr.skip() if not fresh and active else gr.update(active=active),
        f'<p class="vq-bad" role="alert">{escape(problem)}</p>'
        if problem
        else gr.skip()
        if problem is None
        else "",
        gr.update(active=True) if ended and kind == "four" else gr.skip(),
    )


def start(
    kind: str,
    jobs: Jobs,
    settings: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
    dataset: Any,
    choice: Any,
    budget: Any,
    model_id: Any = None,
    *steps: Any,
) -> View:
    """Check the form and start a plan; a bad field is named in place and starts nothing. One plan
    of a kind trains at a time: the same asked for again is shown, another has to wait. steps: what
    may take the place of a budget in seconds."""
    try:
        pictures = own_pictures(settings, visitor, model_id) if dataset == OWN else dataset
        plan: Plan = MAKERS[kind](pictures, choice, budget, settings.data_dir, *steps)
        active = next((s for s in jobs.list_runs(visitor) if s.plan == kind and s.active), None)
        if active is not None and active.title != plan.title:
            raise SettingsError(
                f"{active.title} is still in training, or waits for its turn: press Stop to end "
                "it, or let it finish."
            )
        run_id = jobs.start(visitor, plan, plan.title) if active is None else active.run_id
    except (SettingsError, JobError) as error:
        return show(kind, jobs, settings, visitor, run_id, seen, str(error))
    return show(kind, jobs, settings, visitor, run_id, None, "")


def own_pictures(settings: Settings, visitor: str, model_id: Any) -> str | Pictures:
    """What the model at the top of the page learned, as the job of its run has it (an uploaded
    model could claim any path). SettingsError where that cannot be learned again."""
    try:
        entry, parsed = find_model(model_id, settings, visitor), named(model_id)
    except ModelError as error:
        raise SettingsError(str(error)) from error
    info, shipped = entry.info, not parsed.share
    folder = sharing_of(settings.runs).folder(parsed) if entry.own else None
    # Of a model that is only shared with this visitor, the images are not.
    job = runfiles.read_json(folder / runfiles.JOB) if folder else {}
    dataset = (
        info["dataset"]
        if shipped
        else str((job.get("training") or job.get("prior") or {}).get("dataset", ""))
    )
    if dataset in SHAPES:
        return dataset
    if shipped or not dataset or not Path(dataset).exists():
        raise SettingsError(
            "The images that the model at the top of the page learned are not on this machine, or "
            "not as a set of yours. Choose a model there that you trained here, or other images."
        )
    return Pictures(
        dataset,
        str(info["dataset"])[:40],
        info["channels"],
        info["height"],
        info["width"],
        tuple(info["classes"]),
    )


def stop(
    kind: str, jobs: Jobs, settings: Settings, visitor: str, run_id: str | None, seen: dict | None
) -> View:
    """End a plan; what it is just training is measured, what it has not begun is left out."""
    return _command(kind, jobs, jobs.stop, settings, visitor, run_id, seen)


def resume(
    kind: str, jobs: Jobs, settings: Settings, visitor: str, run_id: str | None, seen: dict | None
) -> View:
    """Go on with a plan that was interrupted, from the part it was at."""
    return _command(kind, jobs, jobs.resume, settings, visitor, run_id, seen)


def find(kind: str, jobs: Jobs, settings: Settings, visitor: str) -> View:
    """When the page opens: the plan that trains, else the latest one."""
    listed = [status for status in jobs.list_runs(visitor) if status.plan == kind]
    newest: Status | None = next((s for s in listed if s.active), listed[0] if listed else None)
    return show(kind, jobs, settings, visitor, newest.run_id if newest else None, None, "")


def _command(
    kind: str,
    jobs: Jobs,
    command,
    settings: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
) -> View:
    try:
        command(visitor, run_id)
    except JobError as error:
        return show(kind, jobs, settings, visitor, run_id, seen, str(error))
    return show(kind, jobs, settings, visitor, run_id, seen, "")._replace(
        timer=gr.update(active=True)
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
