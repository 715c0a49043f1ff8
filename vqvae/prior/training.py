"""Training of a prior: the same generator-of-records loop, budgets, pause, resume and autosave as
for a VQ-VAE.

The loss is the mean cost of a hidden cell, with a uniform number of cells hidden at random places:
times the number of cells it is the likelihood bound of arXiv:2110.02037, eq. 8.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from vqvae.checkpoints.checkpoint import library_versions
from vqvae.checkpoints.files import CheckpointError
from vqvae.config import ConfigError
from vqvae.data.imageset import Progress
from vqvae.data.index_set import IndexSet
from vqvae.nn.modes import eval_mode
from vqvae.prior.checkpoint import save_prior
from vqvae.prior.config import PriorConfig, PriorTrainingConfig
from vqvae.prior.model import Prior, build_prior, count_codes
from vqvae.prior.scoring import bits_per_image, random_masks
from vqvae.training.loop import Loop, TrainingDiverged
from vqvae.training.machine import MEMORY_SHARE
from vqvae.training.memory import total_bytes
from vqvae.training.records import LoopRecord
from vqvae.training.runs import read_run, restore_optimizers, restore_weights, write_run
from vqvae.training.step import Objective, Outcome

__all__ = [
    "PriorRecord",
    "PriorTraining",
    "PriorTrainingConfig",
    "TrainingDiverged",
    "evaluate_prior",
    "new_prior",
]

PRIOR_RUN_FILE = "prior-training.safetensors"
SMOOTHING = 0.98
"""Share that the figure of a record keeps from the record before: one batch alone says little."""


@dataclass(frozen=True, kw_only=True)
class PriorRecord(LoopRecord):
    """One step of a prior's training, as plain numbers."""

    loss: float
    """Mean cost of a hidden cell of the batch, nats."""
    bits_per_image: float
    """The likelihood bound on the training grids, bits per image, smoothed over the last 50 steps
    or so."""


class PriorTraining(Loop[Prior, PriorRecord]):
    """A run: a prior, the training grids, and where it stands.

    Args:
        prior: from `new_prior`; it is moved to the device and trained in place.
        data: the training set as codes.
        config: budget and optimiser.

    ConfigError when they do not fit one another or this machine.
    """

    def __init__(self, prior: Prior, data: IndexSet, config: PriorTrainingConfig) -> None:
        grid = (prior.config.height, prior.config.width)
        if (
            tuple(data.indices.shape[1:]) != grid
            or data.codebook_size != prior.config.codebook_size
        ):
            raise ConfigError(
                f"The grids of {data.name} are {tuple(data.indices.shape[1:])} of "
                f"{data.codebook_size} codes and the prior takes {grid} of "
                f"{prior.config.codebook_size}."
            )
        if prior.fingerprint != data.fingerprint:
            raise ConfigError(
                f"The grids of {data.name} were encoded by another VQ-VAE than the prior's."
            )
        _check_memory(prior.config, min(config.batch_size, len(data)))
        super().__init__(prior, len(data), config)
        self.data, self.smoothed = data, 0.0
        self.model.to(self.device)
        self.indices = data.indices.to(self.device)
        self.labels = (
            None if data.labels is None or not prior.config.classes else data.labels.to(self.device)
        )
        self._make_optimizers()

    @property
    def prior(self) -> Prior:
        """The model in training."""
        return self.model

    def _objective(self, rows: Tensor, generator: torch.Generator) -> Objective:
        indices = self.indices[rows].long()
        known, _ = random_masks(len(rows), (indices.shape[1], indices.shape[2]), generator)
        labels = None
        if self.labels is not None:
            dropped = torch.rand(len(rows), generator=generator) < self.prior.config.label_dropout
            labels = self.labels[rows].masked_fill(dropped.to(self.device), -1)
        hidden = ~known.to(self.device)
        scores = self.prior(indices, ~hidden, labels, hidden)
        nats = F.cross_entropy(scores.float(), indices[hidden], reduction="none")
        share = (1 / hidden.sum((1, 2)))[:, None, None].expand_as(hidden)[hidden]
        return Objective((nats * share).sum() / len(rows))

    def _record(self, outcome: Outcome, common: dict) -> PriorRecord:
        loss = outcome.figures["loss"]
        bits = loss * self.prior.config.positions / math.log(2)
        keep = min(SMOOTHING, 1 - 1 / common["step"])
        self.smoothed = keep * self.smoothed + (1 - keep) * bits
        return PriorRecord(loss=loss, bits_per_image=self.smoothed, **common)

    # -- saving and resuming -----------------------------------------------------------------------

    def describe(self) -> dict:
        """How it was trained, for the header of the prior's file."""
        return {
            "dataset": self.data.name,
            "images": len(self.data),
            "classes": list(self.data.classes),
            **self._progress_dict(),
            "versions": library_versions(),
        }

    def save(
        self, path: str | os.PathLike, *, resumable: bool = True, metrics: dict | None = None
    ) -> None:
        """Write the prior into the folder of its VQ-VAE, and beside it one file with all that the
        run needs to go on. CheckpointError when it cannot be written."""
        save_prior(path, self.prior, training=self.describe(), metrics=metrics)
        if not resumable:
            (Path(path) / PRIOR_RUN_FILE).unlink(missing_ok=True)
            return
        run = {
            "step": self.step,
            "elapsed": self.elapsed,
            "config": self.config.to_dict(),
            "smoothed": self.smoothed,
            "model": self.prior.config.to_dict(),
            "images": len(self.data),
            "fingerprint": self.prior.fingerprint,
        }
        write_run(path, run, self.prior, self.optimizers, PRIOR_RUN_FILE)

    @classmethod
    def resume(
        cls, path: str | os.PathLike, data: IndexSet, *, config: PriorTrainingConfig | None = None
    ) -> PriorTraining:
        """Go on with the prior's run saved in `path`, on the same grids; `config` may give it a new
        budget or device.

        CheckpointError when there is none, it is damaged, or the grids are others.
        """
        run = read_prior_run(path)
        if run["images"] != len(data) or run.get("fingerprint") != data.fingerprint:
            raise CheckpointError(
                f"The prior's run in {path} was trained on {run['images']:,} grids of another data "
                f"set or VQ-VAE than these {len(data):,}. Give the data it was started with."
            )
        prior = Prior(run["model"])
        restore_weights(path, prior, PRIOR_RUN_FILE)
        prior.fingerprint = data.fingerprint
        training = cls(prior, data, config or run["config"])
        restore_optimizers(path, prior, training.optimizers, PRIOR_RUN_FILE)
        training.step, training.elapsed = run["step"], run["elapsed"]
        training.smoothed = float(run.get("smoothed", 0.0))
        return training


