"""A run as TensorBoard shows it: losses, the codebook in use, pictures, and the codebook as an embedding.

Written with `torch.utils.tensorboard`, which is imported when a board is opened and never before. Look at it with
`tensorboard --logdir DIR`.
"""

from __future__ import annotations

import json
import os
import time

import torch

from vqvae.imageset import ImageSet

SCALARS_EVERY = 10
"""Steps between two points of the curves."""
PICTURES_SECONDS = 15.0
"""Seconds between two looks at the pictures and the codebook."""
PICTURES = 16
"""Test images that are followed."""
CURVES = {"loss": "loss/total", "reconstruction_loss": "loss/reconstruction", "learning_rate": "run/learning_rate",
          "images_per_second": "run/images_per_second"}
CODEBOOK_CURVES = {"codebook_loss": "loss/codebook", "commitment_loss": "loss/commitment",
                   "perplexity": "codebook/perplexity", "usage": "codebook/usage", "restarted": "codebook/restarted"}


class Board:
    """Opens `folder` for one training. A context manager: leaving it writes the last look and closes the file.

    ModuleNotFoundError when the package tensorboard is not installed, OSError when the folder cannot be written to.
    """

    def __init__(self, folder: str | os.PathLike, training, test: ImageSet) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # A resumed run writes on from its last save: what an interrupted one had written after it is passed over.
        self._writer = SummaryWriter(os.fspath(folder), purge_step=training.step or None)
        self._training = training
        self._x = test.images[:PICTURES].to(training.device).float().div(255)
        kind = training.model.config.kind
        self._curves = CURVES | (CODEBOOK_CURVES if kind == "vqvae" else {} if kind == "ae" else {"kl": "loss/kl"})
        settings = {"model": training.model.config.to_dict(), "training": training.config.to_dict()}
        self._writer.add_text("settings", f"```json\n{json.dumps(settings, indent=2)}\n```", training.step)
        self._writer.add_images("pictures/test", self._x, training.step)
        self._looked = time.monotonic()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_) -> None:
        if self._training.step:
            self._look(embedding=True)
        self._writer.close()

    def record(self, record) -> None:
        """Add the `StepRecord` of the step just done: every tenth to the curves, and pictures now and then."""
        if record.step % SCALARS_EVERY == 0 or record.step == 1:
            for name, title in self._curves.items():
                self._writer.add_scalar(title, getattr(record, name), record.step)
        if record.step == 1 or time.monotonic() - self._looked >= PICTURES_SECONDS:
            self._look()
            self._looked = time.monotonic()

    def evaluation(self, evaluation) -> None:
        """Add the figures on the test images."""
        for name in ("mse", "psnr", "ssim", "perplexity", "usage"):
            if (value := getattr(evaluation, name, None)) is not None:
                self._writer.add_scalar(f"test/{name}", value, self._training.step)

    @torch.no_grad()
    def _look(self, embedding: bool = False) -> None:
        model, step = self._training.model, self._training.step
        was_training = model.training
        model.eval()
        if model.config.kind == "vqvae":
            self._writer.add_images("pictures/reconstruction", model.decode(model.encode(self._x)), step)
            self._writer.add_histogram("codebook/smoothed_usage", model.quantizer.usage_counts, step)
            if embedding:
                from vqvae.statistics import draw_codes

                self._writer.add_embedding(model.codebook, [f"code {k}" for k in range(len(model.codebook))],
                                           draw_codes(model), step, "codebook")
        model.train(was_training)
