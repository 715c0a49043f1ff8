"""The quiz as one component of the page. Questions and answers are in `quiz.html`, one right answer
each; `main.js` counts them."""

from pathlib import Path

import gradio as gr

from demo.page.components import component_parts

FOLDER = Path(__file__).parent


def quiz() -> gr.HTML:
    """The component; it is not seen until the address or a button of the page opens it."""
    return gr.HTML(
        "",
        **component_parts(FOLDER, "quiz.html", "quiz.css"),
        elem_id="vq-quiz",
        padding=False,
        apply_default_css=False,
    )
