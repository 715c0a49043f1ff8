"""The Edit tab: take the grid of codes in hand and see the picture follow."""

import time

import gradio as gr

from demo.page import Page
from demo.widgets.code_grid import code_grid

INTRODUCTION = (
    "To the model a picture is this grid: one code for each square. Select cells, choose another code in the palette, "
    "and see what the decoder makes of it."
)


def show_model(model_id: str | None) -> dict:
    """The component's value for a model: a fresh stamp tells it from the value before."""
    return {"model": model_id, "grid": None, "stamp": time.time_ns() // 1000}


def show_handed(grid: dict | None) -> dict:
    """The component's value for a grid that another tab hands over; nothing moves where there is none."""
    return {**show_model(grid["model"]), "grid": grid} if isinstance(grid, dict) and "model" in grid else gr.skip()


def open_link(request: gr.Request) -> gr.Tabs:
    """A link that holds a grid opens on this tab."""
    return gr.Tabs(selected="edit") if request and request.query_params.get("grid") else gr.skip()


def build(page: Page) -> None:
    """The tab's component and events."""
    from demo.edit_requests import QUESTIONS, answer

    # Gradio calls a server function by the name it has here, with the one JSON object that the page sent.
    def bound(question):
        def call(request):
            return answer(question, request, page.settings)

        call.__name__ = question.__name__
        return call

    private = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-edit-note")
    editor = code_grid([bound(question) for question in QUESTIONS], elem_id="vq-edit",
                       can_draw=page.has_tab("reconstruct"), can_train=page.has_tab("train"))
    page.ready(show_model, [page.model], [editor])
    page.ready(open_link, None, [page.tabs], queue=False)
    # In the browser alone: the component asks for the model itself.
    page.model.change(None, [page.model], [editor], js="(model) => ({model, grid: null, stamp: Date.now()})", **private)
    page.grid.change(show_handed, [page.grid], [editor], **private)
    if page.has_tab("reconstruct"):
        editor.draw(lambda: gr.Tabs(selected="reconstruct"), None, [page.tabs], **private)
    if page.has_tab("train"):
        see = "() => setTimeout(() => document.querySelector('#vq-train-prior')?.scrollIntoView(), 300)"
        editor.train(lambda: gr.Tabs(selected="train"), None, [page.tabs], **private).then(None, js=see, **private)
