"""Training a model of pictures: its batches, its losses, its records. The loop itself is
`vqvae.training.loop`."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vqvae.checkpoints.checkpoint import load, save_checkpoint
from vqvae.checkpoints.files import CheckpointError
from vqvae.config import ConfigError, TrainingConfig
from vqvae.data.imageset import ImageSet
from vqvae.nn import losses
from vqvae.nn.baselines import Autoencoder
from vqvae.nn.build import build_model
from vqvae.nn.model import VQVAE
from vqvae.training.loop import Loop, TrainingDiverged
from vqvae.training.machine import check_memory
from vqvae.training.records import StepRecord
from vqvae.training.runs import (
    TRAINING_FILE,
    is_finished,
    read_finished,
    read_run,
    restore_optimizers,
    restore_weights,
    write_run,
)
from vqvae.training.step import Objective, Outcome

__all__ = ["StepRecord", "Training", "TrainingDiverged"]

BERNOULLI_SHARE = 0.5
"""Share of a VQ-VAE's budget in which the Bernoulli loss stands in for the squared error, which it
brings down faster at first."""
VARIANCE_BYTES = 2**25
"""Pixels from which the variance of a data set is told, at most."""
FINAL_EMA_DECAY = 0.99
"""What the decay of the codebook's moving averages rises to over a training, in a straight line
from the config's."""


