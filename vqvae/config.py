"""Settings of a model and of a training run: frozen, checked when made, saved as JSON beside the
weights.

Each field has its meaning and its unit in the string below it.
"""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, fields
from typing import Any

from vqvae.errors import VqvaeError
from vqvae.quantizers import (
    ESTIMATORS,
    MAX_CODEBOOK_SIZE,
    MAX_EMBEDDING_DIM,
    QUANTIZERS,
    nearest_sizes,
)

KINDS = ("vqvae", "vae", "cvae", "ae")
DOWNSAMPLES = (2, 4, 7, 8)
PRECISIONS = ("auto", "float32", "bfloat16")
LATENT_BITS = 8
"""Bits that one number of a baseline's vector is counted with."""
MAX_LATENT = 256
"""Longest vector of a baseline: beyond, its linear layers would outweigh the networks they stand
between."""


class ConfigError(VqvaeError, ValueError):
    """A setting is out of its range. The text names the field, the value given and what is
    valid."""


def check_int(owner: object, name: str, low: int, high: int) -> None:
    value = getattr(owner, name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")


def check_float(owner: object, name: str, low: float, high: float) -> None:
    value = getattr(owner, name)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or not low <= value <= high
    ):
        raise ConfigError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}.")


def check_ints(owner: object, name: str, low: int, high: int) -> None:
    """A list of whole numbers, kept as a tuple."""
    value = getattr(owner, name)
    if not isinstance(value, (tuple, list)) or not all(
        isinstance(v, int) and not isinstance(v, bool) and low <= v <= high for v in value
    ):
        raise ConfigError(
            f"{name} is {value!r}; it must be a list of whole numbers from {low} to {high}."
        )
    object.__setattr__(owner, name, tuple(value))


def _check_path(owner: object, name: str) -> None:
    value = getattr(owner, name)
    if not isinstance(value, (str, os.PathLike)):
        raise ConfigError(f"{name} is {value!r}; it must be a name or a path.")
    object.__setattr__(owner, name, os.fspath(value))


def _check_choice(owner: object, name: str, choices: tuple) -> None:
    value = getattr(owner, name)
    # By type too: True and 1.0 equal 1, and would only fail in the middle of building a network.
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ConfigError(f"{name} is {value!r}; it must be one of {', '.join(map(str, choices))}.")


