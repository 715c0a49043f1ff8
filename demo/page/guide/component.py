"""The guide: one component of the page, which no tab knows.

It writes what is on show into the address and reads it from there (`address.js`, `tabs.js`), opens
the facts of the model (`header.js`), and gives the lesson (`lesson.js`, `cards.js`; before a class
`presenter.js`).
"""

from pathlib import Path

import gradio as gr

from demo.page.components import component_parts

FOLDER = Path(__file__).parent


def guide(lesson_model: str | None) -> gr.HTML:
    """The component. Its value is {"model": id on show, "ready": bool}; after its event `choose` it
    also holds "wanted", the id of a model to choose.

    lesson_model: id of the model that the lesson speaks of; None where there is none.
    """
    return gr.HTML(
        {"model": None, "ready": False},
        **component_parts(FOLDER, "guide.html", "guide.css"),
        elem_id="vq-guide",
        padding=False,
        apply_default_css=False,
        lesson_model=lesson_model,
    )
