"""The Compare tab: VQ-VAE, AE, VAE and conditional VAE side by side."""

from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from demo.charts import curves, rate_plot
from demo.door import Slots, server_functions
from demo.models import sets as comparison_models
from demo.models.sharing import sharing_of
from demo.page import run_head
from demo.page.events import AT_ONCE, Update
from demo.page.guide.memory import keeps, restores
from demo.page.modules import starts
from demo.page.page import Page
from demo.page.picker import IdPicker, refilled
from demo.runs.jobs import Jobs, shared_jobs
from demo.runs.plans.making import AXES, DATASETS, PRESETS, RIVALS
from demo.settings import Settings
from demo.tabs.compare import component as widget
from demo.tabs.compare import plan_runs, plan_view
from demo.tabs.compare import questions as comparison
from demo.text import term

QUESTIONS = (
    comparison.compare_open,
    comparison.compare_upload,
    comparison.compare_picture,
    comparison.compare_between,
    comparison.compare_samples,
)
INTRODUCTION = (
    f"The same encoder and decoder, four ways to keep a picture: a grid of {term('code', 'codes')} "
    f"(VQ-VAE), a plain vector ({term('AE')}), a noisy vector close to a normal distribution "
    f"({term('VAE')}), and a VAE that is also given the class. The shipped ones were not trained "
    "alike: the VQ-VAE trained for an hour, the others for 15 minutes. Train all four below "
    "for a fair comparison."
)


SECTIONS = {
    "One picture": "vq-compare-picture",
    "Between two": "vq-compare-between",
    "Samples": "vq-compare-samples",
    "Train all four": "vq-compare-four",
    "Rate and distortion": "vq-compare-sweep",
    "Quantizers": "vq-compare-quantizers",
}
"""Of the tab: the name of each, and its id."""
CHOICE = {"four": "preset", "sweep": "vary", "quantizers": "kinds"}
BUDGET = {"four": "seconds", "sweep": "seconds", "quantizers": "steps"}
"""In the address: what is chosen of a kind of plan, and what each of its models gets."""
POLL_SECONDS = 1.0
SHOWN = "(set, model) => ({set, model})"
TITLES = {
    "four": (
        "Train all four with the same budget",
        "VQ-VAE, AE, VAE and conditional VAE learn the same pictures, one after another, for the "
        "same time or the same steps each; then, for as long again, the VQ-VAE’s prior, so that it "
        "invents pictures too. At the end they are chosen above. Training runs on the server; you "
        f"can close this page. A VAE can be given {term('free bits')}; under too much weight it "
        f"ends in {term('posterior collapse')}. Measured before, after 1,500 steps each: the error "
        "is 0.0015 for the VQ-VAE in 441 bits, 0.0019 for the AE in 440, and 0.0021 for the VAE "
        "with free bits in 377.",
        "Train all four",
    ),
    "sweep": (
        f"{term('rate', 'Rate')} and distortion",
        "How much quality do more bits buy? Up and to the left is better. Vary one setting of the "
        "VQ-VAE and see its points beside k-means on raw patches (no network at all), JPEG and "
        "WebP.",
        "Sweep",
    ),
    "quantizers": (
        "Quantizers side by side",
        "How should an output of the encoder become a code? Each quantizer is trained on the same "
        "networks, images, steps and seed, at 512 codes or as near as it can have, so that only "
        "the quantizer differs.",
        "Train quantizers",
    ),
}


def list_sets(settings: Settings, visitor: str | None, current: object) -> Update:
    """The picker of the sets of models filled again."""
    return refilled(comparison_models.list_sets(settings, visitor), current)


def newest_set(
    settings: Settings, visitor: str | None, run_id: str | None
) -> tuple[Update, Update]:
    """When all four are trained: the picker filled again with their set chosen; the timer that
    asked for it rests."""
    listed = comparison_models.list_sets(settings, visitor)
    wanted = str(sharing_of(settings.runs).name(str(visitor), str(run_id)))
    there = wanted in [set_id for _, set_id in listed]
    filled = gr.update(choices=listed, value=wanted) if there else gr.update(choices=listed)
    return filled, gr.update(active=False)


