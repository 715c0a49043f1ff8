"""Custom components: each a folder with a Python function that returns a gr.HTML, and its html, css
and modules."""

import re
from pathlib import Path
from typing import TypedDict

from demo.page.modules import starts
from demo.text import term

_TERM = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]]+))?\]\]")


class Parts(TypedDict):
    """What gr.HTML takes of a component's files."""

    html_template: str
    css_template: str
    js_on_load: str


def component_parts(folder: Path, html: str, css: str) -> Parts:
    """The keyword arguments for gr.HTML from the files of a component's folder. On the page,
    `mount` of the folder's main.js receives the component.

    In the html, `[[perplexity]]` or `[[perplexity|effective codes]]` becomes a word that explains
    itself (demo.text).
    """
    text = _TERM.sub(lambda match: term(match[1], match[2]), (folder / html).read_text("utf-8"))
    return {
        "html_template": text,
        "css_template": (folder / css).read_text("utf-8"),
        "js_on_load": starts(folder / "main.js"),
    }
