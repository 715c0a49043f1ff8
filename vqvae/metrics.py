"""Figures of merit: of pictures, of the use of a codebook, and of a whole model on a data set.

Axes: B batch, C channels, H x W pixels, h x w positions, K codebook_size.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from vqvae.gallery import Gallery
from vqvae.imageset import ImageSet

GALLERY_IMAGES = 400
GALLERY_LATENTS = 2_000
EVALUATION_BATCH = 500


def mse(x_recon: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of each picture: two float (B, C, H, W) in [0, 1] -> (B,)."""
    return (x_recon - x).square().flatten(1).mean(1)


def psnr(x_recon: Tensor, x: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture, dB, for a peak of 1: two float (B, C, H, W) -> (B,). Equal pictures
    give 100 dB, the ceiling that 8-bit pixels could not tell from infinity."""
    return -10 * mse(x_recon, x).clamp_min(1e-10).log10()


def ssim(x_recon: Tensor, x: Tensor) -> Tensor:
    """Structural similarity of each picture: two float (B, C, H, W) in [0, 1] -> (B,), 1 for equal ones.

    Wang et al. 2004 (doi:10.1109/TIP.2003.819861), eq. 13: Gaussian window of 11 x 11 pixels (smaller in a picture
    smaller than that) with sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over the windows that lie inside the picture and
    over the channels.
    """
    height, width = x.shape[-2:]
    side = min(11, height, width)
    offsets = torch.arange(side, dtype=x.dtype, device=x.device) - (side - 1) / 2
    window = torch.softmax(-offsets.square() / (2 * 1.5**2), 0)
    # As products with banded matrices: a GPU rounds convolutions to TF32 by default, too coarse for these differences
    # of squares, and matrix products not.
    rows, columns = (torch.eye(n, dtype=x.dtype, device=x.device).unfold(0, side, 1) @ window for n in (height, width))

    def blur(t: Tensor) -> Tensor:
        return rows @ t @ columns.T

    mean_x, mean_y = blur(x), blur(x_recon)
    var_x, var_y = blur(x * x) - mean_x**2, blur(x_recon * x_recon) - mean_y**2
    covariance = blur(x * x_recon) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    score = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)
             / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)))
    return score.flatten(1).mean(1)


def sharpness(x_recon: Tensor, x: Tensor) -> Tensor:
    """How sharp each reconstruction is beside its original: two float (B, C, H, W) -> (B,), 1 as sharp, 0 flat.

    The ratio of the variances of the Laplacian (Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548), in amplitude:
    its square root, so that half as much contrast at every edge is 0.5. Noise counts as detail: above 1 a picture has
    more of it than the original.
    """
    def energy(t: Tensor) -> Tensor:
        centre = t[..., 1:-1, 1:-1]
        around = t[..., :-2, 1:-1] + t[..., 2:, 1:-1] + t[..., 1:-1, :-2] + t[..., 1:-1, 2:]
        return (around - 4 * centre).flatten(1).var(1, correction=0)

    return (energy(x_recon) / energy(x).clamp_min(1e-8)).sqrt()


def entropy_bits(counts: Tensor) -> float:
    """Entropy of the distribution that counts (K,) stand for, bits, 0..log2 K; 0 when nothing was counted."""
    counts = counts.cpu().double()  # MPS has no float64
    p = counts / counts.sum().clamp_min(1)
    return max(0.0, -torch.special.xlogy(p, p).sum().item() / math.log(2))


def perplexity(counts: Tensor) -> float:
    """Effective number of codes, 1..K: 2 to the entropy of how often each code was chosen, counts (K,)."""
    return 2 ** entropy_bits(counts)


def usage(counts: Tensor) -> float:
    """Share of codes chosen at least once, 0..1, from counts (K,)."""
    return (counts > 0).float().mean().item()


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


@contextmanager
def eval_mode(model) -> Iterator[None]:
    """The model in eval mode inside, in the mode it had after, whatever is raised."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@torch.no_grad()
def evaluate(model, data: ImageSet, *, batch_size: int = EVALUATION_BATCH,
             progress: Callable[[int, int, str], None] | None = None, seed: int = 0) -> tuple[Evaluation, Gallery]:
    """Run a model over every image of `data` (its own height and width, divisible by the model's factor). For an ae,
    vae or cvae: `BaselineEvaluation` and None. For a VQ-VAE:

    Returns the figures, and the gallery: grids of images spread over the set, usage by code, class and position, and a
    sample of latents drawn with `seed`. The model's mode is put back as it was, also when `progress` raises to cancel.
    ValueError when there are no images or they do not fit the model.
    """
    if not len(data):
        raise ValueError(f"{data.name} holds no images to evaluate on.")
    if model.config.kind != "vqvae":
        from vqvae.baseline_metrics import evaluate_baseline

        return evaluate_baseline(model, data, batch_size=batch_size, progress=progress), None
    with eval_mode(model):
        return _evaluate(model, data, batch_size, progress, seed)


def _evaluate(model, data: ImageSet, batch_size: int, progress: Callable[[int, int, str], None] | None, seed: int
              ) -> tuple[Evaluation, Gallery]:
    device = next(model.parameters()).device
    k, total = model.config.codebook_size, len(data)
    counts = position_counts = class_counts = None
    sums, seconds, shown, sample = torch.zeros(3, dtype=torch.float64), 0.0, [], []
    generator = torch.Generator().manual_seed(seed)
    # Spread over the set: a folder of class folders comes sorted by class.
    places = torch.arange(min(total, GALLERY_IMAGES)) * total // min(total, GALLERY_IMAGES)
    per_batch = math.ceil(GALLERY_LATENTS / math.ceil(total / batch_size))
    for begin in range(0, total, batch_size):
        x = data.images[begin:begin + batch_size].to(device).float().div(255)
        started = time.perf_counter()
        z_e = model.latents(x)
        indices = model.quantizer.nearest(z_e.movedim(1, -1).reshape(-1, z_e.shape[1])).view(
            len(x), *z_e.shape[2:])
        x_recon = model.decode(indices)
        if device.type != "cpu":
            torch.accelerator.synchronize()  # without this the clock would only see the work being queued
        seconds += time.perf_counter() - started
        sums += torch.stack([f(x_recon, x).cpu().double().sum() for f in (mse, psnr, ssim)])
        indices, z_e = indices.cpu(), z_e.cpu()
        positions = indices[0].numel()
        if counts is None:
            position_counts = torch.zeros(positions * k, dtype=torch.int64)
            class_counts = torch.zeros(len(data.classes) * k, dtype=torch.int64) if data.classes else None
        position_counts += torch.bincount((indices.flatten(1) + torch.arange(positions) * k).flatten(),
                                          minlength=positions * k)
        counts = position_counts.view(positions, k).sum(0)
        labels = data.labels[begin:begin + batch_size] if class_counts is not None and data.labels is not None else None
        if labels is not None:
            class_counts += torch.bincount((indices.flatten(1) + labels[:, None] * k).flatten(),
                                           minlength=len(class_counts))
        here = places[(places >= begin) & (places < begin + len(x))] - begin
        shown.append((indices[here], labels[here] if labels is not None else None))
        pick = torch.randperm(indices.numel(), generator=generator)[:per_batch]
        sample.append((z_e.movedim(1, -1).reshape(-1, z_e.shape[1])[pick], indices.flatten()[pick], pick % positions,
                       labels[pick // positions] if labels is not None else None))
        if progress:
            progress(begin + len(x), total, "evaluating")
    has_labels = sample[0][3] is not None
    gallery = Gallery(
        indices=torch.cat([s[0] for s in shown]),
        labels=torch.cat([s[1] for s in shown]) if has_labels else None,
        counts=counts, position_counts=position_counts.view(-1, k),
        class_counts=class_counts.view(-1, k) if has_labels else None,
        latents=torch.cat([s[0] for s in sample])[:GALLERY_LATENTS],
        latent_indices=torch.cat([s[1] for s in sample])[:GALLERY_LATENTS],
        latent_positions=torch.cat([s[2] for s in sample])[:GALLERY_LATENTS],
        latent_labels=torch.cat([s[3] for s in sample])[:GALLERY_LATENTS] if has_labels else None,
    )
    means = (sums / total).tolist()
    bits = gallery.position_counts.shape[0] * math.log2(k)
    return Evaluation(data.name, data.split, total, *means, perplexity(counts), usage(counts), bits,
                      total / max(seconds, 1e-9)), gallery
