"""The VQ-VAE: encoder, quantizer, decoder. It receives its parts; `build_model` makes them from a config.

Axes: B batch, C image channels, H x W pixels, h x w positions, D embedding_dim, K codebook_size.
Pixels are in [0, 1] at every public border; inside, the networks work on -1..1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vqvae.config import ModelConfig
from vqvae.hub import Pretrained
from vqvae.networks import Decoder, Encoder
from vqvae.quantizer import EMAVectorQuantizer, Quantized, VectorQuantizer

if TYPE_CHECKING:
    from vqvae.baselines import Autoencoder

SMALL_BATCH = 4
"""Up to this many pictures a plain memory layout is the faster one on a CPU."""


@dataclass(frozen=True)
class VQVAEOutput:
    """What `VQVAE.forward` returns."""

    x_recon: Tensor
    """float (B, C, H, W) in [0, 1]."""
    z_e: Tensor
    """float (B, D, h, w): what the encoder says, before quantization."""
    quantized: Quantized
    """Indices, straight-through latents and the raw losses."""


class VQVAE(Pretrained, nn.Module):
    """Encoder, quantizer and decoder in a row (arXiv:1711.00937, section 3).

    Shapes: x float (B, C, H, W) in [0, 1] with H and W divisible by `config.downsample`; the size the model was
    trained at is not required. A single picture (C, H, W) gives single results, without the batch axis.
    """

    def __init__(self, encoder: nn.Module, quantizer: VectorQuantizer, decoder: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.encoder, self.quantizer, self.decoder, self.config = encoder, quantizer, decoder, config

    @property
    def codebook(self) -> Tensor:
        """float (K, D), rows are codes."""
        return self.quantizer.codebook

    def forward(self, x: Tensor, generator: torch.Generator | None = None, learn: bool = True) -> VQVAEOutput:
        """x float (B, C, H, W) in [0, 1]. In training mode the codebook learns in this call; see the quantizer for
        `generator` and `learn`."""
        self._check_pictures(x)
        z_e = self.encoder(x.float() * 2 - 1)
        quantized = self.quantizer(z_e, generator, learn)
        return VQVAEOutput(self._picture(quantized.z_q), z_e, quantized)

    @torch.no_grad()
    def latents(self, x: Tensor) -> Tensor:
        """z_e of pictures: float (B, C, H, W) in [0, 1] -> float (B, D, h, w)."""
        single = x.ndim == 3
        x = x[None] if single else x
        self._check_pictures(x)
        z_e = self.encoder(x.float() * 2 - 1).float()
        return z_e[0] if single else z_e

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Indices of pictures: float (B, C, H, W) in [0, 1] -> int64 (B, h, w)."""
        z_e = self.latents(x)
        flat = z_e.movedim(-3, -1)
        return self.quantizer.nearest(flat.reshape(-1, flat.shape[-1])).reshape(flat.shape[:-1])

    @torch.no_grad()
    def embed(self, indices: Tensor) -> Tensor:
        """Codebook rows of indices: int64 (B, h, w) -> z_q float (B, D, h, w). ValueError when one is not in 0..K-1."""
        self._check_indices(indices)
        single = indices.ndim == 2
        z_q = self.quantizer.embed(indices[None] if single else indices)
        return z_q[0] if single else z_q

    @torch.no_grad()
    def decode(self, indices: Tensor) -> Tensor:
        """Pictures of indices: int64 (B, h, w) -> float (B, C, H, W), in [0, 1]."""
        return self.decode_latents(self.embed(indices))

    @torch.no_grad()
    def decode_latents(self, z: Tensor) -> Tensor:
        """Pictures of any latents, on the codebook or not: float (B, D, h, w) -> float (B, C, H, W) in [0, 1]."""
        single = z.ndim == 3
        z = z[None] if single else z
        if z.ndim != 4 or z.shape[1] != self.config.embedding_dim or not z.numel():
            raise ValueError(f"z has shape {tuple(z.shape)}; it must be (B, {self.config.embedding_dim}, h, w).")
        x = self._picture(z.contiguous() if len(z) <= SMALL_BATCH else z)
        return x[0] if single else x

    def fingerprint(self) -> str:
        """8 hex digits that tell whether two models give an index grid the same meaning (codebook and decoder)."""
        digest = hashlib.sha256()
        state = {"codebook": self.codebook, **self.decoder.state_dict()}
        for name in sorted(state):
            digest.update(name.encode())
            digest.update(state[name].detach().cpu().contiguous().float().numpy().tobytes())
        return digest.hexdigest()[:8]

    def _picture(self, z: Tensor) -> Tensor:
        # A sigmoid reaches black and white exactly enough and leaves nothing to clamp: lower error than a linear end.
        return self.decoder(z).float().sigmoid()

    def _check_pictures(self, x: Tensor) -> None:
        factor, channels = self.config.downsample, self.config.channels
        if (not x.is_floating_point() or x.ndim != 4 or x.shape[1] != channels or x.shape[2] % factor
                or x.shape[3] % factor or not x.numel()):
            raise ValueError(f"x has shape {tuple(x.shape)} and type {x.dtype}; it must be float (B, {channels}, H, W) "
                             f"in [0, 1] with H and W divisible by {factor}.")

    def _check_indices(self, indices: Tensor) -> None:
        if indices.ndim not in (2, 3) or indices.dtype != torch.int64 or not indices.numel():
            raise ValueError(f"indices has shape {tuple(indices.shape)} and type {indices.dtype}; "
                             "it must be int64 (B, h, w).")
        if not 0 <= int(indices.min()) <= int(indices.max()) < self.config.codebook_size:
            raise ValueError(f"indices go from {int(indices.min())} to {int(indices.max())}; they must lie in "
                             f"0..{self.config.codebook_size - 1}.")


def build_networks(config: ModelConfig, latent_channels: int, *, extra_inputs: int = 0) -> tuple[Encoder, Decoder]:
    """Encoder and decoder of a config, for the VQ-VAE and its baselines alike; `extra_inputs` more image channels for
    the encoder."""
    options = {"downsample": config.downsample, "hidden_channels": config.hidden_channels,
               "residual_blocks": config.residual_blocks}
    return (Encoder(config.channels + extra_inputs, latent_channels, **options),
            Decoder(config.embedding_dim, config.channels, **options))


def build_model(config: ModelConfig, seed: int = 0) -> VQVAE | Autoencoder:
    """A fresh model of the config's kind; the same config and seed give the same weights. The global random state is
    left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed every GPU, for good
        if config.kind != "vqvae":
            from vqvae.baselines import build_baseline

            return build_baseline(config)
        encoder, decoder = build_networks(config, config.embedding_dim)
        make = EMAVectorQuantizer if config.quantizer == "ema" else VectorQuantizer
        quantizer = make(config.codebook_size, config.embedding_dim, kmeans_start=config.kmeans_start,
                         restart_threshold=config.restart_threshold, ema_decay=config.ema_decay)
    return VQVAE(encoder, quantizer, decoder, config)
