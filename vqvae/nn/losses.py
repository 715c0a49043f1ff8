"""The training objectives, as pure functions of what the models return. Beta and the other weights
are applied here and nowhere else.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vqvae import metrics


def reconstruction_loss(x_recon: Tensor, x: Tensor, variance: float = 1.0) -> Tensor:
    """Mean squared error over all pixels of (B, C, H, W), divided by the data's variance so that
    its scale, and with it the balance with the other terms, is the same for every data set."""
    return F.mse_loss(x_recon, x) / variance


def structural_loss(x_recon: Tensor, x: Tensor) -> Tensor:
    """1 - SSIM, mean over the pictures: two (B, C, H, W) in [0, 1] -> scalar, 0 for equal ones
    (Wang et al. 2004; as a training loss Zhao et al., arXiv:1511.08861, section III-B). It asks for
    the local contrast that the squared error alone gives up where detail is uncertain. In float32
    under autocast too: it lives on differences of squares."""
    with torch.autocast(x.device.type, enabled=False):
        return 1 - metrics.ssim(x_recon.float(), x.float()).mean()


def bernoulli_loss(x_recon: Tensor, x: Tensor, variance: float = 1.0) -> Tensor:
    """Mean KL divergence, nats, of a coin of probability x_recon from one of probability x, over
    all pixels of (B, C, H, W) in [0, 1], divided by the data's variance.

    Like the squared error it is least where x_recon is the mean of x, and it is at least twice as
    large. Its gradient at the decoder's output before the sigmoid is x_recon - x: that of the
    squared error carries the sigmoid's slope too, which fades towards black and white.
    """
    entropy = torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)
    x_recon = x_recon.clamp(1e-7, 1 - 1e-7)
    return (entropy - x * x_recon.log() - (1 - x) * (1 - x_recon).log()).mean() / variance


def vqvae_loss(
    reconstruction: Tensor,
    codebook: Tensor,
    commitment: Tensor,
    commitment_weight: float,
    entropy: Tensor | float = 0.0,
    entropy_weight: float = 0.0,
) -> Tensor:
    """Eq. 3 of arXiv:1711.00937: reconstruction + |sg[z_e] - e|^2 + beta |z_e - sg[e]|^2; and, of
    LFQ and BSQ, their weighted entropy loss. Scalars in, scalar out."""
    return reconstruction + codebook + commitment_weight * commitment + entropy_weight * entropy


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each image: (B, ...) -> (B,), nats, summed over
    the latent (arXiv:1312.6114, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).sum(1)


def vae_loss(
    reconstruction: Tensor, kl: Tensor, pixels: int, kl_weight: float = 1.0, free_nats: float = 0.0
) -> Tensor:
    """Negative evidence lower bound per pixel (arXiv:1312.6114, eq. 3 and 7), without its constant:
    scalar.

    reconstruction: mean squared error over the data's variance v, which makes the decoder a
    Gaussian of variance v / 2. kl (B,), nats. kl_weight other than 1 is the beta of Higgins et al.
    2017. Of the mean KL, `free_nats` cost nothing (free bits, arXiv:1606.04934, eq. 15, here over
    the whole latent).
    """
    return reconstruction + kl_weight * kl.mean().clamp_min(free_nats) / pixels


def is_finite(*values: Tensor) -> bool:
    """True when no scalar of `values` is NaN or infinite."""
    return bool(torch.stack([v.detach().float() for v in values]).isfinite().all())
