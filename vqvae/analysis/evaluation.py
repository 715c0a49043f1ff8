"""A whole model on a data set, in figures: of a VQ-VAE, and of the AE, VAE or conditional VAE it is
compared with.

Axes: B batch, C channels, H x W pixels, h x w positions, K codebook_size.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

from vqvae.checkpoints.gallery import Gallery
from vqvae.config import LATENT_BITS
from vqvae.data.imageset import ImageSet
from vqvae.metrics import mse, perplexity, psnr, sharpness, ssim, usage
from vqvae.nn.batches import EVALUATION_BATCH, images_at_once
from vqvae.nn.modes import eval_mode
from vqvae.threads import as_many_as_help

GALLERY_IMAGES = 400
GALLERY_LATENTS = 2_000


@dataclass(frozen=True)
class Evaluation:
    """A VQ-VAE on one split of a data set."""

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
    perplexity: float
    """1..K, over every index of the split."""
    usage: float
    """0..1, over every index of the split."""
    bits_per_image: float
    """Nominal: h * w * log2 K."""
    images_per_second: float
    """Encode, quantize and decode, on this machine at this moment."""

    def to_dict(self) -> dict:
        """For JSON, as `python -m vqvae evaluate --json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class BaselineEvaluation:
    """A baseline on one split of a data set. A cvae is told each picture's class where the data has
    classes."""

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
    """Of the reconstructions over that of the pictures, mean of the pictures' own: 1 as sharp, 0
    flat."""
    kl_nats: float | None
    """KL(q(z|x) || p(z)), nats per image; None for an ae."""
    perplexity: None
    """There is no codebook."""
    usage: None
    """There is no codebook."""
    bits_per_image: float
    """A vae's KL divergence in bits; an ae's numbers at 8 bits each, which is how they were cut for
    these figures."""
    images_per_second: float
    """Encode and decode, on this machine at this moment."""

    def to_dict(self) -> dict:
        """For JSON, as `python -m vqvae evaluate --json` prints it."""
        return asdict(self)


@torch.no_grad()
@as_many_as_help()
def evaluate(
    model,
    data: ImageSet,
    *,
    batch_size: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    seed: int = 0,
) -> tuple[Evaluation, Gallery] | tuple[BaselineEvaluation, None]:
    """Run a model over every image of `data` (its own height and width, divisible by the model's
    factor). For an ae, vae or cvae: `BaselineEvaluation` and None. For a VQ-VAE:

    Returns the figures, and the gallery: grids of images spread over the set, usage by code, class
    and position, and a sample of latents drawn with `seed`. batch_size: pictures at once; without
    it up to 500, as many as 256 MB hold. The model's mode is put back as it was, also when
    `progress` raises to cancel. ValueError when there are no images or they do not fit the model.
    """
    if not len(data):
        raise ValueError(f"{data.name} holds no images to evaluate on.")
    batch_size = batch_size or images_at_once(model.config, *data.shape[1:], EVALUATION_BATCH)
    if model.config.kind != "vqvae":
        return evaluate_baseline(model, data, batch_size=batch_size, progress=progress), None
    with eval_mode(model):
        return _evaluate(model, data, batch_size, progress, seed)


def _evaluate(
    model,
    data: ImageSet,
    batch_size: int,
    progress: Callable[[int, int, str], None] | None,
    seed: int,
) -> tuple[Evaluation, Gallery]:
    device = next(model.parameters()).device
    k, total = model.config.codebook_size, len(data)
    _, height, width = data.shape
    positions = (height // model.config.downsample) * (width // model.config.downsample)
    position_counts = torch.zeros(positions * k, dtype=torch.int64)
    all_labels = data.labels if data.classes else None
    class_counts = torch.zeros(len(data.classes) * k, dtype=torch.int64)
    sums, seconds = torch.zeros(3, dtype=torch.float64), 0.0
    shown, shown_labels, sample, sample_labels = [], [], [], []
    generator = torch.Generator().manual_seed(seed)
    # Spread over the set: a folder of class folders comes sorted by class.
    places = torch.arange(min(total, GALLERY_IMAGES)) * total // min(total, GALLERY_IMAGES)
    per_batch = math.ceil(GALLERY_LATENTS / math.ceil(total / batch_size))
    for begin in range(0, total, batch_size):
        x = data.images[begin : begin + batch_size].to(device).float().div(255)
        started = time.perf_counter()
        z_e = model.latents(x)
        indices = model.quantizer.nearest(z_e.movedim(1, -1).reshape(-1, z_e.shape[1])).view(
            len(x), *z_e.shape[2:]
        )
        x_recon = model.decode(indices)
        if device.type != "cpu":
            # Without this the clock would only see the work being queued.
            torch.accelerator.synchronize()
        seconds += time.perf_counter() - started
        sums += torch.stack([f(x_recon, x).cpu().double().sum() for f in (mse, psnr, ssim)])
        indices, z_e = indices.cpu(), z_e.cpu()
        position_counts += torch.bincount(
            (indices.flatten(1) + torch.arange(positions) * k).flatten(), minlength=positions * k
        )
        here = places[(places >= begin) & (places < begin + len(x))] - begin
        shown.append(indices[here])
        pick = torch.randperm(indices.numel(), generator=generator)[:per_batch]
        sample.append(
            (
                z_e.movedim(1, -1).reshape(-1, z_e.shape[1])[pick],
                indices.flatten()[pick],
                pick % positions,
            )
        )
        if all_labels is not None:
            labels = all_labels[begin : begin + batch_size]
            shown_labels.append(labels[here])
            sample_labels.append(labels[pick // positions])
            class_counts += torch.bincount(
                (indices.flatten(1) + labels[:, None] * k).flatten(), minlength=len(class_counts)
            )
        if progress:
            progress(begin + len(x), total, "evaluating")
    counts = position_counts.view(positions, k).sum(0)
    gallery = Gallery(
        indices=torch.cat(shown),
        labels=torch.cat(shown_labels) if shown_labels else None,
        counts=counts,
        position_counts=position_counts.view(-1, k),
        class_counts=class_counts.view(-1, k) if all_labels is not None else None,
        latents=torch.cat([s[0] for s in sample])[:GALLERY_LATENTS],
        latent_indices=torch.cat([s[1] for s in sample])[:GALLERY_LATENTS],
        latent_positions=torch.cat([s[2] for s in sample])[:GALLERY_LATENTS],
        latent_labels=torch.cat(sample_labels)[:GALLERY_LATENTS] if sample_labels else None,
    )
    means = (sums / total).tolist()
    bits = gallery.position_counts.shape[0] * math.log2(k)
    return Evaluation(
        data.name,
        data.split,
        total,
        *means,
        perplexity(counts),
        usage(counts),
        bits,
        total / max(seconds, 1e-9),
    ), gallery


@torch.no_grad()
def evaluate_baseline(
    model,
    data: ImageSet,
    *,
    batch_size: int,
    progress: Callable[[int, int, str], None] | None = None,
) -> BaselineEvaluation:
    """Run a baseline in eval mode over every image of `data`, `batch_size` at a time; its mode is
    put back as it was. `progress` may raise to cancel."""
    device, config, total = next(model.parameters()).device, model.config, len(data)
    told = (
        config.kind == "cvae"
        and data.labels is not None
        and len(data.classes) == len(config.classes)
    )
    sums, seconds = torch.zeros(5, dtype=torch.float64), 0.0
    with eval_mode(model):
        for begin in range(0, total, batch_size):
            x = data.images[begin : begin + batch_size].to(device).float().div(255)
            started = time.perf_counter()
            labels = (
                data.labels[begin : begin + batch_size]
                if told
                else model.guess(x)
                if model.classes
                else None
            )
            x_recon = model.reconstruct(x, labels)
            if device.type != "cpu":
                # Without this the clock would only see the work being queued.
                torch.accelerator.synchronize()
            seconds += time.perf_counter() - started
            figures = [f(x_recon, x) for f in (mse, psnr, ssim, sharpness)] + [model.kl(x, labels)]
            sums += torch.stack([f.cpu().double().sum() for f in figures])
            if progress:
                progress(begin + len(x), total, "evaluating")
    *means, kl = (sums / total).tolist()
    is_ae = config.kind == "ae"
    bits = float(config.latent_dim * LATENT_BITS) if is_ae else kl / math.log(2)
    return BaselineEvaluation(
        data.name,
        data.split,
        total,
        *means,
        None if is_ae else kl,
        None,
        None,
        bits,
        total / max(seconds, 1e-9),
    )
