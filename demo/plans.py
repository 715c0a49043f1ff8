"""Several trainings as one run: all four models with the same budget, or a sweep of one setting.

A plan is a run of demo.jobs like any other (queue, progress, stop, found again), whose job.json holds a `plan`: a list
of parts, each the settings of one model. demo.plan_worker trains them one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.presets import SHAPES
from demo.run_settings import RunSettings, SettingsError, _show, check_memory, prior_settings
from vqvae.config import ConfigError, ModelConfig, TrainingConfig

NAMES = {"vqvae": "VQ-VAE", "ae": "AE", "vae": "VAE", "cvae": "Conditional VAE"}
DATASETS = (("MNIST digits", "mnist"), ("Fashion-MNIST", "fashion-mnist"), ("CIFAR-10 photos", "cifar10"),
            ("Synthetic digits", "synthetic"))
CLASSES = tuple("0123456789")
"""Stands for the class names until the data set is read; all of these have ten."""
DRAW, COLLAPSE = 4.0, 200.0
"""KL weights: one at which the latents keep to the prior, one at which no bit of the picture is worth its price."""
PRESETS = {
    "plain": ("The textbook objectives", "Each model learns what its paper says: the VAEs maximise the evidence lower "
              "bound and settle at the bits they like, far fewer than the codes take."),
    "draw": ("VAEs that draw well", "The KL divergence weighs four times, as in the shipped VAEs: they keep fewer bits "
             "and blur more, but what they draw from nothing looks like a picture, of the class that is asked for."),
    "bits": ("VAEs at the bits of the codes", "The KL divergence is free up to the bits of the grid of codes, so that "
             "all four keep about as much of a picture: watch how near they come, and what becomes of the samples."),
    "collapse": ("Bad on purpose: posterior collapse", "With a KL weight of 200 every bit about the picture costs more "
                 "than it earns: the KL divergence falls to 0, the encoder says nothing, and both VAEs draw the same "
                 "grey mean for every picture (the conditional one a mean of each class)."),
}
AXES = {
    "codebook_size": ("K, codes in the codebook", (4, 16, 64, 256, 1024)),
    "embedding_dim": ("D, numbers in a code", (1, 2, 4, 8, 16)),
    "downsample": ("Pixels a code, along a side", (2, 4, 8)),
}
"""What can be swept: its name in words, and the values tried."""
LIMITS = (2, 3_600)
"""Seconds that each part may train."""


@dataclass(frozen=True)
class Pictures:
    """What the models of a plan learn."""

    dataset: str
    """Name of a data set, or the path of a folder or zip."""
    name: str
    """In words."""
    channels: int
    height: int
    width: int
    classes: tuple[str, ...]
    """Empty where they have none; there is no conditional VAE then."""


@dataclass(frozen=True)
class Plan:
    """A checked plan, in the form that `Jobs.start` takes."""

    kind: str
    """four or sweep."""
    title: str
    dataset: str
    parts: tuple[dict, ...]
    """name, title, series, model and training of each; that of a prior has `of`, the name of its VQ-VAE's part, and
    the training of a prior."""

    def to_dict(self) -> dict[str, Any]:
        total = sum(part["training"]["seconds"] for part in self.parts)
        return {"plan": {"kind": self.kind, "dataset": self.dataset, "parts": list(self.parts)},
                "training": {"dataset": self.dataset, "seconds": total}}


def four(dataset: Any, seconds: Any, preset: Any, data_dir: Path) -> Plan:
    """VQ-VAE, AE, VAE and CVAE for the same seconds each, then for as long again the VQ-VAE's prior: the others learn
    theirs in their own training. `dataset`: one of DATASETS, or `Pictures`. SettingsError names what cannot be used."""
    pictures = _pictures(dataset)
    seconds = _seconds(seconds)
    if preset not in PRESETS:
        raise SettingsError(f"The preset is {_show(preset)}; choose one of the list.")
    parts = []
    for kind, name in NAMES.items():
        if kind == "cvae" and not pictures.classes:
            continue
        model = _model(pictures, kind=kind)
        change = {"plain": {}, "draw": {"kl_weight": DRAW}, "bits": {"free_bits": model.bits_per_image},
                  "collapse": {"kl_weight": COLLAPSE}}[preset]
        extra = change if kind in ("vae", "cvae") else {}
        parts.append(_part(kind, name, "", model, pictures.dataset, seconds, data_dir, **extra))
    parts.append(_prior(ModelConfig(**parts[0]["model"]), pictures.dataset, seconds, data_dir))
    label = {"plain": "", "draw": f" · KL weight {DRAW:g}", "bits": " · same bits", "collapse": " · collapse"}[preset]
    return Plan("four", f"{pictures.name} · {seconds:g} s each{label}", pictures.dataset, tuple(parts))


def sweep(dataset: Any, axis: Any, seconds: Any, data_dir: Path) -> Plan:
    """One VQ-VAE for each value of `axis` that the pictures' size allows, for the same seconds each. `dataset`: one of
    DATASETS, or `Pictures`. SettingsError names what cannot be used."""
    pictures = _pictures(dataset)
    seconds = _seconds(seconds)
    if axis not in AXES:
        raise SettingsError(f"What to sweep is {_show(axis)}; choose one of the list.")
    parts = []
    for value in AXES[axis][1]:
        if axis == "downsample" and (pictures.height % value or pictures.width % value):
            continue
        model = _model(pictures, **{axis: value})
        letter = {"codebook_size": "K", "embedding_dim": "D", "downsample": "pixels a code"}[axis]
        parts.append(_part(f"{axis}-{value}", f"{letter} {value}", f"VQ-VAE, {letter}", model, pictures.dataset,
                           seconds, data_dir))
    what = {"codebook_size": "K", "embedding_dim": "D", "downsample": "grid"}[axis]
    return Plan("sweep", f"{pictures.name} · sweep of {what} · {seconds:g} s each", pictures.dataset, tuple(parts))


def _part(name: str, title: str, series: str, model: ModelConfig, dataset: str, seconds: float, data_dir: Path,
          **extra: float) -> dict:
    try:
        training = TrainingConfig(dataset=dataset, data_dir=str(data_dir), seconds=seconds, **extra)
    except ConfigError as error:
        raise SettingsError(str(error)) from error
    check_memory(RunSettings(model, training))
    return {"name": name, "title": title, "series": series, "model": model.to_dict(), "training": training.to_dict()}


def _prior(model: ModelConfig, dataset: str, seconds: float, data_dir: Path) -> dict:
    prior = prior_settings(model, seconds, dataset, data_dir, 0)
    check_memory(RunSettings(model, prior, prior))
    return {"name": "prior", "title": "Prior of the VQ-VAE", "series": "", "of": "vqvae", "model": model.to_dict(),
            "training": prior.to_dict()}


def _pictures(dataset: Any) -> Pictures:
    if isinstance(dataset, Pictures):
        return dataset
    if not isinstance(dataset, str) or dataset not in SHAPES:
        raise SettingsError(f"Images to learn is {_show(dataset)}; it must be one of {', '.join(SHAPES)}.")
    name = next(label for label, value in DATASETS if value == dataset)
    channels, side = SHAPES[dataset]
    return Pictures(dataset, name, channels, side, side, CLASSES)


def _model(pictures: Pictures, **settings: Any) -> ModelConfig:
    try:
        return ModelConfig(channels=pictures.channels, height=pictures.height, width=pictures.width,
                           classes=pictures.classes, **settings)
    except ConfigError as error:
        raise SettingsError(str(error)) from error


def _seconds(value: Any) -> float:
    low, high = LIMITS
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        given = "is empty" if value is None else f"is {_show(value)}"
        raise SettingsError(f"Seconds for each model {given}; it must be a number from {low} to {high:,}.")
    return float(value)

