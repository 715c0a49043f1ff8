"""Samplers that know too little, to be seen beside the learned prior: each gives int64
(count, h, w).

They show why a VQ-VAE needs a prior: the decoder draws well what its codes say together, and
nothing else.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vqvae.nn.quantizers.search import nearest_rows
from vqvae.prior.model import Prior


def random_codes(prior: Prior, count: int, seed: int = 0) -> Tensor:
    """Every code equally likely at every cell."""
    config = prior.config
    return torch.randint(
        config.codebook_size,
        (count, config.height, config.width),
        generator=torch.Generator().manual_seed(seed),
    )


def marginal_codes(prior: Prior, count: int, seed: int = 0) -> Tensor:
    """Each cell drawn from how often each code stands there in the training set, whatever its
    neighbours are."""
    counts = prior.counts.flatten(0, 1).cpu().double()
    total = (counts + (counts.sum(1, keepdim=True) == 0)).cumsum(1)
    u = torch.rand(
        len(counts), count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    drawn = torch.searchsorted(total, u * total[:, -1:], right=True).clamp_max(total.shape[1] - 1)
    return drawn.T.reshape(count, *prior.counts.shape[:2])


def gaussian_codes(prior: Prior, count: int, seed: int = 0) -> Tensor:
    """A Gaussian fitted to the code vectors of each position, its draws snapped to the nearest
    code: as one would sample a VAE."""
    counts = prior.counts.flatten(0, 1).cpu().double()
    share = counts / counts.sum(1, keepdim=True).clamp_min(1)
    codebook = prior.codebook.cpu().double()
    mean = share @ codebook  # (h * w, D)
    covariance = (
        torch.einsum("pk,ki,kj->pij", share, codebook, codebook) - mean[:, :, None] * mean[:, None]
    )
    values, vectors = torch.linalg.eigh(
        covariance
    )  # a position where few codes stand has a singular covariance
    root = vectors * values.clamp_min(0).sqrt()[:, None]
    noise = torch.randn(
        count, *mean.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    drawn = mean + torch.einsum("pij,npj->npi", root, noise)
    flat = nearest_rows(drawn.reshape(-1, drawn.shape[-1]).float(), prior.codebook.cpu())
    return flat.reshape(count, *prior.counts.shape[:2])
