"""The form of the Train tab: presets, the simple fields, own images, and the advanced fields."""

import json
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from demo.presets import FIELDS, OWN_SIZES, PRESETS, SHAPES, Field, preset_values

NAMES = tuple(field.name for field in FIELDS)
"""The fields in the order in which handlers receive them."""
CUSTOM = "custom"
"""Not a preset: what the picker says once a field was changed by hand."""
PRIVATE = {"show_progress": "hidden", "api_visibility": "private"}


class RunPicker(gr.Dropdown):
    """A dropdown of run ids. Gradio would compare a choice with the list it last sent, which is stale after a restart;
    demo.jobs checks an id whenever it is used."""

    is_template = True  # the browser draws it as the Dropdown it is

    def preprocess(self, payload: str | None) -> str | None:
        return payload if isinstance(payload, str) else None


class Form(NamedTuple):
    """The components of the form."""

    preset: gr.Dropdown
    why: gr.HTML
    """What the preset shows, in a sentence."""
    fields: list
    """In the order of NAMES."""
    own: list
    """Zip of the visitor's own images, their size, whether in colour."""
    train: gr.Button
    problem: gr.HTML
    """Where a field that cannot be used is named."""

    @classmethod
    def build(cls) -> "Form":
        """Draw the form where it is called."""
        made: dict[str, Any] = {}
        titles = [*((preset.title, key) for key, preset in PRESETS.items()), ("Your own settings", CUSTOM)]
        preset = gr.Dropdown(titles, value="minute", label="Preset", filterable=False, elem_id="vq-train-preset")
        why = gr.HTML(explain("minute"), elem_id="vq-train-why", padding=False)
        own: list = []
        for field in FIELDS:
            if not field.advanced:
                made[field.name] = _component(field)
            if field.name == "dataset":
                own = _own_images(made["dataset"])
        train = gr.Button("Train", variant="primary", elem_id="vq-train-start")
        problem = gr.HTML("", elem_id="vq-train-problem", padding=False)
        with gr.Accordion("Advanced", open=False, elem_id="vq-train-advanced"):
            for field in FIELDS:
                if field.advanced:
                    made[field.name] = _component(field)
        return cls(preset, why, [made[name] for name in NAMES], own, train, problem)

    def connect(self) -> None:
        """Whoever changes a field by hand leaves the preset: said by the browser alone."""
        said = f"() => {json.dumps([CUSTOM, explain(CUSTOM)])}"
        gr.on([field.input for field in self.fields], None, None, [self.preset, self.why], js=said, **PRIVATE)


def explain(key: str) -> str:
    """HTML of the sentence under the presets."""
    return f'<p class="vq-note">{escape(PRESETS[key].why if key in PRESETS else "Every field as you set it.")}</p>'


def choose_preset(key: str | None) -> list:
    """The preset's sentence, then every field as it wants it."""
    if key not in PRESETS:
        return [explain(CUSTOM), *[gr.skip() for _ in NAMES]]
    values = preset_values(key)
    return [explain(key), *[values.get(name, gr.skip()) for name in NAMES]]


def show_own(dataset: str) -> dict:
    """The fields of own images, only where they are asked for."""
    return gr.update(visible=dataset not in SHAPES)


def _own_images(dataset: gr.Dropdown) -> list:
    with gr.Group(visible=False) as group:
        file = gr.File(label="Zip of images (PNG, JPEG)", file_types=[".zip"], height=110, elem_id="vq-train-zip")
        size = gr.Dropdown([(f"{side}×{side} pixels", side) for side in OWN_SIZES], value=32, filterable=False,
                           label="Size of my images", info="Every image is cropped to a square and resized.")
        colour = gr.Checkbox(True, label="In colour")
    dataset.change(show_own, dataset, group, queue=False, **PRIVATE)
    return [file, size, colour]


def _component(field: Field):
    options = {"label": field.label, "info": field.help, "elem_id": f"vq-train-{field.name}"}
    if field.choices:
        return gr.Dropdown(list(field.choices), value=field.default, filterable=False, **options)
    if isinstance(field.default, bool):
        return gr.Checkbox(field.default, **options)
    return gr.Number(field.default, **options)
