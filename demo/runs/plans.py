"""Several trainings as one run: all four models with the same budget, a sweep of one setting, or
quantizers.

A plan is a run of demo.runs.jobs like any other (queue, progress, stop, found again), whose
job.json holds a `plan`: a list of parts, each the settings of one model. demo.runs.plan_worker
trains them one after another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from demo.runs.presets import SHAPES
from demo.runs.settings import RunSettings, SettingsError, check_memory, prior_settings, shown
from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.quantizers import ABOUT, ABOUT_ESTIMATORS, nearest_sizes, suitable_dim

NAMES = {"vqvae": "VQ-VAE", "ae": "AE", "vae": "VAE", "cvae": "Conditional VAE"}
DATASETS = (
    ("MNIST digits", "mnist"),
    ("Fashion-MNIST", "fashion-mnist"),
    ("CIFAR-10 photos", "cifar10"),
    ("Synthetic digits", "synthetic"),
)
CLASSES = tuple("0123456789")
"""Stands for the class names until the data set is read; all of these have ten."""
DRAW, COLLAPSE = 4.0, 200.0
"""KL weights: one at which the latents keep to the prior, one at which no bit of the picture is
worth its price."""
PRESETS = {
    "plain": (
        "The textbook objectives",
        "Each model learns what its paper says: the VAEs maximise the evidence lower "
        "bound and settle at the rate that suits their objective, far below that of the codes.",
    ),
    "draw": (
        "VAEs that draw well",
        "The KL divergence counts four times, as in the shipped VAEs: they keep fewer bits "
        "and blur more, but what they draw from nothing looks like a picture, of the class that "
        "is asked for.",
    ),
    "bits": (
        "VAEs at the bits of the codes",
        "The KL divergence is free up to the bits of the grid of codes, so that "
        "all four keep about as much of a picture: watch how near they come, and what becomes of "
        "the samples.",
    ),
    "collapse": (
        "Bad on purpose: posterior collapse",
        "With a KL weight of 200 every bit about the picture costs more than it earns: the KL "
        "divergence falls to 0, the encoder says nothing, and both VAEs draw the same grey mean "
        "for every picture (the conditional one a mean of each class).",
    ),
}
AXES = {
    "codebook_size": ("K, codes in the codebook", (4, 16, 64, 256, 1024)),
    "embedding_dim": ("D, numbers per code", (1, 2, 4, 8, 16)),
    "downsample": ("Pixels per cell side (downsampling)", (2, 4, 8)),
}
"""What can be swept: its name in words, and the values tried."""
RIVALS = {
    **{
        name: (about.short[0].upper() + about.short[1:], about.sentence)
        for name, about in ABOUT.items()
    },
    "rotation": ("EMA, rotation trick", ABOUT_ESTIMATORS["rotation"].sentence),
}
"""What quantizers can be compared: the name of each, and what is gained and given up."""
RIVAL_CODES = 512
"""K of each, or the nearest that it can have."""
LIMITS = (2, 3_600)
"""Seconds that each part may train."""
ENOUGH_STEPS = 100
"""Below this a model has hardly begun to learn, and nothing of it can be compared with
another's."""
STEP_LIMITS = (10, 20_000)
"""Steps that each part may train."""
PRIOR_STEPS = 200
"""Steps that the prior of each quantizer is trained for: enough to see which codes are the easier
to predict."""
SECONDS_A_STEP = 0.2
"""What a step may take for a grid of CELLS cells: some five times what it does on one core. A
training is ended after so many seconds per step, so that a budget in steps is one in time too,
which an app for others limits."""
CELLS = 49
PRIOR_SECONDS_A_STEP = 0.5
"""The same of a prior."""
Budget: TypeAlias = dict[str, Any]
"""`seconds` or `steps`, of each part."""


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
    """four, sweep or quantizers."""
    title: str
    dataset: str
    parts: tuple[dict, ...]
    """name, title, series, model and training of each; that of a prior has `of`, the name of its
    VQ-VAE's part, and the training of a prior; one with a budget in steps has `most_seconds`, after
    which it ends in any case; a quantizer has `prior`, the steps and most_seconds of a small one
    that its codes are measured by."""

    def to_dict(self) -> dict[str, Any]:
        total = sum(
            (part.get("most_seconds") or part["training"]["seconds"])
            + part.get("prior", {}).get("most_seconds", 0)
            for part in self.parts
        )
        return {
            "plan": {"kind": self.kind, "dataset": self.dataset, "parts": list(self.parts)},
            "training": {"dataset": self.dataset, "seconds": total},
        }


