"""Custom components: each a folder with a Python function that returns a gr.HTML, and its html, css and js.

The script is read from several files and joined, so that each of them can keep one subject.
"""

import re
from pathlib import Path

from demo.text import term

_TERM = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]]+))?\]\]")


def widget_parts(folder: Path, html: str, css: str, scripts: tuple[str, ...]) -> dict[str, str]:
    """The keyword arguments for gr.HTML from the files of a widget's folder.

    In the html, `[[perplexity]]` or `[[perplexity|effective codes]]` becomes a word that explains itself (demo.text).
    """
    text = _TERM.sub(lambda match: term(match[1], match[2]), (folder / html).read_text("utf-8"))
    script = "\n".join((folder / script).read_text("utf-8") for script in scripts)
    return {
        "html_template": text,
        "css_template": (folder / css).read_text("utf-8"),
        # In a function of its own: Gradio's parameters (`upload`, `props`, ...) may then be used as names, too.
        "js_on_load": f"(() => {{\n{script}\n}})();",
    }
