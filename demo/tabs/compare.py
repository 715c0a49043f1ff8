"""The Compare tab: VQ-VAE, AE, VAE and conditional VAE side by side."""

from functools import partial

import gradio as gr

from demo import comparison, comparison_models, curves, plan_runs, plan_view, rate_plot, train_view
from demo.jobs import Jobs, shared_jobs
from demo.page import Page
from demo.plans import AXES, DATASETS, PRESETS
from demo.reconstruction import answer
from demo.settings import Settings
from demo.text import term
from demo.train_form import RunPicker
from demo.widgets import comparison as widget

QUESTIONS = (comparison.compare_open, comparison.compare_upload, comparison.compare_picture,
             comparison.compare_between, comparison.compare_samples)
INTRODUCTION = (
    f"The same encoder and decoder, four ways to keep a picture: a grid of {term('code', 'codes')} (VQ-VAE), a plain "
    f"vector ({term('AE')}), a noisy vector held to a normal distribution ({term('VAE')}), and that told the class. "
    "The shipped ones were not trained alike: the VQ-VAE learned for an hour, the others for a quarter of one. Train "
    "all four below for a race on equal terms."
)


POLL_SECONDS = 1.0
QUIET = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
SHOWN = "(set, model) => ({set, model})"
TITLES = {
    "four": ("Train all four with the same budget", "VQ-VAE, AE, VAE and conditional VAE learn the same pictures, one "
             "after another, for the same time each; then, for as long again, the VQ-VAE’s prior, so that it invents "
             "pictures too. At the end they are chosen above. Close the page, come back: it is still here.",
             "Train all four"),
    "sweep": (f"{term('rate', 'Rate')} and distortion", "How many bits buy how much likeness? Up and to the left is "
              "better. Vary one setting of the VQ-VAE and see its points beside k-means on raw patches (no network at "
              "all), JPEG and WebP.", "Sweep"),
}


def list_sets(settings: Settings, visitor: str | None, current: object) -> dict:
    """The picker of the sets of models filled again; its choice is kept where that set is still there."""
    listed = comparison_models.list_sets(settings, visitor)
    ids = [set_id for _, set_id in listed]
    return gr.update(choices=listed, value=current if current in ids else next(iter(ids), None))


def newest_set(settings: Settings, visitor: str | None, run_id: str | None) -> tuple:
    """When all four are trained: the picker filled again with their set chosen; the timer that asked for it rests."""
    listed = comparison_models.list_sets(settings, visitor)
    wanted = f"run:{visitor}/{run_id}"
    there = wanted in [set_id for _, set_id in listed]
    return gr.update(choices=listed, **({"value": wanted} if there else {})), gr.update(active=False)


def explain(preset: str | None) -> str:
    """HTML of the sentence under the presets."""
    return f'<p class="vq-note">{PRESETS[preset][1] if preset in PRESETS else ""}</p>'


def build(page: Page) -> None:
    """The tab's components and events."""
    settings = page.settings

    # Gradio calls a server function by the name it has here, with the one JSON object that the page sent.
    def bound(question):
        def call(request):
            return answer(question, request, settings)

        call.__name__ = question.__name__
        return call

    listed = comparison_models.list_sets(settings, None)
    first = listed[0][1] if listed else None
    with gr.Row(elem_id="vq-compare-head"):
        gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-compare-note")
        chosen = RunPicker(listed, value=first, label="Models to compare", filterable=False, elem_id="vq-compare-set")
    view = widget.comparison({"set": first, "model": page.model.value}, [bound(question) for question in QUESTIONS])
    gr.on([chosen.change, page.model.change], None, [chosen, page.model], [view], js=SHOWN, **QUIET)
    page.ready(partial(list_sets, settings), [page.visitor, chosen], [chosen], queue=False)
    page.ready(None, [chosen, page.model], [view], js=SHOWN)
    jobs = shared_jobs(settings.runs)
    four = build_plan(page, jobs, "four")
    four.done.tick(partial(newest_set, settings), [page.visitor, four.run_id], [chosen, four.done], **QUIET)
    build_plan(page, jobs, "sweep")


