"""The VQ-VAE: encoder, quantizer, decoder. It receives its parts; `vqvae.nn.build` makes them from
a config.

Axes: B batch, C image channels, H x W pixels, h x w positions, D embedding_dim, K codebook_size.
Pixels are in [0, 1] at every public border; inside, the networks work on -1..1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vqvae.config import ModelConfig
from vqvae.nn.modes import without_gradients
from vqvae.nn.precision import at_least_float32, check_pixels
from vqvae.nn.pretrained import Pretrained
from vqvae.nn.quantizers.base import Quantized, Quantizer

SMALL_BATCH = 4
"""Up to this many pictures a plain memory layout is the faster one on a CPU."""


@dataclass(frozen=True)
class VQVAEOutput:
    """What `VQVAE.forward` returns."""

    x_recon: Tensor
    """float (B, C, H, W) in [0, 1]."""
    z_e: Tensor
    """float (B, D, h, w): what the encoder says, in the space of the codes, before quantization."""
    quantized: Quantized
    """Indices, straight-through latents and the raw losses."""


class VQVAE(Pretrained, nn.Module):
    """Encoder, quantizer and decoder in a row (arXiv:1711.00937, section 3).

    Shapes: x float (B, C, H, W) in [0, 1] with H and W divisible by `config.downsample`; the size
    the model was trained at is not required. A single picture (C, H, W) gives single results,
    without the batch axis.

    The networks run in the type of their weights: `model.half()`, `.bfloat16()` and `.double()`
    encode and decode, and a double model trains; what comes out is float32, of a double model
    float64. ValueError for pixels outside [0, 1] or NaN, except in training mode, where a look at
    every pixel would be paid in every step. `encode` and `decode` go through torch.compile and
    torch.export with any batch and any size; see `vqvae.export.graphs`.
    """

    def __init__(
        self, encoder: nn.Module, quantizer: Quantizer, decoder: nn.Module, config: ModelConfig
    ) -> None:
        super().__init__()
        self.encoder, self.quantizer, self.decoder, self.config = (
            encoder,
            quantizer,
            decoder,
            config,
        )

    @property
    def codebook(self) -> Tensor:
        """float (K, D), rows are codes."""
        return self.quantizer.codebook

    def forward(
        self, x: Tensor, generator: torch.Generator | None = None, learn: bool = True
    ) -> VQVAEOutput:
        """x float (B, C, H, W) in [0, 1]. In training mode the codebook learns in this call; see
        the quantizer for `generator` and `learn`."""
        self._check_pictures(x)
        if not self.training:
            check_pixels(x)
        z_e = self._z_e(x)
        quantized = self.quantizer(z_e, generator, learn)
        return VQVAEOutput(self._picture(quantized.z_q), z_e, quantized)

    @without_gradients
    def latents(self, x: Tensor) -> Tensor:
        """z_e of pictures, in the space of the codes: float (B, C, H, W) in [0, 1] -> float
        (B, D, h, w)."""
        single = x.ndim == 3
        x = x[None] if single else x
        self._check_pictures(x)
        check_pixels(x)
        z_e = self._z_e(x)
        return z_e[0] if single else z_e

    @without_gradients
    def encode(self, x: Tensor) -> Tensor:
        """Indices of pictures: float (B, C, H, W) in [0, 1] -> int64 (B, h, w)."""
        z_e = self.latents(x)
        flat = z_e.movedim(-3, -1)
        return self.quantizer.nearest(flat.reshape(-1, flat.shape[-1])).reshape(flat.shape[:-1])

    @without_gradients
    def embed(self, indices: Tensor) -> Tensor:
        """Codebook rows of indices: int64 (B, h, w) -> z_q float (B, D, h, w). ValueError when one
        is not in 0..K-1."""
        self._check_indices(indices)
        single = indices.ndim == 2
        z_q = self.quantizer.embed(indices[None] if single else indices)
        return z_q[0] if single else z_q

    @without_gradients
    def decode(self, indices: Tensor) -> Tensor:
        """Pictures of indices: int64 (B, h, w) -> float (B, C, H, W), in [0, 1]."""
        return self.decode_latents(self.embed(indices))

    @without_gradients
    def reconstruct(self, x: Tensor) -> Tensor:
        """float (B, C, H, W) in [0, 1] -> the same shape, through the codes."""
        return self.decode(self.encode(x))

    @without_gradients
    def decode_latents(self, z: Tensor) -> Tensor:
        """Pictures of any latents, on the codebook or not: float (B, D, h, w) -> float (B, C, H, W)
        in [0, 1]."""
        single = z.ndim == 3
        z = z[None] if single else z
        if (
            z.ndim != 4
            or z.shape[1] != self.config.embedding_dim
            or (not torch.compiler.is_compiling() and not z.numel())
        ):
            raise ValueError(
                f"z has shape {tuple(z.shape)}; it must be (B, {self.config.embedding_dim}, h, w)."
            )
        if not torch.compiler.is_compiling() and len(z) <= SMALL_BATCH:  # a graph serves any number
            z = z.contiguous()
        x = self._picture(z)
        return x[0] if single else x

    def fingerprint(self) -> str:
        """8 hex digits that tell whether two models give an index grid the same meaning (codebook
        and decoder)."""
        digest = hashlib.sha256()
        state = {"codebook": self.codebook, **self.decoder.state_dict()}
        for name in sorted(state):
            digest.update(name.encode())
            digest.update(state[name].detach().cpu().contiguous().float().numpy().tobytes())
        return digest.hexdigest()[:8]

    def _centred(self, x: Tensor) -> Tensor:
        return (at_least_float32(x) * 2 - 1).to(self.quantizer.dtype)

    def _z_e(self, x: Tensor) -> Tensor:
        return self.quantizer.squash(at_least_float32(self.encoder(self._centred(x))))

    def _picture(self, z: Tensor) -> Tensor:
        # A sigmoid reaches black and white exactly enough and leaves nothing to clamp: lower error
        # than a linear end.
        return at_least_float32(self.decoder(z.to(self.quantizer.dtype))).sigmoid()

    def _check_pictures(self, x: Tensor) -> None:
        factor, channels = self.config.downsample, self.config.channels
        if (
            torch.compiler.is_compiling()
        ):  # sizes are symbols there, and a comparison would fix them
            return
        if (
            not x.is_floating_point()
            or x.ndim != 4
            or x.shape[1] != channels
            or x.shape[2] % factor
            or x.shape[3] % factor
            or not x.numel()
        ):
            raise ValueError(
                f"x has shape {tuple(x.shape)} and type {x.dtype}; it must be float (B, "
                f"{channels}, H, W) in [0, 1] with H and W divisible by {factor}."
            )

    def _check_indices(self, indices: Tensor) -> None:
        if torch.compiler.is_compiling():
            return
        if indices.ndim not in (2, 3) or indices.dtype != torch.int64 or not indices.numel():
            raise ValueError(
                f"indices has shape {tuple(indices.shape)} and type {indices.dtype}; "
                "it must be int64 (B, h, w)."
            )
        if not 0 <= int(indices.min()) <= int(indices.max()) < self.config.codebook_size:
            raise ValueError(
                f"indices go from {int(indices.min())} to {int(indices.max())}; they must lie in "
                f"0..{self.config.codebook_size - 1}."
            )
