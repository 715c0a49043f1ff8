"""The part of the Train tab that trains a prior for a model that is there already: the one chosen
at the top."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from demo.models.library import ModelEntry, ModelError, find_model
from demo.page.run_head import clock
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.presets import SHAPES
from demo.runs.settings import SettingsError, read_prior_form
from demo.settings import Settings
from demo.tabs.train import own_images
from demo.text import figure, number, term
from vqvae.config import ModelConfig

SECONDS = 120
"""What the form opens with: after two minutes on two cores nine of ten digits can be read."""
HELP = (
    f"The VQ-VAE turns images into codes; {term('prior', 'a prior')} learns which codes go "
    "together. With it the model completes images and draws new ones."
)


class PriorForm(NamedTuple):
    """The components."""

    about: gr.HTML
    """Which model, and what becomes of it."""
    seconds: gr.Number
    conditional: gr.Checkbox
    train: gr.Button
    problem: gr.HTML

    @classmethod
    def build(cls, settings: Settings, model_id: str | None) -> PriorForm:
        """Draw it where it is called."""
        with gr.Column(elem_id="vq-train-prior", elem_classes="vq-of-one"):
            gr.HTML(f'<h2>Train a prior</h2><p class="vq-note">{HELP}</p>', padding=False)
            about = gr.HTML(explain(settings, model_id), padding=False, elem_id="vq-prior-about")
            seconds = gr.Number(
                SECONDS,
                label="Training time of the prior, seconds",
                elem_id="vq-prior-seconds",
                info="Ten seconds already show a change; readable digits take about two minutes.",
            )
            conditional = gr.Checkbox(
                True,
                label="Learn the classes too",
                elem_id="vq-prior-classes",
                info="Lets you ask for a class, for example a 7.",
            )
            train = gr.Button("Train a prior", variant="primary", elem_id="vq-prior-start")
            problem = gr.HTML("", elem_id="vq-prior-problem", padding=False)
        return cls(about, seconds, conditional, train, problem)


def explain(settings: Settings, model_id: str | None, visitor: str | None = None) -> str:
    """HTML: which model the prior will be for, what it has already, and where the result goes."""
    try:
        entry = find_model(model_id, settings, visitor)
    except ModelError:
        return (
            '<p class="vq-note">No model is chosen at the top of the page yet; train one first.</p>'
        )
    if entry.info["kind"] != "vqvae":
        return '<p class="vq-note">The model at the top has no codebook; choose a VQ-VAE there.</p>'
    bits = figure((entry.info.get("prior") or {}).get("metrics", {}).get("bits_per_image"))
    cost = "" if bits is None else f" ({number(bits, 'bits')} per test image)"
    has = f" It has one already{cost}, which stays as it is." if entry.info["has_prior"] else ""
    return (
        f'<p class="vq-note">For the model at the top, '
        f"<b>{escape(entry.title.split(' · ')[0])}</b>.{has} "
        "A copy of the model with its prior is saved as your run.</p>"
    )


def start_prior(
    jobs: Jobs,
    settings: Settings,
    visitor: str,
    model_id: str | None,
    seconds: Any,
    conditional: Any,
) -> str:
    """Start a run that trains a prior for a copy of the model. Returns its id.

    Raises ModelError, SettingsError or JobError, each with one sentence for the page.
    """
    entry = find_model(model_id, settings, visitor)
    config = ModelConfig.from_dict(
        {field.name: entry.info[field.name] for field in fields(ModelConfig)}
    )
    checked = read_prior_form(
        config,
        training_set(entry, settings, visitor),
        seconds,
        conditional,
        data_dir=settings.data_dir,
    )
    name = entry.title.split(" · ")[0]
    length = clock(checked.prior.seconds if checked.prior else None)
    return jobs.start(visitor, checked, f"prior of {name} · {length}", source=entry.path)


def training_set(entry: ModelEntry, settings: Settings, visitor: str) -> str:
    """The data set that a model learned from: its name, or the path of the visitor's own zip or of
    what the server offers.

    What a model's files say is not trusted: no other path is ever read. Raises SettingsError where
    the images are not here and the model does not hold them as codes either.
    """
    training = entry.info.get("training") or {}
    told = training.get("config")
    config = told if isinstance(told, dict) else {}
    named = str(training.get("dataset") or "")
    if named in SHAPES:
        return named
    # A checkpoint does not tell where its images lie; the run that made it does.
    job = runfiles.read_json(entry.path.parent / runfiles.JOB)
    given = next(
        (
            part["dataset"]
            for name in ("training", "prior")
            if "dataset" in (part := job.get(name) or {})
        ),
        "",
    )
    own, path = (settings.runs / visitor).resolve(), Path(str(given)).resolve()
    if path.is_relative_to(own) and path.is_file():
        return str(path)
    root, name = settings.images, Path(str(config.get("dataset") or "")).name
    if root is not None and name in own_images.sources(root):
        return str((root / name).resolve())
    if (entry.path / "indices.safetensors").is_file():
        return "codes of its own"
    raise SettingsError(
        f"The images that {entry.title.split(' · ')[0]} learned from are not here, so a prior has "
        "nothing to learn from; choose another model, or train one on them together with its prior."
    )
