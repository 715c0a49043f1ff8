"""From what was typed into the Train form to settings that are safe to start, or one sentence that
says why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.errors import PageError
from demo.runs.presets import BY_NAME, FIELDS, OWN_SIZES, SHAPES
from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.nn.batches import measuring_bytes
from vqvae.prior.config import PriorConfig, PriorTrainingConfig
from vqvae.setting import settings_of
from vqvae.training.memory import free_bytes

MEMORY_SHARE = 0.6
"""Most of the machine's free memory that one run may be estimated to need."""
IMAGES = {"mnist": 70_000, "fashion-mnist": 70_000, "cifar10": 60_000, "synthetic": 22_000}


class SettingsError(PageError):
    """A field of the form cannot be used. The text names the field, what was given and what is
    valid."""


@dataclass(frozen=True)
class RunSettings:
    """What a run needs to know, checked."""

    model: ModelConfig
    training: TrainingConfig | None
    """None: the model is trained already, and a copy of it is given."""
    prior: PriorTrainingConfig | None = None
    """How to train the model's prior, after the model."""
    most_seconds: float | None = None
    """After so many seconds the training of the model ends, whatever its budget."""

    def to_dict(self) -> dict[str, Any]:
        parts = {
            name: part.to_dict()
            for name in ("model", "training", "prior")
            if (part := getattr(self, name))
        }
        return parts | ({"most_seconds": self.most_seconds} if self.most_seconds else {})


def read_form(
    values: dict[str, Any],
    *,
    data_dir: Path,
    own: Path | None = None,
    own_size: Any = 32,
    own_colour: Any = True,
) -> RunSettings:
    """Check the values of every field by name.

    Args:
        values: field name -> what the form holds; missing fields take their default.
        data_dir: where named data sets lie.
        own: the zip of images that "own" stands for; its images are resized to `own_size` squared.

    Raises:
        SettingsError: with one sentence naming the field, what was given and what is valid.
    """
    checked = {
        field.name: _check(field.name, values.get(field.name, field.default)) for field in FIELDS
    }
    if checked["prior_seconds"]:
        _check_prior_seconds(checked["prior_seconds"], ", or 0 to train none")
    dataset = checked["dataset"]
    channels, side = _own_shape(own, own_size, own_colour) if dataset == "own" else SHAPES[dataset]
    if side % checked["downsample"]:
        raise SettingsError(
            f"{BY_NAME['downsample'].label} is {checked['downsample']}, and {side} pixels cannot "
            "be divided by it; take 2 or 4."
        )
    try:
        model = ModelConfig(
            channels=channels,
            height=side,
            width=side,
            **_of(ModelConfig, checked),
            restart_threshold=ModelConfig.restart_threshold if checked["restart"] else 0.0,
        )
        asked: dict[str, Any] = {
            **_of(TrainingConfig, checked),
            "dataset": str(own) if dataset == "own" else dataset,
            "data_dir": str(data_dir),
        }
        # It has one budget.
        asked.pop("seconds" if checked["steps"] else "steps")
        training = TrainingConfig(**asked)
        prior = (
            prior_settings(
                model, checked["prior_seconds"], training.dataset, data_dir, checked["seed"]
            )
            if checked["prior_seconds"]
            else None
        )
    except ConfigError as error:
        raise SettingsError(_with_labels(str(error))) from error
    settings = RunSettings(model, training, prior)
    check_memory(settings)
    return settings


def _own_shape(own: Path | None, size: Any, colour: Any) -> tuple[int, int]:
    """(channels, side) of a visitor's own images."""
    if own is None:
        raise SettingsError(
            "Images to learn is set to your own, but there are none: upload a zip on the field "
            "below, or choose another data set."
        )
    if size not in OWN_SIZES:
        raise SettingsError(
            f"Size of my images is {shown(size)}; it must be one of "
            f"{', '.join(map(str, OWN_SIZES))} pixels."
        )
    return (3 if colour else 1), int(size)


def read_prior_form(
    model: ModelConfig, dataset: str, seconds: Any, conditional: Any, *, data_dir: Path
) -> RunSettings:
    """The settings of a run that trains a prior for a model that is there already; `dataset` is
    what it was trained on.

    Raises SettingsError as `read_form` does.
    """
    if model.kind != "vqvae":
        raise SettingsError(
            "The model at the top has no codebook, so it can have no prior; choose a VQ-VAE there."
        )
    checked = _check("prior_seconds", seconds)
    _check_prior_seconds(checked)
    try:
        prior = prior_settings(
            model, checked, dataset, data_dir, 0, conditional=conditional is not False
        )
    except ConfigError as error:
        raise SettingsError(str(error)) from error
    settings = RunSettings(model, None, prior)
    check_memory(settings)
    return settings


def prior_settings(
    model: ModelConfig,
    seconds: float,
    dataset: str,
    data_dir: Path,
    seed: int,
    *,
    conditional: bool = True,
) -> PriorTrainingConfig:
    """How to train a prior of a model; ConfigError where its grid or codebook is none for a
    prior."""
    PriorConfig(
        codebook_size=model.codebook_size,
        embedding_dim=model.embedding_dim,
        height=model.grid[0],
        width=model.grid[1],
    )
    return PriorTrainingConfig(
        dataset=dataset,
        data_dir=str(data_dir),
        seconds=seconds,
        seed=seed,
        class_conditional=conditional,
    )


