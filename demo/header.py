"""The top of the page: its name, the model picker, what the chosen model is, and models in and out."""

import secrets
from functools import partial
from html import escape
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from demo import models, transfer
from demo.settings import Settings
from demo.text import figure, number, term

TITLE = "VQ-VAE Playground"
HEADING = f"""
<h1>{TITLE}</h1>
<p>See how a {term("VQ-VAE")} turns a picture into a small {term("grid")} of {term("code", "codes")} and back,
then take the codes in hand.</p>
"""
QUIET = {"show_progress": "hidden", "api_visibility": "private"}


class ModelPicker(gr.Dropdown):
    """A dropdown of model ids. Gradio compares a choice with the list that this server process last sent, which is
    stale after a restart or when a run has just ended; an id is checked by demo.models instead, whenever it is used."""

    is_template = True  # the browser draws it as the Dropdown it is

    def preprocess(self, payload: str | None) -> str | None:
        return payload if isinstance(payload, str) else None


def build_header(
    settings: Settings, visitor: gr.BrowserState, chosen: gr.BrowserState, models_changed: gr.State
) -> tuple[ModelPicker, gr.HTML]:
    """Draw the header and wire it up. Returns the picker and the facts of the chosen model."""
    listed = choices(settings, None)
    with gr.Row(elem_id="vq-header"):
        gr.HTML(HEADING, elem_id="vq-heading", padding=False)
        with gr.Column(elem_id="vq-picker"):
            with gr.Row(elem_id="vq-picker-row"):
                value = listed[0][1] if listed else None
                model = ModelPicker(listed, value=value, label="Model", elem_id="vq-model", filterable=False)
                get = gr.Button("Download", size="sm", elem_id="vq-download", min_width=0)
                put = gr.UploadButton(
                    "Upload", size="sm", elem_id="vq-upload", min_width=0, file_types=[".zip"], type="filepath"
                )
                file = gr.DownloadButton("Model", elem_id="vq-download-file", visible="hidden")
            about = gr.HTML(facts(settings, value), elem_id="vq-facts", padding=False)

    # Remembered by the browser alone; the server keeps nothing.
    model.change(None, [model], [chosen], js="(value) => value", **QUIET)
    model.change(partial(facts, settings), [model], [about], **QUIET)
    models_changed.change(partial(refresh, settings), [visitor, model], [model], **QUIET)
    # The zip is made on request, so the visible button only asks for it and the hidden one then hands it over.
    get.click(partial(download, settings), [model], [file], **QUIET).success(
        None, js="() => { document.querySelector('#vq-download-file').click() }", **QUIET
    )
    put.upload(partial(upload, settings), [put, visitor, models_changed], [model, models_changed], **QUIET)
    return model, about


def choices(settings: Settings, visitor: str | None, keep: object = None) -> list[tuple[str, str]]:
    """The picker's (title, id) pairs; `keep` is an id that is listed too if it can be read (one from a link)."""
    entries = models.list_models(settings, visitor)
    if keep not in [entry.id for entry in entries]:
        kept = find(keep, settings)
        entries += [kept] if kept else []
    return [(entry.title, entry.id) for entry in entries]


def refresh(settings: Settings, visitor: str | None, current: str | None) -> dict:
    """The picker filled again; its choice is kept where that model is still there."""
    listed = choices(settings, visitor, current)
    ids = [model_id for _, model_id in listed]
    return gr.update(choices=listed, value=current if current in ids else next(iter(ids), None))


def facts(settings: Settings, model_id: str | None) -> str:
    """HTML: what a model is, in six figures."""
    entry = find(model_id, settings)
    if entry is None:
        return '<p class="vq-note">No model yet: train one in the Train tab, or upload one.</p>'
    info, metrics = entry.info, entry.info["metrics"]
    rows, columns = info["grid"]
    bits, pixel_bits = info["bits_per_image"], info["height"] * info["width"] * info["channels"] * 8
    usage = figure(metrics.get("usage"))
    pairs = [
        ("Data set", escape(models.dataset_name(info))),
        (term("codebook size", "Codes"), number(info["codebook_size"], digits=0)),
        (term("grid", "Grid"), f"{rows}\u202f×\u202f{columns}"),
        (term("bits per image", "Size"), f"{number(bits, digits=0)} of {number(pixel_bits, 'bits', 0)}"),
        (term("PSNR", "Test PSNR"), number(figure(metrics.get("psnr")), "dB")),
        (term("usage", "In use"), number(None if usage is None else usage * 100, "%", 0)),
    ]
    return "<dl>" + "".join(f"<div><dt>{key}</dt><dd>{value}</dd></div>" for key, value in pairs) + "</dl>"


def download(settings: Settings, model_id: str | None) -> str:
    """The path of a fresh zip of the model, in Gradio's cache, which deletes it after a while."""
    try:
        # A folder of its own: two visitors may fetch models of one name at the same time.
        return str(transfer.pack(model_id, settings, Path(get_upload_folder()) / "models" / secrets.token_hex(8)))
    except models.ModelError as error:
        raise gr.Error(escape(str(error)), title="Not downloaded") from error


def upload(settings: Settings, file: str, visitor: str, version: int) -> tuple:
    """Keep an uploaded zip as a model of the visitor's own and choose it."""
    try:
        model_id = transfer.unpack(file, visitor, settings)
    except ValueError as error:
        raise gr.Error(escape(str(error)), title="Not uploaded") from error
    return gr.update(choices=choices(settings, visitor), value=model_id), version + 1


def find(model_id: object, settings: Settings) -> models.ModelEntry | None:
    """The entry of an id, or None where there is no such model."""
    try:
        return models.find_model(model_id, settings)
    except models.ModelError:
        return None
