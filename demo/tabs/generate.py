"""The Generate tab: new pictures from the learned prior, step by step, and why they need one."""

import gradio as gr

from demo.generate_requests import QUESTIONS, answer, warm_up
from demo.handing import hand_over
from demo.page import Page

INTRODUCTION = (
    "A prior has learned which grids of codes are pictures. It draws a new grid, a few cells at a time, each given "
    "those that are there already, and the decoder shows what it means."
)


def build(page: Page) -> None:
    """The tab's component and events."""
    from demo.widgets.generate import generate_view

    settings, can_edit, can_train = page.settings, page.has_tab("edit"), page.has_tab("train")

    # Gradio calls a server function by the name it has here, with the one JSON object that the page sent.
    def bound(question):
        def call(request):
            return answer(question, request, settings)

        call.__name__ = question.__name__
        return call

    def warm(model: str | None) -> None:
        warm_up(model, settings)

    quiet = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-generate-note")
    view = generate_view(page.model.value, [bound(question) for question in QUESTIONS], can_edit=can_edit,
                         can_train=can_train)
    # In the browser alone: the component asks for the model itself, once it is on show. A model may have got its prior
    # since it was looked at last, so every change of the list counts too.
    show = "(model) => ({model, stamp: Date.now()})"
    gr.on([page.model.change, page.models_changed.change], None, [page.model], [view], js=show, **quiet)
    page.ready(None, [page.model], [view], js=show)
    page.ready(warm, [page.model], None)
    if can_edit:
        # Through the queue: without it Gradio tells no listener that a gr.State has changed.
        view.edit(hand_over, [view], [page.grid, page.tabs], **{**quiet, "queue": True})
    if can_train:
        view.train(lambda: gr.Tabs(selected="train"), None, [page.tabs], **quiet)
