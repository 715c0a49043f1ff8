"""The one component behind every card of a code: it asks the server, hands over to the Edit tab,
and shows the card that opens beside a cell.

`library.js` is what the page knows of a model's codes, `card.js` a card, wherever it stands,
`beside.js` the one that opens where a code is clicked, `ways.js` where its buttons lead. Its looks
are for cards within tabs, too, so they are no component's own (demo.page.theme).
"""

from functools import partial
from pathlib import Path

import gradio as gr

from demo.door import server_functions
from demo.page.codes.questions import codes_open, open_in_editor
from demo.page.events import QUIET
from demo.page.modules import starts
from demo.page.page import Page

FOLDER = Path(__file__).parent


def build(page: Page) -> None:
    """The component and its event. Its value is None, after its event `edit` {"model", "code"}."""
    can_edit = page.has_tab("edit")
    cards = gr.HTML(
        None,
        html_template='<section class="vq-code vq-code-beside" role="dialog" hidden></section>',
        js_on_load=starts(FOLDER / "main.js"),
        server_functions=[*server_functions((codes_open,), page.settings)],
        elem_id="vq-codes",
        padding=False,
        apply_default_css=False,
        can_edit=can_edit,
        has_codebook=page.has_tab("codebook"),
    )
    if can_edit:
        # Only a queued event moves a state for those who listen to it.
        cards.edit(partial(open_in_editor, page.settings), [cards], [page.grid, page.tabs], **QUIET)
