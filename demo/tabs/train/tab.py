"""The Train tab: a bar that stays in sight, settings on the left, and on the right the run and what
it learns, or two runs side by side."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import gradio as gr

from demo.charts import cloud, curves
from demo.models import recordings
from demo.page import run_head
from demo.page.events import AT_ONCE
from demo.page.modules import calls, starts
from demo.page.page import Page
from demo.page.picker import IdPicker
from demo.runs.jobs import Jobs, shared_jobs
from demo.tabs.train import bar as train_bar
from demo.tabs.train import card_parts, handlers, loss, recorded
from demo.tabs.train import view as train_view
from demo.tabs.train.bar import PRESSED, Bar, small_button
from demo.tabs.train.beside import section, setup
from demo.tabs.train.form import Form
from demo.tabs.train.live import RunLive
from demo.tabs.train.prior_form import PriorForm
from demo.tabs.train.prior_form import explain as explain_prior
from demo.tabs.train.showing import View, show

POLL_SECONDS = 1.0
SEE_RUN = calls(PRESSED, "pressed", "#vq-train-run")
"""The run is far from the button on a narrow page, and the button of the prior on any."""
SEE_FORM = """() => {
  document.querySelector("#vq-train-why").scrollIntoView({ block: "nearest" });
  document.querySelector("#vq-train-start").focus({ preventScroll: true });
}"""
INTRO = (
    "The model learns by reconstructing images from their codes. Training runs on the server; you "
    "can close this page."
)


class Run(NamedTuple):
    """The parts of the column of one run."""

    recordings: gr.Radio
    said: gr.HTML
    use: gr.Button
    card: gr.Button
    fix: gr.Button
    pictures: gr.HTML
    charts: gr.HTML
    runs: IdPicker
    name: gr.Textbox
    delete: gr.Button


def build(page: Page) -> None:
    """The tab's components and events; called inside its gr.Tab."""
    jobs = shared_jobs(page.settings)
    seen, timer = gr.State(None), gr.Timer(POLL_SECONDS, active=False)
    bar = train_bar.build()
    with gr.Row(elem_id="vq-train"):
        with gr.Column(elem_id="vq-train-form", scale=0, min_width=320):
            gr.HTML(f'<h2>Train a model</h2><p class="vq-note">{INTRO}</p>', padding=False)
            second = setup.build()
            form = Form.build(page.settings, bar.preset)
            prior = PriorForm.build(page.settings, page.model.value)
        run = _build_run()
        two = section.build(jobs)
    view = View(
        seen=seen,
        recordings=run.recordings,
        status=bar.one.head,
        said=run.said,
        pictures=run.pictures,
        charts=run.charts,
        hold=bar.one.hold,
        step=bar.one.step,
        stop=bar.one.stop,
        reset=form.reset,
        use=run.use,
        fix=run.fix,
        delete=run.delete,
        runs=run.runs,
        name=run.name,
        timer=timer,
        problem=bar.problem,
        done=gr.Timer(0.05, active=False),
    )
    told = _connect(page, jobs, view=view, form=form, bar=bar)
    made = gr.JSON(visible="hidden")
    run.card.click(
        partial(handlers.make_card, jobs), [page.visitor, run.runs, seen], [made], **AT_ONCE
    ).then(None, [made], [bar.problem], js=card_parts.KEEP, **AT_ONCE)
    _connect_prior(page, jobs, view=view, prior=prior)
    second.connect(page, form.fields)
    pressed = section.connect(
        page, jobs, bar=bar, parts=two, setup=second, form=form, done=view.done
    )
    look, known = partial(show, jobs), [page.visitor, run.runs, seen]
    for event in (pressed, told):
        event.then(look, known, [*view], **AT_ONCE)


