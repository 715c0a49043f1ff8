"""The Train tab: settings on the left, the run and what it learns on the right."""

import time
from functools import partial
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from demo.charts import cloud, curves
from demo.models.library import ModelError, list_models
from demo.models.sharing import sharing_of
from demo.page import run_head
from demo.page.events import AT_ONCE, Update
from demo.page.modules import starts
from demo.page.page import Page
from demo.page.picker import IdPicker
from demo.runs import recordings
from demo.runs.jobs import JobError, Jobs, shared_jobs
from demo.runs.presets import DATASETS, DEFAULTS
from demo.runs.settings import RunSettings, SettingsError, read_form
from demo.runs.status import Phase, Status
from demo.settings import Settings
from demo.tabs.train import beside_view, loss, mending, own_images, recorded
from demo.tabs.train import view as train_view
from demo.tabs.train.form import CUSTOM, FIRST, NAMES, Form, explain
from demo.tabs.train.live import RunLive
from demo.tabs.train.prior_form import PriorForm, start_prior
from demo.tabs.train.prior_form import explain as explain_prior
from vqvae.config import ModelConfig
from vqvae.quantizers import ABOUT

POLL_SECONDS = 1.0
SEE_RUN = (
    "(problem) => { if (!problem) "
    "document.querySelector('#vq-train-run').scrollIntoView({behavior: 'smooth'}); }"
)
"""The buttons are below the run on a narrow page and far from its head on any: show what they
started."""
SEE_FORM = "() => { const train = document.querySelector('#vq-train-start'); train.focus(); }"
INTRO = (
    "The model learns by reconstructing images from their codes. Training runs on the server; you "
    "can close this page."
)


class View(NamedTuple):
    """What a handler sends to the run's side of the tab, in the order of its components."""

    seen: Any
    """What the page shows already: what has not changed is not sent again."""
    recordings: Any
    """The choice between the recorded runs, there while no run is on show."""
    status: Any
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
    listed = _runs(jobs, visitor)
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
        "runs": [[s.run_id, s.phase] for s in listed],
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
    if seen.get("run") != now["run"]:
        runs = gr.update(choices=titles, value=run_id)
    elif now["runs"] != seen.get("runs"):  # another may have been chosen while this was under way
        runs = gr.update(choices=titles)
    else:
        runs = gr.skip()
    active = bool(status) and status.active
    line = (
        gr.skip() if seen == now else train_view.status_html(status, live.record(), live.figures())
    )
    if recording and fresh:
        line, pictures, charts = recorded.parts(recording.name)
    choice = (
        gr.update(visible=recording is not None, value=now["recording"] or None)
        if fresh
        else gr.skip()
    )
    return View(
        now,
        choice,
        line,
        pictures,
        charts,
        *buttons[:-1],
        fix,
        buttons.delete,
        runs,
        gr.skip() if not fresh and active else gr.update(active=active),
        gr.skip() if problem is None else _problem(problem),
        gr.update(active=True) if ended else gr.skip(),
    )


def press_train(
    jobs: Jobs,
    app: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
    own: str | None,
    own_size: int,
    own_colour: bool,
    own_folder: str | None,
    *values: Any,
) -> View:
    """Check the form and start a run with it; a bad field is named in place and starts nothing."""
    try:
        form = dict(zip(NAMES, values, strict=True))
        is_own = form["dataset"] == "own"
        images, uploaded = own_images.chosen(app, own, own_folder) if is_own else (None, False)
        settings = read_form(
            form, data_dir=app.data_dir, own=images, own_size=own_size, own_colour=own_colour
        )
        # An upload is copied into the run; a folder of the server stays where it is.
        run_id = jobs.start(
            visitor,
            settings,
            _title(form["dataset"], settings),
            images=images if uploaded else None,
        )
    except (SettingsError, JobError) as error:
        return show(jobs, visitor, run_id, seen, str(error))
    return show(jobs, visitor, run_id, None, "")


