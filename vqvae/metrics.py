"""Figures of merit: of pictures, and of the use of a codebook. Those of a model:
`vqvae.analysis.evaluation`.

Axes: B batch, C channels, H x W pixels, K codebook_size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mse(x_recon: Tensor, x: Tensor) -> Tensor:
    """Mean squared error of each picture: two float (B, C, H, W) in [0, 1] -> (B,)."""
    return (x_recon - x).square().flatten(1).mean(1)


def psnr(x_recon: Tensor, x: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture, dB, for a peak of 1: two float (B, C, H, W) ->
    (B,). Equal pictures give 100 dB, the ceiling that 8-bit pixels could not tell from infinity."""
    return -10 * mse(x_recon, x).clamp_min(1e-10).log10()


def ssim(x_recon: Tensor, x: Tensor) -> Tensor:
    """Structural similarity of each picture: two float (B, C, H, W) in [0, 1] -> (B,), 1 for equal
    ones.

    Wang et al. 2004 (doi:10.1109/TIP.2003.819861), eq. 13: Gaussian window of 11 x 11 pixels
    (smaller in a picture smaller than that) with sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over the
    windows that lie inside the picture and over the channels.
    """
    height, width = x.shape[-2:]
    side = min(11, height, width)
    offsets = torch.arange(side, dtype=x.dtype, device=x.device) - (side - 1) / 2
    window = torch.softmax(-offsets.square() / (2 * 1.5**2), 0)
    # As products with banded matrices: a GPU rounds convolutions to TF32 by default, too coarse for
    # these differences of squares, and matrix products not.
    rows, columns = (
        torch.eye(n, dtype=x.dtype, device=x.device).unfold(0, side, 1) @ window
        for n in (height, width)
    )

    def blur(t: Tensor) -> Tensor:
        return rows @ t @ columns.T

    mean_x, mean_y = blur(x), blur(x_recon)
    var_x, var_y = blur(x * x) - mean_x**2, blur(x_recon * x_recon) - mean_y**2
    covariance = blur(x * x_recon) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    score = (
        (2 * mean_x * mean_y + c1)
        * (2 * covariance + c2)
        / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    )
    return score.flatten(1).mean(1)


def sharpness(x_recon: Tensor, x: Tensor) -> Tensor:
    """How sharp each reconstruction is beside its original: two float (B, C, H, W) -> (B,), 1 as
    sharp, 0 flat.

    The ratio of the variances of the Laplacian (Pech-Pacheco et al. 2000,
    doi:10.1109/ICPR.2000.903548), in amplitude: its square root, so that half as much contrast at
    every edge is 0.5. Noise counts as detail: above 1 a picture has more of it than the original.
    """

    def energy(t: Tensor) -> Tensor:
        centre = t[..., 1:-1, 1:-1]
        around = t[..., :-2, 1:-1] + t[..., 2:, 1:-1] + t[..., 1:-1, :-2] + t[..., 1:-1, 2:]
        return (around - 4 * centre).flatten(1).var(1, correction=0)

    return (energy(x_recon) / energy(x).clamp_min(1e-8)).sqrt()


def count_into(table: Tensor, rows: Tensor, indices: Tensor) -> None:
    """Add to table int64 (R, K) how often each index int64 in 0..K-1 is there, in the row 0..R-1
    that `rows` names for it; the two go together as tensors that are added do."""
    places = (rows * table.shape[1] + indices).flatten()
    table += torch.bincount(places, minlength=table.numel()).view_as(table)


def entropy_bits(counts: Tensor) -> float:
    """Entropy of the distribution that counts (K,) stand for, bits, 0..log2 K; 0 when nothing was
    counted."""
    counts = counts.cpu().double()  # MPS has no float64
    p = counts / counts.sum().clamp_min(1)
    return max(0.0, -torch.special.xlogy(p, p).sum().item() / math.log(2))


def perplexity(counts: Tensor) -> float:
    """Effective number of codes, 1..K: 2 to the entropy of how often each code was chosen, counts
    (K,)."""
    return 2 ** entropy_bits(counts)


def usage(counts: Tensor) -> float:
    """Share of codes chosen at least once, 0..1, from counts (K,)."""
    return (counts > 0).float().mean().item()