@dataclass(frozen=True)
class Config:
    """JSON in and out, shared by both settings."""

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

    kind: str = "vqvae"
    """vqvae, or a baseline on the same encoder and decoder: vae, cvae (conditional), ae."""
    channels: int = 1
    """Image channels: 1 grey, 3 colour."""
    height: int = 28
    """Image height the model was trained at, pixels; a multiple of `downsample`."""
    width: int = 28
    """Image width, pixels; a multiple of `downsample`."""
    downsample: int = 4
    """Side of the square of pixels that one position of the grid stands for: 2, 4, 7 or 8 (7 turns
    28 x 28 pixels into 4 x 4 codes)."""
    hidden_channels: int = 64
    """Width of the encoder and the decoder."""
    residual_blocks: int = 3
    """Residual blocks in the encoder, and as many in the decoder."""
    embedding_dim: int = 8
    """D, length of a codebook vector."""
    codebook_size: int = 512
    """K, number of codebook vectors."""
    quantizer: str = "ema"
    """ema (the codebook follows a moving average), gradient (the paper's codebook loss), fsq, lfq,
    bsq, simvq or
    residual: a file each in `vqvae.nn.quantizers`, which says what is gained and given up."""
    gradient_estimator: str = "straight-through"
    """How the gradient passes the quantizer: straight-through, or rotation (the rotation trick)."""
    levels: tuple[int, ...] = ()
    """Of fsq, how many values each number takes; of residual, how many vectors each stage has.
    Their product is `codebook_size`. Empty takes the most even ones, and stays empty for the other
    quantizers."""
    ema_decay: float = 0.7
    """Decay of the moving averages of cluster sizes and sums, per step, at the start of a training,
    which lets it rise to 0.99 by its end."""
    kmeans_start: bool = True
    """Start the codebook from k-means over the first encoder outputs, instead of uniform noise."""
    restart_threshold: float = 0.03
    """A code used less than this share of the mean usage is moved onto an encoder output; 0 turns
    it off."""
    classes: tuple[str, ...] = ()
    """Names of the classes of the training set, empty when it has none; a cvae needs them."""

    def __post_init__(self) -> None:
        _check_choice(self, "kind", KINDS)
        _check_choice(self, "channels", (1, 3))
        _check_choice(self, "downsample", DOWNSAMPLES)
        for name in ("height", "width"):
            check_int(self, name, self.downsample, 1024)
            if getattr(self, name) % self.downsample:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}; it must be divisible by downsample "
                    f"({self.downsample})."
                )
        check_int(self, "hidden_channels", 8, 1024)
        check_int(self, "residual_blocks", 0, 16)
        check_int(self, "embedding_dim", 1, MAX_EMBEDDING_DIM)
        check_int(self, "codebook_size", 2, MAX_CODEBOOK_SIZE)
        _check_choice(self, "quantizer", QUANTIZERS)
        _check_choice(self, "gradient_estimator", ESTIMATORS)
        self._check_sizes()
        check_float(self, "ema_decay", 0.0, 0.9999)
        check_float(self, "restart_threshold", 0.0, 1.0)
        if not isinstance(self.kmeans_start, bool):
            raise ConfigError(f"kmeans_start is {self.kmeans_start!r}; it must be true or false.")
        if not isinstance(self.classes, (tuple, list)) or not all(
            isinstance(c, str) for c in self.classes
        ):
            raise ConfigError(f"classes is {self.classes!r}; it must be a list of names.")
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.kind == "cvae" and not self.classes:
            raise ConfigError(
                "a cvae needs a data set with classes; this one has none. Train a vae instead."
            )

    def _check_sizes(self) -> None:
        """Refuse a codebook that the quantizer cannot have, naming the nearest; fill in the
        levels."""
        check_ints(self, "levels", 2, MAX_CODEBOOK_SIZE)
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

    dataset: str = "mnist"
    """Name of a data set, or the path of a folder or zip of images."""
    data_dir: str | None = None
    """Where data sets lie or are downloaded to."""
    seconds: float | None = None
    """Budget in seconds of training, data loading and start-up not counted."""
    epochs: float | None = None
    """Budget in passes over the training set."""
    steps: int | None = None
    """Budget in steps (batches)."""
    batch_size: int = 32
    """Images a step."""
    learning_rate: float = 4e-3
    """Peak learning rate of AdamW, a tenth of Muon's; it warms up for 2 % of the budget, then falls
    in a line."""
    weight_decay: float = 1e-4
    """Decoupled weight decay of AdamW."""
    commitment_weight: float = 0.25
    """beta of eq. 3: weight of the commitment loss."""
    entropy_weight: float = 0.1
    """Weight of the entropy loss of lfq and bsq, which the other quantizers do not have."""
    ssim_weight: float = 0.0
    """Weight of the structural loss, 1 - SSIM, beside the squared error over the data's variance; 0
    leaves it out."""
    kl_weight: float = 1.0
    """Weight of the KL term of a vae or cvae; 1 is the evidence lower bound."""
    free_bits: float = 0.0
    """KL divergence of a vae or cvae that costs nothing, bits per image; with more than it would
    take by itself, the model settles at just these bits."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient; longer ones are scaled down to it."""
    seed: int = 0
    """Seed of everything random: weights, order of the images, restarts."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    precision: str = "auto"
    """Numbers of the networks in training: bfloat16 by autocast, or float32. auto is bfloat16 on a
    device that has instructions for it, else float32. The quantizer works in float32 in any
    case."""
    compile: bool = False
    """Compile encoder and decoder with torch.compile, which takes time at the start."""
    autosave_seconds: float = 8.0
    """Longest time between two saves of a run, seconds; 0 saves at every step."""

    def __post_init__(self) -> None:
        _check_path(self, "dataset")
        if self.data_dir is not None:
            _check_path(self, "data_dir")
        given = [n for n in ("seconds", "epochs", "steps") if getattr(self, n) is not None]
        if len(given) > 1:
            raise ConfigError(
                f"{' and '.join(given)} were given; a run has one budget: seconds, epochs or steps."
            )
        if not given:
            object.__setattr__(self, "seconds", 60.0)
        if self.seconds is not None:
            check_float(self, "seconds", 0.1, 30 * 86_400)
        if self.epochs is not None:
            check_float(self, "epochs", 1e-4, 100_000)
        if self.steps is not None:
            check_int(self, "steps", 1, 1_000_000_000)
        check_int(self, "batch_size", 1, 65_536)
        check_float(self, "learning_rate", 1e-8, 100.0)
        check_float(self, "weight_decay", 0.0, 10.0)
        check_float(self, "commitment_weight", 0.0, 1000.0)
        check_float(self, "entropy_weight", 0.0, 1000.0)
        check_float(self, "ssim_weight", 0.0, 1000.0)
        check_float(self, "kl_weight", 0.0, 1000.0)
        check_float(self, "free_bits", 0.0, 1e6)
        check_float(self, "gradient_clip", 1e-6, 1e9)
        check_int(self, "seed", 0, 2**63 - 1)
        check_float(self, "autosave_seconds", 0.0, 3600.0)
        _check_choice(self, "device", ("auto", "cpu", "cuda", "mps"))
        _check_choice(self, "precision", PRECISIONS)
        _check_choice(self, "compile", (True, False))