def four(dataset: Any, seconds: Any, preset: Any, data_dir: Path, steps: Any = 0) -> Plan:
    """VQ-VAE, AE, VAE and CVAE for the same seconds each, or for the same steps, then for as long
    again the VQ-VAE's prior: the others learn theirs in their own training. `dataset`: one of
    DATASETS, or `Pictures`. SettingsError names what cannot be used."""
    pictures = _pictures(dataset)
    budget = _budget(seconds, steps)
    if preset not in PRESETS:
        raise SettingsError(f"The preset is {shown(preset)}; choose one of the list.")
    parts = []
    for kind, name in NAMES.items():
        if kind == "cvae" and not pictures.classes:
            continue
        model = _model(pictures, kind=kind)
        change = {
            "plain": {},
            "draw": {"kl_weight": DRAW},
            "bits": {"free_bits": model.bits_per_image},
            "collapse": {"kl_weight": COLLAPSE},
        }[preset]
        extra = change if kind in ("vae", "cvae") else {}
        parts.append(_part(kind, name, "", model, pictures.dataset, budget, data_dir, **extra))
    parts.append(_prior(ModelConfig(**parts[0]["model"]), pictures.dataset, budget, data_dir))
    label = {
        "plain": "",
        "draw": f" · KL weight {DRAW:g}",
        "bits": " · same bits",
        "collapse": " · collapse",
    }[preset]
    return Plan("four", f"{pictures.name} · {each(budget)}{label}", pictures.dataset, tuple(parts))


def sweep(dataset: Any, axis: Any, seconds: Any, data_dir: Path, steps: Any = 0) -> Plan:
    """One VQ-VAE for each value of `axis` that the pictures' size allows, for the same seconds
    each, or for the same steps. `dataset`: one of DATASETS, or `Pictures`. SettingsError names what
    cannot be used."""
    pictures = _pictures(dataset)
    budget = _budget(seconds, steps)
    if axis not in AXES:
        raise SettingsError(f"What to sweep is {shown(axis)}; choose one of the list.")
    parts = []
    for value in AXES[axis][1]:
        if axis == "downsample" and (pictures.height % value or pictures.width % value):
            continue
        model = _model(pictures, **{axis: value})
        letter = {"codebook_size": "K", "embedding_dim": "D", "downsample": "pixels per code"}[axis]
        parts.append(
            _part(
                f"{axis}-{value}",
                f"{letter} {value}",
                f"VQ-VAE, {letter}",
                model,
                pictures.dataset,
                budget,
                data_dir,
            )
        )
    what = {"codebook_size": "K", "embedding_dim": "D", "downsample": "grid"}[axis]
    return Plan(
        "sweep",
        f"{pictures.name} · sweep of {what} · {each(budget)}",
        pictures.dataset,
        tuple(parts),
    )


def quantizers(dataset: Any, chosen: Any, steps: Any, data_dir: Path) -> Plan:
    """One VQ-VAE for each of the `chosen` of RIVALS: the same networks, images, steps and seed, and
    as many bits as it can have. `dataset`: one of DATASETS, or `Pictures`. SettingsError names what
    cannot be used."""
    pictures = _pictures(dataset)
    budget = {"steps": _steps("Steps for each quantizer", steps)}
    chosen = chosen if isinstance(chosen, (list, tuple)) else []
    if not chosen or not all(isinstance(name, str) and name in RIVALS for name in chosen):
        raise SettingsError(
            "No quantizer of the list is chosen; choose one or more."
            if not chosen
            else f"The quantizers are {shown(chosen)}; choose from the list."
        )
    parts = [
        {
            **_part(
                name,
                RIVALS[name][0],
                "quantizer",
                _rival(pictures, name),
                pictures.dataset,
                budget,
                data_dir,
            ),
            "prior": {"steps": PRIOR_STEPS, "most_seconds": PRIOR_STEPS * SECONDS_A_STEP},
        }
        for name in RIVALS
        if name in chosen
    ]
    return Plan(
        "quantizers",
        f"{pictures.name} · {len(parts)} quantizers · {each(budget)}",
        pictures.dataset,
        tuple(parts),
    )


