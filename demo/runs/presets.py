"""The fields of the Train form and the presets that fill them: plain values, each with a sentence
for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from vqvae.config import ModelConfig, TrainingConfig
from vqvae.quantizers import ABOUT, ABOUT_ESTIMATORS
from vqvae.setting import Number, Whole, settings_of

FormValues: TypeAlias = dict[str, Any]
"""Fields of the Train form by name, as `FIELDS` describes each."""

DATASETS = (
    ("MNIST digits (28×28)", "mnist"),
    ("Fashion-MNIST (28×28)", "fashion-mnist"),
    ("CIFAR-10 photos (32×32)", "cifar10"),
    ("Synthetic digits (28×28)", "synthetic"),
    ("My own images", "own"),
)
SHAPES = {"mnist": (1, 28), "fashion-mnist": (1, 28), "cifar10": (3, 32), "synthetic": (1, 28)}
"""(channels, side) of the data sets with a fixed size."""
OWN_SIZES = (16, 28, 32, 48, 64, 96, 128)

_SETTINGS = {**settings_of(ModelConfig), **settings_of(TrainingConfig)}


@dataclass(frozen=True)
class Field:
    """One setting of the form."""

    name: str
    label: str
    help: str
    default: Any
    low: float | None = None
    high: float | None = None
    whole: bool = False
    choices: tuple = ()
    """(label, value) pairs of a setting that is chosen, not typed."""
    advanced: bool = True
    group: str = ""
    """Of an advanced one: its heading, of GROUPS."""


def _of_config(name: str, label: str, help: str, *, high: float | None = None, **more) -> Field:
    """A setting of `vqvae.config`, with its default and its range; `high`: of the form alone."""
    told = _SETTINGS[name]
    if isinstance(told.valid, Number):
        most = told.valid.high if high is None else high
        more |= {"low": told.valid.low, "high": most, "whole": isinstance(told.valid, Whole)}
    return Field(name, label, help, told.default, **more)


MODEL, CODEBOOK, OPTIMIZER = GROUPS = ("Model", "Codebook", "Optimizer")

FIELDS: tuple[Field, ...] = (
    Field(
        "dataset",
        "Images to learn",
        "Synthetic digits are drawn by the app; the others are downloaded the first time.",
        "mnist",
        choices=DATASETS,
        advanced=False,
    ),
    Field(
        "seconds",
        "Training time, seconds",
        "A minute gives sharp digits on a laptop; pauses are not counted.",
        60,
        1,
        86_400,
        advanced=False,
    ),
    Field(
        "prior_seconds",
        "Prior training time, seconds",
        "A prior learns which codes go together, so that the model can "
        "draw new images; 0 trains none.",
        0,
        0,
        86_400,
        advanced=False,
    ),
    _of_config(
        "codebook_size",
        "Codebook size K",
        "How many codes there are to describe an image with; more codes, more "
        "detail and more bits.",
        advanced=False,
    ),
    _of_config(
        "embedding_dim",
        "Code length D",
        "Numbers in one code; 8 are plenty, long codes are harder to keep in use.",
        group=MODEL,
    ),
    _of_config(
        "hidden_channels",
        "Hidden channels",
        "Width of encoder and decoder; twice as wide is about three times slower.",
        group=MODEL,
    ),
    _of_config(
        "residual_blocks",
        "Residual blocks",
        "Depth of encoder and of decoder; more see further around each code.",
        group=MODEL,
    ),
    _of_config(
        "downsample",
        "Pixels per cell side (downsampling)",
        "4 turns 28×28 pixels into 7×7 codes; 2 gives "
        "four times as many codes and a sharper picture.",
        choices=(("2 (fine grid)", 2), ("4", 4), ("8 (coarse grid)", 8)),
        group=MODEL,
    ),
    _of_config(
        "quantizer",
        "Quantizer",
        "How outputs of the encoder become codes, and how the codebook is made.",
        choices=tuple((about.title, name) for name, about in ABOUT.items()),
        group=CODEBOOK,
    ),
    _of_config(
        "gradient_estimator",
        "Gradient through the quantizer",
        "Picking a code has no gradient; this is what takes its place.",
        choices=tuple((about.title, name) for name, about in ABOUT_ESTIMATORS.items()),
        group=CODEBOOK,
    ),
    _of_config(
        "entropy_weight",
        "Entropy weight",
        "Only for LFQ and BSQ: how strongly all codes are to be used.",
        group=CODEBOOK,
    ),
    _of_config(
        "commitment_weight",
        "Commitment weight β",
        "How strongly the encoder is held to the codes it chose; 0.25 in the paper.",
        group=CODEBOOK,
    ),
    _of_config(
        "ssim_weight",
        "Structural loss, 1 − SSIM",
        "How much local contrast counts beside the squared error: 0.1 "
        "to 0.5 make photos sharper at the same PSNR, 0 leaves it out.",
        group=OPTIMIZER,
    ),
    _of_config(
        "ema_decay",
        "EMA decay",
        "Memory of the moving average at the start: 0.7 remembers three steps. It rises "
        "to 0.99, a hundred steps, by the end.",
        group=CODEBOOK,
    ),
    _of_config(
        "kmeans_start",
        "Start the codebook by k-means",
        "Puts the codes where the encoder's outputs are, instead of in a small cloud around zero.",
        group=CODEBOOK,
    ),
    Field(
        "restart",
        "Restart dead codes",
        "A code that nobody chooses is moved onto an output of the encoder.",
        ModelConfig.restart_threshold > 0,
        group=CODEBOOK,
    ),
    _of_config(
        "batch_size",
        "Batch size",
        "Images per step; larger steps are steadier and fewer.",
        group=OPTIMIZER,
    ),
    _of_config(
        "learning_rate",
        "Learning rate",
        "Size of the steps at their peak; too large and training falls apart.",
        group=OPTIMIZER,
    ),
    Field(
        "steps",
        "Steps, instead of seconds",
        "The same number of steps on any machine, so that runs can be compared, however long they "
        "take; 0 trains by the clock.",
        0,
        0,
        1_000_000,
        True,
        group=OPTIMIZER,
    ),
    _of_config(
        "seed",
        "Seed",
        "Same seed, same settings, same machine: same start and same order of images.",
        high=2**53,
        group=OPTIMIZER,
    ),
)
BY_NAME = {field.name: field for field in FIELDS}
DEFAULTS: FormValues = {field.name: field.default for field in FIELDS}


@dataclass(frozen=True)
class Preset:
    """Settings worth trying, and what they show. `values` differ from DEFAULTS; the data set is
    left as it is unless it is named."""

    title: str
    why: str
    values: FormValues
    good: bool = True


PRESETS: dict[str, Preset] = {
    "minute": Preset(
        "A minute",
        "The defaults. On two cores of a laptop the digits are sharp and every code is in use.",
        {},
    ),
    "quick": Preset(
        "Ten seconds",
        "Enough to see the codes settle and the digits appear.",
        {"seconds": 10},
    ),
    "generate": Preset(
        "With a prior",
        "A minute for the VQ-VAE and two for a prior, which learns which codes go "
        "together: then it completes and invents images.",
        {"prior_seconds": 120},
    ),
    "tiny": Preset(
        "16 codes",
        "49 choices out of 16 are 196 bits per image: see how far so few patterns go.",
        {"codebook_size": 16, "seconds": 30},
    ),
    "fine": Preset(
        "14×14 grid",
        "Four times as many codes per image: finer strokes, four times the bits.",
        {"downsample": 2, "codebook_size": 256, "hidden_channels": 48},
    ),
    "colour": Preset(
        "Colour photos",
        "CIFAR-10 in three minutes: shapes and colours hold, texture is what 576 bits cannot "
        "carry.",
        {"dataset": "cifar10", "seconds": 180},
    ),
    "plain": Preset(
        "Collapse: plain recipe",
        "Bad on purpose: the paper's codebook loss with codes that start in a tiny cloud, and no "
        "restart: the few codes that lie nearest win every patch, the others never get a gradient "
        "and stay dead.",
        {
            "quantizer": "gradient",
            "kmeans_start": False,
            "restart": False,
            "learning_rate": 2e-4,
            "batch_size": 128,
            "embedding_dim": 64,
            "seconds": 30,
        },
        good=False,
    ),
    "shrink": Preset(
        "Collapse: β = 1,000",
        "Bad on purpose: with β = 1,000 the encoder is rewarded for staying on the codes instead "
        "of describing the image: its outputs shrink onto a few of them, and without restart the "
        "others stay dead.",
        {"commitment_weight": 1000, "restart": False, "seconds": 30},
        good=False,
    ),
}


def preset_values(key: str) -> FormValues:
    """Every field but an unnamed data set, as the preset wants it."""
    values = {**DEFAULTS, **PRESETS[key].values}
    if "dataset" not in PRESETS[key].values:
        values.pop("dataset")
    return values