def _build_run() -> Run:
    """The column of one run."""
    empty = RunLive(None, None)
    looks, lines = (css.read_text() for css in (train_view.CSS_PATH, curves.CSS_PATH))
    looks += cloud.CSS_PATH.read_text()
    lines += loss.CSS_PATH.read_text()
    with gr.Column(elem_id="vq-train-run", elem_classes="vq-of-one", scale=1, min_width=320):
        choice = gr.Radio(
            [(one.title, one.name) for one in recordings.present().values()],
            visible=False,
            label="Recorded runs: what to expect",
            elem_id="vq-train-recordings",
        )
        said = gr.HTML(
            train_view.said_html(None, None),
            css_template=run_head.CSS_PATH.read_text(),
            elem_id="vq-train-said",
            padding=False,
        )
        with gr.Row(elem_id="vq-train-buttons"):
            fix = small_button("Fix it", "fix", 96, variant="primary", visible=False)
            use = small_button("Use this model", "use", 144, interactive=False)
            card = small_button("Save card", "card", 112)
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
            runs = IdPicker([], label="My runs", filterable=False, elem_id="vq-train-list", scale=1)
            name = gr.Textbox(
                label="Name of this run",
                interactive=False,
                max_lines=1,
                min_width=190,
                scale=0,
                elem_id="vq-train-name",
            )
            delete = small_button("Delete", "delete", 150, interactive=False)
    return Run(choice, said, use, card, fix, pictures, charts, runs, name, delete)


def _connect_prior(page: Page, jobs: Jobs, *, view: View, prior: PriorForm) -> None:
    prior.train.click(
        partial(handlers.press_prior, jobs, page.settings),
        [page.visitor, view.runs, view.seen, page.model, prior.seconds, prior.conditional],
        [*view, prior.problem],
        **AT_ONCE,
    ).then(None, [prior.problem], None, js=SEE_RUN, **AT_ONCE)
    explain, chosen = partial(explain_prior, page.settings), [page.model, page.visitor]
    page.model.change(explain, chosen, [prior.about], **AT_ONCE)
    page.ready(explain, chosen, [prior.about], queue=False)


def _connect(page: Page, jobs: Jobs, *, view: View, form: Form, bar: Bar) -> gr.events.Dependency:
    """Returns the event after which there may be other models."""
    known = [page.visitor, view.runs, view.seen]
    bar.one.train.click(
        partial(handlers.press_train, jobs, page.settings),
        [*known, *form.own, *form.fields],
        [*view],
        **AT_ONCE,
    ).then(None, [bar.problem], None, js=SEE_RUN, **AT_ONCE)
    named = partial(gr.on, [view.name.submit, view.name.blur])
    filled, mine = [form.preset, form.why, *form.fields], [page.visitor, view.runs]
    recorded_of = [page.visitor, view.recordings]
    expected_of = [*mine, form.preset]
    for happens, answer, sent, changed in (
        (view.hold.click, handlers.press_hold, known, [*view]),
        (view.step.click, handlers.press_step, known, [*view]),
        (view.stop.click, handlers.press_stop, known, [*view]),
        (named, handlers.rename, [*known, view.name], [*view]),
        (view.delete.click, handlers.press_delete, known, [*view]),
        (view.reset.click, handlers.press_reset, [page.visitor], [*view, *filled]),
        (view.runs.input, handlers.choose_run, mine, [*view]),
        (view.recordings.input, handlers.choose_recording, recorded_of, [*view]),
        (form.preset.input, handlers.choose_experiment, expected_of, [*view]),
        (view.timer.tick, show, known, [*view]),
        (page.again.click, handlers.choose_run, mine, [*view]),
    ):
        happens(partial(answer, jobs), sent, changed, **AT_ONCE)
    view.fix.click(partial(handlers.press_fix, jobs), known, filled, **AT_ONCE).then(
        None, js=SEE_FORM, **AT_ONCE
    )
    able = "generate" if page.has_tab("generate") else "edit"
    use = partial(handlers.use_model, page.settings, able)
    view.use.click(use, mine, [page.model, page.tabs], **AT_ONCE)
    # Queued, unlike the rest: Gradio reports a changed gr.State of queued events only.
    told = view.done.tick(
        handlers.announce,
        [page.models_changed],
        [page.models_changed, view.done],
        show_progress="hidden",
        api_visibility="private",
    )
    form.connect()
    form.follow(page)
    page.ready(partial(handlers.find_run, jobs), [page.visitor], [*view], queue=False)

    def open_tab(
        event: gr.SelectData,
    ) -> None:  # a partial would hide from Gradio that it takes an event
        if event.value == "Train":
            jobs.prepare()  # whoever looks at this tab may press Train soon

    page.tabs.select(open_tab, None, None, **AT_ONCE)
    return told
