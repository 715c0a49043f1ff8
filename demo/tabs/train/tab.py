"""The Train tab: settings on the left, the run and what it learns on the right."""

from functools import partial
from typing import Any

import gradio as gr

from demo.charts import cloud, curves
from demo.page import run_head
from demo.page.events import AT_ONCE
from demo.page.modules import starts
from demo.page.page import Page
from demo.page.picker import IdPicker
from demo.runs import recordings
from demo.runs.jobs import Jobs, shared_jobs
from demo.tabs.train import beside_view, handlers, loss, recorded, run_card
from demo.tabs.train import view as train_view
from demo.tabs.train.form import Form
from demo.tabs.train.live import RunLive
from demo.tabs.train.prior_form import PriorForm
from demo.tabs.train.prior_form import explain as explain_prior
from demo.tabs.train.showing import View, show

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
                hold = _button("Pause", "hold", 96, interactive=False)
                step = _button("Step", "step", 72, interactive=False)
                stop = _button("Stop", "stop", 96, interactive=False)
                use = _button("Use this model", "use", 144, interactive=False)
                card = _button("Save card", "card", 112)
                fix = _button("Fix it", "fix", 96, variant="primary", visible=False)
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
                name = gr.Textbox(
                    label="Its name",
                    interactive=False,
                    max_lines=1,
                    min_width=190,
                    scale=0,
                    elem_id="vq-train-name",
                )
                delete = _button("Delete", "delete", 150, interactive=False)
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
            name,
            timer,
            form.problem,
            gr.Timer(0.05, active=False),
        )
    )
    _connect(page, jobs, view=View(*view), form=form)
    made = gr.JSON(visible="hidden")
    shown = [page.visitor, runs, seen]
    card.click(partial(handlers.make_card, jobs), shown, [made], **AT_ONCE).then(
        None, [made], [form.problem], js=run_card.KEEP, **AT_ONCE
    )
    _connect_prior(page, jobs, view=View(*view), prior=prior)
    beside_view.connect(page, jobs, two, form, [runs.change, view[-1].tick], timer.tick)


def _button(label: str, name: str, width: int, **options: Any) -> gr.Button:
    """A small button of the tab, as wide as its longest label."""
    return gr.Button(
        label, size="sm", min_width=width, scale=0, elem_id=f"vq-train-{name}", **options
    )


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


def _connect(page: Page, jobs: Jobs, *, view: View, form: Form) -> None:
    known = [page.visitor, view.runs, view.seen]
    form.train.click(
        partial(handlers.press_train, jobs, page.settings),
        [*known, *form.own, *form.fields],
        [*view],
        **AT_ONCE,
    ).then(None, [form.problem], None, js=SEE_RUN, **AT_ONCE)
    view.hold.click(partial(handlers.press_hold, jobs), known, [*view], **AT_ONCE)
    view.step.click(partial(handlers.press_step, jobs), known, [*view], **AT_ONCE)
    view.stop.click(partial(handlers.press_stop, jobs), known, [*view], **AT_ONCE)
    gr.on(
        [view.name.submit, view.name.blur],
        partial(handlers.rename, jobs),
        [*known, view.name],
        [*view],
        **AT_ONCE,
    )
    view.delete.click(partial(handlers.press_delete, jobs), known, [*view], **AT_ONCE)
    view.reset.click(
        partial(handlers.press_reset, jobs),
        [page.visitor],
        [*view, form.preset, form.why, *form.fields],
        **AT_ONCE,
    )
    view.fix.click(
        partial(handlers.press_fix, jobs), known, [form.preset, form.why, *form.fields], **AT_ONCE
    ).then(None, js=SEE_FORM, **AT_ONCE)
    able = "generate" if page.has_tab("generate") else "edit"
    view.use.click(
        partial(handlers.use_model, page.settings, able),
        [page.visitor, view.runs],
        [page.model, page.tabs],
        **AT_ONCE,
    )
    view.runs.input(
        partial(handlers.choose_run, jobs), [page.visitor, view.runs], [*view], **AT_ONCE
    )
    view.recordings.input(
        partial(handlers.choose_recording, jobs),
        [page.visitor, view.recordings],
        [*view],
        **AT_ONCE,
    )
    view.timer.tick(partial(show, jobs), known, [*view], **AT_ONCE)
    # Queued, unlike the rest: Gradio reports a changed gr.State of queued events only.
    view.done.tick(
        handlers.announce,
        [page.models_changed],
        [page.models_changed, view.done],
        show_progress="hidden",
        api_visibility="private",
    )
    form.connect()
    form.follow(page)
    page.ready(partial(handlers.find_run, jobs), [page.visitor], [*view], queue=False)
    page.again.click(
        partial(handlers.choose_run, jobs), [page.visitor, view.runs], [*view], **AT_ONCE
    )

    def open_tab(
        event: gr.SelectData,
    ) -> None:  # a partial would hide from Gradio that it takes an event
        if event.value == "Train":
            jobs.prepare()  # whoever looks at this tab may press Train soon

    page.tabs.select(open_tab, None, None, **AT_ONCE)