def _rival(pictures: Pictures, name: str) -> ModelConfig:
    kind = "ema" if name == "rotation" else name
    sizes = nearest_sizes(kind, RIVAL_CODES, suitable_dim(kind, RIVAL_CODES, pictures.channels))
    return _model(
        pictures,
        quantizer=kind,
        codebook_size=sizes.codebook_size,
        embedding_dim=sizes.embedding_dim,
        gradient_estimator="rotation" if name == "rotation" else "straight-through",
    )


def _part(
    name: str,
    title: str,
    series: str,
    model: ModelConfig,
    dataset: str,
    budget: Budget,
    data_dir: Path,
    **extra: Any,
) -> dict:
    try:
        training = TrainingConfig(dataset=dataset, data_dir=str(data_dir), **budget, **extra)
    except ConfigError as error:
        raise SettingsError(str(error)) from error
    check_memory(RunSettings(model, training))
    return {
        "name": name,
        "title": title,
        "series": series,
        "model": model.to_dict(),
        "training": training.to_dict(),
        **_most(budget, SECONDS_A_STEP * max(1.0, math.prod(model.grid) / CELLS)),
    }


def _prior(model: ModelConfig, dataset: str, budget: Budget, data_dir: Path) -> dict:
    prior = replace(prior_settings(model, 1.0, dataset, data_dir, 0), **{"seconds": None, **budget})
    check_memory(RunSettings(model, prior, prior))
    return {
        "name": "prior",
        "title": "Prior of the VQ-VAE",
        "series": "",
        "of": "vqvae",
        "model": model.to_dict(),
        "training": prior.to_dict(),
        **_most(budget, PRIOR_SECONDS_A_STEP),
    }


def _most(budget: Budget, seconds_a_step: float) -> dict[str, float]:
    """After how many seconds a training with a budget in steps ends in any case."""
    return {"most_seconds": budget["steps"] * seconds_a_step} if "steps" in budget else {}


def each(budget: Mapping[str, Any]) -> str:
    """What each part gets, in words."""
    steps = budget.get("steps")
    return f"{steps:,} steps each" if steps else f"{budget['seconds']:g} s each"


def _pictures(dataset: Any) -> Pictures:
    if isinstance(dataset, Pictures):
        return dataset
    if not isinstance(dataset, str) or dataset not in SHAPES:
        raise SettingsError(
            f"Images to learn is {shown(dataset)}; it must be one of {', '.join(SHAPES)}."
        )
    name = next(label for label, value in DATASETS if value == dataset)
    channels, side = SHAPES[dataset]
    return Pictures(dataset, name, channels, side, side, CLASSES)


def _model(pictures: Pictures, **settings: Any) -> ModelConfig:
    try:
        return ModelConfig(
            channels=pictures.channels,
            height=pictures.height,
            width=pictures.width,
            classes=pictures.classes,
            **settings,
        )
    except ConfigError as error:
        raise SettingsError(str(error)) from error


def _budget(seconds: Any, steps: Any) -> Budget:
    """Steps where there are any, else seconds."""
    if not isinstance(steps, bool) and steps == 0:
        return {"seconds": _seconds(seconds)}
    return {"steps": _steps("Steps, instead of seconds", steps, "0, or ")}


def _steps(label: str, value: Any, otherwise: str = "") -> int:
    low, high = STEP_LIMITS
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    if not whole or not low <= value <= high:
        given = "is empty" if value is None else f"is {shown(value)}"
        raise SettingsError(
            f"{label} {given}; it must be {otherwise}a whole number from {low} to {high:,}."
        )
    return int(value)


def _seconds(value: Any) -> float:
    low, high = LIMITS
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        given = "is empty" if value is None else f"is {shown(value)}"
        raise SettingsError(
            f"Seconds for each model {given}; it must be a number from {low} to {high:,}."
        )
    return float(value)
