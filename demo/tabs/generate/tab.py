"""The Generate tab: new pictures from the learned prior, step by step, and why they need one."""

import gradio as gr

from demo.door import Slots, server_functions
from demo.page.events import AT_ONCE, QUIET
from demo.page.handing import hand_over
from demo.page.page import Page
from demo.tabs.generate.questions import JOB_QUESTIONS, QUESTIONS, warm_up
from demo.text import term

INTRODUCTION = (
    f"A {term('prior')} has learned which grids of codes make pictures. It draws a new grid, a few "
    "cells at a time, each given those that are there already, and the decoder turns it into a "
    "picture."
)


def build(page: Page) -> None:
    """The tab's component and events."""
    from demo.tabs.generate.component import generate_view

    settings, can_edit, can_train = page.settings, page.has_tab("edit"), page.has_tab("train")

    functions = [
        *server_functions(QUESTIONS, settings, Slots(2)),
        *server_functions(JOB_QUESTIONS, settings),
    ]

    def warm(model: str | None) -> None:
        warm_up(model, settings)

    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-generate-note")
    view = generate_view(page.model.value, functions, can_edit=can_edit, can_train=can_train)
    # In the browser alone: the component asks for the model itself, once it is on show. A model may
    # have got its prior since it was looked at last, so every change of the list counts too.
    show = "(model) => ({model, stamp: Date.now()})"
    gr.on(
        [page.model.change, page.models_changed.change],
        None,
        [page.model],
        [view],
        js=show,
        **AT_ONCE,
    )
    page.ready(None, [page.model], [view], js=show)
    page.ready(warm, [page.model], None)
    if can_edit:
        # Through the queue: without it Gradio tells no listener that a gr.State has changed.
        view.edit(hand_over, [view], [page.grid, page.tabs], **QUIET)
    if can_train:
        view.train(lambda: gr.Tabs(selected="train"), None, [page.tabs], **AT_ONCE)
