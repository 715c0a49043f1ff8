"""The code editor: one component. `page/state/` needs no page and is tested by node, `page/view/`
shows a state, `commands.js` lists what can be done, and `editor.js` puts it all together."""

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
