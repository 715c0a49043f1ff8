"""Where a run is followed: TensorBoard, Weights & Biases, trackio. Each package is imported when
its tracker is opened and never before.

Pictures are float (N, C, H, W) in [0, 1].
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from vqvae.errors import VqvaeError

PROJECT = "vqvae"
"""What runs are gathered under; WANDB_PROJECT and TRACKIO_PROJECT name another."""
PACKAGES = {"tensorboard": "tensorboard", "wandb": "wandb", "trackio": "trackio"}
"""Tracker -> the package it needs."""


class TrackerError(VqvaeError):
    """A tracker cannot be opened. The text says what is missing and what to do."""


class Tracker(Protocol):
    """What is told of a run; `step` counts from 1."""

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Points of curves."""

    def pictures(self, x: Tensor, x_recon: Tensor, step: int) -> None:
        """Test pictures and their reconstructions."""

    def usage(self, counts: Tensor, step: int) -> None:
        """How often each code is chosen, float (K,)."""

    def codebook(self, codebook: Tensor, patches: Tensor, step: int) -> None:
        """The codes float (K, D), and each as the decoder draws it, float (K, C, f, f)."""

    def close(self) -> None:
        """Write out what is left."""


def open_tracker(name: str, folder: str | os.PathLike, training) -> Tracker:
    """The tracker `name` for one training, whose files belong into `folder` (trackio keeps its own
    place).

    TrackerError where the package is missing or it cannot start, OSError where the folder cannot be
    written to.
    """
    if importlib.util.find_spec(PACKAGES[name]) is None:
        raise TrackerError(
            f"--track {name} needs the package {PACKAGES[name]}, which is not installed; run "
            f"`pip install {PACKAGES[name]}`, or leave --track out."
        )
    kinds = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases, "trackio": Trackio}
    return kinds[name](Path(folder), training)


def settings_of(training) -> dict[str, Any]:
    """What a run is told to be: the model's settings and those of its training, without where its
    data lies."""
    described = {k: v for k, v in training.describe().items() if k != "classes"}
    return {"model": training.model.config.to_dict(), **described}


def sheet(*rows: Tensor) -> Any:
    """Rows of pictures of one size, below each other, as uint8 (H, W) or (H, W, 3)."""
    picture = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    pixels = (picture * 255).round().clamp(0, 255).to(torch.uint8).movedim(0, -1).numpy()
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


class TensorBoard:
    """Files for `tensorboard --logdir FOLDER`, the codebook as an embedding among them."""

    def __init__(self, folder: Path, training) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # A resumed run writes on from its last save: what an interrupted one had written after it
        # is passed over.
        self._writer = SummaryWriter(str(folder), purge_step=training.step or None)
        settings = json.dumps(settings_of(training), indent=2)
        self._writer.add_text("settings", f"```json\n{settings}\n```", training.step)

    def scalars(self, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def pictures(self, x: Tensor, x_recon: Tensor, step: int) -> None:
        self._writer.add_images("pictures/test", x, step)
        self._writer.add_images("pictures/reconstruction", x_recon, step)

    def usage(self, counts: Tensor, step: int) -> None:
        self._writer.add_histogram("codebook/smoothed_usage", counts, step)

    def codebook(self, codebook: Tensor, patches: Tensor, step: int) -> None:
        names = [f"code {k}" for k in range(len(codebook))]
        self._writer.add_embedding(codebook, names, patches, step, "codebook")

    def close(self) -> None:
        self._writer.close()


class _Logged:
    """Weights & Biases and trackio, which take the same values."""

    def __init__(self, run: Any, package: Any) -> None:
        self._run, self._package = run, package

    def scalars(self, values: dict[str, float], step: int) -> None:
        self._run.log(values, step=step)

    def pictures(self, x: Tensor, x_recon: Tensor, step: int) -> None:
        image = self._package.Image(
            sheet(x, x_recon), caption="test pictures above their reconstructions"
        )
        self._run.log({"pictures": image}, step=step)

    def usage(self, counts: Tensor, step: int) -> None:
        self._run.log(
            {"codebook/smoothed_usage": self._package.Histogram(counts.tolist())}, step=step
        )

    def codebook(self, codebook: Tensor, patches: Tensor, step: int) -> None:
        columns = max(1, round(len(patches) ** 0.5))
        empty = patches.new_zeros(-len(patches) % columns, *patches.shape[1:])
        rows = torch.cat([patches, empty]).split(columns)
        image = self._package.Image(
            sheet(*rows), caption="each code as the decoder draws it, row by row"
        )
        self._run.log({"codebook/codes": image}, step=step)

    def close(self) -> None:
        with contextlib.redirect_stdout(sys.stderr):  # standard output is for the result
            self._package.finish()


class WeightsAndBiases(_Logged):
    """A run of wandb, its files in the folder; WANDB_MODE=offline sends nothing anywhere."""

    def __init__(self, folder: Path, training) -> None:
        wandb: Any = importlib.import_module("wandb")

        folder.mkdir(parents=True, exist_ok=True)
        try:
            run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", PROJECT),
                name=folder.resolve().name,
                dir=str(folder),
                config=settings_of(training),
                settings=wandb.Settings(console="off"),
            )
        except wandb.Error as error:
            raise TrackerError(
                f"--track wandb could not start ({' '.join(str(error).split())[:200]}); log in "
                "with `wandb login`, or set WANDB_MODE=offline to keep the run on this machine."
            ) from error
        super().__init__(run, wandb)


class Trackio(_Logged):
    """A run of trackio, which keeps it on this machine (TRACKIO_DIR) unless TRACKIO_SPACE_ID names
    a Space."""

    def __init__(self, folder: Path, training) -> None:
        trackio: Any = importlib.import_module("trackio")

        with contextlib.redirect_stdout(sys.stderr):
            try:
                run = trackio.init(
                    project=os.environ.get("TRACKIO_PROJECT", PROJECT),
                    name=folder.resolve().name,
                    resume="allow" if training.step else "never",
                    config=settings_of(training),
                    embed=False,
                    auto_log_cpu=False,
                    auto_log_gpu=False,
                )
            except (OSError, ValueError, RuntimeError) as error:
                raise TrackerError(
                    f"--track trackio could not start ({' '.join(str(error).split())[:200]}); "
                    "check TRACKIO_PROJECT, TRACKIO_SPACE_ID and TRACKIO_DIR, or leave --track "
                    "out."
                ) from error
        super().__init__(run, trackio)
