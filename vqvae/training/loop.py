"""The training loop as a generator of records: the caller draws, logs, saves and stops; the loop
knows none of them.

Everything random at step s is drawn from a generator seeded with (seed, s), and the order of the
data of epoch e from one seeded with (seed, e). A run that is resumed therefore needs no random
state: it goes on as if it had never stopped (for a budget in steps or epochs; with a budget in
seconds the schedule follows the clock). On a CPU the number of threads is chosen while it trains,
and sums are rounded a little differently with each: with OMP_NUM_THREADS=1 it is the same run to
the last bit.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from vqvae import distributed
from vqvae.config import ConfigError, TrainingConfig
from vqvae.errors import VqvaeError
from vqvae.nn import losses
from vqvae.threads import Threads
from vqvae.training.machine import resolve_device, resolve_precision
from vqvae.training.optimizer import make_optimizers
from vqvae.training.records import LoopRecord
from vqvae.training.step import Objective, Outcome, Stopwatch

WARM_UP = 0.02
"""Share of the budget over which the learning rate rises to its peak."""
FINAL_RATE = 0.002
"""Learning rate at the end of the budget, as a share of the peak."""
GOOD_EVERY = 50
"""Steps between two copies of the weights that a run falls back to when it diverges."""

Model = TypeVar("Model", bound=nn.Module)
Record = TypeVar("Record", bound=LoopRecord)


class TrainingDiverged(VqvaeError):
    """The loss or the gradient became NaN or infinite. The model holds the last good weights again;
    the text names the likely cause."""


class Loop(ABC, Generic[Model, Record]):
    """A run: a model, and where its training stands. A subclass says what a batch is, what its loss
    and its record.

    Args:
        model: it has to be on `self.device` before the first step; it is trained in place.
        count: images (or grids) in the training set.
        config: budget and optimiser.

    Of several processes (`vqvae.distributed`) each takes its share of every batch. ConfigError when
    a batch cannot be shared equally, there are fewer images than processes, or the device is not
    there.
    """

    def __init__(self, model: Model, count: int, config: TrainingConfig) -> None:
        processes = distributed.world_size()
        if config.batch_size % processes:
            raise ConfigError(
                f"batch_size is {config.batch_size} and {processes} processes share each batch; it "
                "must be divisible by their number."
            )
        if count < processes:
            raise ConfigError(
                f"There are {count} images to train on and {processes} processes share each batch; "
                "give at least one image for each, or start fewer processes."
            )
        self.model, self.count, self.config = model, count, config
        self.device = resolve_device(config.device)
        self.precision = resolve_precision(config.precision, self.device)
        self.batch_size = min(config.batch_size, count - count % processes)
        self.steps_per_epoch = count // self.batch_size
        self.step, self.elapsed = 0, 0.0
        self._stop_asked = False
        self._order_of: tuple[int, Tensor] | None = None
        self._good: dict[str, Tensor] = {}

    def _make_optimizers(self) -> None:
        """After the model is on its device."""
        distributed.broadcast_state(self.model)
        self._parameters = list(
            self.model.parameters()
        )  # walking through the modules takes a millisecond
        self.optimizers = make_optimizers(
            self.model, self.config.learning_rate, self.config.weight_decay
        )

    @abstractmethod
    def _objective(self, rows: Tensor, generator: torch.Generator) -> Objective:
        """Of the rows int64 (B,) of the data. generator: makes all that is random in this step."""

    def _learn_codebook(
        self, latents: Tensor, statistics: Sequence[Tensor], generator: torch.Generator
    ) -> int:
        """Let a codebook learn from what the objective gave, the statistics added up over the
        processes, before the weights move. Returns how many codes were restarted."""
        return 0

    @abstractmethod
    def _record(self, outcome: Outcome, common: dict) -> Record:
        """The record of a step. common: the fields of every `LoopRecord`."""

    @property
    def total_steps(self) -> int | None:
        """Budget in steps, or None when it is in seconds."""
        if self.config.steps is not None:
            return self.config.steps
        if self.config.epochs is not None:
            return max(1, round(self.config.epochs * self.steps_per_epoch))
        return None

    @property
    def _seconds(self) -> float:
        """Budget in seconds, where it is not in steps."""
        assert self.config.seconds is not None, "a config has one kind of budget"
        return self.config.seconds

    @property
    def progress(self) -> float:
        """Share of the budget spent, 0..1."""
        done = (
            self.elapsed / self._seconds
            if self.total_steps is None
            else self.step / self.total_steps
        )
        return min(1.0, done)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent."""
        return self.progress >= 1

    def ask_to_stop(self) -> None:
        """End `steps`: of several processes all end after the same step, one more, whichever of
        them was asked."""
        self._stop_asked = True

    def steps(self) -> Iterator[Record]:
        """Train, one step per record, until the budget is spent or the caller stops asking. To
        pause, do not ask for the next record; to stop, close the generator (of several processes:
        `ask_to_stop`): the model, `step` and `elapsed` are consistent after each record.

        TrainingDiverged when a loss or the gradient is NaN or infinite.
        """
        images_seen, seconds_spent, stop = 0, 0.0, False
        self._stop_asked = False
        self._snapshot_weights()
        self._stopwatch = Stopwatch()
        with self._threads() as threads:
            while not self.finished and not stop:
                if not self.model.training:  # The caller may have looked at it in eval mode.
                    self.model.train()
                rate = self._set_learning_rate()
                outcome = self._one_step()
                threads.step(outcome.seconds)
                self.step, self.elapsed = self.step + 1, self.elapsed + outcome.seconds
                images_seen += self.batch_size
                seconds_spent += outcome.seconds
                record = self._record(outcome, self._common(rate, images_seen / seconds_spent))
                with self._stopwatch.paused():
                    yield record
                stop = outcome.stop or (distributed.world_size() == 1 and self._stop_asked)

    def _threads(self) -> Threads:
        """As many as help on a CPU; elsewhere, and of several processes, as many as there are."""
        alone = self.device.type == "cpu" and distributed.world_size() == 1
        return Threads() if alone else Threads(1)

    def _one_step(self) -> Outcome:
        generator = self._generator(self.step, 1)
        with torch.autocast(
            self.device.type, self.precision, enabled=self.precision != torch.float32
        ):
            objective = self._objective(self._rows(), generator)
        for parameter in self._parameters:
            parameter.grad = None
        objective.loss.backward()
        # What follows is counted to the next step: the processes agree on the time with all else,
        # in one exchange.
        clock = objective.loss.new_tensor([self._stopwatch.lap(), self._stop_asked])
        values, (clock, *statistics) = distributed.average(
            self._parameters,
            {"loss": objective.loss.detach(), **objective.parts},
            (clock, *objective.statistics),
        )
        norm = nn.utils.clip_grad_norm_(self._parameters, self.config.gradient_clip)
        if not losses.is_finite(values["loss"], norm):
            self._restore_and_raise(values["loss"], norm)
        if self.step % GOOD_EVERY == 0:
            # The forward pass of these weights was finite, which is what makes them good.
            self._snapshot_weights()
        restarted = 0
        if objective.latents is not None:
            restarted = self._learn_codebook(objective.latents, statistics, generator)
        for optimizer in self.optimizers:
            optimizer.step()
        seconds, stop = clock.tolist()
        figures = {name: value.item() for name, value in values.items()}
        return Outcome(figures, restarted, seconds / distributed.world_size(), stop > 0)

    def _rows(self) -> Tensor:
        """Which of the data the batch of this step takes, or this process's share of it: int64
        (B,), on the device."""
        epoch, within = divmod(self.step, self.steps_per_epoch)
        if self._order_of is None or self._order_of[0] != epoch:
            order = torch.randperm(self.count, generator=self._generator(epoch, 0))
            self._order_of = epoch, order.to(self.device)
        return distributed.shard(
            self._order_of[1][within * self.batch_size : (within + 1) * self.batch_size]
        )

    def _generator(self, number: int, stream: int) -> torch.Generator:
        # One odd multiplier spreads neighbouring numbers; the two streams (order, steps) never
        # meet.
        mixed = (self.config.seed * 1_000_003 + number) * 2 + stream
        return torch.Generator().manual_seed(mixed * 0x9E3779B97F4A7C15 % 2**63)

    def _set_learning_rate(self) -> float:
        p = self.progress
        falling = FINAL_RATE + (1 - FINAL_RATE) * (
            1 - p
        )  # a straight line: a few per cent less error than a cosine
        warm = (
            min(1.0, (p + 1e-3) / WARM_UP)
            if self.total_steps is None
            else min(1.0, (self.step + 1) / max(1, round(WARM_UP * self.total_steps)))
        )
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * falling * warm
        return self.config.learning_rate * falling * warm

    def _common(self, rate: float, speed: float) -> dict:
        left = (
            self._seconds - self.elapsed
            if self.total_steps is None
            else (self.total_steps - self.step) * self.batch_size / speed
        )
        return {
            "step": self.step,
            "epoch": self.step / self.steps_per_epoch,
            "images_seen": self.step * self.batch_size,
            "learning_rate": rate,
            "images_per_second": speed,
            "elapsed": self.elapsed,
            "remaining": max(0.0, left),
        }

    def _snapshot_weights(self) -> None:
        self._good = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def _restore_and_raise(self, loss: Tensor, norm: Tensor) -> None:
        self.model.load_state_dict(self._good)
        of_loss = not losses.is_finite(loss)
        name, value = ("loss", loss) if of_loss else ("norm of the gradient", norm)
        raise TrainingDiverged(
            f"The {name} became {value.item():g} at step {self.step + 1}, with learning_rate "
            f"{self.config.learning_rate:g}. Most often the learning rate is too high: try "
            f"{self.config.learning_rate / 10:g}. The weights from before were kept."
        )

    def _progress_dict(self) -> dict:
        """What training.json tells of any run; not where its data lay: models are given away."""
        config = {k: v for k, v in self.config.to_dict().items() if k != "data_dir"}
        config["dataset"] = os.path.basename(os.path.abspath(self.config.dataset))
        return {
            "config": config,
            "step": self.step,
            "epoch": self.step / self.steps_per_epoch,
            "elapsed_seconds": self.elapsed,
            "finished": self.finished,
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "processes": distributed.world_size(),
            "precision": str(self.precision).removeprefix("torch."),
        }
