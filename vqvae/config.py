"""Settings of a model and of a training run: frozen, checked when made, saved as JSON beside the
weights.

Each field says what is valid and, in `help`, what it does and in which unit; what else is to be
known is in the string below it.
"""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, fields
from typing import Any

from vqvae.errors import VqvaeError
from vqvae.quantizers import (
    ABOUT,
    ABOUT_ESTIMATORS,
    MAX_CODEBOOK_SIZE,
    MAX_EMBEDDING_DIM,
    gains,
    nearest_sizes,
)
from vqvae.setting import (
    ON_OFF,
    Choice,
    NameOrPath,
    Names,
    Number,
    Whole,
    Wholes,
    setting,
    settings_of,
)

KINDS = ("vqvae", "vae", "cvae", "ae")
DOWNSAMPLES = (2, 4, 7, 8)
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
MAX_SIDE = 1024
"""Longest side of an image, pixels."""
BUDGETS = ("seconds", "epochs", "steps")
LATENT_BITS = 8
"""Bits that one number of a baseline's vector is counted with."""
MAX_LATENT = 256
"""Longest vector of a baseline: beyond, its linear layers would outweigh the networks they stand
between."""


class ConfigError(VqvaeError, ValueError):
    """A setting is out of its range. The text names the field, the value given and what is
    valid."""


@dataclass(frozen=True)
class Config:
    """Checked when made, JSON in and out: what all settings share."""

    def __post_init__(self) -> None:
        for name, told in settings_of(type(self)).items():
            value = getattr(self, name)
            if value is None and told.default is None:
                continue
            if not told.valid.allows(value):
                raise ConfigError(f"{name} is {value!r}; it must be {told.valid}.")
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
            elif isinstance(value, os.PathLike):
                object.__setattr__(self, name, os.fspath(value))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]):
        """Unknown keys raise ConfigError, so that a file from a later version is refused and not
        half read."""
        if not isinstance(values, dict):
            raise ConfigError(f"{cls.__name__} must be a JSON object, not {type(values).__name__}.")
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(
                f"{cls.__name__} has unknown fields {', '.join(map(str, unknown))}; it knows "
                f"{', '.join(sorted(known))}."
            )
        return cls(**values)


