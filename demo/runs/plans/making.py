"""The plans that can be asked for: all four models with the same budget, a sweep of one setting,
or quantizers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from demo.runs.plans.plan import Part, Plan, PriorPart, SmallPrior, each
from demo.runs.presets import SHAPES
from demo.runs.settings import (
    RunSettings,
    SettingsError,
    check_memory,
    check_steps,
    prior_settings,
    shown,
)
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


class Objective(NamedTuple):
    """How the VAEs of a plan of all four learn."""

    name: str
    about: str
    label: str = ""
    """In the plan's title."""
    kl_weight: float = 1.0
    same_bits: bool = False
    """The KL divergence is free up to the bits of the codes."""


PRESETS = {
    "plain": Objective(
        "The textbook objectives",
        "Each model learns what its paper says: the VAEs maximise the evidence lower "
        "bound and settle at the rate that suits their objective, far below that of the codes.",
    ),
    "draw": Objective(
        "VAEs that draw well",
        "The KL divergence counts four times, as in the shipped VAEs: they keep fewer bits "
        "and blur more, but what they draw from nothing looks like a picture, of the class that "
        "is asked for.",
        f" · KL weight {DRAW:g}",
        kl_weight=DRAW,
    ),
    "bits": Objective(
        "VAEs at the bits of the codes",
        "The KL divergence is free up to the bits of the grid of codes, so that "
        "all four keep about as much of a picture: watch how near they come, and what becomes of "
        "the samples.",
        " · same bits",
        same_bits=True,
    ),
    "collapse": Objective(
        "Bad on purpose: posterior collapse",
        "With a KL weight of 200 every bit about the picture costs more than it earns: the KL "
        "divergence falls to 0, the encoder says nothing, and both VAEs draw the same grey mean "
        "for every picture (the conditional one a mean of each class).",
        " · collapse",
        kl_weight=COLLAPSE,
    ),
}


class Axis(NamedTuple):
    """A setting that can be swept."""

    name: str
    letter: str
    """How a point is called by it."""
    what: str
    """In the plan's title."""
    values: tuple[int, ...]


AXES = {
    "codebook_size": Axis("K, codes in the codebook", "K", "K", (4, 16, 64, 256, 1024)),
    "embedding_dim": Axis("D, numbers per code", "D", "D", (1, 2, 4, 8, 16)),
    "downsample": Axis("Pixels per cell side (downsampling)", "pixels per code", "grid", (2, 4, 8)),
}


class Rival(NamedTuple):
    """A quantizer that can be compared with others."""

    title: str
    about: str
    """What is gained and given up."""


RIVALS = {
    **{
        name: Rival(about.short[0].upper() + about.short[1:], about.sentence)
        for name, about in ABOUT.items()
    },
    "rotation": Rival("EMA, rotation trick", ABOUT_ESTIMATORS["rotation"].sentence),
}
RIVAL_CODES = 512
"""K of each, or the nearest that it can have."""
LIMITS = (2, 3_600)
"""Seconds that each part may train."""
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


def four(dataset: Any, seconds: Any, preset: Any, data_dir: Path, steps: Any = 0) -> Plan:
    """VQ-VAE, AE, VAE and CVAE for the same seconds each, or for the same steps, then for as long
    again the VQ-VAE's prior: the others learn theirs in their own training. `dataset`: one of
    DATASETS, or `Pictures`. SettingsError names what cannot be used."""
    pictures = _pictures(dataset)
    budget = _budget(seconds, steps)
    if preset not in PRESETS:
        raise SettingsError(f"The preset is {shown(preset)}; choose one of the list.")
    chosen = PRESETS[preset]
    parts = []
    for kind, name in NAMES.items():
        if kind == "cvae" and not pictures.classes:
            continue
        model, extra = _model(pictures, kind=kind), {}
        if kind in ("vae", "cvae"):
            free_bits = model.bits_per_image if chosen.same_bits else 0.0
            extra = {"kl_weight": chosen.kl_weight, "free_bits": free_bits}
        parts.append(_part(kind, name, "", model, pictures.dataset, budget, data_dir, **extra))
    parts.append(_prior(parts[0].model, pictures.dataset, budget, data_dir))
    title = f"{pictures.name} · {each(parts[0].training)}{chosen.label}"
    return Plan("four", title, pictures.dataset, tuple(parts))


