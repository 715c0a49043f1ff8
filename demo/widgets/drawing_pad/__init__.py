"""Draw, upload or pick a picture, and see it at every stage of the model while the stroke is drawn.

One component, because one answer of the server paints all its pictures: no event of Gradio's lies between a stroke
and its reconstruction. `pad.js` draws, `stages.js` shows, `whole.js` shows a whole photo, `link.js` talks to the
server, `main.js` ties them up.
"""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from demo.widgets import widget_parts

SCRIPTS = ("link.js", "pad.js", "stages.js", "files.js", "whole.js", "main.js")


def drawing_pad(
    model: str | None,
    *,
    open_model: Callable[[dict], dict],
    open_upload: Callable[[dict], dict],
    reconstruct: Callable[[dict], dict],
    code_whole: Callable[[dict], dict],
    size: tuple[int, int],
    can_edit: bool,
    elem_id: str = "vq-reconstruct",
) -> gr.HTML:
    """The component. Its value is {"model": id}; after its event `edit` it also holds "grid", see demo.page.Page.grid.

    Args:
        model: id of the model to begin with, or None where there is none.
        open_model, open_upload, reconstruct, code_whole: server functions of demo.reconstruction; one JSON object in
            and out.
        size: (H, W) of that model's pictures, so that their places are reserved before it is loaded.
        can_edit: show the button that hands the grid over.
    """
    return gr.HTML(
        {"model": model},
        **widget_parts(Path(__file__).parent, "drawing_pad.html", "drawing_pad.css", SCRIPTS),
        server_functions=[open_model, open_upload, reconstruct, code_whole],
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
        size=list(size),
        can_edit=can_edit,
    )