class Training(Loop[VQVAE | Autoencoder, StepRecord]):
    """A run: a model, the data, and where it stands.

    Args:
        model: from `build_model`; it is moved to the device and trained in place.
        data: the training set, uint8 (N, C, H, W), of the model's channels, height and width.
        config: budget and optimiser.
        started_from: name of the model whose weights these are, for the record; empty for a fresh
            one.

    ConfigError when they do not fit one another or this machine.
    """

    def __init__(
        self,
        model: VQVAE | Autoencoder,
        data: ImageSet,
        config: TrainingConfig,
        *,
        started_from: str = "",
    ) -> None:
        if data.shape != (model.config.channels, model.config.height, model.config.width):
            raise ConfigError(
                f"The images of {data.name} are {data.shape} (channels, height, width) and the "
                f"model takes {(model.config.channels, model.config.height, model.config.width)}."
            )
        if not len(data):
            raise ConfigError(f"{data.name} holds no images.")
        if model.config.kind == "cvae" and (
            data.labels is None or len(data.classes) != len(model.config.classes)
        ):
            raise ConfigError(
                f"The model tells {len(model.config.classes)} classes apart and {data.name} has "
                f"{len(data.classes) if data.labels is not None else 0}; a cvae needs images of "
                "its own classes."
            )
        check_memory(model.config, min(config.batch_size, len(data)), data.images.nbytes)
        super().__init__(model, len(data), config)
        self.data, self.started_from = data, started_from
        # The annotations of PyTorch leave this argument out.
        self.model.to(self.device, memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
        self.images = data.images.to(self.device)
        self.labels = None if data.labels is None else data.labels.to(self.device)
        self.variance = _variance(data.images)
        self._make_optimizers()
        if config.compile:
            for network in (self.model.encoder, self.model.decoder):
                network.compile()  # in place: names and files of the weights stay as they are

    def _one_step(self) -> Outcome:
        if not self.config.compile:
            return super()._one_step()
        from torch._dynamo.exc import TorchDynamoException  # takes a second, for those who compile

        try:
            return super()._one_step()
        except TorchDynamoException as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(
                f"The networks could not be compiled here ({reason[:200]}). On a CPU that takes a "
                "C++ compiler, such as g++; or train without compiling."
            ) from error

    def _objective(self, rows: Tensor, generator: torch.Generator) -> Objective:
        x = self.images[rows].float().div_(255).contiguous(memory_format=torch.channels_last)
        model = self.model
        if not isinstance(model, VQVAE):
            return self._baseline_objective(
                model, x, None if self.labels is None else self.labels[rows], generator
            )
        # Long memory while the encoder still runs would hold the codes where its outputs were.
        decay = model.config.ema_decay
        model.quantizer.ema_decay = decay + self.progress * max(0.0, FINAL_EMA_DECAY - decay)
        # The codebook learns when all processes have told what theirs chose: `_learn_codebook`.
        output = model(x, generator, learn=False)
        scaled = losses.reconstruction_loss(output.x_recon, x, self.variance)
        quantized, early = output.quantized, self.progress < BERNOULLI_SHARE
        reconstruction = (
            losses.bernoulli_loss(output.x_recon, x, self.variance) if early else scaled
        )
        loss = losses.vqvae_loss(
            self._with_structure(reconstruction, output.x_recon, x),
            quantized.codebook_loss,
            quantized.commitment_loss,
            self.config.commitment_weight,
            quantized.entropy_loss,
            self.config.entropy_weight,
        )
        return Objective(
            loss,
            {
                "reconstruction_loss": scaled.detach() * self.variance,
                "codebook_loss": quantized.codebook_loss.detach(),
                "commitment_loss": quantized.commitment_loss.detach(),
            },
            model.quantizer.batch_statistics(output.z_e, quantized.indices),
            output.z_e.detach(),
        )

    def _baseline_objective(
        self, model: Autoencoder, x: Tensor, labels: Tensor | None, generator: torch.Generator
    ) -> Objective:
        """The same of an ae (mean squared error alone), a vae or a cvae (evidence lower bound)."""
        output = model(x, generator, labels)
        scaled = losses.reconstruction_loss(output.x_recon, x, self.variance)
        parts = {"reconstruction_loss": scaled.detach() * self.variance}
        loss = self._with_structure(scaled, output.x_recon, x)
        if output.kl is not None:
            loss = losses.vae_loss(
                loss,
                output.kl,
                x[0].numel(),
                self.config.kl_weight,
                self.config.free_bits * math.log(2),
            )
            parts["kl"] = output.kl.mean().detach()
        return Objective(loss, parts)

    def _learn_codebook(
        self, latents: Tensor, statistics: Sequence[Tensor], generator: torch.Generator
    ) -> int:
        assert isinstance(self.model, VQVAE), "an autoencoder has nothing that learns so"
        return self.model.quantizer.learn(latents, statistics, generator)

    def _with_structure(self, scaled: Tensor, x_recon: Tensor, x: Tensor) -> Tensor:
        """The reconstruction loss, with the structural one where it has a weight."""
        weight = self.config.ssim_weight
        return scaled + weight * losses.structural_loss(x_recon, x) if weight else scaled

    def _record(self, outcome: Outcome, common: dict) -> StepRecord:
        quantizer = self.model.quantizer if isinstance(self.model, VQVAE) else None
        figures = outcome.figures
        return StepRecord(
            loss=figures["loss"],
            reconstruction_loss=figures["reconstruction_loss"],
            codebook_loss=figures.get("codebook_loss", 0.0),
            commitment_loss=figures.get("commitment_loss", 0.0),
            kl=figures.get("kl", 0.0),
            perplexity=quantizer.recent_perplexity() if quantizer else 0.0,
            usage=quantizer.recent_usage() if quantizer else 0.0,
            restarted=outcome.restarted,
            **common,
        )

    # -- saving and resuming -----------------------------------------------------------------------

    def describe(self) -> dict:
        """What goes into training.json."""
        started_from = {"started_from": self.started_from} if self.started_from else {}
        return {
            "dataset": self.data.name,
            "images": len(self.data),
            "classes": list(self.data.classes),
            **started_from,
            **self._progress_dict(),
        }

    def save(self, path: str | os.PathLike, *, resumable: bool = True) -> None:
        """Write the model as a checkpoint and, beside it, one file with all that the run needs to
        go on: that one is complete in itself, so that no crash can leave halves of two saves.
        CheckpointError when it cannot be written.
        """
        save_checkpoint(path, self.model, training=self.describe())
        if not resumable:
            (Path(path) / TRAINING_FILE).unlink(missing_ok=True)
            return
        run = {
            "step": self.step,
            "elapsed": self.elapsed,
            "config": self.config.to_dict(),
            "model": self.model.config.to_dict(),
            "images": len(self.data),
            "started_from": self.started_from,
        }
        write_run(path, run, self.model, self.optimizers)

    @classmethod
    def resume(
        cls, path: str | os.PathLike, data: ImageSet, *, config: TrainingConfig | None = None
    ) -> Training:
        """Go on with the run saved in `path`, on the same data; `config` may give it a new budget
        or device.

        A run that was stopped goes on exactly as if it had not been. One that had spent its budget
        is trained further with a larger one: the learning rate is then what that budget has at this
        point, and the optimisers, whose state is not kept with a finished model, start anew.
        CheckpointError when there is none, it is damaged, or the data is another one.
        """
        finished = is_finished(path)
        run = read_finished(path) if finished else read_run(path)
        if run["images"] != len(data):
            raise CheckpointError(
                f"The run in {path} was trained on {run['images']:,} images and {data.name} has "
                f"{len(data):,}. Give the data it was started with."
            )
        model = load(path) if finished else build_model(run["model"])
        if not finished:
            restore_weights(path, model)
        training = cls(
            model, data, config or run["config"], started_from=run.get("started_from", "")
        )
        if not finished:
            restore_optimizers(path, model, training.optimizers)
        training.step, training.elapsed = run["step"], run["elapsed"]
        return training


def _variance(images: Tensor) -> float:
    """Variance of the pixels in [0, 1] of pictures spread over the set, 5,000 or as many as there
    is room for; at least 1e-4, so that a blank set trains too. Counted by value: no copy of the
    pictures as floats is made."""
    count = min(len(images), 5_000, max(1, VARIANCE_BYTES // images[0].numel()))
    rows = torch.arange(count) * len(images) // count
    counts = torch.bincount(images[rows].flatten(), minlength=256).double()
    values = torch.arange(256, dtype=torch.float64) / 255
    mean = counts @ values / counts.sum()
    return max(1e-4, (counts @ (values - mean).square() / (counts.sum() - 1)).item())
