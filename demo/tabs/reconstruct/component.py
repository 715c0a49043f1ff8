"""Draw, upload or pick a picture, and see it at every stage of the model while the stroke is drawn.

One component, because one answer of the server paints all its pictures: no event of Gradio's lies
between a stroke and its reconstruction. `stages.js` shows, `whole.js` shows a whole photo,
`whatif.js` another codebook or grid, `curves.js` other settings, `main.js` ties them up with the
pad, the files and the wire that tabs share.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from demo.models.minis import Mini
from demo.page.components import component_parts
from demo.tabs.reconstruct.curves import Point


def drawing_pad(
    model: str | None,
    *,
    open_model: Callable[[dict], dict],
    open_upload: Callable[[dict], dict],
    choose_part: Callable[[dict], dict],
    reconstruct: Callable[[dict], dict],
    code_whole: Callable[[dict], dict],
    size: tuple[int, int],
    can_edit: bool,
    minis: Sequence[Mini],
    curves: Sequence[Point],
    elem_id: str = "vq-reconstruct",
) -> gr.HTML:
    """The component. Its value is {"model": id}; after its event `edit` it also holds "grid", see
    demo.page.page.Page.grid.

    Args:
        model: id of the model to begin with, or None where there is none.
        open_model, open_upload, choose_part, reconstruct, code_whole: server functions of
        demo.tabs.reconstruct.questions; one JSON object in and out.
        size: (H, W) of that model's pictures, so that their places are reserved before it is
            loaded.
        can_edit: show the button that hands the grid over.
        minis: the small models that answer "what if".
        curves: what was measured of other settings.
    """
    return gr.HTML(
        {"model": model},
        **component_parts(Path(__file__).parent / "page", "reconstruct.html", "reconstruct.css"),
        server_functions=[open_model, open_upload, choose_part, reconstruct, code_whole],
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
        size=list(size),
        can_edit=can_edit,
        minis=list(minis),
        curves=list(curves),
    )