def explain(preset: str | None) -> str:
    """HTML of the sentence under the presets."""
    return f'<p class="vq-note">{PRESETS[preset].about if preset in PRESETS else ""}</p>'


def build(page: Page) -> None:
    """The tab's components and events."""
    settings = page.settings

    listed = comparison_models.list_sets(settings, None)
    first = listed[0][1] if listed else None
    with gr.Row(elem_id="vq-compare-head"):
        gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-compare-note")
        chosen = IdPicker(
            listed,
            value=first,
            label="Models to compare",
            filterable=False,
            elem_id="vq-compare-set",
        )
    links = "".join(
        f'<a href="#{target}" data-scroll="{target}">{name}</a>'
        for name, target in SECTIONS.items()
    )
    gr.HTML(
        f'<nav aria-label="Sections of this tab">{links}</nav>',
        padding=False,
        elem_id="vq-compare-sections",
    )
    functions = server_functions(QUESTIONS, settings, Slots(2))
    view = widget.comparison({"set": first, "model": page.model.value}, functions)
    gr.on(
        [chosen.change, page.model.change], None, [chosen, page.model], [view], js=SHOWN, **AT_ONCE
    )
    remember(page, {"set": chosen}, chosen.change).then(
        partial(list_sets, settings), [page.visitor, chosen], [chosen], **AT_ONCE
    )
    page.ready(None, [chosen, page.model], [view], js=SHOWN)
    jobs = shared_jobs(settings)
    four = build_plan(page, jobs, "four")
    four.done.tick(
        partial(newest_set, settings), [page.visitor, four.run_id], [chosen, four.done], **AT_ONCE
    )
    build_plan(page, jobs, "sweep")
    build_plan(page, jobs, "quantizers")


def remember(page: Page, fields: dict[str, Any], *changes: Any) -> gr.events.Dependency:
    """Keep fields in the address, by their names there: a reload, Back and a link bring them back.

    changes: the events upon which they are written down. Returns the event that has set them as
    the page opened.
    """
    names, parts = [*fields], [*fields.values()]
    firsts = [one.value for one in parts]
    gr.on([*changes], None, parts, None, js=keeps(names, firsts), **AT_ONCE)
    back = restores(names, firsts)
    page.lead.moved(None, None, parts, js=back, **AT_ONCE)
    return page.ready(None, None, parts, js=back)


class Form(NamedTuple):
    """The components of a plan's form; its components that the view fills are in `View`."""

    dataset: gr.Dropdown
    choice: gr.Dropdown | gr.CheckboxGroup
    budget: gr.Number
    steps: list[gr.Number]
    """What may take the place of the budget, if anything may."""
    go: gr.Button
    problem: gr.HTML


def build_plan(page: Page, jobs: Jobs, kind: str) -> plan_runs.View:
    """One plan: its form on the left, its progress and its figures on the right."""
    side, ident = plan_runs.PlanSide(kind, jobs, page.settings), f"vq-compare-{kind}"
    with gr.Row(elem_id=ident, elem_classes="vq-plan"):
        with gr.Column(elem_classes="vq-plan-form", scale=0, min_width=320):
            form = _build_form(kind, ident)
        with gr.Column(scale=1, min_width=320):
            view = _build_view(side, ident, form.problem)
    fields = {"images": form.dataset, CHOICE[kind]: form.choice, BUDGET[kind]: form.budget}
    if form.steps:
        fields["steps"] = form.steps[0]
    changes = [one.input for one in fields.values()]
    remember(page, {f"{kind}-{name}": one for name, one in fields.items()}, *changes)
    known = [page.visitor, view.run_id, view.seen]
    asked = [form.dataset, form.choice, form.budget, page.model, *form.steps]
    for happens, answer, told in (
        (form.go.click, side.start, [*known, *asked]),
        (view.stop.click, side.stop, known),
        (view.resume.click, side.resume, known),
        (view.timer.tick, side.show, known),
        (page.again.click, side.find, [page.visitor]),
    ):
        happens(answer, told, [*view], **AT_ONCE)
    page.ready(side.find, [page.visitor], [*view], queue=False)
    return view


