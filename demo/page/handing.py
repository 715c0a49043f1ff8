"""A grid on its way from a component to the Edit tab."""

import time
from typing import NotRequired, TypedDict

import gradio as gr

from demo.as_text import PNG
from demo.page.events import Update


class Handed(TypedDict):
    """A grid on its way: demo.page.page.Page.grid."""

    model: str
    indices: list[list[int]]
    input: str | None
    """The picture that it was encoded from, a PNG data URL."""
    stamp: int
    """Tells it from the one before: what is handed over twice is to arrive twice."""
    code: NotRequired[int]
    """What is meant is this code; the grid is one that holds it."""


def new_stamp() -> int:
    """Another one than before."""
    return time.time_ns() // 1000


def hand_over(value: object) -> tuple[Handed | Update, gr.Tabs | Update]:
    """A component's value after its event `edit` -> the page's grid (see demo.page.page.Page.grid)
    and the Edit tab.

    The value holds "grid": {"model", "indices", "input"}; nothing moves for a malformed one.
    """
    grid = value.get("grid") if isinstance(value, dict) else None
    if (
        not isinstance(grid, dict)
        or not is_grid(grid.get("indices"))
        or not isinstance(grid.get("model"), str)
    ):
        return gr.skip(), gr.skip()
    source = grid.get("input")
    source = source if isinstance(source, str) and source.startswith(PNG) else None
    handed: Handed = {
        "model": grid["model"],
        "indices": grid["indices"],
        "input": source,
        "stamp": new_stamp(),
    }
    return handed, gr.Tabs(selected="edit")


def is_grid(rows: object) -> bool:
    """Whether a value is rows of equal length of whole numbers, none below 0."""
    return (
        isinstance(rows, list)
        and bool(rows)
        and all(isinstance(row, list) and len(row) == len(rows[0]) for row in rows)
        and all(
            isinstance(i, int) and not isinstance(i, bool) and i >= 0 for row in rows for i in row
        )
    )
