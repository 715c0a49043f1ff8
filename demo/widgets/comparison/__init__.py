"""One picture through several models at once, a walk between two pictures, and what each model invents.

The pad, the link to the server and the reading of files are the drawing pad's; `panels.js` shows the answers, `main.js`
ties them up.
"""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from demo.widgets import widget_parts

SCRIPTS = ("../drawing_pad/link.js", "../drawing_pad/pad.js", "../drawing_pad/files.js", "panels.js", "main.js")


def comparison(value: dict, questions: list[Callable[[dict], dict]], *, elem_id: str = "vq-compare") -> gr.HTML:
    """The component. Its value is {"set": id of the set of models, "model": id of the model at the top of the page}.

    `questions`: the server functions compare_open, compare_upload, compare_picture, compare_between and
    compare_samples of demo.comparison; one JSON object in and out.
    """
    return gr.HTML(
        value,
        **widget_parts(Path(__file__).parent, "comparison.html", "comparison.css", SCRIPTS),
        server_functions=questions,
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
    )
