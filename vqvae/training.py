"""Training as a generator of step records: the caller draws, logs, saves and stops; the loop knows none of them.

Everything random at step s is drawn from a generator seeded with (seed, s), and the order of the images of epoch e
from one seeded with (seed, e). A run that is resumed therefore needs no random state: it goes on exactly as if it had
never stopped (for a budget in steps or epochs; with a budget in seconds the schedule follows the clock).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from vqvae import distributed, losses
from vqvae.checkpoint import CheckpointError, save_checkpoint
from vqvae.config import ConfigError, TrainingConfig
from vqvae.imageset import ImageSet
from vqvae.machine import check_memory, resolve_device
from vqvae.model import build_model
from vqvae.optimizer import make_optimizers
from vqvae.records import StepRecord
from vqvae.runs import TRAINING_FILE, read_run, restore_optimizers, restore_weights, write_run

__all__ = ["StepRecord", "Training", "TrainingDiverged"]

WARM_UP = 0.02
"""Share of the budget over which the learning rate rises to its peak."""
FINAL_RATE = 0.002
"""Learning rate at the end of the budget, as a share of the peak."""
GOOD_EVERY = 50
"""Steps between two copies of the weights that a run falls back to when it diverges."""


class TrainingDiverged(Exception):
    """The loss became NaN or infinite. The model holds the last good weights again; the text names the likely cause."""


class Training:
    """A run: a model, the data, and where it stands.

    Args:
        model: from `build_model`; it is moved to the device and trained in place.
        data: the training set, uint8 (N, C, H, W), of the model's channels, height and width.
        config: budget and optimiser.

    ConfigError when they do not fit one another or this machine.
    """

    def __init__(self, model, data: ImageSet, config: TrainingConfig) -> None:
        if data.shape != (model.config.channels, model.config.height, model.config.width):
            raise ConfigError(f"The images of {data.name} are {data.shape} (channels, height, width) and the model "
                              f"takes {(model.config.channels, model.config.height, model.config.width)}.")
        if not len(data):
            raise ConfigError(f"{data.name} holds no images.")
        if model.config.kind == "cvae" and (data.labels is None or len(data.classes) != len(model.config.classes)):
            raise ConfigError(f"The model tells {len(model.config.classes)} classes apart and {data.name} has "
                              f"{len(data.classes) if data.labels is not None else 0}; a cvae needs images of its "
                              "own classes.")
        if config.batch_size % distributed.world():
            raise ConfigError(f"batch_size is {config.batch_size} and {distributed.world()} processes share each "
                              "batch; it must be divisible by their number.")
        check_memory(model.config, min(config.batch_size, len(data)))
        self.model, self.data, self.config = model, data, config
        self.device = resolve_device(config.device)
        self.model.to(self.device, memory_format=torch.channels_last)
        distributed.share_state(self.model)
        self.images = data.images.to(self.device)
        self.labels = None if data.labels is None else data.labels.to(self.device)
        self.batch_size = min(config.batch_size, len(data) - len(data) % distributed.world())
        self.steps_per_epoch = len(data) // self.batch_size
        self.variance = _variance(data.images)
        self.optimizers = make_optimizers(self.model, config.learning_rate, config.weight_decay)
        self.step, self.elapsed = 0, 0.0
        self._order_of: tuple[int, Tensor] | None = None
        self._good: dict[str, Tensor] = {}

    @property
    def total_steps(self) -> int | None:
        """Budget in steps, or None when it is in seconds."""
        if self.config.steps is not None:
            return self.config.steps
        if self.config.epochs is not None:
            return max(1, round(self.config.epochs * self.steps_per_epoch))
        return None

    @property
    def progress(self) -> float:
        """Share of the budget spent, 0..1."""
        done = self.elapsed / self.config.seconds if self.total_steps is None else self.step / self.total_steps
        return min(1.0, done)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent."""
        return self.progress >= 1

    def steps(self) -> Iterator[StepRecord]:
        """Train, one step per record, until the budget is spent or the caller stops asking. To pause, do not ask for
        the next record; to stop, close the generator: the model, `step` and `elapsed` are consistent after each record.

        TrainingDiverged when a loss or the gradient is NaN or infinite.
        """
        seen = spent = 0.0
        self._keep_good()
        while not self.finished:
            began = time.perf_counter()
            self.model.train()  # the caller may have looked at the model in eval mode since the last record
            rate = self._set_learning_rate()
            values, output = self._one_step()
            self.step += 1
            took = distributed.slowest(time.perf_counter() - began)
            self.elapsed += took
            seen, spent = seen + self.batch_size, spent + took
            yield self._record(values, output, rate, seen / spent)

    def _one_step(self) -> tuple[dict[str, Tensor], object]:
        x, labels = self._batch()
        loss, values, output = self._objective(x, labels, self._generator(self.step, 1))
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        values = distributed.average(self.model.parameters(), {"loss": loss.detach(), **values})
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_clip)
        if not losses.is_finite(values["loss"], norm):
            self._fall_back(values["loss"])
        if self.step % GOOD_EVERY == 0:
            # The forward pass of these weights was finite, which is what makes them good.
            self._keep_good()
        for optimizer in self.optimizers:
            optimizer.step()
        return values, output

    def _objective(self, x: Tensor, labels: Tensor | None, generator: torch.Generator):
        """(scalar loss, its parts, restarted codes) of a batch."""
        if self.model.config.kind != "vqvae":
            return self._baseline_objective(x, labels, generator)
        output = self.model(x, generator)
        scaled = losses.reconstruction_loss(output.x_recon, x, self.variance)
        quantized = output.quantized
        loss = losses.vqvae_loss(scaled, quantized.codebook_loss, quantized.commitment_loss,
                                 self.config.commitment_weight)
        return loss, {"reconstruction_loss": scaled.detach() * self.variance,
                      "codebook_loss": quantized.codebook_loss.detach(),
                      "commitment_loss": quantized.commitment_loss.detach()}, quantized.restarted

    def _baseline_objective(self, x: Tensor, labels: Tensor | None, generator: torch.Generator):
        """The same of an ae (mean squared error alone), a vae or a cvae (evidence lower bound)."""
        output = self.model(x, generator, labels)
        loss = scaled = losses.reconstruction_loss(output.x_recon, x, self.variance)
        parts = {"reconstruction_loss": scaled.detach() * self.variance}
        if output.kl is not None:
            loss = losses.vae_loss(scaled, output.kl, x[0].numel(), self.config.kl_weight,
                                   self.config.free_bits * math.log(2))
            parts["kl"] = output.kl.mean().detach()
        return loss, parts, 0

    def _batch(self) -> tuple[Tensor, Tensor | None]:
        epoch, within = divmod(self.step, self.steps_per_epoch)
        if self._order_of is None or self._order_of[0] != epoch:
            order = torch.randperm(len(self.data), generator=self._generator(epoch, 0))
            self._order_of = epoch, order.to(self.device)
        rows = distributed.share(self._order_of[1][within * self.batch_size:(within + 1) * self.batch_size])
        x = self.images[rows].float().div_(255).contiguous(memory_format=torch.channels_last)
        return x, None if self.labels is None else self.labels[rows]

    def _generator(self, number: int, stream: int) -> torch.Generator:
        # One odd multiplier spreads neighbouring numbers; the two streams (order, steps) never meet.
        mixed = (self.config.seed * 1_000_003 + number) * 2 + stream
        return torch.Generator().manual_seed(mixed * 0x9E3779B97F4A7C15 % 2**63)

    def _set_learning_rate(self) -> float:
        p = self.progress
        cosine = FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * p)) / 2
        warm = min(1.0, (p + 1e-3) / WARM_UP) if self.total_steps is None else \
            min(1.0, (self.step + 1) / max(1, round(WARM_UP * self.total_steps)))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * cosine * warm
        return self.config.learning_rate * cosine * warm

    def _record(self, values: dict[str, Tensor], restarted: int, rate: float, speed: float) -> StepRecord:
        quantizer = getattr(self.model, "quantizer", None)
        left = self.config.seconds - self.elapsed if self.total_steps is None else \
            (self.total_steps - self.step) * self.batch_size / speed
        numbers = {k: v.item() for k, v in values.items()}
        return StepRecord(
            step=self.step, epoch=self.step / self.steps_per_epoch, images_seen=self.step * self.batch_size,
            loss=numbers["loss"], reconstruction_loss=numbers["reconstruction_loss"],
            codebook_loss=numbers.get("codebook_loss", 0.0), commitment_loss=numbers.get("commitment_loss", 0.0),
            perplexity=quantizer.recent_perplexity() if quantizer else 0.0,
            usage=quantizer.recent_usage() if quantizer else 0.0, restarted=restarted, kl=numbers.get("kl", 0.0),
            learning_rate=rate, images_per_second=speed, elapsed=self.elapsed, remaining=max(0.0, left))

    def _keep_good(self) -> None:
        self._good = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def _fall_back(self, loss: Tensor) -> None:
        self.model.load_state_dict(self._good)
        raise TrainingDiverged(
            f"The loss became {loss.item():g} at step {self.step + 1}, with learning_rate "
            f"{self.config.learning_rate:g}. Most often the learning rate is too high: try "
            f"{self.config.learning_rate / 10:g}. The weights from before were kept.")

    # -- saving and resuming ------------------------------------------------------------------------------------------

    def describe(self) -> dict:
        """What goes into training.json."""
        return {"dataset": self.data.name, "images": len(self.data), "classes": list(self.data.classes),
                "config": self.config.to_dict(), "step": self.step, "epoch": self.step / self.steps_per_epoch,
                "elapsed_seconds": self.elapsed, "finished": self.finished, "device": str(self.device),
                "threads": torch.get_num_threads(), "processes": distributed.world()}

    def save(self, path: str | os.PathLike, *, resumable: bool = True) -> None:
        """Write the model as a checkpoint and, beside it, one file with all that the run needs to go on: that one is
        complete in itself, so that no crash can leave halves of two saves. CheckpointError when it cannot be written.
        """
        save_checkpoint(path, self.model, training=self.describe())
        if not resumable:
            (Path(path) / TRAINING_FILE).unlink(missing_ok=True)
            return
        run = {"step": self.step, "elapsed": self.elapsed, "config": self.config.to_dict(),
               "model": self.model.config.to_dict(), "images": len(self.data)}
        write_run(path, run, self.model, self.optimizers)

    @classmethod
    def resume(cls, path: str | os.PathLike, data: ImageSet, *, config: TrainingConfig | None = None) -> Training:
        """Go on with the run saved in `path`, on the same data; `config` may give it a new budget or device.

        CheckpointError when there is none, it is damaged, or the data is another one.
        """
        run = read_run(path)
        if run["images"] != len(data):
            raise CheckpointError(f"The run in {path} was trained on {run['images']:,} images and {data.name} has "
                                  f"{len(data):,}. Give the data it was started with.")
        model = build_model(run["model"])
        restore_weights(path, model)
        training = cls(model, data, config or run["config"])
        restore_optimizers(path, model, training.optimizers)
        training.step, training.elapsed = run["step"], run["elapsed"]
        return training


def _variance(images: Tensor, sample: int = 5_000) -> float:
    """Variance of the pixels in [0, 1] of up to `sample` images, at least 1e-4 so that a blank set trains too."""
    return max(1e-4, images[:sample].float().div(255).var().item())
