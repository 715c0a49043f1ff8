"""Two runs side by side on the Train tab: their components and events."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import gradio as gr

from demo.charts import cloud, curves
from demo.page.events import AT_ONCE
from demo.page.guide.memory import keeps, restores
from demo.page.modules import calls, starts
from demo.page.page import Page
from demo.page.picker import IdPicker
from demo.runs.jobs import Jobs
from demo.tabs.train import view as train_view
from demo.tabs.train.bar import MODE, ONE, PRESSED, TWO, Bar, small_button
from demo.tabs.train.beside import drawing, handlers, sides
from demo.tabs.train.beside.setup import Setup
from demo.tabs.train.card_parts import KEEP
from demo.tabs.train.form import Form

NAMED = ("a", "b")
"""In the address."""
POLL_SECONDS = 1.0


class Beside(NamedTuple):
    """The components that others have to reach."""

    a: IdPicker
    b: IdPicker
    duplicate: gr.Button
    card: gr.Button
    view: gr.HTML
    charts: gr.HTML


def build(jobs: Jobs) -> Beside:
    """Draw the section where it is called."""
    looks, lines = (
        "".join(css.read_text() for css in paths)
        for paths in (
            (train_view.CSS_PATH, cloud.CSS_PATH, drawing.CSS_PATH),
            (curves.CSS_PATH, drawing.CSS_PATH),
        )
    )
    found = [side for ident in sides.FIRST if (side := sides.find(jobs, None, ident))]
    with gr.Column(elem_id="vq-train-beside", elem_classes="vq-of-two", scale=1, min_width=320):
        listed = sides.choices(jobs, None)
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
                for name, first in zip(NAMED, sides.FIRST, strict=True)
            )
            duplicate = small_button("Duplicate A", "duplicate", 110)
            card = small_button("Save card", "card-both", 96)
        view = gr.HTML(
            drawing.html(found), css_template=looks, padding=False, elem_id="vq-train-beside-view"
        )
        charts = gr.HTML(
            drawing.charts(found),
            css_template=lines,
            padding=False,
            js_on_load=starts(curves.MODULE),
            elem_id="vq-train-beside-charts",
        )
    return Beside(a, b, duplicate, card, view, charts)


def connect(
    page: Page, jobs: Jobs, *, bar: Bar, parts: Beside, setup: Setup, form: Form, done: gr.Timer
) -> gr.events.Dependency:
    """Wire it up. done: the timer after which the list of models is filled again. Returns the
    event after which there may be other runs."""
    seen, timer = gr.State(None), gr.Timer(POLL_SECONDS, active=False)
    chosen, two = [parts.a, parts.b], bar.two
    known = [page.visitor, *chosen, seen]
    shown = [*handlers.Shown(
        seen, two.head, parts.view, parts.charts, two.hold, two.step, two.stop, timer, done,
        bar.problem,
    )]  # fmt: skip
    look, keep = partial(handlers.show, jobs), keeps(NAMED, sides.FIRST)
    pressed = two.train.click(
        partial(handlers.press_both, jobs, page.settings),
        [*known, *setup, *form.own, *form.fields],
        [*chosen, *shown],
        **AT_ONCE,
    )
    pressed.then(None, chosen, None, js=keep, **AT_ONCE)
    see = calls(PRESSED, "pressed", "#vq-train-beside")
    pressed.then(None, [bar.problem], None, js=see, **AT_ONCE)
    for button, press in (
        (two.hold, handlers.press_hold),
        (two.step, handlers.press_step),
        (two.stop, handlers.press_stop),
    ):
        button.click(partial(press, jobs), known, shown, **AT_ONCE)
    picked = [parts.a.input, parts.b.input]
    gr.on(picked, look, known, shown, **AT_ONCE)
    gr.on(picked, None, chosen, None, js=keep, **AT_ONCE)
    timer.tick(look, known, shown, **AT_ONCE)
    page.again.click(look, known, shown, **AT_ONCE)
    gr.on(
        [done.tick, bar.mode.input], partial(handlers.fill, jobs), known, [*chosen, *shown],
        **AT_ONCE,
    )  # fmt: skip
    _follow(page, jobs, bar.mode, chosen, shown)
    parts.duplicate.click(
        partial(handlers.press_duplicate, jobs),
        [page.visitor, parts.a],
        [form.preset, form.why, *form.fields],
        **AT_ONCE,
    )
    made = gr.JSON(visible="hidden")
    parts.card.click(
        partial(handlers.make_card, jobs), [page.visitor, *chosen], [made], **AT_ONCE
    ).then(None, [made], [bar.problem], js=KEEP, **AT_ONCE)
    return pressed


def _follow(page: Page, jobs: Jobs, mode: gr.Radio, chosen: list, shown: list) -> None:
    """What is on show, in the address and as the address has it. An address that names A or B means
    both, whatever else it says."""
    implied = {MODE: (NAMED, TWO)}
    names, firsts = (MODE, *NAMED), (ONE, *sides.FIRST)
    # Always written: without it A and B mean both.
    mode.input(None, [mode], None, js=keeps((MODE,), ("",)), **AT_ONCE)
    back = restores(names, firsts, implied)
    opened = page.ready(None, None, [mode, *chosen], js=back)
    moved = page.lead.moved(None, None, [mode, *chosen], js=back, **AT_ONCE)
    find = partial(handlers.find, jobs)
    for come in (opened, moved):
        come.then(find, [page.visitor, mode, *chosen], [mode, *chosen, *shown], **AT_ONCE)
