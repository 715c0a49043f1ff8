"""Figures of merit of an AE, VAE or conditional VAE on a data set; those of a VQ-VAE are in `vqvae.metrics`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

from vqvae.config import LATENT_BITS
from vqvae.imageset import ImageSet


@dataclass(frozen=True)
class BaselineEvaluation:
    """A baseline on one split of a data set. A cvae is told each picture's class where the data has classes."""

    dataset: str
    split: str
    images: int
    """Number of images."""
    mse: float
    """Mean over all pixels of all images, pixels in [0, 1]."""
    psnr: float
    """dB, mean of the pictures' own."""
    ssim: float
    """Mean of the pictures' own."""
    sharpness: float
    """Of the reconstructions over that of the pictures, mean of the pictures' own: 1 as sharp, 0 flat."""
    kl_nats: float | None
    """KL(q(z|x) || p(z)), nats an image; None for an ae."""
    perplexity: None
    """There is no codebook."""
    usage: None
    """There is no codebook."""
    bits_per_image: float
    """A vae's KL divergence in bits; an ae's numbers at 8 bits each, which is how they were cut for these figures."""
    images_per_second: float
    """Encode and decode, on this machine at this moment."""

    def to_dict(self) -> dict:
        """For JSON, as `python -m vqvae evaluate --json` prints it."""
        return asdict(self)


@torch.no_grad()
def evaluate_baseline(model, data: ImageSet, *, batch_size: int = 500,
                      progress: Callable[[int, int, str], None] | None = None) -> BaselineEvaluation:
    """Run a baseline in eval mode over every image of `data`; its mode is put back as it was. `progress` may raise to
    cancel."""
    from vqvae.metrics import eval_mode, mse, psnr, sharpness, ssim

    device, config, total = next(model.parameters()).device, model.config, len(data)
    told = config.kind == "cvae" and data.labels is not None and len(data.classes) == len(config.classes)
    sums, seconds = torch.zeros(5, dtype=torch.float64), 0.0
    with eval_mode(model):
        for begin in range(0, total, batch_size):
            x = data.images[begin:begin + batch_size].to(device).float().div(255)
            started = time.perf_counter()
            labels = data.labels[begin:begin + batch_size] if told else model.guess(x) if model.classes else None
            x_recon = model.reconstruct(x, labels)
            if device.type != "cpu":
                torch.accelerator.synchronize()  # without this the clock would only see the work being queued
            seconds += time.perf_counter() - started
            figures = [f(x_recon, x) for f in (mse, psnr, ssim, sharpness)] + [model.kl(x, labels)]
            sums += torch.stack([f.cpu().double().sum() for f in figures])
            if progress:
                progress(begin + len(x), total, "evaluating")
    *means, kl = (sums / total).tolist()
    is_ae = config.kind == "ae"
    bits = float(config.latent_dim * LATENT_BITS) if is_ae else kl / math.log(2)
    return BaselineEvaluation(data.name, data.split, total, *means, None if is_ae else kl, None, None, bits,
                              total / max(seconds, 1e-9))
