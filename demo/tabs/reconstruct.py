"""The Reconstruct tab: draw, upload or pick a picture and see it pass through the model."""

import gradio as gr

from demo.handing import hand_over
from demo.models import ModelError, find_model
from demo.page import Page
from demo.reconstruction import answer, code_whole, open_model, open_upload, reconstruct
from demo.settings import Settings
from demo.widgets.drawing_pad import drawing_pad

INTRODUCTION = (
    "The model writes your picture down as a few numbers, one for each square of it, and draws it again from these "
    "alone. Draw, and watch what survives."
)


def picture_size(model_id: str | None, settings: Settings) -> tuple[int, int]:
    """(H, W) of a model's pictures from its JSON alone; MNIST's where there is no such model."""
    try:
        info = find_model(model_id, settings).info
        return int(info["height"]), int(info["width"])
    except ModelError:
        return 28, 28


def build(page: Page) -> None:
    """The tab's components and events."""
    settings, can_edit = page.settings, page.has_tab("edit")

    # Gradio calls a server function by the name it has here, with the one JSON object that the page sent.
    def server_function(handler):
        def call(request):
            return answer(handler, request, settings)

        call.__name__ = handler.__name__
        return call

    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-reconstruct-note")
    pad = drawing_pad(
        page.model.value,
        open_model=server_function(open_model),
        open_upload=server_function(open_upload),
        reconstruct=server_function(reconstruct),
        code_whole=server_function(code_whole),
        size=picture_size(page.model.value, settings),
        can_edit=can_edit,
    )
    # In the browser alone: the component asks for the model itself.
    page.model.change(
        None, [page.model], [pad], js="(model) => ({model})", show_progress="hidden", api_visibility="private"
    )
    if can_edit:
        # Through the queue: without it Gradio tells no listener that a gr.State has changed.
        pad.edit(hand_over, [pad], [page.grid, page.tabs], show_progress="hidden", api_visibility="private")
