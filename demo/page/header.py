"""The top of the page, one line with the tabs: its name, the lesson, the model picker, and behind a
button what the chosen model is, and models in and out."""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import NamedTuple

import gradio as gr

from demo.models import library as models
from demo.models import transfer
from demo.page.events import QUIET, Update
from demo.page.guide.component import guide
from demo.page.picker import IdPicker, refilled
from demo.page.picking.component import Card, cards, picker_cards
from demo.page.quiz.component import quiz
from demo.settings import Settings
from demo.text import figure, number, term
from demo.uploads import uploaded

TITLE = "VQ-VAE Playground"
HEADING = f"<h1>{TITLE}</h1>"
FILES = (
    "The zip holds all files of the model, for Python or to upload again. The web page is one html "
    "file that runs it: a double click opens it, with no server and no network."
)
FOR_A_CLASS = """<section class="vq-class" aria-labelledby="vq-class-title">
  <h3 id="vq-class-title">For a class</h3>
  <p class="vq-note">A link that opens what you see now: tab, model, settings and lesson card.</p>
  <label><input type="checkbox" id="vq-class-hide"> Hide controls: students see only presets and
    buttons</label>
  <button type="button" id="vq-class-link">Copy class link</button>
  <button type="button" id="vq-class-frame">Copy embed code</button>
  <p class="vq-note" id="vq-class-said" role="status"></p>
</section>"""
SAVE = """(model) => {
  const link = document.createElement("a");
  link.href = new URL("%s?model=" + encodeURIComponent(model), document.baseURI);
  link.download = "";
  link.click();
}"""


class Header(NamedTuple):
    """What of the header others listen to and write to."""

    model: IdPicker
    """The picker."""
    look: gr.HTML
    """Its cards."""
    about: gr.HTML
    """The facts of the chosen model."""
    lead: gr.HTML
    """The guide."""


def build_header(
    settings: Settings, visitor: gr.BrowserState, chosen: gr.BrowserState, models_changed: gr.State
) -> Header:
    """Draw the header and wire it up."""
    entries = listed(settings, None)
    with gr.Row(elem_id="vq-header"):
        gr.HTML(HEADING, elem_id="vq-heading", padding=False)
        gr.Button("Lesson", size="sm", elem_id="vq-lesson-open", min_width=0, scale=0)
        value = models.default_model(entries)
        model = IdPicker(
            choices(entries),
            value=value,
            label="Model",
            show_label=False,
            elem_id="vq-model",
            filterable=False,
            min_width=0,
        )
        gr.Button("Details", size="sm", elem_id="vq-about-open", min_width=0, scale=0)
        with gr.Column(elem_id="vq-about", min_width=0):
            about = gr.HTML(facts(settings, value), elem_id="vq-facts", padding=False)
            with gr.Row(elem_id="vq-about-files"):
                zipped = gr.Button("Download zip", size="sm", elem_id="vq-download", min_width=0)
                page = gr.Button(
                    "Save web page", size="sm", elem_id="vq-download-page", min_width=0
                )
                put = gr.UploadButton(
                    "Upload",
                    size="sm",
                    elem_id="vq-upload",
                    min_width=0,
                    file_types=[".zip"],
                    type="filepath",
                )
            gr.HTML(f'<p class="vq-note">{FILES}</p>{FOR_A_CLASS}', padding=False)
    look = picker_cards(settings, entries)
    lead = guide(value)
    quiz()

    # Remembered by the browser alone; the server keeps nothing.
    model.change(None, [model], [chosen], js="(value) => value", **QUIET)
    model.change(partial(facts, settings), [model], [about], **QUIET)
    model.change(None, [model], [lead], js="(model) => ({ model, ready: true })", **QUIET)
    lead.choose(
        None, [lead], [model], js="(value) => value.wanted", trigger_mode="always_last", **QUIET
    )
    models_changed.change(partial(refresh, settings), [visitor, model], [model, look], **QUIET)
    # What cannot be downloaded is told on the page; then the file is fetched from its own address.
    for button, make, door in (
        (zipped, transfer.download, "model.zip"),
        (page, transfer.download_page, "model.html"),
    ):
        button.click(partial(check_download, settings, make), [model], **QUIET).success(
            None, [model], js=SAVE % door, **QUIET
        )
    put.upload(
        partial(upload, settings), [put, visitor, models_changed], [model, models_changed], **QUIET
    )
    return Header(model, look, about, lead)


