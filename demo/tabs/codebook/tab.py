"""The Codebook tab: how the codebook is used, what each code means, and where the codes lie."""

import gradio as gr

from demo.door import answer, server_functions
from demo.page.events import AT_ONCE
from demo.page.page import Page
from demo.tabs.codebook.component import codebook_view, plotly_url, preload
from demo.tabs.codebook.libraries import warm_up
from demo.tabs.codebook.questions import QUESTIONS, codebook_map, codebook_open
from demo.text import term

INTRODUCTION = (
    f"The model has learned a {term('codebook')}: a list of vectors, its {term('code', 'codes')}. "
    "Every square of a picture is written down as one of them. Click any code, in any figure, to "
    "see it everywhere at once. Where only a few are in use, this is called "
    f"{term('codebook collapse')}."
)


def build(page: Page) -> None:
    """The tab's component and events."""
    settings = page.settings

    def warm(model: str | None) -> None:
        warm_up(
            lambda: [
                answer(question, {"model": model}, settings)
                for question in (codebook_open, codebook_map)
            ]
        )

    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-codebook-note")
    view = codebook_view(page.model.value, server_functions(QUESTIONS, settings))
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
