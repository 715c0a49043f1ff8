"""Codes without a table: the signs of each number, as corners of a cube (LFQ, arXiv:2310.05737) or
on a sphere (BSQ, arXiv:2406.07548).

Gains: no search, so that K may be very large, and an index whose bits each say something. Gives
up: only two values for each number, and an entropy loss with a weight to be found, without which
most codes go unused.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vqvae import distributed
from vqvae.nn.quantizers.base import ImpliedCodebook


class LookupFreeQuantizer(ImpliedCodebook):
    """Each number becomes its sign; bit d of the index is whether number d is above 0 (section 3.1
    of arXiv:2310.05737).

    The entropy loss (eq. 4 there) is E[H(q(z))] - H[E q(z)], in nats, over the vectors of the batch
    (of all processes), with q(z) the softmax over -temperature |z - code|^2: each latent is to be
    sure of its code, all of them together are to use every code.

    Args:
        embedding_dim: D; K is 2^D.
        temperature: as above; larger is surer.
        options: those of `Quantizer`.
    """

    def __init__(self, embedding_dim: int, temperature: float = 1.0, **options) -> None:
        super().__init__(2**embedding_dim, embedding_dim, **options)
        self.temperature = temperature

    @property
    def side(self) -> float:
        """Distance of the codes from 0 along each number."""
        return 1.0

    def nearest(self, flat: Tensor) -> Tensor:
        bits = torch.arange(self.embedding_dim, device=flat.device)
        return ((flat.detach() > 0).long() << bits).sum(-1)

    def rows(self, indices: Tensor) -> Tensor:
        bits = torch.arange(self.embedding_dim, device=indices.device)
        return (self.side * (2.0 * (indices[..., None] >> bits & 1) - 1)).to(self.dtype)

    def raw_losses(self, flat: Tensor, z_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return flat.new_zeros(()), F.mse_loss(flat, z_q.detach()), self.entropy_loss(flat)

    def entropy_loss(self, flat: Tensor) -> Tensor:
        """E[H(q(z))] - H[E q(z)] of flat (N, D), exact: given z the bits are independent, each 1
        with the probability sigmoid(4 temperature side z_d)."""
        logits = 4 * self.temperature * self.side * flat
        p = logits.sigmoid()
        of_each = (F.softplus(logits) - logits * p).sum(1).mean()
        half = self.embedding_dim // 2
        mean = _patterns(p[:, :half]).T @ _patterns(p[:, half:]) / len(p)
        if self.training:  # over all processes; the gradient is that of our own part
            of_all = distributed.all_reduce_sum(mean.detach())[0] / distributed.world_size()
            mean = mean + (of_all - mean).detach()
        return of_each + (mean * mean.clamp_min(1e-12).log()).sum()


class BinarySphericalQuantizer(LookupFreeQuantizer):
    """LFQ on the unit sphere (section 4.1 of arXiv:2406.07548): latents are normalised, and the
    codes are the corners of the cube that lie on the sphere too, so that no latent is far from its
    code."""

    @property
    def side(self) -> float:
        return self.embedding_dim**-0.5

    def squash(self, z_e: Tensor) -> Tensor:
        return F.normalize(z_e, dim=1)


def _patterns(p: Tensor) -> Tensor:
    """Probabilities of bits, float (N, d), to those of every pattern of them, float (N, 2^d)."""
    of_patterns = p.new_ones(len(p), 1)
    for bit in p.T:
        of_patterns = torch.cat([of_patterns * (1 - bit[:, None]), of_patterns * bit[:, None]], 1)
    return of_patterns