@dataclass(frozen=True)
class ModelConfig(Config):
    """What it takes to rebuild a model; the weights then fit into it."""

    kind: str = setting(
        "vqvae",
        Choice(KINDS),
        "vqvae, or to compare with it an autoencoder (ae), a variational one (vae), or one that is "
        "told the class (cvae), on the same encoder and decoder",
    )
    channels: int = setting(1, Choice((1, 3)))
    """Image channels: 1 grey, 3 colour."""
    height: int = setting(28, Whole(min(DOWNSAMPLES), MAX_SIDE))
    """Image height the model was trained at, pixels; a multiple of `downsample`."""
    width: int = setting(28, Whole(min(DOWNSAMPLES), MAX_SIDE))
    """Image width, pixels; a multiple of `downsample`."""
    downsample: int = setting(
        4, Choice(DOWNSAMPLES), "side of the square of pixels per code; 7 turns 28 x 28 into 4 x 4"
    )
    hidden_channels: int = setting(64, Whole(8, 1024), "width of encoder and decoder", "C")
    residual_blocks: int = setting(
        3, Whole(0, 16), "residual blocks in the encoder, and as many in the decoder", "N"
    )
    embedding_dim: int = setting(
        8,
        Whole(1, MAX_EMBEDDING_DIM),
        "numbers per code; lfq and bsq take log2 K, fsq 2 for grey images and 4 for colour",
        "D",
    )
    codebook_size: int = setting(512, Whole(2, MAX_CODEBOOK_SIZE), "codes in the codebook", "K")
    quantizer: str = setting("ema", Choice(tuple(ABOUT)), gains(ABOUT))
    """A file each in `vqvae.nn.quantizers`, which says what is gained and given up."""
    gradient_estimator: str = setting(
        "straight-through",
        Choice(tuple(ABOUT_ESTIMATORS)),
        f"how the gradient passes the quantizer. {gains(ABOUT_ESTIMATORS)}",
    )
    levels: tuple[int, ...] = setting(
        (),
        Wholes(2, MAX_CODEBOOK_SIZE),
        "fsq: how many values each number takes; residual: how many vectors each stage has; their "
        "product is K",
        "LxL",
    )
    """Empty takes the most even ones, and stays empty for the other quantizers."""
    ema_decay: float = setting(
        0.7,
        Number(0.0, 0.9999),
        "decay of the moving averages, per step, at the start; it rises to 0.99 by the end",
        "R",
    )
    """Of cluster sizes and sums."""
    kmeans_start: bool = setting(
        True,
        ON_OFF,
        "start the codebook from k-means over the first encoder outputs, not from uniform noise",
    )
    restart_threshold: float = setting(
        0.03,
        Number(0.0, 1.0),
        "codes used less than this share of the mean usage are restarted; 0 turns it off",
        "R",
    )
    """Such a code is moved onto an encoder output."""
    classes: tuple[str, ...] = setting((), Names())
    """Names of the classes of the training set, empty when it has none; a cvae needs them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("height", "width"):
            if getattr(self, name) % self.downsample:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}; it must be divisible by downsample "
                    f"({self.downsample})."
                )
        self._check_sizes()
        if self.kind == "cvae" and not self.classes:
            raise ConfigError(
                "a cvae needs a data set with classes; this one has none. Train a vae instead."
            )

    def _check_sizes(self) -> None:
        """Refuse a codebook that the quantizer cannot have, naming the nearest; fill in the
        levels."""
        if self.levels and self.quantizer not in ("fsq", "residual"):
            raise ConfigError(
                f"levels is {self.levels!r}; it must be empty for quantizer {self.quantizer}, only "
                "fsq and residual have levels."
            )
        near = nearest_sizes(self.quantizer, self.codebook_size, self.embedding_dim, self.levels)
        if near[:2] != (self.codebook_size, self.embedding_dim):
            levels = f" (levels {' x '.join(map(str, near.levels))})" if near.levels else ""
            raise ConfigError(
                f"codebook_size {self.codebook_size} and embedding_dim {self.embedding_dim} do not "
                f"go together with quantizer {self.quantizer}; the nearest that do are "
                f"codebook_size {near.codebook_size} and embedding_dim "
                f"{near.embedding_dim}{levels}."
            )
        object.__setattr__(self, "levels", near.levels)

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the index grid."""
        return self.height // self.downsample, self.width // self.downsample

    @property
    def bits_per_image(self) -> float:
        """Nominal size of an index grid, bits: h * w * log2 K."""
        return self.grid[0] * self.grid[1] * math.log2(self.codebook_size)

    @property
    def latent_dim(self) -> int:
        """L, numbers in the vector of an ae, vae or cvae: at 8 bits each as many bits as the grid
        of codes beside it, at most 256."""
        return max(1, min(MAX_LATENT, round(self.bits_per_image / LATENT_BITS)))


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How to train. Give exactly one of `seconds`, `epochs` and `steps`; with none it is 60
    seconds."""

    dataset: str = setting("mnist", NameOrPath())
    """Name of a data set, or the path of a folder or zip of images."""
    data_dir: str | None = setting(None, NameOrPath())
    """Where data sets lie or are downloaded to."""
    seconds: float | None = setting(
        None, Number(0.1, 30 * 86_400), "seconds of training (default: 60)", "S"
    )
    """Data loading and start-up not counted."""
    epochs: float | None = setting(
        None, Number(1e-4, 100_000), "passes over the training images", "N"
    )
    steps: int | None = setting(None, Whole(1, 1_000_000_000), "steps, of one batch each", "N")
    batch_size: int = setting(32, Whole(1, 65_536), "images per step", "N")
    learning_rate: float = setting(4e-3, Number(1e-8, 100), "peak learning rate", "R")
    """Of AdamW, a tenth of Muon's; it warms up for 2 % of the budget, then falls in a line."""
    weight_decay: float = setting(1e-4, Number(0, 10))
    """Decoupled weight decay of AdamW."""
    commitment_weight: float = setting(
        0.25, Number(0, 1000), "weight of the commitment loss, the paper's beta", "B"
    )
    """Of eq. 3."""
    entropy_weight: float = setting(
        0.1, Number(0, 1000), "weight of the entropy loss of lfq and bsq", "R"
    )
    ssim_weight: float = setting(
        0.0,
        Number(0, 1000),
        "weight of the structural loss, 1 - SSIM, beside the squared error; 0.1 to 0.5 give "
        "sharper photos at the same PSNR",
        "R",
    )
    """The squared error is that over the data's variance; 0 leaves SSIM out."""
    kl_weight: float = setting(
        1.0,
        Number(0, 1000),
        "weight of the KL divergence of a vae or cvae; 1 is the evidence lower bound",
        "R",
    )
    free_bits: float = setting(
        0.0,
        Number(0, 1_000_000),
        "bits of KL divergence per image that cost a vae or cvae nothing",
        "N",
    )
    """With more than it would take by itself, the model settles at just these bits."""
    gradient_clip: float = setting(1.0, Number(1e-6, 1e9))
    """Largest norm of the gradient; longer ones are scaled down to it."""
    seed: int = setting(0, Whole(0, 2**63 - 1), "seed of everything random", "N")
    """Weights, order of the images, restarts."""
    device: str = setting("auto", Choice(DEVICES))
    """auto takes a GPU when there is one."""
    precision: str = setting("auto", Choice(PRECISIONS))
    """Numbers of the networks in training: bfloat16 by autocast, or float32. auto is bfloat16 on a
    device that has instructions for it, else float32. The quantizer works in float32 in any
    case."""
    compile: bool = setting(False, ON_OFF)
    """Compile encoder and decoder with torch.compile, which takes time at the start."""
    autosave_seconds: float = setting(8.0, Number(0, 3600))
    """Longest time between two saves of a run, seconds; 0 saves at every step."""

    def __post_init__(self) -> None:
        given = [name for name in BUDGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ConfigError(
                f"{' and '.join(given)} were given; a run has one budget: seconds, epochs or steps."
            )
        if not given:
            object.__setattr__(self, "seconds", 60.0)
        super().__post_init__()
