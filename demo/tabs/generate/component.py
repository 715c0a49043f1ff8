"""The Generate tab's one component: settings, the sheet of samples, how one of them was made, and
what it is near.

One component, because all of it follows one sheet and one clock. `controls.js` reads the settings,
`linked.js` has them in the address, `sheet.js` draws the sheet, `player.js` is the clock,
`sample.js` one sample at a step, `cell.js` the codes of one cell, `near.js` and `why.js` what is
below, `main.js` ties them up.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from demo.page.components import component_parts


def generate_view(
    model: str | None,
    questions: Sequence[Callable],
    *,
    can_edit: bool,
    can_train: bool,
    elem_id: str = "vq-generate",
) -> gr.HTML:
    """The component. Its value is {"model": id, "stamp": a number that changes when the model may
    have changed}; after its event `edit` it also holds "grid", see demo.page.page.Page.grid. Event
    `train`: the person wants to train a prior.

    Args:
        model: id of the model to begin with, or None.
        questions: server functions of demo.tabs.generate.questions, bound to the settings.
        can_edit: show the button that hands a sample to the editor.
        can_train: show the button that leads to training.
    """
    return gr.HTML(
        {"model": model, "stamp": 0},
        **component_parts(Path(__file__).parent / "page", "generate.html", "generate.css"),
        server_functions=list(questions),
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
        can_edit=can_edit,
        can_train=can_train,
    )