def listed(settings: Settings, visitor: str | None, keep: object = None) -> list[models.ModelEntry]:
    """What the picker lists; `keep` is an id that is listed too if it can be read (one from a
    link)."""
    entries = models.list_models(settings, visitor)
    if keep not in [entry.id for entry in entries]:
        kept = find(keep, settings, visitor)
        entries += [kept] if kept else []
    return entries


def choices(entries: list[models.ModelEntry]) -> list[tuple[str, str]]:
    """The picker's (title, id) pairs."""
    return [(entry.title, entry.id) for entry in entries]


def refresh(
    settings: Settings, visitor: str | None, current: str | None
) -> tuple[Update, list[Card]]:
    """The picker filled again, and its cards; a model that is gone gives way to the first."""
    entries = listed(settings, visitor, current)
    return refilled(choices(entries), current), cards(entries)


def facts(settings: Settings, model_id: object) -> str:
    """HTML: what a model is, in six figures."""
    entry = find(model_id, settings)
    if entry is None:
        return '<p class="vq-note">No model yet: train one in the Train tab, or upload one.</p>'
    info, metrics = entry.info, entry.info["metrics"]
    rows, columns = info["grid"]
    bits, pixel_bits = info["bits_per_image"], info["height"] * info["width"] * info["channels"] * 8
    usage = figure(metrics.get("usage"))
    data_set = ("Data set", escape(models.dataset_name(info)))
    test = (term("PSNR", "Test PSNR"), number(figure(metrics.get("psnr")), "dB"))
    pairs = [
        data_set,
        (term("codebook size", "Codes"), number(info["codebook_size"], digits=0)),
        (term("grid", "Grid"), f"{rows}\u202f×\u202f{columns}"),
        (
            term("bits per image", "Size"),
            f"{number(bits, digits=0)} of {number(pixel_bits, 'bits', 0)}",
        ),
        test,
        (term("usage", "In use"), number(None if usage is None else usage * 100, "%", 0)),
    ]
    if (
        info["kind"] != "vqvae"
    ):  # it keeps a vector, and none of the figures of a codebook is true of it
        kind = {"ae": term("AE"), "vae": term("VAE"), "cvae": term("VAE", "conditional VAE")}.get(
            info["kind"], ""
        )
        rate = figure(metrics.get("bits_per_image"))
        pairs = [
            data_set,
            ("Kind", kind),
            ("Codebook", "none"),
            ("Vector", number(info["latent_dim"], "numbers", 0)),
            (term("rate", "Size"), f"{number(rate, digits=0)} of {number(pixel_bits, 'bits', 0)}"),
            test,
        ]
    return (
        "<dl>"
        + "".join(f"<div><dt>{key}</dt><dd>{value}</dd></div>" for key, value in pairs)
        + "</dl>"
    )


def check_download(
    settings: Settings, make: Callable[[str, Settings], object], model_id: str | None
) -> None:
    """gr.Error, with one sentence, where `make` cannot have a model's file
    (demo.web.served.downloads)."""
    try:
        make(model_id or "", settings)
    except (models.ModelError, OSError) as error:
        text = str(error) if isinstance(error, models.ModelError) else transfer.UNREADABLE
        raise gr.Error(escape(text)) from error


def upload(settings: Settings, file: str, visitor: str, version: int) -> tuple[Update, int]:
    """Keep an uploaded zip as a model of the visitor's own and choose it."""
    try:
        zipped = uploaded(file)
        try:
            model_id = transfer.unpack(zipped, visitor, settings)
        finally:
            zipped.unlink(missing_ok=True)
    except ValueError as error:
        raise gr.Error(escape(str(error))) from error
    return gr.update(choices=choices(listed(settings, visitor)), value=model_id), version + 1


def find(
    model_id: object, settings: Settings, visitor: str | None = None
) -> models.ModelEntry | None:
    """The entry of an id, or None where there is no such model."""
    try:
        return models.find_model(model_id, settings, visitor)
    except models.ModelError:
        return None
