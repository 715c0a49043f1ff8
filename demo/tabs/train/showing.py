"""What the Train tab shows of a run, part by part: only what has changed is sent again."""

import time
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from demo.models import recordings
from demo.page import run_head
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
    run_id = status.run_id if status else None
    live = RunLive(jobs.folder(visitor, run_id) if status else None, status)
    recording = None if status else recordings.find(seen.get("recording"))
    now = {
        "run": run_id or "",
        "recording": recording.name if recording else "",
        "phase": status.phase if status else "",
        "stage": live.stage,
        "text": status.text if status else "",
        "drawn": live.drawn,
        "size": live.size,
        "runs": [[s.run_id, s.phase, s.name] for s in listed],
    }
    now["fix"] = mending.label(
        mending.of_recording(recording) if recording else mending.of_run(live)
    )
    if run_id and seen.get("sure") == run_id:
        now["sure"] = run_id
    fresh = any(seen.get(name) != now[name] for name in ("run", "recording", "stage"))
    redrawn = fresh or live.drawn != seen.get("drawn")
    charts = live.charts() if redrawn or live.size != seen.get("size") else gr.skip()
    pictures = live.pictures() + live.code_map() if redrawn else gr.skip()
    ended = (
        seen.get("run") == now["run"]
        and seen.get("phase") != now["phase"]
        and bool(status)
        and status.has_model
    )
    buttons = (
        _buttons(status)
        if fresh or seen.get("phase") != now["phase"]
        else _Buttons(*[gr.skip()] * 6)
    )
    fix = (
        gr.update(value=now["fix"], visible=bool(now["fix"]))
        if seen.get("fix") != now["fix"]
        else gr.skip()
    )
    titles = [(_run_title(s), s.run_id) for s in listed]
    name = gr.skip()
    if seen.get("run") != now["run"]:
        name = gr.update(value=status.name if status else "", interactive=bool(status))
        runs = gr.update(choices=titles, value=run_id)
    elif now["runs"] != seen.get("runs"):  # another may have been chosen while this was under way
        runs = gr.update(choices=titles)
    else:
        runs = gr.skip()
    active = bool(status) and status.active
    line = said = gr.skip()
    if seen != now:
        line = train_view.status_html(status, live.record())
        said = train_view.said_html(status, live.record(), live.figures())
    if recording and fresh:
        line, said, pictures, charts = recorded.parts(recording.name)
    choice = (
        gr.update(visible=recording is not None, value=now["recording"] or None)
        if fresh
        else gr.skip()
    )
    return View(
        now,
        choice,
        line,
        said,
        pictures,
        charts,
        *buttons[:-1],
        fix,
        buttons.delete,
        runs,
        name,
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
