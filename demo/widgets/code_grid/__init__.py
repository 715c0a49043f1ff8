"""The code editor: one component of plain scripts, put together here in the order in which they need each other.

`grid.js`, `store.js`, `wire.js` and `keys.js` need no page and are tested by node; `board.js` is a grid on the page,
`palette.js`, `preview.js`, `steps.js` and `prior.js` what their names say; `editor.js` holds the state and ties them
together.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import gradio as gr

HERE = Path(__file__).parent
SCRIPTS = (
    "grid", "store", "wire", "paint", "board", "palette", "preview", "side", "steps", "keys",
    "screen", "editor", "looking", "commands", "prior", "start",
)  # fmt: skip


@cache
def script() -> str:
    """All scripts as one function body; nothing of it reaches the page's own names."""
    body = "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    return f'(() => {{ "use strict";\n{body}\n}})();'


def code_grid(questions: list[Callable], **options) -> gr.HTML:
    """The component. Its value is None or {"model": id, "grid": what another tab hands over or None, "stamp": int}.

    `questions` are the functions of `demo.edit_requests`, bound to the settings, under their own names. Events: "draw"
    when the person wants to draw a picture, "train" when they want to train a prior.
    """
    return gr.HTML(
        None,
        html_template=(HERE / "code_grid.html").read_text(encoding="utf-8"),
        css_template=(HERE / "code_grid.css").read_text(encoding="utf-8"),
        js_on_load=script(),
        apply_default_css=False,
        server_functions=questions,
        padding=False,
        **options,
    )
