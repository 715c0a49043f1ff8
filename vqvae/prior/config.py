"""Settings of a prior and of its training, as those of a model in `vqvae.config`."""

from __future__ import annotations

from dataclasses import dataclass

from vqvae.config import MAX_SIDE, Config, ConfigError, TrainingConfig
from vqvae.quantizers import MAX_CODEBOOK_SIZE, MAX_EMBEDDING_DIM
from vqvae.setting import ON_OFF, Number, Whole, like, setting

MAX_POSITIONS = 1_024
"""Attention looks at every pair of cells: beyond 32 x 32 a laptop's memory and patience end."""
MAX_COUNTS = 2**22
"""Largest table of marginals for each class; where it would have more entries, all classes share
one."""


@dataclass(frozen=True)
class PriorConfig(Config):
    """What it takes to rebuild a prior; the weights then fit into it."""

    codebook_size: int = setting(512, Whole(2, MAX_CODEBOOK_SIZE))
    """K of the VQ-VAE it belongs to."""
    embedding_dim: int = setting(8, Whole(1, MAX_EMBEDDING_DIM))
    """D of the VQ-VAE it belongs to."""
    height: int = setting(7, Whole(1, MAX_SIDE))
    """h, rows of the index grid."""
    width: int = setting(7, Whole(1, MAX_SIDE))
    """w, columns of the index grid."""
    classes: int = setting(0, Whole(0, 100_000))
    """Number of classes it can be asked for; 0: unconditional."""
    channels: int = setting(128, Whole(8, 2048), "width of the transformer", "C")
    layers: int = setting(3, Whole(1, 64), "transformer blocks", "N")
    heads: int = setting(4, Whole(1, 64), "attention heads; they divide the channels", "N")
    label_dropout: float = setting(0.1, Number(0, 1))
    """Share of the training grids whose label is hidden, so that it also works without one
    (arXiv:2207.12598)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.positions > MAX_POSITIONS:
            raise ConfigError(
                f"The grid has {self.height} x {self.width} cells; a prior takes at most "
                f"{MAX_POSITIONS:,}. Train the VQ-VAE with a larger downsample, or on smaller "
                f"images."
            )
        if self.channels % self.heads:
            raise ConfigError(f"heads is {self.heads}; it must divide channels ({self.channels}).")

    @property
    def positions(self) -> int:
        """h * w."""
        return self.height * self.width

    @property
    def tables(self) -> int:
        """How many tables of marginals: one per class, or one for all where those would be too
        large."""
        return (
            max(1, self.classes)
            if self.classes * self.positions * self.codebook_size <= MAX_COUNTS
            else 1
        )


@dataclass(frozen=True)
class PriorTrainingConfig(TrainingConfig):
    """How to train a prior: the fields of `TrainingConfig`, those of the VQ-VAE's losses unused."""

    learning_rate: float = like(TrainingConfig, "learning_rate", 3e-3)
    weight_decay: float = like(TrainingConfig, "weight_decay", 1e-2)
    class_conditional: bool = setting(True, ON_OFF)
    """Learn the classes too, where the data set has them."""
