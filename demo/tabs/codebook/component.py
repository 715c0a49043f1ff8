"""The Codebook tab's one component: usage, atlas, map, details of a code, and a run's past, all
linked.

One component, because a click in any of its figures is answered in all of them. `asking.js` talks
to the server, `figure.js` draws with Plotly, `saving.js` writes files, `atlas.js`, `usage.js`,
`map.js`, `details.js`, `past.js` are the parts, `main.js` ties them up.
"""

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import gradio as gr

from demo.page.components import component_parts
from demo.page.modules import address

PRELOAD_AFTER = 2500
"""Milliseconds after the page was opened."""


def plotly_script() -> Path | None:
    """The plotly.js that belongs to the installed plotly, so that both always agree; found without
    importing it."""
    found = find_spec("plotly")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / "package_data" / "plotly.min.js"
        if file.is_file():
            return file
    return None


def plotly_url() -> str:
    """Where the page gets plotly.js from, relative to it; "" when plotly is not installed."""
    script = plotly_script()
    if script is None:
        return ""
    gr.set_static_paths([script])
    return f"gradio_api/file={script.as_posix()}"


def preload(url: str) -> str:
    """JavaScript that fetches plotly.js some seconds after the page was opened."""
    module = address("demo/tabs/codebook/page/figure.js")
    return f"""async () => {{
      const figures = await import(new URL({json.dumps(module)}, document.baseURI));
      figures.preloadPlotly({json.dumps(url)}, {PRELOAD_AFTER});
    }}"""


def codebook_view(
    model: str | None, questions: Sequence[Callable], *, elem_id: str = "vq-codebook"
) -> gr.HTML:
    """The component. Its value is {"model": id, "picture": None or what another tab handed over}.

    Args:
        model: id of the model to begin with, or None.
        questions: server functions of demo.tabs.codebook.questions, bound to the settings.
    """
    return gr.HTML(
        {"model": model, "picture": None},
        **component_parts(Path(__file__).parent / "page", "codebook.html", "codebook.css"),
        server_functions=list(questions),
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
        plotly=plotly_url(),
    )
