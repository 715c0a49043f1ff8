"""A run as somebody follows it while it trains: losses, the codebook in use, and test pictures with
what becomes of them, handed to trackers (`vqvae.training.trackers`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from vqvae.data.imageset import ImageSet
from vqvae.nn.modes import eval_mode
from vqvae.training.trackers import Tracker

SCALARS_EVERY = 10
"""Steps between two points of the curves."""
PICTURES_SECONDS = 15.0
"""Seconds between two looks at the pictures and the codebook."""
PICTURES = 16
"""Test images that are followed."""
CURVES = {
    "loss": "loss/total",
    "reconstruction_loss": "loss/reconstruction",
    "learning_rate": "run/learning_rate",
    "images_per_second": "run/images_per_second",
}
CODEBOOK_CURVES = {
    "codebook_loss": "loss/codebook",
    "commitment_loss": "loss/commitment",
    "perplexity": "codebook/perplexity",
    "usage": "codebook/usage",
    "restarted": "codebook/restarted",
}
FIGURES = ("mse", "psnr", "ssim", "perplexity", "usage")
"""On the test images, after the training."""


class Board:
    """What one training tells its trackers. A context manager: leaving it hands over the last look
    and closes them."""

    def __init__(self, trackers: Sequence[Tracker], training, test: ImageSet) -> None:
        self._trackers, self._training = trackers, training
        self._x = test.images[:PICTURES].to(training.device).float().div(255)
        kind = training.model.config.kind
        self._curves = CURVES | (
            CODEBOOK_CURVES if kind == "vqvae" else {} if kind == "ae" else {"kl": "loss/kl"}
        )
        self._looked = time.monotonic()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_) -> None:
        if self._training.step:
            self._look(last=True)
        for tracker in self._trackers:
            tracker.close()

    def record(self, record) -> None:
        """Hand over the `StepRecord` of the step just done: every tenth to the curves, and pictures
        now and then."""
        if record.step % SCALARS_EVERY == 0 or record.step == 1:
            values = {title: getattr(record, name) for name, title in self._curves.items()}
            for tracker in self._trackers:
                tracker.scalars(values, record.step)
        if record.step == 1 or time.monotonic() - self._looked >= PICTURES_SECONDS:
            self._look()
            self._looked = time.monotonic()

    def evaluation(self, evaluation) -> None:
        """Hand over the figures on the test images."""
        values = {name: getattr(evaluation, name, None) for name in FIGURES}
        for tracker in self._trackers:
            tracker.scalars(
                {f"test/{k}": v for k, v in values.items() if v is not None}, self._training.step
            )

    @torch.no_grad()
    def _look(self, last: bool = False) -> None:
        from vqvae.analysis.statistics import draw_codes

        model, step = self._training.model, self._training.step
        has_codes = model.config.kind == "vqvae"
        with eval_mode(model):
            x_recon = model.reconstruct(self._x)
            patches = draw_codes(model) if last and has_codes else None
        for tracker in self._trackers:
            tracker.pictures(self._x.cpu(), x_recon.cpu(), step)
            if has_codes:
                tracker.usage(model.quantizer.usage_counts.cpu(), step)
            if patches is not None:
                tracker.codebook(model.codebook.detach().cpu(), patches.cpu(), step)
