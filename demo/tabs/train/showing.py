"""What the Train tab shows of a run, part by part: only what has changed is sent again."""

import time
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from demo.models import recordings
from demo.models.recordings import Recording
from demo.page import run_head
from demo.page.events import Update
from demo.runs.jobs import Jobs
from demo.runs.settings import field_of
from demo.runs.status import Phase, Status
from demo.tabs.train import mending, recorded
from demo.tabs.train import view as train_view
from demo.tabs.train.live import RunLive


class View(NamedTuple):
    """What a handler sends to the run's side of the tab, in the order of its components."""

    seen: Any
    """What the page shows already: what has not changed is not sent again."""
    recordings: Any
    """The choice between the recorded runs, there while no run is on show."""
    status: Any
    said: Any
    pictures: Any
    charts: Any
    hold: Any
    step: Any
    stop: Any
    reset: Any
    use: Any
    fix: Any
    """There where the codebook of what is on show went wrong, and a setting is to blame."""
    delete: Any
    runs: Any
    """The list; its value is the run on show. The browser keeps it, so it outlives a restart of the
    server."""
    name: Any
    """What the run on show is called."""
    timer: Any
    problem: Any
    done: Any
    """A timer that tells the page, once, that the list of models has changed."""

    @property
    def run_id(self) -> str | None:
        """The run that a handler shows."""
        return self.seen["run"] or None


def show(
    jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None, problem: str | None = None
) -> View:
    """The view of a run (None: of a recorded one, that which `seen` names or the first), with
    gr.skip() for every part that the page shows already, and for the sentence of a problem where
    there is no new one ("" takes it away)."""
    seen = seen or {}
    listed = runs_of(jobs, visitor)
    status = next((s for s in listed if s.run_id == run_id), None)
    live = RunLive(jobs.folder(visitor, status.run_id) if status else None, status)
    recording = None if status else recordings.find(seen.get("recording"))
    now = _now(listed, live, recording)
    if status and seen.get("sure") == status.run_id:
        now["sure"] = status.run_id
    new = {name for name in (*now, *seen) if seen.get(name) != now.get(name)}
    fresh = bool(new & {"run", "recording", "stage"})
    redrawn = fresh or "drawn" in new
    charts = live.charts() if redrawn or "size" in new else gr.skip()
    pictures = live.pictures() + live.code_map() if redrawn else gr.skip()
    line = said = gr.skip()
    if new:
        line = train_view.status_html(status, live.record())
        said = train_view.said_html(status, live.record(), live.figures())
    if recording and fresh:
        line, said, pictures, charts = recorded.parts(recording.name)
    choice = gr.update(visible=recording is not None, value=now["recording"] or None)
    name = gr.update(value=status.name if status else "", interactive=bool(status))
    buttons = _buttons(status) if fresh or "phase" in new else _Buttons(*[gr.skip()] * 6)
    active = bool(status) and status.active
    ended = "run" not in new and "phase" in new and bool(status) and status.has_model
    return View(
        now,
        choice if fresh else gr.skip(),
        line,
        said,
        pictures,
        charts,
        *buttons[:-1],
        gr.update(value=now["fix"], visible=bool(now["fix"])) if "fix" in new else gr.skip(),
        buttons.delete,
        _list(listed, status, new),
        name if "run" in new else gr.skip(),
        gr.skip() if not fresh and active else gr.update(active=active),
        gr.skip() if problem is None else problem_html(problem),
        gr.update(active=True) if ended else gr.skip(),
    )


def runs_of(jobs: Jobs, visitor: str) -> list[Status]:
    """The visitor's runs of one model each; those of several are the Compare tab's."""
    return [status for status in jobs.list_runs(visitor) if not status.plan]


def newest(jobs: Jobs, visitor: str) -> str | None:
    listed = runs_of(jobs, visitor)
    return next((s.run_id for s in listed if s.active), listed[0].run_id if listed else None)


def problem_html(text: str, field: str | None = None) -> str:
    """A sentence, with the id of the field that it speaks of: that of the form unless given."""
    if not text:
        return ""
    if field is None:
        field = f"vq-train-{field_of(text)}"
    return f'<p class="vq-bad" role="alert" data-field="{field}">{escape(text)}</p>'


# -- parts of the view -----------------------------------------------------------------------------


def _now(listed: list[Status], live: RunLive, recording: Recording | None) -> dict[str, Any]:
    """What the page is about to show, as `seen` comes back."""
    status = live.status
    fixes = mending.of_recording(recording) if recording else mending.of_run(live)
    return {
        "run": status.run_id if status else "",
        "recording": recording.name if recording else "",
        "phase": status.phase if status else "",
        "stage": live.stage,
        "text": status.text if status else "",
        "drawn": live.drawn,
        "size": live.size,
        "runs": [[s.run_id, s.phase, s.name] for s in listed],
        "fix": mending.label(fixes),
    }


def _list(listed: list[Status], status: Status | None, new: set[str]) -> Update:
    titles = [(_run_title(s), s.run_id) for s in listed]
    if "run" in new:
        return gr.update(choices=titles, value=status.run_id if status else None)
    # Another may have been chosen while this was under way.
    return gr.update(choices=titles) if "runs" in new else gr.skip()


class _Buttons(NamedTuple):
    hold: Any
    step: Any
    stop: Any
    reset: Any
    use: Any
    delete: Any


def _buttons(status: Status | None) -> _Buttons:
    phase = status.phase if status else None
    active = bool(status) and status.active
    return _Buttons(
        gr.update(
            value="Resume" if status and status.resumable else "Pause",
            interactive=phase in (Phase.TRAINING, Phase.STARTING, Phase.PAUSED, Phase.INTERRUPTED),
        ),
        gr.update(interactive=phase is Phase.PAUSED),
        gr.update(
            interactive=(active and phase is not Phase.EVALUATING) or phase is Phase.INTERRUPTED
        ),
        gr.update(interactive=not active),
        gr.update(interactive=bool(status) and status.has_model),
        gr.update(value="Delete", variant="secondary", interactive=bool(status) and not active),
    )


def _run_title(status: Status) -> str:
    started = time.strftime("%d %b %H:%M", time.localtime(status.created))
    return f"{started} · {status.title} · {run_head.PHASES.get(status.phase, status.phase).lower()}"
