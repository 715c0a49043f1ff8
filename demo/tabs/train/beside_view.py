"""The section of the Train tab with two runs side by side: its components and events."""

from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from demo.charts import curves
from demo.page.events import AT_ONCE
from demo.page.guide.memory import keeps, restores
from demo.page.modules import starts
from demo.page.page import Page
from demo.page.picker import IdPicker, refilled
from demo.runs.jobs import Jobs
from demo.tabs.train import beside
from demo.tabs.train import view as train_view
from demo.tabs.train.form import CUSTOM, NAMES, Form

NAMED = ("a", "b")
"""In the address."""
WORDS = (
    "Duplicate A, change one setting, press Train, and choose the new run as B: the same seed and "
    "the same images, one axis in steps, and what differs in words. Both stay in the address."
)
DUPLICATED = (
    '<p class="vq-note">The settings of A. Change one of them, and press Train: the run is B.</p>'
)


class Beside(NamedTuple):
    """The components that others have to reach."""

    a: IdPicker
    b: IdPicker
    duplicate: gr.Button
    view: gr.HTML


def build(page: Page, jobs: Jobs) -> Beside:
    """Draw the section where it is called."""
    looks = "".join(
        css.read_text() for css in (train_view.CSS_PATH, curves.CSS_PATH, beside.CSS_PATH)
    )
    with gr.Column(elem_id="vq-train-beside"):
        gr.HTML(f'<h2>Two runs side by side</h2><p class="vq-note">{WORDS}</p>', padding=False)
        listed = beside.choices(jobs, None)
        with gr.Row(elem_id="vq-train-beside-choice"):
            a, b = (
                IdPicker(
                    listed,
                    value=first,
                    label=name.upper(),
                    filterable=False,
                    elem_id=f"vq-train-{name}",
                    scale=1,
                )
                for name, first in zip(NAMED, beside.FIRST, strict=True)
            )
            duplicate = gr.Button(
                "Duplicate A", size="sm", min_width=130, scale=0, elem_id="vq-train-duplicate"
            )
        view = gr.HTML(
            beside.html(jobs, None, *beside.FIRST),
            css_template=looks,
            padding=False,
            js_on_load=starts(curves.MODULE),
            elem_id="vq-train-beside-view",
        )
    return Beside(a, b, duplicate, view)


def connect(page: Page, jobs: Jobs, parts: Beside, form: Form, changes: list, ticks: Any) -> None:
    """Wire it up. changes: events after which the list of runs may be another one; ticks: the event
    that comes every second while a run trains."""
    chosen, known = [parts.a, parts.b], [page.visitor, parts.a, parts.b]
    show = partial(beside.html, jobs)
    gr.on([parts.a.input, parts.b.input], show, known, [parts.view], **AT_ONCE)
    gr.on(
        [parts.a.input, parts.b.input], None, chosen, None, js=keeps(NAMED, beside.FIRST), **AT_ONCE
    )
    back = restores(NAMED, beside.FIRST)
    for come in (
        page.ready(None, None, chosen, js=back),
        page.lead.moved(None, None, chosen, js=back, **AT_ONCE),
    ):
        come.then(partial(fill, jobs), known, [*chosen, parts.view], **AT_ONCE)
    gr.on(changes, partial(fill, jobs), known, [*chosen, parts.view], **AT_ONCE)
    ticks(partial(follow, jobs), known, [parts.view], **AT_ONCE)
    parts.duplicate.click(
        partial(press_duplicate, jobs),
        [page.visitor, parts.a],
        [form.preset, form.why, *form.fields],
        **AT_ONCE,
    )


def fill(jobs: Jobs, visitor: str, a: str | None, b: str | None) -> tuple:
    """The lists filled again, and both runs as they are."""
    listed = beside.choices(jobs, visitor)
    pickers = (refilled(listed, ident, otherwise=None) for ident in (a, b))
    return *pickers, beside.html(jobs, visitor, a, b)


def follow(jobs: Jobs, visitor: str, a: str | None, b: str | None) -> Any:
    """Both as they are, where one of them trains."""
    return beside.html(jobs, visitor, a, b) if beside.is_live(jobs, visitor, a, b) else gr.skip()


def press_duplicate(jobs: Jobs, visitor: str, a: str | None) -> tuple:
    """The form with the settings of A."""
    side = beside.find(jobs, visitor, a)
    if side is None:
        return gr.skip(), f'<p class="vq-note">{beside.MISSING}</p>', *[gr.skip()] * len(NAMES)
    return CUSTOM, DUPLICATED, *(side.values.get(name, gr.skip()) for name in NAMES)
