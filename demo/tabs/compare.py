"""The Compare tab: VQ-VAE, AE, VAE and conditional VAE side by side."""

from functools import partial

import gradio as gr

from demo import comparison, comparison_models
from demo.page import Page
from demo.reconstruction import answer
from demo.session import is_token
from demo.settings import Settings
from demo.text import term
from demo.train_form import RunPicker
from demo.widgets import comparison as widget

QUESTIONS = (comparison.compare_open, comparison.compare_upload, comparison.compare_picture,
             comparison.compare_between, comparison.compare_samples)
INTRODUCTION = (
    f"The same encoder and decoder, four ways to keep a picture: a grid of {term('code', 'codes')} (VQ-VAE), a plain "
    f"vector ({term('AE')}), a noisy vector held to a normal distribution ({term('VAE')}), and that with the class told."
)


def list_sets(settings: Settings, visitor: str | None, current: object) -> dict:
    """The picker of the sets of models filled again; its choice is kept where that set is still there."""
    listed = comparison_models.list_sets(settings, visitor)
    ids = [set_id for _, set_id in listed]
    return gr.update(choices=listed, value=current if current in ids else next(iter(ids), None))


def build(page: Page) -> None:
    """The tab's components and events."""
    settings = page.settings

    # Gradio calls a server function by the name it has here, with the one JSON object that the page sent.
    def bound(question):
        def call(request):
            return answer(question, request, settings)

        call.__name__ = question.__name__
        return call

    listed = comparison_models.list_sets(settings, None)
    first = listed[0][1] if listed else None
    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-compare-note")
    chosen = RunPicker(listed, value=first, label="Models to compare", filterable=False, elem_id="vq-compare-set")
    view = widget.comparison({"set": first, "model": page.model.value}, [bound(question) for question in QUESTIONS])
    quiet = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    gr.on([chosen.change, page.model.change], None, [chosen, page.model], [view], js="(set, model) => ({set, model})",
          **quiet)
    page.ready(partial(list_sets, settings), [page.visitor, chosen], [chosen], queue=False)
    page.ready(None, [chosen, page.model], [view], js="(set, model) => ({set, model})")
