"""The bar above the Train tab, which stays in sight: one run or two, the buttons of what trains,
how far it is, and the experiments."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from demo.page import run_head
from demo.runs.presets import PRESETS

ONE, TWO = "one", "two"
MODE = "show"
"""In the address: whether one run is on show, or two side by side."""
CUSTOM = "custom"
"""Not a preset: what the experiments say once a field was changed by hand."""
PRESSED = "demo/tabs/train/pressed.js"
"""The module that shows what came of a press of Train."""
FIRST = "minute"
"""The preset that the page opens with."""


class Buttons(NamedTuple):
    """Of one run, or of two."""

    train: gr.Button
    hold: gr.Button
    step: gr.Button
    stop: gr.Button
    head: gr.HTML
    """Phase, facts and progress."""


class Bar(NamedTuple):
    """Its components."""

    mode: gr.Radio
    one: Buttons
    two: Buttons
    preset: gr.Radio
    problem: gr.HTML
    """What cannot be done, and why."""


def build() -> Bar:
    """Draw the bar where it is called."""
    with gr.Column(elem_id="vq-train-bar"):
        with gr.Row(elem_id="vq-train-bar-top"):
            mode = gr.Radio(
                [("One run", ONE), ("Two side by side", TWO)],
                value=ONE,
                label="On show",
                show_label=False,
                elem_id="vq-train-mode",
                elem_classes="vq-chips",
            )
            one = _buttons("vq-train-one", "", "Train", "status")
            two = _buttons("vq-train-two", "-both", "Train both", "both-status")
        titles = [(preset.title, key) for key, preset in PRESETS.items()]
        preset = gr.Radio(
            [*titles, ("Your own settings", CUSTOM)],
            value=FIRST,
            label="Experiments",
            elem_id="vq-train-preset",
            elem_classes="vq-chips",
        )
        problem = gr.HTML("", elem_id="vq-train-problem", padding=False)
    return Bar(mode, one, two, preset, problem)


def small_button(label: str, name: str, width: int, **options: Any) -> gr.Button:
    """A button of the tab, as wide as its longest label."""
    return gr.Button(
        label, size="sm", min_width=width, scale=0, elem_id=f"vq-train-{name}", **options
    )


def _buttons(ident: str, ending: str, train: str, status: str) -> Buttons:
    both = " both" if ending else ""
    with gr.Row(
        elem_id=ident, elem_classes=["vq-train-buttons", "vq-of-two" if ending else "vq-of-one"]
    ):
        return Buttons(
            small_button(train, f"start{ending}", 108, variant="primary"),
            small_button(
                f"Pause{both}", f"hold{ending}", 84 + 30 * bool(ending), interactive=False
            ),
            small_button(f"Step{both}", f"step{ending}", 60 + 30 * bool(ending), interactive=False),
            small_button(f"Stop{both}", f"stop{ending}", 60 + 30 * bool(ending), interactive=False),
            gr.HTML(
                run_head.run_head("No run yet", [], 0.0),
                css_template=run_head.CSS_PATH.read_text(),
                elem_id=f"vq-train-{status}",
                padding=False,
            ),
        )
