"""AE, VAE and conditional VAE: the VQ-VAE's encoder and decoder around one vector of numbers, not a
grid of codes.

    ae    autoencoder: a vector z, nothing asked of it
    vae   variational autoencoder (Kingma and Welling, arXiv:1312.6114): q(z|x) normal, p(z)
          standard normal
    cvae  the same with the class y given to both sides (Sohn, Lee and Yan, NeurIPS 2015): q(z|x,
          y), p(x|z, y)

Axes: B batch, C image channels, H x W pixels, h x w positions, D embedding_dim, L latent_dim, Y
classes. Pixels are in [0, 1] at every public border, as with the VQ-VAE.

The size of z is taken from the grid of codes it stands beside: at 8 bits per number, z has the bits
of the grid. That is what an AE's vector is cut to when it is measured. A VAE's bits are its KL
divergence, whatever L is: what it would take to send z to somebody who knows the prior (bits-back
coding; Hinton and van Camp 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vqvae.config import LATENT_BITS, ModelConfig
from vqvae.nn.losses import kl_divergence
from vqvae.nn.precision import at_least_float32, check_pixels
from vqvae.nn.pretrained import Pretrained

CLASS_CHANNELS = 4
"""Image channels that tell a conditional encoder the class."""
LOG_VARIANCE_LIMIT = 12.0
"""|log variance| stays below this: a variance of 6e-6 is as good as none, and exp() of a wild start
is no number."""
STATISTICS_DECAY = 0.99
"""Of the moving mean and variance of an AE's latents, per step."""
RANGE = 4.0
"""An AE's numbers are cut to 8 bits within so many standard deviations of their mean."""


@dataclass(frozen=True)
class BaselineOutput:
    """What `Autoencoder.forward` returns."""

    x_recon: Tensor
    """float (B, C, H, W) in [0, 1]."""
    z: Tensor
    """float (B, L): what the decoder was given; a sample of q(z|x) in training mode, its mean
    otherwise."""
    mean: Tensor
    """float (B, L), mean of q(z|x); an AE's z."""
    log_variance: Tensor | None
    """float (B, L), log of the variance of q(z|x); None for an AE."""
    kl: Tensor | None
    """float (B,), nats: KL(q(z|x) || p(z)) of each picture; None for an AE."""


