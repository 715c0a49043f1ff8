"""The code editor: one component. `editor.js` holds the state; `grid.js`, `store.js` and `keys.js`
need no page and are tested by node; the other modules of its page are what their names say."""

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from demo.page.components import component_parts


def code_grid(questions: Sequence[Callable], **options) -> gr.HTML:
    """The component. Its value is None or {"model": id, "grid": what another tab hands over or
    None, "stamp": int}.

    `questions` are the functions of `demo.tabs.edit.questions`, bound to the settings, under their
    own names. Events: "draw" when the person wants to draw a picture, "train" when they want to
    train a prior.
    """
    return gr.HTML(
        None,
        **component_parts(Path(__file__).parent / "page", "edit.html", "edit.css"),
        apply_default_css=False,
        server_functions=list(questions),
        padding=False,
        **options,
    )
