"""The form of the Train tab: presets, the simple fields, own images, and the advanced fields."""

import json
from functools import partial
from html import escape
from typing import Any, NamedTuple

import gradio as gr

from demo.page.events import AT_ONCE, QUIET, Update
from demo.page.guide.memory import recalls, remembers
from demo.page.page import Page
from demo.runs.folders import IMAGE_FILES
from demo.runs.presets import (
    CODEBOOK,
    DEFAULTS,
    FIELDS,
    MODEL,
    OPTIMIZER,
    OWN_SIZES,
    PRESETS,
    SHAPES,
    Field,
    preset_values,
)
from demo.settings import Settings
from demo.tabs.train.bar import CUSTOM, FIRST, small_button
from demo.tabs.train.own_images import describe, sources
from demo.text import term
from vqvae.quantizers import ABOUT, ABOUT_ESTIMATORS, MAX_CODEBOOK_SIZE, nearest_sizes, suitable_dim

NAMES = tuple(field.name for field in FIELDS)
"""The fields in the order in which handlers receive them."""
SENTENCES = {"quantizer": ABOUT, "gradient_estimator": ABOUT_ESTIMATORS}
BUDGETS = ("seconds", "prior_seconds", "steps")
KEEPS_PRESET = ("dataset", "seconds", "steps", "seed")

COLUMNS = ((MODEL, OPTIMIZER), (CODEBOOK,))
"""The groups of advanced fields, as they are side by side where there is room."""
WORDS = {
    MODEL: (
        f"{term('downsampling', 'Downsampling')} decides how many cells the {term('grid')} has, "
        f"the {term('embedding dimension', 'code length')} how many numbers each {term('latent')} "
        "and each code."
    ),
    CODEBOOK: (
        f"How the {term('codebook')} follows the encoder: by {term('EMA')} or by gradient, from a "
        f"{term('k-means start')}, with {term('restart')} of {term('dead code', 'dead codes')}. β "
        f"is the {term('commitment weight')}. Set badly, it ends in {term('codebook collapse')}."
    ),
    OPTIMIZER: (
        f"{term('batch size', 'Batch size')}, {term('learning rate')} and {term('seed')} of the "
        f"training."
    ),
}
"""HTML under the heading of each group of advanced fields: its words explain themselves."""


class Form(NamedTuple):
    """The components of the form."""

    preset: gr.Radio
    why: gr.HTML
    """What the preset shows, in a sentence."""
    fields: list
    """In the order of NAMES."""
    own: list
    """Zip of the visitor's own images, their size, whether in colour, a folder of the server
    instead."""
    reset: gr.Button
    about: dict[str, gr.HTML]
    """What the chosen quantizer and estimator gain and give up, by the name of the field."""

    @classmethod
    def build(cls, settings: Settings, preset: gr.Radio) -> "Form":
        """Draw the form where it is called. preset: the choice between the experiments."""
        made: dict[str, Any] = {}
        about: dict[str, gr.HTML] = {}
        why = gr.HTML(explain(FIRST), elem_id="vq-train-why", padding=False)
        own: list = []
        for field in FIELDS:
            if not field.advanced:
                made[field.name] = _component(field)
            if field.name == "dataset":
                own = _own_images(made["dataset"], settings)
        with (
            gr.Accordion("Advanced", open=False, elem_id="vq-train-advanced"),
            gr.Row(elem_id="vq-train-groups"),
        ):
            for column in COLUMNS:
                with gr.Column(min_width=260):
                    for group in column:
                        about |= _group(group, made)
        reset = small_button("Reset the form", "reset", 130)
        return cls(preset, why, [made[name] for name in NAMES], own, reset, about)

    def connect(self) -> None:
        """Whoever changes a field by hand leaves the preset: said by the browser alone. What is
        learned, for how long and from which seed leaves every preset what it is."""
        said = f"() => {json.dumps([CUSTOM, explain(CUSTOM)])}"
        self.preset.input(
            None, [self.preset, *self.fields], [self.why, *self.fields], js=choosing(), **AT_ONCE
        )
        shaping = [
            field.input
            for name, field in zip(NAMES, self.fields, strict=True)
            if name not in KEEPS_PRESET
        ]
        gr.on(shaping, None, None, [self.preset, self.why], js=said, **QUIET)
        by_name = dict(zip(NAMES, self.fields, strict=True))
        for name, sentence in self.about.items():
            by_name[name].change(
                partial(about_choice, name), [by_name[name]], [sentence], **AT_ONCE
            )
        sizes = [by_name["codebook_size"], by_name["embedding_dim"]]
        by_name["quantizer"].input(
            fit_sizes, [by_name["quantizer"], sizes[0], by_name["dataset"]], sizes, **AT_ONCE
        )

    def follow(self, page: Page) -> None:
        """The form in the address of the page, and as the address has it: a reload, Back and a link
        bring it back."""
        presets = {key: {**DEFAULTS, **PRESETS[key].values} for key in PRESETS}
        form = [self.preset, *self.fields]
        gr.on(
            [one.change for one in form],
            None,
            form,
            None,
            js=remembers(NAMES, presets, FIRST),
            **AT_ONCE,
        )
        recall, why = (
            recalls(NAMES, presets, FIRST),
            {key: explain(key) for key in [*PRESETS, CUSTOM]},
        )
        said = f"(preset) => ({json.dumps(why)})[preset]"
        opened = page.ready(None, form, form, js=recall)
        for recalled in (opened, page.lead.moved(None, form, form, js=recall, **AT_ONCE)):
            recalled.then(None, [self.preset], [self.why], js=said, **AT_ONCE)


