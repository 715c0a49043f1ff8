"""The part of the form where B is said: what it has otherwise than A, and for how many steps."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import gradio as gr

from demo.page.events import AT_ONCE
from demo.page.guide.memory import keeps, restores
from demo.page.page import Page
from demo.runs import pairs
from demo.tabs.train.beside import handlers

NAMED = ("differs", "to", "for")
"""In the address."""
FIRSTS = (*pairs.FIRST, pairs.STEPS)
WORDS = (
    "A is the form below. B is the same but for one thing. Both get the same images, seed and "
    "steps, and train at the same time."
)


class Setup(NamedTuple):
    """Its components."""

    name: gr.Dropdown
    value: gr.Dropdown
    steps: gr.Number

    def connect(self, page: Page, fields: list) -> None:
        """The values follow the setting; all three are in the address."""
        offer = partial(handlers.offer)
        self.name.input(offer, [self.name, self.value, *fields], [self.value], **AT_ONCE)
        gr.on([one.change for one in self], None, [*self], None, js=keeps(NAMED, FIRSTS), **AT_ONCE)
        back = restores(NAMED, FIRSTS)
        for come in (
            page.ready(None, None, [*self], js=back),
            page.lead.moved(None, None, [*self], js=back, **AT_ONCE),
        ):
            come.then(handlers.offered, [self.name, self.value], [self.value], **AT_ONCE)


def build() -> Setup:
    """Draw it where it is called."""
    name, value = pairs.FIRST
    with gr.Column(elem_id="vq-train-second", elem_classes="vq-of-two", min_width=0):
        gr.HTML(f'<h3>A and B</h3><p class="vq-note">{WORDS}</p>', padding=False)
        return Setup(
            gr.Dropdown(
                pairs.settings(),
                value=name,
                label="B differs in",
                filterable=False,
                elem_id="vq-train-differs",
            ),
            gr.Dropdown(
                pairs.values_of(name),
                value=value,
                label="In B it is",
                info="Choose one, or type a number.",
                allow_custom_value=True,
                elem_id="vq-train-to",
            ),
            gr.Number(
                pairs.STEPS,
                label="Steps for each",
                info="500 take about half a minute for both on two cores of a laptop.",
                elem_id="vq-train-for",
            ),
        )