def press_prior(
    jobs: Jobs,
    settings: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
    model_id: str | None,
    seconds: Any,
    conditional: Any,
) -> tuple[object, ...]:
    """Train a prior for the model at the top; what stands in the way is said beside the button and
    starts nothing."""
    try:
        run_id = start_prior(jobs, settings, visitor, model_id, seconds, conditional)
    except (ModelError, SettingsError, JobError) as error:
        return (*show(jobs, visitor, run_id, seen), _problem(str(error)))
    return (*show(jobs, visitor, run_id, None, ""), "")


def press_hold(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """Pause a run that trains; resume one that is paused or was interrupted."""
    return _command(jobs, lambda: _toggle(jobs, visitor, run_id), visitor, run_id, seen)


def press_step(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """One step of a run that is paused."""
    return _command(jobs, lambda: jobs.step(visitor, run_id), visitor, run_id, seen)


def press_stop(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """End the run and keep its model."""
    return _command(jobs, lambda: jobs.stop(visitor, run_id), visitor, run_id, seen)


def press_delete(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """Remove the run on show for good, at the second press, and show the newest one left; the first
    press asks."""
    there = any(status.run_id == run_id for status in _runs(jobs, visitor))
    if there and (seen or {}).get("sure") != run_id:
        view = show(jobs, visitor, run_id, seen, "")
        return view._replace(
            seen={**view.seen, "sure": run_id},
            delete=gr.update(value="Delete for good?", variant="stop"),
        )
    try:
        jobs.delete(visitor, run_id)
    except JobError as error:
        return show(jobs, visitor, run_id, seen, str(error))
    return show(jobs, visitor, _newest(jobs, visitor), None, "")._replace(
        done=gr.update(active=True)
    )


def press_reset(jobs: Jobs, visitor: str) -> tuple[object, ...]:
    """No run on show, and the form as it was at first. Runs stay in the list."""
    return (
        *show(jobs, visitor, None, None, ""),
        FIRST,
        explain(FIRST),
        *(DEFAULTS[name] for name in NAMES),
    )


def press_fix(
    jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None
) -> tuple[object, ...]:
    """The form with the settings of what is on show, and those put right that let its codebook go
    wrong."""
    listed = {status.run_id: status for status in _runs(jobs, visitor)}
    if run_id in listed:
        live = RunLive(jobs.folder(visitor, run_id), listed[run_id])
        values, mends = mending.form_of(live), mending.of_run(live)
    else:
        recording = recordings.find((seen or {}).get("recording"))
        values, mends = mending.form_of_preset(recording), mending.of_recording(recording)
    values = {**values, **mends}
    return CUSTOM, mending.explain(mends), *(values.get(name, gr.skip()) for name in NAMES)


def choose_run(jobs: Jobs, visitor: str, run_id: str | None) -> View:
    """Show another run of the list."""
    return show(jobs, visitor, run_id, None, "")


def choose_recording(jobs: Jobs, visitor: str, name: str | None) -> View:
    """Show a recorded run; none of the visitor's own is on show then."""
    return show(jobs, visitor, None, {"recording": name}, "")


def find_run(jobs: Jobs, visitor: str) -> View:
    """When the page opens: the run that trains, else the latest one, else a recorded one."""
    return show(jobs, visitor, _newest(jobs, visitor), None, "")


def announce(version: int) -> tuple[int, Update]:
    """Have the model picker filled again; the timer that asked for it rests."""
    return version + 1, gr.update(active=False)


def use_model(
    settings: Settings, tab: str, visitor: str, run_id: str | None
) -> tuple[Update, gr.Tabs]:
    """Choose the run's model at the top of the page and go to the tab where one sees what it can
    do: to Reconstruct, or to `tab` where it has a prior."""
    entries = list_models(settings, visitor)
    wanted = str(sharing_of(settings.runs).name(visitor, str(run_id)))
    able = any(entry.id == wanted and entry.info["has_prior"] for entry in entries)
    return (
        gr.update(choices=[(entry.title, entry.id) for entry in entries], value=wanted),
        gr.Tabs(selected=tab if able else "reconstruct"),
    )


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


def _command(jobs: Jobs, command, visitor: str, run_id: str | None, seen: dict | None) -> View:
    try:
        command()
    except JobError as error:
        return show(jobs, visitor, run_id, seen, str(error))
    return show(jobs, visitor, run_id, seen, "")._replace(timer=gr.update(active=True))


def _toggle(jobs: Jobs, visitor: str, run_id: str | None) -> None:
    if jobs.status(visitor, run_id).resumable:
        jobs.resume(visitor, run_id)
    else:
        jobs.pause(visitor, run_id)


def _runs(jobs: Jobs, visitor: str) -> list[Status]:
    """The visitor's runs of one model each; those of several are the Compare tab's."""
    return [status for status in jobs.list_runs(visitor) if not status.plan]


def _newest(jobs: Jobs, visitor: str) -> str | None:
    listed = _runs(jobs, visitor)
    return next((s.run_id for s in listed if s.active), listed[0].run_id if listed else None)


def _problem(text: str) -> str:
    return f'<p class="vq-bad" role="alert">{escape(text)}</p>' if text else ""


def _title(dataset: str, settings: RunSettings) -> str:
    names = {value: label.partition(" (")[0] for label, value in DATASETS}
    prior = f" + prior {run_head.clock(settings.prior.seconds)}" if settings.prior else ""
    model = settings.model
    kind = "" if model.quantizer == ModelConfig.quantizer else f"{ABOUT[model.quantizer].short} · "
    training = settings.training
    steps = training.steps if training else None
    budget = f"{steps:,} steps" if steps else run_head.clock(training.seconds if training else None)
    return f"{names[dataset]} · {kind}K {model.codebook_size} · {budget}{prior}"


def _run_title(status: Status) -> str:
    started = time.strftime("%d %b %H:%M", time.localtime(status.created))
    return f"{started} · {status.title} · {run_head.PHASES.get(status.phase, status.phase).lower()}"


# -- components ------------------------------------------------------------------------------------


def build(page: Page) -> None:
    """The tab's components and events; called inside its gr.Tab."""
    jobs = shared_jobs(page.settings)
    seen = gr.State(None)
    empty = RunLive(None, None)
    head_looks, looks, lines = (
        css.read_text() for css in (run_head.CSS_PATH, train_view.CSS_PATH, curves.CSS_PATH)
    )
    looks += cloud.CSS_PATH.read_text()
    lines += loss.CSS_PATH.read_text()
    with gr.Row(elem_id="vq-train"):
        with gr.Column(elem_id="vq-train-form", scale=0, min_width=320):
            gr.HTML(f'<h2>Train a model</h2><p class="vq-note">{INTRO}</p>', padding=False)
            form = Form.build(page.settings)
            prior = PriorForm.build(page.settings, page.model.value)
        with gr.Column(elem_id="vq-train-run", scale=1, min_width=320):
            choice = gr.Radio(
                [(one.title, one.name) for one in recordings.present().values()],
                visible=False,
                label="Recorded runs: what to expect",
                elem_id="vq-train-recordings",
            )
            status = gr.HTML(
                train_view.status_html(None, None),
                css_template=head_looks,
                elem_id="vq-train-status",
                padding=False,
            )
            with gr.Row(elem_id="vq-train-buttons"):
                hold = gr.Button(
                    "Pause",
                    size="sm",
                    interactive=False,
                    min_width=96,
                    scale=0,
                    elem_id="vq-train-hold",
                )
                step = gr.Button(
                    "Step",
                    size="sm",
                    interactive=False,
                    min_width=72,
                    scale=0,
                    elem_id="vq-train-step",
                )
                stop = gr.Button(
                    "Stop",
                    size="sm",
                    interactive=False,
                    min_width=96,
                    scale=0,
                    elem_id="vq-train-stop",
                )
                use = gr.Button(
                    "Use this model",
                    size="sm",
                    interactive=False,
                    min_width=144,
                    scale=0,
                    elem_id="vq-train-use",
                )
                fix = gr.Button(
                    "Fix it",
                    size="sm",
                    variant="primary",
                    visible=False,
                    min_width=96,
                    scale=0,
                    elem_id="vq-train-fix",
                )
            pictures = gr.HTML(
                empty.pictures(),
                css_template=looks,
                js_on_load=starts(recorded.MODULE),
                elem_id="vq-train-pictures",
                padding=False,
            )
            charts = gr.HTML(
                empty.charts(),
                css_template=lines,
                js_on_load=starts(curves.MODULE),
                elem_id="vq-train-charts",
                padding=False,
            )
            with gr.Row(elem_id="vq-train-runs"):
                runs = IdPicker(
                    [], label="My runs", filterable=False, elem_id="vq-train-list", scale=1
                )
                delete = gr.Button(
                    "Delete",
                    size="sm",
                    interactive=False,
                    min_width=150,
                    scale=0,
                    elem_id="vq-train-delete",
                )
    two = beside_view.build(page, jobs)
    timer = gr.Timer(POLL_SECONDS, active=False)
    view = list(
        View(
            seen,
            choice,
            status,
            pictures,
            charts,
            hold,
            step,
            stop,
            form.reset,
            use,
            fix,
            delete,
            runs,
            timer,
            form.problem,
            gr.Timer(0.05, active=False),
        )
    )
    _connect(page, jobs, view=View(*view), form=form)
    _connect_prior(page, jobs, view=View(*view), prior=prior)
    beside_view.connect(page, jobs, two, form, [runs.change, view[-1].tick], timer.tick)


def _connect_prior(page: Page, jobs: Jobs, *, view: View, prior: PriorForm) -> None:
    prior.train.click(
        partial(press_prior, jobs, page.settings),
        [page.visitor, view.runs, view.seen, page.model, prior.seconds, prior.conditional],
        [*view, prior.problem],
        **AT_ONCE,
    ).then(None, [prior.problem], None, js=SEE_RUN, **AT_ONCE)
    explain, chosen = partial(explain_prior, page.settings), [page.model, page.visitor]
    page.model.change(explain, chosen, [prior.about], **AT_ONCE)
    page.ready(explain, chosen, [prior.about], queue=False)


def _connect(page: Page, jobs: Jobs, *, view: View, form: Form) -> None:
    known = [page.visitor, view.runs, view.seen]
    form.train.click(
        partial(press_train, jobs, page.settings),
        [*known, *form.own, *form.fields],
        [*view],
        **AT_ONCE,
    ).then(None, [form.problem], None, js=SEE_RUN, **AT_ONCE)
    view.hold.click(partial(press_hold, jobs), known, [*view], **AT_ONCE)
    view.step.click(partial(press_step, jobs), known, [*view], **AT_ONCE)
    view.stop.click(partial(press_stop, jobs), known, [*view], **AT_ONCE)
    view.delete.click(partial(press_delete, jobs), known, [*view], **AT_ONCE)
    view.reset.click(
        partial(press_reset, jobs),
        [page.visitor],
        [*view, form.preset, form.why, *form.fields],
        **AT_ONCE,
    )
    view.fix.click(
        partial(press_fix, jobs), known, [form.preset, form.why, *form.fields], **AT_ONCE
    ).then(None, js=SEE_FORM, **AT_ONCE)
    able = "generate" if page.has_tab("generate") else "edit"
    view.use.click(
        partial(use_model, page.settings, able),
        [page.visitor, view.runs],
        [page.model, page.tabs],
        **AT_ONCE,
    )
    view.runs.input(partial(choose_run, jobs), [page.visitor, view.runs], [*view], **AT_ONCE)
    view.recordings.input(
        partial(choose_recording, jobs), [page.visitor, view.recordings], [*view], **AT_ONCE
    )
    view.timer.tick(partial(show, jobs), known, [*view], **AT_ONCE)
    # Queued, unlike the rest: Gradio reports a changed gr.State of queued events only.
    view.done.tick(
        announce,
        [page.models_changed],
        [page.models_changed, view.done],
        show_progress="hidden",
        api_visibility="private",
    )
    form.connect()
    form.follow(page)
    page.ready(partial(find_run, jobs), [page.visitor], [*view], queue=False)
    page.again.click(partial(choose_run, jobs), [page.visitor, view.runs], [*view], **AT_ONCE)

    def open_tab(
        event: gr.SelectData,
    ) -> None:  # a partial would hide from Gradio that it takes an event
        if event.value == "Train":
            jobs.prepare()  # whoever looks at this tab may press Train soon

    page.tabs.select(open_tab, None, None, **AT_ONCE)
