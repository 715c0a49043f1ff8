"""A dropdown whose choices change while the page is open."""

from collections.abc import Sequence

import gradio as gr

from demo.page.events import Update

FIRST = object()


class IdPicker(gr.Dropdown):
    """A dropdown of ids of runs or of models. Gradio would compare a choice with the list it last
    sent, which is stale after a restart or when a run has just ended; an id is checked whenever it
    is used."""

    is_template = True  # the browser draws it as the Dropdown it is

    def preprocess(self, payload: object) -> str | None:
        return payload if isinstance(payload, str) else None


def refilled(
    listed: Sequence[tuple[str, str]], current: object, otherwise: object = FIRST
) -> Update:
    """A picker with another list of (title, id). Its choice is left alone where it is in the list,
    because another one may have been chosen while the list was made; else it becomes `otherwise`,
    which is the first of the list where nothing is said."""
    ids = [ident for _, ident in listed]
    if current in ids:
        return gr.update(choices=listed)
    value = next(iter(ids), None) if otherwise is FIRST else otherwise
    return gr.update(choices=listed, value=value)