def _check_memory(prior: PriorConfig, batch_size: int) -> None:
    """ConfigError when a step would not fit this machine's memory, before anything is allocated."""
    cells = batch_size * prior.positions
    numbers = cells * (
        3 * prior.codebook_size
        + prior.layers * (16 * prior.channels + prior.heads * prior.positions)
    )
    total = total_bytes()
    if total and 4 * numbers > MEMORY_SHARE * total:
        raise ConfigError(
            f"A batch of {batch_size} grids of {prior.height} x {prior.width} codes of "
            f"{prior.codebook_size} needs about {4 * numbers / 2**30:.0f} GB of memory and this "
            f"machine has {total / 2**30:.0f} GB. Lower batch_size ({batch_size})."
        )


def read_prior_run(path: str | os.PathLike) -> dict:
    """The saved run of a prior without its tensors, see `vqvae.training.runs.read_run`."""
    return read_run(path, PRIOR_RUN_FILE, PriorTrainingConfig, PriorConfig)


def new_prior(model, data: IndexSet, config: PriorTrainingConfig | None = None, **sizes) -> Prior:
    """A fresh prior of a VQ-VAE for its training grids. sizes: fields of `PriorConfig` such as
    channels."""
    config = config or PriorTrainingConfig()
    classes = len(data.classes) if data.labels is not None and config.class_conditional else 0
    _, h, w = data.indices.shape
    made = PriorConfig(
        codebook_size=model.config.codebook_size,
        embedding_dim=model.config.embedding_dim,
        height=h,
        width=w,
        classes=classes,
        **sizes,
    )
    prior = build_prior(
        made, model.codebook, count_codes(data.indices, made, data.labels), config.seed
    )
    prior.fingerprint = model.fingerprint()
    return prior


def evaluate_prior(
    prior: Prior, data: IndexSet, *, draws: int = 1, seed: int = 0, progress: Progress | None = None
) -> dict:
    """Figures on a test set as codes: `bits_per_image` (the likelihood bound, mean of `draws`
    estimates an image), `marginal_bits` (independent positions) and `nominal_bits`, beside
    `dataset` and `images`."""
    bits, n = 0.0, len(data)
    labels = (
        data.labels if prior.config.classes == len(data.classes) else None
    )  # of other classes, they mean nothing
    with eval_mode(prior):
        for part, rows in enumerate(torch.arange(n).split(512)):
            indices = data.indices[rows].long()
            classes = None if labels is None else labels[rows]
            for draw in range(draws):
                estimates = bits_per_image(
                    prior, indices, classes, seed=(seed + part) * draws + draw
                )
                bits += estimates.sum().item()
            if progress is not None:
                progress(int(rows[-1]) + 1, n, "Measuring the prior")
    log_marginals = prior.log_marginals()[0].flatten(0, 1)
    cells = torch.arange(prior.config.positions)
    nats = sum(
        -log_marginals.cpu()[cells, part.long().flatten(1)].sum().item()
        for part in data.indices.split(4_096)
    )
    return {
        "dataset": data.name,
        "images": n,
        "bits_per_image": bits / (n * draws),
        "marginal_bits": nats / n / math.log(2),
        "nominal_bits": prior.config.positions * math.log2(prior.config.codebook_size),
    }