def sweep(dataset: Any, axis: Any, seconds: Any, data_dir: Path, steps: Any = 0) -> Plan:
    """One VQ-VAE for each value of `axis` that the pictures' size allows, for the same seconds
    each, or for the same steps. `dataset`: one of DATASETS, or `Pictures`. SettingsError names what
    cannot be used."""
    pictures = _pictures(dataset)
    budget = _budget(seconds, steps)
    if axis not in AXES:
        raise SettingsError(f"What to sweep is {shown(axis)}; choose one of the list.")
    swept = AXES[axis]
    parts = []
    for value in swept.values:
        if axis == "downsample" and (pictures.height % value or pictures.width % value):
            continue
        name, title = f"{axis}-{value}", f"{swept.letter} {value}"
        model, series = _model(pictures, **{axis: value}), f"VQ-VAE, {swept.letter}"
        parts.append(_part(name, title, series, model, pictures.dataset, budget, data_dir))
    title = f"{pictures.name} · sweep of {swept.what} · {each(parts[0].training)}"
    return Plan("sweep", title, pictures.dataset, tuple(parts))


def quantizers(dataset: Any, chosen: Any, steps: Any, data_dir: Path) -> Plan:
    """One VQ-VAE for each of the `chosen` of RIVALS: the same networks, images, steps and seed, and
    as many bits as it can have. `dataset`: one of DATASETS, or `Pictures`. SettingsError names what
    cannot be used."""
    pictures = _pictures(dataset)
    budget = {"steps": check_steps("Steps for each quantizer", steps, *STEP_LIMITS)}
    chosen = chosen if isinstance(chosen, (list, tuple)) else []
    if not chosen or not all(isinstance(name, str) and name in RIVALS for name in chosen):
        raise SettingsError(
            "No quantizer of the list is chosen; choose one or more."
            if not chosen
            else f"The quantizers are {shown(chosen)}; choose from the list."
        )
    prior, parts = SmallPrior(PRIOR_STEPS, PRIOR_STEPS * SECONDS_A_STEP), []
    for name, (title, _) in RIVALS.items():
        if name in chosen:
            model = _rival(pictures, name)
            part = _part(name, title, "quantizer", model, pictures.dataset, budget, data_dir)
            parts.append(replace(part, prior=prior))
    title = f"{pictures.name} · {len(parts)} quantizers · {each(parts[0].training)}"
    return Plan("quantizers", title, pictures.dataset, tuple(parts))


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
) -> Part:
    try:
        training = TrainingConfig(dataset=dataset, data_dir=str(data_dir), **budget, **extra)
    except ConfigError as error:
        raise SettingsError(str(error)) from error
    check_memory(RunSettings(model, training))
    most_seconds = _most(training, SECONDS_A_STEP * max(1.0, math.prod(model.grid) / CELLS))
    return Part(name, title, series, model, training, most_seconds=most_seconds)


def _prior(model: ModelConfig, dataset: str, budget: Budget, data_dir: Path) -> PriorPart:
    prior = replace(prior_settings(model, 1.0, dataset, data_dir, 0), **{"seconds": None, **budget})
    check_memory(RunSettings(model, prior, prior))
    most_seconds = _most(prior, PRIOR_SECONDS_A_STEP)
    return PriorPart("prior", "Prior of the VQ-VAE", "", model, prior, most_seconds, of="vqvae")


def _most(training: TrainingConfig, seconds_a_step: float) -> float:
    """After how many seconds a training with a budget in steps ends in any case."""
    return training.steps * seconds_a_step if training.steps else math.inf


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
    return {"steps": check_steps("Steps, instead of seconds", steps, *STEP_LIMITS, "0, or ")}


def _seconds(value: Any) -> float:
    low, high = LIMITS
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        given = "is empty" if value is None else f"is {shown(value)}"
        raise SettingsError(
            f"Seconds for each model {given}; it must be a number from {low} to {high:,}."
        )
    return float(value)
