"""The Codebook tab: how the codebook is used, what each code means, and where the codes lie."""

import gradio as gr

from demo.door import answer, server_functions
from demo.errors import explain
from demo.page.events import AT_ONCE, QUIET, Update
from demo.page.handing import Handed
from demo.page.page import Page
from demo.settings import Settings
from demo.tabs.codebook.component import codebook_view, plotly_url, preload
from demo.tabs.codebook.details import example_grid
from demo.tabs.codebook.libraries import warm_up
from demo.tabs.codebook.questions import QUESTIONS, codebook_map, codebook_open
from demo.tabs.codebook.subject import get_subject
from demo.text import term

INTRODUCTION = (
    f"The model has learned a {term('codebook')}: a list of vectors, its {term('code', 'codes')}. "
    "Every square of a picture is written down as one of them. Click any code, in any figure, to "
    "see it everywhere at once. Where only a few are in use, we speak of "
    f"{term('codebook collapse')}."
)


def hand_over(settings: Settings, value: object) -> tuple[Handed | Update, gr.Tabs | Update]:
    """The component's value after `edit` -> the page's grid, with the code in it, and the Edit
    tab."""
    model_id = value.get("model") if isinstance(value, dict) else None
    code = value.get("code") if isinstance(value, dict) else None
    try:
        subject = get_subject(model_id, settings)
    except Exception as error:
        raise gr.Error(explain(error)) from error
    if (
        not isinstance(code, int)
        or isinstance(code, bool)
        or not 0 <= code < subject.config.codebook_size
    ):
        return gr.skip(), gr.skip()
    grid: Handed = {
        "model": str(model_id),
        "indices": example_grid(subject, code),
        "input": None,
        "code": code,
    }
    return grid, gr.Tabs(selected="edit")


def build(page: Page) -> None:
    """The tab's component and events."""
    settings, can_edit = page.settings, page.has_tab("edit")

    def warm(model: str | None) -> None:
        warm_up(
            lambda: [
                answer(question, {"model": model}, settings)
                for question in (codebook_open, codebook_map)
            ]
        )

    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-codebook-note")
    view = codebook_view(page.model.value, server_functions(QUESTIONS, settings), can_edit=can_edit)
    # In the browser alone: the component asks for the model itself, once it is on show.
    show = "(model, picture) => ({model, picture})"
    gr.on(
        [page.model.change, page.grid.change],
        None,
        [page.model, page.grid],
        [view],
        js=show,
        **AT_ONCE,
    )
    page.ready(warm, [page.model], None)
    page.ready(None, None, None, js=preload(plotly_url()))
    page.ready(None, [page.model, page.grid], [view], js=show)
    if can_edit:

        def open_editor(value):
            return hand_over(settings, value)

        # Only a queued event moves a state for those who listen to it.
        view.edit(open_editor, [view], [page.grid, page.tabs], **QUIET)
