"""The Edit tab: edit the grid of codes and see the picture follow."""

from typing import TypedDict

import gradio as gr

from demo.door import Asked, Slots, server_functions
from demo.page.events import AT_ONCE, Update
from demo.page.handing import Handed, new_stamp
from demo.page.page import Page
from demo.settings import Settings
from demo.tabs.edit.component import code_grid
from demo.text import term

INTRODUCTION = (
    f"To the model a picture is this {term('grid')}: one code per square. Select cells, choose "
    "another code in the palette, and the decoder turns it into a picture."
)


class Shown(TypedDict):
    """The component's value."""

    model: str | None
    grid: Handed | None
    stamp: int
    """Tells it from the value before."""


def show_model(model_id: str | None) -> Shown:
    """The component's value for a model."""
    return {"model": model_id, "grid": None, "stamp": new_stamp()}


def show_handed(grid: Handed | None) -> Shown | Update:
    """The component's value for a grid that another tab hands over; nothing moves where there is
    none."""
    return (
        {**show_model(grid["model"]), "grid": grid}
        if isinstance(grid, dict) and "model" in grid
        else gr.skip()
    )


def open_link(request: gr.Request) -> gr.Tabs:
    """A link that holds a grid opens on this tab."""
    return gr.Tabs(selected="edit") if request and request.query_params.get("grid") else gr.skip()


def functions(settings: Settings) -> list[Asked]:
    """What the page asks. A question to a prior takes a core for a while, so two are answered at a
    time."""
    from demo.tabs.edit.prior import PRIOR_QUESTIONS
    from demo.tabs.edit.questions import QUESTIONS

    return [
        *server_functions(QUESTIONS, settings),
        *server_functions(PRIOR_QUESTIONS, settings, Slots(2)),
    ]


def build(page: Page) -> None:
    """The tab's component and events."""
    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-edit-note")
    editor = code_grid(
        functions(page.settings),
        elem_id="vq-edit",
        can_draw=page.has_tab("reconstruct"),
        can_train=page.has_tab("train"),
    )
    page.ready(show_model, [page.model], [editor])
    page.ready(open_link, None, [page.tabs], queue=False)
    # In the browser alone: the component asks for the model itself.
    page.model.change(
        None,
        [page.model],
        [editor],
        js="(model) => ({model, grid: null, stamp: Date.now()})",
        **AT_ONCE,
    )
    page.grid.change(show_handed, [page.grid], [editor], **AT_ONCE)
    if page.has_tab("reconstruct"):
        editor.draw(lambda: gr.Tabs(selected="reconstruct"), None, [page.tabs], **AT_ONCE)
    if page.has_tab("train"):
        see = (
            "() => setTimeout(() => document.querySelector('#vq-train-prior')?.scrollIntoView(), "
            "300)"
        )
        editor.train(lambda: gr.Tabs(selected="train"), None, [page.tabs], **AT_ONCE).then(
            None, js=see, **AT_ONCE
        )
