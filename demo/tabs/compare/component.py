"""One picture through several models at once, a walk between two pictures, and what each model
invents.

`panels.js` shows the answers, `main.js` ties it up with the pad, the files and the wire that tabs
share.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from demo.page.components import component_parts


def comparison(
    value: dict, questions: Sequence[Callable], *, elem_id: str = "vq-compare"
) -> gr.HTML:
    """The component. Its value is {"set": id of the set of models, "model": id of the model at the
    top of the page}.

    `questions`: the server functions compare_open, compare_upload, compare_picture, compare_between
    and compare_samples of demo.tabs.compare.questions; one JSON object in and out.
    """
    return gr.HTML(
        value,
        **component_parts(Path(__file__).parent / "page", "compare.html", "compare.css"),
        server_functions=list(questions),
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
    )