def check_memory(settings: RunSettings, available: int | None = None) -> None:
    """Refuse a run whose estimated memory does not fit, before anything is allocated."""
    need, free = memory_estimate(settings), available if available is not None else free_bytes()
    if need > MEMORY_SHARE * free:
        model, training = settings.model, settings.training
        if training is None:
            raise SettingsError(
                f"A prior of this model needs about {need / 2**30:.1f} GB of memory and "
                f"{MEMORY_SHARE * free / 2**30:.1f} GB can be given to a run; a coarser grid or "
                f"fewer codes need less."
            )
        raise SettingsError(
            f"These settings need about {need / 2**30:.1f} GB of memory and "
            f"{MEMORY_SHARE * free / 2**30:.1f} GB can be given to a run; lower the batch size "
            f"({training.batch_size:,}), the hidden channels ({model.hidden_channels:,}) or the "
            f"codebook size ({model.codebook_size:,})."
        )


def memory_estimate(settings: RunSettings) -> int:
    """Bytes a run needs at its peak, rounded up rather than down.

    The process itself, the images (8 bits), weights with gradient and the optimiser's two moments,
    and what the backward pass keeps: about six feature maps per residual block at the grid's size,
    and the input at full size; or, where it is more, what measuring the model takes.
    """
    if settings.training is None:
        return _prior_memory(settings.model)
    model, training = settings.model, settings.training
    c, d, k = model.hidden_channels, model.embedding_dim, model.codebook_size
    patch = model.channels * model.downsample**2
    weights = (
        2 * (model.residual_blocks * (9 * c * c + 9 * c * c) + 9 * c * patch + c * d) + 4 * k * d
    )
    grid = model.grid[0] * model.grid[1]
    activations = (
        training.batch_size * grid * (2 * c * (6 * model.residual_blocks + 4) + 8 * patch + 6 * d)
    )
    distances = min(training.batch_size * grid * k, 2**23 + k)
    images = IMAGES.get(training.dataset, 60_000) * model.channels * model.height * model.width
    working = max(4 * activations, measuring_bytes(model))
    need = 400 * 2**20 + 16 * weights + working + 8 * distances + images
    return max(need, _prior_memory(model)) if settings.prior else need


def _prior_memory(model: ModelConfig) -> int:
    """Bytes that the training of a prior needs: the scores of every hidden cell with their
    gradient, half of the cells being hidden, the attention of every block, some twenty feature maps
    per block, and the grids (16 bits per code)."""
    sizes, cells, batch = (
        PriorConfig(),
        model.grid[0] * model.grid[1],
        PriorTrainingConfig().batch_size,
    )
    scores = 3 * batch * cells // 2 * model.codebook_size
    maps = sizes.layers * batch * cells * (20 * sizes.channels + sizes.heads * cells)
    return 500 * 2**20 + 4 * (scores + maps) + 70_000 * cells * 2


def _of(config: type, checked: dict[str, Any]) -> dict[str, Any]:
    """The fields of the form that are settings of `config`."""
    return {name: checked[name] for name in settings_of(config) if name in checked}


def _check_prior_seconds(seconds: float, otherwise: str = "") -> None:
    if seconds < 1:
        raise SettingsError(
            f"{_given('prior_seconds', shown(seconds))}; give it at least a second{otherwise}."
        )


def _with_labels(sentence: str) -> str:
    """The sentence of a ConfigError with the fields called as the form calls them."""
    for field in FIELDS:
        if "_" in field.name:
            sentence = sentence.replace(field.name, field.label)
    return sentence[:1].upper() + sentence[1:]


def _check(name: str, value: Any) -> Any:
    field = BY_NAME[name]
    if field.choices:
        valid = [v for _, v in field.choices]
        if value not in valid or isinstance(value, bool):
            raise SettingsError(
                f"{field.label} is {shown(value)}; it must be one of {', '.join(map(str, valid))}."
            )
        return valid[valid.index(value)]
    if isinstance(field.default, bool):
        if not isinstance(value, bool):
            raise SettingsError(f"{field.label} is {shown(value)}; it must be on or off.")
        return value
    return _check_number(name, value)


def _check_number(name: str, value: Any) -> int | float:
    field = BY_NAME[name]
    valid = (
        f"it must be a {'whole ' if field.whole else ''}number from {field.low:,g} to "
        f"{field.high:,.10g}"
    )
    if value is None or value == "":
        raise SettingsError(f"{_given(name)}; {valid}.")
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not field.low <= value <= field.high
        or (field.whole and value != int(value))
    ):
        raise SettingsError(f"{_given(name, shown(value))}; {valid}.")
    return int(value) if field.whole else float(value)


def check_steps(label: str, value: Any, low: int, high: int, otherwise: str = "") -> int:
    """A number of steps outside the form of one run; `otherwise`: what else is valid."""
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    if not whole or not low <= value <= high:
        given = "is empty" if value is None else f"is {shown(value)}"
        raise SettingsError(
            f"{label} {given}; it must be {otherwise}a whole number from {low} to {high:,}."
        )
    return int(value)


def _given(name: str, value: str = "") -> str:
    """What a field holds, in words: "Training time is 0 seconds", or that it is empty."""
    label, _, unit = BY_NAME[name].label.partition(", ")
    if unit != "seconds":
        return f"{BY_NAME[name].label} is {value or 'empty'}"
    return f"{label} is {value} seconds" if value else f"{label} is empty"


def field_of(sentence: str) -> str:
    """The name of the field that the sentence of a SettingsError begins with, or ""."""
    starts = {field.name: (field.label, field.label.partition(", ")[0]) for field in FIELDS}
    return next(
        (
            name
            for name, says in starts.items()
            if sentence.startswith(tuple(f"{s} is " for s in says))
        ),
        "",
    )


def shown(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15:
        return f"{value:,.10g}"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