def _build_form(kind: str, ident: str) -> Form:
    title, words, press = TITLES[kind]
    gr.HTML(f'<h2>{title}</h2><p class="vq-note">{words}</p>', padding=False)
    dataset = gr.Dropdown(
        [*DATASETS, ("Those of the model at the top", plan_runs.OWN)],
        value="mnist",
        label="Images to learn",
        filterable=False,
        elem_id=f"{ident}-dataset",
    )
    choice = _build_choice(kind, ident)
    steps = []
    if kind == "quantizers":
        budget = gr.Number(200, label="Steps for each quantizer", elem_id=f"{ident}-steps")
    else:
        budget = gr.Number(30, label="Seconds for each model", elem_id=f"{ident}-seconds")
        about = (
            "As many for each, on any machine and however long they take; 0 trains by the clock."
        )
        label = "Steps, instead of seconds"
        steps = [gr.Number(0, label=label, info=about, elem_id=f"{ident}-steps")]
    go = gr.Button(press, variant="primary", elem_id=f"{ident}-start")
    problem = gr.HTML("", padding=False, elem_id=f"{ident}-problem")
    return Form(dataset, choice, budget, steps, go, problem)


def _build_choice(kind: str, ident: str) -> gr.Dropdown | gr.CheckboxGroup:
    """What the plan of a kind is made of."""
    if kind == "quantizers":
        options = [(rival.title, key) for key, rival in RIVALS.items()]
        every, ident = list(RIVALS), f"{ident}-kinds"
        return gr.CheckboxGroup(options, value=every, label="Quantizers", elem_id=ident)
    if kind == "four":
        choice = gr.Dropdown(
            [(preset.name, key) for key, preset in PRESETS.items()],
            value="plain",
            label="Preset",
            filterable=False,
            elem_id=f"{ident}-preset",
        )
        why = gr.HTML(explain("plain"), padding=False)
        choice.change(explain, [choice], [why], **AT_ONCE)
        return choice
    tried = "; ".join(
        f"{axis.name.partition(',')[0]} {', '.join(map(str, axis.values))}"
        for axis in AXES.values()
    )
    return gr.Dropdown(
        [(axis.name, key) for key, axis in AXES.items()],
        value="codebook_size",
        label="What to vary",
        filterable=False,
        info=f"Values tried: {tried} where it divides the size.",
        elem_id=f"{ident}-axis",
    )


def _build_view(side: plan_runs.PlanSide, ident: str, problem: gr.HTML) -> plan_runs.View:
    """Everything that a handler fills."""
    empty = side.show("", None, None, "")
    styles = (run_head, curves, rate_plot, plan_view)
    looks = "".join(module.CSS_PATH.read_text() for module in styles)
    html = partial(gr.HTML, css_template=looks, padding=False)
    button = partial(gr.Button, size="sm", min_width=96, scale=0)
    chart = curves if side.kind == "four" else rate_plot
    run_id, seen = gr.State(None), gr.State(None)
    status = html(empty.status, elem_id=f"{ident}-status")
    with gr.Row(elem_classes="vq-plan-buttons"):
        stop = button("Stop", interactive=False, elem_id=f"{ident}-stop")
        resume = button("Resume", visible=False, elem_id=f"{ident}-resume")
    figure = html(empty.figure, js_on_load=starts(chart.MODULE), elem_id=f"{ident}-figure")
    table = html(empty.table, elem_id=f"{ident}-table")
    poll, done = gr.Timer(POLL_SECONDS, active=False), gr.Timer(0.05, active=False)
    return plan_runs.View(run_id, seen, status, figure, table, stop, resume, poll, problem, done)
