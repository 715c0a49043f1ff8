"""The Codebook tab: how the codebook is used, what each code means, and where the codes lie."""

import gradio as gr

from demo.codebook import QUESTIONS, answer, codebook_map, codebook_open, explain
from demo.codebook_details import example_grid
from demo.codebook_libraries import warm_up
from demo.codebook_subject import get_subject
from demo.page import Page
from demo.settings import Settings
from demo.widgets.codebook import codebook_view, plotly_url, preload

INTRODUCTION = (
    "The model has learned a list of vectors, its codes; every square of a picture is written down as one of them. "
    "Click any code, in any figure, to see it everywhere at once."
)


def hand_over(settings: Settings, value: object) -> tuple:
    """The component's value after `edit` -> the page's grid, with the code in it, and the Edit tab."""
    model_id = value.get("model") if isinstance(value, dict) else None
    code = value.get("code") if isinstance(value, dict) else None
    try:
        subject = get_subject(model_id, settings)
    except Exception as error:
        raise gr.Error(explain(error), title="Not opened") from error
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code < subject.config.codebook_size:
        return gr.skip(), gr.skip()
    grid = {"model": model_id, "indices": example_grid(subject, code), "input": None, "code": code}
    return grid, gr.Tabs(selected="edit")


def build(page: Page) -> None:
    """The tab's component and events."""
    settings, can_edit = page.settings, page.has_tab("edit")

    # Gradio calls a server function by the name it has here, with the one JSON object that the page sent.
    def bound(question):
        def call(request):
            return answer(question, request, settings)

        call.__name__ = question.__name__
        return call

    def warm(model: str | None) -> None:
        warm_up(lambda: [answer(question, {"model": model}, settings) for question in (codebook_open, codebook_map)])

    quiet = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-codebook-note")
    view = codebook_view(page.model.value, [bound(question) for question in QUESTIONS], can_edit=can_edit)
    # In the browser alone: the component asks for the model itself, once it is on show.
    show = "(model, picture) => ({model, picture})"
    gr.on([page.model.change, page.grid.change], None, [page.model, page.grid], [view], js=show, **quiet)
    page.ready(warm, [page.model], None)
    page.ready(None, None, None, js=preload(plotly_url()))
    page.ready(None, [page.model, page.grid], [view], js=show)
    if can_edit:
        def open_editor(value):
            return hand_over(settings, value)

        # Only a queued event moves a state for those who listen to it.
        view.edit(open_editor, [view], [page.grid, page.tabs], **{**quiet, "queue": True})
