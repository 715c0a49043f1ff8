"""The handlers of the plans in the Compare tab: start, watch, stop, resume, and find again after a
reload.

All kinds (four, sweep, quantizers) have the same buttons and the same view.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from demo.models.library import ModelError, find_model, named
from demo.models.sharing import sharing_of
from demo.page import run_head
from demo.runs import files as runfiles
from demo.runs.jobs import JobError, Jobs
from demo.runs.plans.making import Pictures, four, quantizers, sweep
from demo.runs.plans.plan import Part, Plan
from demo.runs.plans.worker import RESULTS, records_name
from demo.runs.presets import SHAPES
from demo.runs.settings import SettingsError
from demo.runs.status import Status
from demo.settings import Settings
from demo.tabs.compare import plan_view, rate_view, rivals_view
from vqvae.config import ConfigError

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


@dataclass(frozen=True)
class Files:
    """What the files of a plan's run say so far."""

    parts: tuple[Part, ...]
    results: dict
    sizes: list[int]
    """Of the records of each part, bytes."""


@dataclass(frozen=True)
class PlanSide:
    """One plan's side of the tab: the handlers of its buttons and of its timer."""

    kind: str
    jobs: Jobs
    settings: Settings

    def show(
        self, visitor: str, run_id: str | None, seen: dict | None, problem: str | None = None
    ) -> View:
        """The view of a plan (None: of no plan), with gr.skip() for every part that the page shows
        already, and for the sentence of a problem where there is no new one ("" takes it away)."""
        seen, status = (
            seen or {},
            next((s for s in self._runs(visitor) if s.run_id == run_id), None),
        )
        folder = self.jobs.folder(visitor, status.run_id) if status else None
        files = read_files(folder)
        now = {
            "run": status.run_id if status else "",
            "phase": status.phase if status else "",
            "text": status.text if status else "",
            "sizes": files.sizes,
            "done": len(files.results.get("done", [])),
            "points": len(files.results.get("points", [])),
        }
        fresh = seen.get("run") != now["run"]
        changed = {name for name in now if fresh or seen.get(name) != now[name]}
        records = {
            part.name: runfiles.read_records(folder, records_name(part.name))
            for part in files.parts
            if folder and changed
        }
        drawn, table = self._figures(visitor, files, records, changed)
        active = bool(status) and status.active
        ended = not fresh and bool(seen.get("phase")) and "phase" in changed and not active
        said = plan_view.status_html(self.kind, status, files.parts, records, files.results)
        return View(
            now["run"] or None,
            now,
            said if changed else gr.skip(),
            drawn,
            table,
            gr.update(interactive=active),
            gr.update(visible=bool(status) and status.resumable),
            gr.skip() if not fresh and active else gr.update(active=active),
            gr.skip() if problem is None else run_head.problem_html(problem),
            gr.update(active=True) if ended and self.kind == "four" else gr.skip(),
        )

    def _figures(
        self, visitor: str, files: Files, records: dict[str, list], changed: set[str]
    ) -> tuple[Any, Any]:
        """The figure and the table."""
        results, counted = files.results, changed & {"done", "points"}
        drawn = table = gr.skip()
        if self.kind == "quantizers":
            if counted:
                tables = [rivals_view.own(files.parts, results)]
                if not tables[0].entries:
                    folder = self.settings.checkpoints
                    tables = [rivals_view.recorded(folder / name) for name in RECORDED]
                drawn, table = rivals_view.plot_html(tables[0]), rivals_view.tables_html(tables)
            return drawn, table
        if self.kind == "four" and "sizes" in changed:
            drawn = plan_view.curves_html(files.parts, records)
        elif self.kind == "sweep" and counted:
            drawn = rate_view.plot(self.settings, visitor, files.parts, results)
        if counted:
            table = plan_view.table_html(results)
        return drawn, table

    def start(
        self,
        visitor: str,
        run_id: str | None,
        seen: dict | None,
        dataset: Any,
        choice: Any,
        budget: Any,
        model_id: Any = None,
        *steps: Any,
    ) -> View:
        """Check the form and start a plan; a bad field is named in place and starts nothing. One
        plan of a kind trains at a time: the same asked for again is shown, another has to wait.
        steps: what may take the place of a budget in seconds."""
        try:
            own = dataset == OWN
            pictures = own_pictures(self.settings, visitor, model_id) if own else dataset
            plan = MAKERS[self.kind](pictures, choice, budget, self.settings.data_dir, *steps)
            active = next((s for s in self._runs(visitor) if s.active), None)
            if active is not None and active.title != plan.title:
                raise SettingsError(
                    f"{active.title} is still in training, or waits for its turn: press Stop to "
                    "end it, or let it finish."
                )
            run_id = active.run_id if active else self.jobs.start(visitor, plan, plan.title)
        except (SettingsError, JobError) as error:
            return self.show(visitor, run_id, seen, str(error))
        return self.show(visitor, run_id, None, "")

    def stop(self, visitor: str, run_id: str | None, seen: dict | None) -> View:
        """End a plan; what it is just training is measured, what it has not begun is left out."""
        return self._command(self.jobs.stop, visitor, run_id, seen)

    def resume(self, visitor: str, run_id: str | None, seen: dict | None) -> View:
        """Go on with a plan that was interrupted, from the part it was at."""
        return self._command(self.jobs.resume, visitor, run_id, seen)

    def find(self, visitor: str) -> View:
        """When the page opens: the plan that trains, else the latest one."""
        listed = self._runs(visitor)
        newest = next((s for s in listed if s.active), listed[0] if listed else None)
        return self.show(visitor, newest.run_id if newest else None, None, "")

    def _runs(self, visitor: str) -> list[Status]:
        """The visitor's plans of this kind, newest first."""
        return [status for status in self.jobs.list_runs(visitor) if status.plan == self.kind]

    def _command(self, command, visitor: str, run_id: str | None, seen: dict | None) -> View:
        try:
            command(visitor, run_id)
        except JobError as error:
            return self.show(visitor, run_id, seen, str(error))
        return self.show(visitor, run_id, seen, "")._replace(timer=gr.update(active=True))


def read_files(folder: Path | None) -> Files:
    """Nothing of no run, and of a plan that this version does not know."""
    if folder is None:
        return Files((), {}, [])
    try:
        parts = Plan.from_job(runfiles.read_json(folder / runfiles.JOB)).parts
    except ConfigError:
        parts = ()
    sizes = [_size(folder / records_name(part.name)) for part in parts]
    return Files(parts, runfiles.read_json(folder / RESULTS), sizes)


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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
