"""The Reconstruct tab: draw, upload or pick a picture and see it pass through the model."""

import gradio as gr

from demo.door import Slots, server_functions
from demo.models.library import ModelError, find_model
from demo.models.minis import minis
from demo.page.handing import hand_over
from demo.page.page import Page
from demo.settings import Settings
from demo.tabs.reconstruct.component import drawing_pad
from demo.tabs.reconstruct.curves import curves
from demo.tabs.reconstruct.questions import QUESTIONS
from demo.text import term

INTRODUCTION = (
    f"A {term('VQ-VAE')} turns your picture into a few numbers, one per square, and redraws it "
    "from those alone. Draw something and see what survives. New here? "
    '<a class="vq-lesson-start" href="?lesson=number" data-lesson-start>Start the lesson</a>'
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

    gr.HTML(f'<p class="vq-note">{INTRODUCTION}</p>', padding=False, elem_id="vq-reconstruct-note")
    functions = {f.__name__: f for f in server_functions(QUESTIONS, settings, Slots(2))}
    pad = drawing_pad(
        page.model.value,
        open_model=functions["open_model"],
        open_upload=functions["open_upload"],
        choose_part=functions["choose_part"],
        reconstruct=functions["reconstruct"],
        code_whole=functions["code_whole"],
        size=picture_size(page.model.value, settings),
        can_edit=can_edit,
        minis=minis(settings.checkpoints),
        curves=curves(settings.checkpoints),
    )
    # In the browser alone: the component asks for the model itself.
    page.model.change(
        None,
        [page.model],
        [pad],
        js="(model) => ({model})",
        show_progress="hidden",
        api_visibility="private",
    )
    if can_edit:
        # Through the queue: without it Gradio tells no listener that a gr.State has changed.
        pad.edit(
            hand_over,
            [pad],
            [page.grid, page.tabs],
            show_progress="hidden",
            api_visibility="private",
        )