class Autoencoder(Pretrained, nn.Module):
    """An AE, VAE or conditional VAE, as `config.kind` says.

    Shapes: x float (B, C, H, W) in [0, 1] of the config's size. labels int64 (B,), or float (B, Y)
    with the shares of a mixture of classes; only a cvae looks at them, and where it is given None
    it takes the class that explains the picture best (`guess`). A single picture (C, H, W) gives
    single results. `model.half()`, `.bfloat16()` and `.double()` encode and decode, as a VQ-VAE's
    do; pixels outside [0, 1] or NaN are a ValueError in `encode`.
    """

    latent_mean: Tensor
    latent_variance: Tensor

    def __init__(self, encoder: nn.Module, decoder: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.encoder, self.decoder, self.config = encoder, decoder, config
        h, w = config.grid
        features, latent = config.embedding_dim * h * w, config.latent_dim
        self.classes = len(config.classes) if config.kind == "cvae" else 0
        self.to_latent = nn.Linear(features, latent if config.kind == "ae" else 2 * latent)
        self.from_latent = nn.Linear(latent + self.classes, features)
        if self.classes:
            self.class_channels = nn.Parameter(torch.randn(self.classes, CLASS_CHANNELS) * 0.5)
        if config.kind == "ae":
            self.register_buffer("latent_mean", torch.zeros(latent))
            self.register_buffer("latent_variance", torch.ones(latent))

    def forward(
        self, x: Tensor, generator: torch.Generator | None = None, labels: Tensor | None = None
    ) -> BaselineOutput:
        """One pass. In training mode z is drawn as mean + deviation * noise, so that gradients
        reach both (the reparameterisation of arXiv:1312.6114, section 2.4); `generator` (on the
        CPU) makes the noise."""
        self._check_pictures(x)
        shares = self._shares(labels, x)
        mean, log_variance = self._posterior(x, shares)
        if log_variance is None:
            if self.training:
                self._follow(mean.detach())
            return BaselineOutput(self._picture(mean, shares), mean, mean, None, None)
        z = mean
        if self.training:
            noise = torch.randn(mean.shape, generator=generator).to(mean)
            z = mean + (log_variance / 2).exp() * noise
        return BaselineOutput(
            self._picture(z, shares), z, mean, log_variance, kl_divergence(mean, log_variance)
        )

    @torch.no_grad()
    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """float (B, C, H, W) -> float (B, L): the mean of q(z|x); an AE's vector cut to 8 bits per
        number."""
        single = x.ndim == 3
        x = x[None] if single else x
        self._check_pictures(x)
        check_pixels(x)
        mean, log_variance = self._posterior(x, self._shares(labels, x))
        z = self.cut(mean) if log_variance is None else mean
        return z[0] if single else z

    @torch.no_grad()
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """float (B, L) -> float (B, C, H, W) in [0, 1]. A cvae needs labels. ValueError for another
        shape."""
        single = z.ndim == 1
        z = z[None] if single else z
        if (
            z.ndim != 2
            or z.shape[1] != self.config.latent_dim
            or not z.is_floating_point()
            or not len(z)
        ):
            raise ValueError(
                f"z has shape {tuple(z.shape)} and type {z.dtype}; it must be float "
                f"(B, {self.config.latent_dim})."
            )
        if self.classes and labels is None:
            raise ValueError(
                "a conditional VAE draws a picture of a class; give labels, int64 (B,)."
            )
        x = self._picture(z, self._shares(labels, z))
        return x[0] if single else x

    @torch.no_grad()
    def reconstruct(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """float (B, C, H, W) in [0, 1] -> the same shape, through the latent."""
        if self.classes and labels is None:
            labels = self.guess(x if x.ndim == 4 else x[None])
            labels = labels if x.ndim == 4 else labels[0]
        return self.decode(self.encode(x, labels), labels)

    @torch.no_grad()
    def kl(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Nats of each picture's z: float (B, C, H, W) -> float (B,); zeros for an AE, which has no
        prior."""
        mean, log_variance = self._posterior(x, self._shares(labels, x))
        return torch.zeros(len(x)) if log_variance is None else kl_divergence(mean, log_variance)

    @torch.no_grad()
    def guess(self, x: Tensor) -> Tensor:
        """The class under which a cvae explains each picture best: float (B, C, H, W) -> int64
        (B,), 0..Y-1.

        Best by the evidence lower bound at the mean of q: by the error alone a wrong class can win
        with a z that the prior holds for next to impossible. The variance of the pictures given
        stands for that of the training data.
        """
        variance, bounds = at_least_float32(x).var(correction=0).clamp_min(1e-3), []
        for label in range(self.classes):
            shares = self._shares(torch.full((len(x),), label), x)
            mean, log_variance = self._posterior(x, shares)
            assert log_variance is not None, "only an ae has none, and no classes"
            error = (self._picture(mean, shares) - x).square().flatten(1).sum(1)
            bounds.append(error / variance + kl_divergence(mean, log_variance))
        return torch.stack(bounds).argmin(0)

    @torch.no_grad()
    def sample(
        self, count: int, labels: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Pictures of the prior: float (count, C, H, W). z is standard normal; an AE has no prior,
        so that its z is drawn from the normal distribution with the mean and the variance its
        latents had (and looks like nothing: there is much more to their distribution). A cvae
        without labels draws its classes too."""
        z = torch.randn(count, self.config.latent_dim, generator=generator).to(
            next(self.parameters())
        )
        if self.config.kind == "ae":
            z = self.latent_mean + z * self.latent_variance.sqrt()
        if self.classes and labels is None:
            labels = torch.randint(self.classes, (count,), generator=generator)
        return self.decode(z, labels)

    def cut(self, z: Tensor) -> Tensor:
        """An AE's numbers rounded to one of 256 values each, evenly within +-4 standard deviations:
        (B, L)."""
        mean, deviation = (
            at_least_float32(self.latent_mean),
            at_least_float32(self.latent_variance).sqrt(),
        )
        step, low = 2 * RANGE * deviation / (2**LATENT_BITS - 1), mean - RANGE * deviation
        return low + ((z - low) / step).round().clamp(0, 2**LATENT_BITS - 1) * step

    def _posterior(self, x: Tensor, shares: Tensor | None) -> tuple[Tensor, Tensor | None]:
        dtype = self.to_latent.weight.dtype
        x = (at_least_float32(x) * 2 - 1).to(dtype)
        if shares is not None:
            planes = (shares.to(dtype) @ self.class_channels)[:, :, None, None].expand(
                -1, -1, *x.shape[2:]
            )
            x = torch.cat([x, planes], 1)
        # Its statistics are kept in float32 under autocast.
        latent = at_least_float32(self.to_latent(self.encoder(x).flatten(1)))
        if self.config.kind == "ae":
            return latent, None
        mean, log_variance = latent.chunk(2, 1)
        return mean, LOG_VARIANCE_LIMIT * torch.tanh(log_variance / LOG_VARIANCE_LIMIT)

    def _picture(self, z: Tensor, shares: Tensor | None) -> Tensor:
        z = (z if shares is None else torch.cat([z, shares.to(z)], 1)).to(
            self.from_latent.weight.dtype
        )
        grid = self.from_latent(z).view(len(z), self.config.embedding_dim, *self.config.grid)
        return at_least_float32(self.decoder(grid)).sigmoid()

    def _shares(self, labels: Tensor | None, like: Tensor) -> Tensor | None:
        """Labels as float (B, Y); None for a model that does not look at them."""
        if not self.classes:
            return None
        if labels is None:
            labels = self.guess(like)
        if labels.is_floating_point():
            return labels.reshape(-1, self.classes).to(like.device)
        labels = labels.reshape(-1).to(like.device)
        if not 0 <= int(labels.min()) <= int(labels.max()) < self.classes:
            raise ValueError(
                f"labels go from {int(labels.min())} to {int(labels.max())}; they must lie in "
                f"0..{self.classes - 1}."
            )
        return nn.functional.one_hot(labels, self.classes).float()

    def _follow(self, z: Tensor) -> None:
        if len(z) > 1:
            self.latent_mean.lerp_(z.mean(0).to(self.latent_mean.dtype), 1 - STATISTICS_DECAY)
            self.latent_variance.lerp_(z.var(0).to(self.latent_mean.dtype), 1 - STATISTICS_DECAY)

    def _check_pictures(self, x: Tensor) -> None:
        shape = (self.config.channels, self.config.height, self.config.width)
        if not x.is_floating_point() or x.ndim != 4 or tuple(x.shape[1:]) != shape or not len(x):
            raise ValueError(
                f"x has shape {tuple(x.shape)} and type {x.dtype}; it must be float (B, "
                f"{', '.join(map(str, shape))}) in [0, 1]: an {self.config.kind} keeps one vector "
                "for the whole picture, so that its size is fixed."
            )
