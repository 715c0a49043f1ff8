"""What a checkpoint remembers of its test images, so that every view works with no data set on
disk.

Axes: N shown images, h x w positions, K codebook_size, M sampled latents, D embedding_dim.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Gallery:
    """Index grids of a few hundred test images, usage statistics of the whole split, and a sample
    of latents."""

    indices: Tensor
    """int64 (N, h, w)."""
    counts: Tensor
    """int64 (K,): how often each code was chosen over the whole split."""
    position_counts: Tensor
    """int64 (h * w, K): the same for each position."""
    latents: Tensor
    """float (M, D): encoder outputs at random positions of random images."""
    latent_indices: Tensor
    """int64 (M,): the code each latent was snapped to."""
    latent_positions: Tensor
    """int64 (M,): its position, row * w + column."""
    labels: Tensor | None = None
    """int64 (N,), or None without classes."""
    class_counts: Tensor | None = None
    """int64 (classes, K), or None without classes."""
    latent_labels: Tensor | None = None
    """int64 (M,), or None without classes."""

    def tensors(self) -> dict[str, Tensor]:
        """For the file: integers in the smallest type that holds them."""
        small = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if value.is_floating_point():
                small[field.name] = value.half()
            else:
                top = int(value.max()) if value.numel() else 0
                # uint16 exists in safetensors, but few operations take it: int16 serves up to
                # 32,767 codes.
                small[field.name] = value.to(
                    torch.uint8 if top < 2**8 else torch.int16 if top < 2**15 else torch.int32
                )
        return small

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> Gallery:
        """The inverse of `tensors`, up to half precision. TypeError when a needed one is missing or
        unknown."""
        if any(v.is_complex() for v in tensors.values()):
            raise TypeError("it holds complex numbers")
        return cls(
            **{k: v.float() if v.is_floating_point() else v.long() for k, v in tensors.items()}
        )

    def misfit(self, codebook_size: int, embedding_dim: int) -> str:
        """Which field does not fit the others or a model of K codes of D numbers, in words; "" when
        all do."""
        if self.indices.ndim != 3:
            return f"indices has shape {tuple(self.indices.shape)}, not (N, h, w)"
        n, h, w = self.indices.shape
        positions, m, classes = h * w, _length(self.latent_indices), _length(self.class_counts)
        # Shape, and the number that every integer must stay below (None: no limit).
        expected = {
            "indices": (tuple(self.indices.shape), codebook_size),
            "counts": ((codebook_size,), None),
            "position_counts": ((positions, codebook_size), None),
            "latent_indices": ((m,), codebook_size),
            "latents": ((m, embedding_dim), None),
            "latent_positions": ((m,), positions),
            "class_counts": ((classes, codebook_size), None),
            "labels": ((n,), classes),
            "latent_labels": ((m,), classes),
        }
        for name, (shape, limit) in expected.items():
            value = getattr(self, name)
            if value is None:
                continue
            if value.shape != shape or value.is_floating_point() != (name == "latents"):
                return f"{name} is {value.dtype} {tuple(value.shape)}, not {shape}"
            if name == "latents":
                if not value.isfinite().all():
                    return "latents holds NaN or infinite numbers"
            elif value.numel() and (
                value.min() < 0 or (limit is not None and value.max() >= limit)
            ):
                return f"{name} goes from {int(value.min())} to {int(value.max())}"
        return ""


def _length(value: Tensor | None) -> int:
    """Entries along the first axis; 0 where there is none."""
    return value.shape[0] if value is not None and value.ndim else 0