def _group(group: str, made: dict[str, Any]) -> dict[str, gr.HTML]:
    """A group of the advanced fields, put into `made`; returns the sentences under some of them, by
    the name of the field."""
    about = {}
    gr.HTML(f'<h3>{group}</h3><p class="vq-note">{WORDS[group]}</p>', padding=False)
    for field in FIELDS:
        if field.group == group:
            made[field.name] = _component(field)
            if field.name in SENTENCES:
                about[field.name] = gr.HTML(
                    about_choice(field.name, field.default),
                    padding=False,
                    elem_id=f"vq-train-about-{field.name}",
                )
    return about


def explain(key: str) -> str:
    """HTML of the sentence under the presets."""
    why = PRESETS[key].why if key in PRESETS else "Your own settings."
    return f'<p class="vq-note">{escape(why)}</p>'


def about_choice(name: str, value: Any) -> str:
    """HTML of what the chosen value of a field gains and gives up."""
    about = SENTENCES[name].get(value)
    return f'<p class="vq-note">{escape(about.sentence) if about else ""}</p>'


def fit_sizes(
    quantizer: Any, codebook_size: Any, dataset: Any
) -> tuple[int | Update, int | Update]:
    """Codebook size and code length that the quantizer can have, near to the size there is; both
    stay where it is none."""
    if (
        quantizer not in ABOUT
        or not isinstance(codebook_size, int)
        or not 2 <= codebook_size <= MAX_CODEBOOK_SIZE
    ):
        return gr.skip(), gr.skip()
    channels, _ = SHAPES.get(dataset, (3, 0))
    sizes = nearest_sizes(
        quantizer, codebook_size, suitable_dim(quantizer, codebook_size, channels)
    )
    return sizes.codebook_size, sizes.embedding_dim


def choosing() -> str:
    """JavaScript (preset, *fields) -> its sentence, then every field as the preset wants it.

    In the browser, so that no late answer of a server meets a form that has changed since.
    """
    plans: dict[str, list] = {CUSTOM: [explain(CUSTOM), {}]}
    for key in PRESETS:
        values = preset_values(key)
        plans[key] = [
            explain(key),
            {n: values[name] for n, name in enumerate(NAMES) if name in values},
        ]
    return f"""(preset, ...fields) => {{
      const [why, values] = ({json.dumps(plans)})[preset] ?? {json.dumps(plans[CUSTOM])};
      return [why, ...fields.map((value, n) => (n in values ? values[n] : value))];
    }}"""


def show_own(dataset: str) -> Update:
    """The fields of own images, only where they are asked for."""
    return gr.update(visible=dataset not in SHAPES)


def look_own(
    settings: Settings, upload: str | None, folder: str | None
) -> tuple[str, int | Update, bool | Update]:
    """What was found in the visitor's images, and the size and colour that suit them."""
    said, size, colour = describe(settings, upload, folder)
    return said, gr.skip() if size is None else size, gr.skip() if colour is None else colour


def _own_images(dataset: gr.Dropdown, settings: Settings) -> list:
    offered = sources(settings.images)
    with gr.Column(visible=False, min_width=0) as box:
        with gr.Group():
            folder = gr.Dropdown(
                [("none", ""), *offered],
                value="",
                filterable=False,
                visible=bool(offered),
                label="Folder on this server",
                info="Or upload a zip below, which goes first.",
                elem_id="vq-train-folder",
            )
            file = gr.File(
                label="Zip of images (PNG, JPEG), or .npz",
                file_types=list(IMAGE_FILES),
                height=150,
                elem_id="vq-train-zip",
            )
            size = gr.Dropdown(
                [(f"{side}×{side} pixels", side) for side in OWN_SIZES],
                value=32,
                filterable=False,
                label="Size of my images",
                info="Every image is cropped to a square and resized.",
            )
            colour = gr.Checkbox(True, label="In colour")
        found = gr.HTML("", elem_id="vq-train-found", padding=False)
    gr.on(
        [file.change, folder.input],
        partial(look_own, settings),
        [file, folder],
        [found, size, colour],
        **QUIET,
    )
    dataset.change(show_own, dataset, box, **AT_ONCE)
    return [file, size, colour, folder]


def _component(field: Field):
    named: dict[str, Any] = {
        "label": field.label,
        "info": field.help,
        "elem_id": f"vq-train-{field.name}",
        # Two that are compared have a budget of their own.
        "elem_classes": ["vq-of-one"] if field.name in BUDGETS else None,
    }
    if field.choices:
        return gr.Dropdown(list(field.choices), value=field.default, filterable=False, **named)
    if isinstance(field.default, bool):
        return gr.Checkbox(field.default, **named)
    return gr.Number(field.default, **named)
