"""The Codebook tab's one component: usage, atlas, map, details of a code, and a run's past, all linked.

One component, because a click in any of its figures is answered in all of them. `asking.js` talks to the server,
`figure.js` draws with Plotly, `saving.js` writes files, `atlas.js`, `usage.js`, `map.js`, `details.js`, `past.js` are
the parts, `main.js` ties them up.
"""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import gradio as gr

from demo.widgets import widget_parts

SCRIPTS = ("asking.js", "saving.js", "figure.js", "usage.js", "atlas.js", "map.js", "details.js", "past.js", "main.js")

PRELOAD_AFTER = 2500
"""Milliseconds after the page was opened."""


def plotly_script() -> Path | None:
    """The plotly.js that belongs to the installed plotly, so that both always agree; found without importing it."""
    found = find_spec("plotly")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / "package_data" / "plotly.min.js"
        if file.is_file():
            return file
    return None


def plotly_url() -> str:
    """Where the page gets plotly.js from; "" when plotly is not installed."""
    script = plotly_script()
    if script is None:
        return ""
    gr.set_static_paths([script])
    return f"/gradio_api/file={script.as_posix()}"


def preload(url: str) -> str:
    """JavaScript that fetches plotly.js while the page is idle, some seconds after it was opened: its reading takes
    longer than everything else in the tab. The promise is the one `figure.js` waits for."""
    return f"""() => {{ setTimeout(() => (window.requestIdleCallback || setTimeout)(() => {{
      if (window.vqPlotly || window.Plotly) return;
      window.vqPlotly = new Promise((done, fail) => {{
        const script = document.createElement("script");
        script.src = {json.dumps(url)};
        script.onload = () => done(window.Plotly);
        script.onerror = () => {{
          window.vqPlotly = null;
          fail(new Error("Figures cannot be drawn; reload the page."));
        }};
        document.head.append(script);
      }});
      window.vqPlotly.catch(() => undefined);
    }}), {PRELOAD_AFTER}); }}"""


def codebook_view(model: str | None, questions: list[Callable], *, can_edit: bool, elem_id: str = "vq-codebook"
                  ) -> gr.HTML:
    """The component. Its value is {"model": id, "picture": None or what another tab handed over}; after its event
    `edit` it also holds "code", the code to open in the editor.

    Args:
        model: id of the model to begin with, or None.
        questions: server functions of demo.codebook, bound to the settings.
        can_edit: show the button that opens the editor.
    """
    return gr.HTML(
        {"model": model, "picture": None},
        **widget_parts(Path(__file__).parent, "codebook.html", "codebook.css", SCRIPTS),
        server_functions=questions,
        elem_id=elem_id,
        padding=False,
        apply_default_css=False,
        can_edit=can_edit,
        plotly=plotly_url(),
    )