def build_plan(page: Page, jobs: Jobs, kind: str) -> plan_runs.View:
    """One plan: its form on the left, its progress and its figures on the right."""
    title, words, press = TITLES[kind]
    run_id, seen, settings = gr.State(None), gr.State(None), page.settings
    empty = plan_runs.show(kind, jobs, settings, "", None, None, "")
    looks = train_view.CSS_PATH.read_text() + curves.CSS_PATH.read_text() + rate_plot.CSS_PATH.read_text() + \
        plan_view.CSS_PATH.read_text()
    ident = f"vq-compare-{kind}"
    with gr.Row(elem_id=ident, elem_classes="vq-plan"):
        with gr.Column(elem_classes="vq-plan-form", scale=0, min_width=320):
            gr.HTML(f'<h2>{title}</h2><p class="vq-note">{words}</p>', padding=False)
            images = [*DATASETS, ("Those of the model at the top", plan_runs.OWN)]
            dataset = gr.Dropdown(images, value="mnist", label="Images to learn", filterable=False,
                                  elem_id=f"{ident}-dataset")
            if kind == "four":
                options = [(name, key) for key, (name, _) in PRESETS.items()]
                choice = gr.Dropdown(options, value="plain", label="Preset", filterable=False,
                                     elem_id=f"{ident}-preset")
                why = gr.HTML(explain("plain"), padding=False)
                choice.change(explain, [choice], [why], **QUIET)
            else:
                options = [(name, key) for key, (name, _) in AXES.items()]
                tried = "; ".join(f"{name.partition(',')[0]} {', '.join(map(str, values))}" for name, values
                                  in AXES.values())
                choice = gr.Dropdown(options, value="codebook_size", label="What to vary", filterable=False,
                                     info=f"Values tried: {tried} where it divides the size.", elem_id=f"{ident}-axis")
            seconds = gr.Number(30, label="Seconds for each model", elem_id=f"{ident}-seconds")
            go = gr.Button(press, variant="primary", elem_id=f"{ident}-start")
            problem = gr.HTML("", padding=False, elem_id=f"{ident}-problem")
        with gr.Column(scale=1, min_width=320):
            status = gr.HTML(empty.status, css_template=looks, padding=False, elem_id=f"{ident}-status")
            with gr.Row(elem_classes="vq-plan-buttons"):
                stop = gr.Button("Stop", size="sm", interactive=False, min_width=96, scale=0, elem_id=f"{ident}-stop")
                resume = gr.Button("Resume", size="sm", visible=False, min_width=96, scale=0,
                                   elem_id=f"{ident}-resume")
            figure = gr.HTML(empty.figure, css_template=looks, padding=False, elem_id=f"{ident}-figure",
                             js_on_load=curves.JS_PATH.read_text())
            table = gr.HTML("", css_template=looks, padding=False, elem_id=f"{ident}-table")
    view = plan_runs.View(run_id, seen, status, figure, table, stop, resume, gr.Timer(POLL_SECONDS, active=False),
                          problem, gr.Timer(0.05, active=False))
    known = [page.visitor, run_id, seen]
    fixed = (kind, jobs, settings)
    go.click(partial(plan_runs.start, *fixed), [*known, dataset, choice, seconds, page.model], [*view], **QUIET)
    stop.click(partial(plan_runs.stop, *fixed), known, [*view], **QUIET)
    resume.click(partial(plan_runs.resume, *fixed), known, [*view], **QUIET)
    view.timer.tick(partial(plan_runs.show, *fixed), known, [*view], **QUIET)
    page.ready(partial(plan_runs.find, *fixed), [page.visitor], [*view], queue=False)
    page.again.click(partial(plan_runs.find, *fixed), [page.visitor], [*view], **QUIET)
    return view
