"""What this machine has: its devices, and whether a run fits its memory."""

from __future__ import annotations

import torch

from vqvae import distributed
from vqvae.config import ConfigError, ModelConfig
from vqvae.nn.batches import measuring_bytes
from vqvae.training.memory import total_bytes

MEMORY_SHARE = 0.8
"""A run that is estimated to need more than this share of the machine's memory is refused."""


def resolve_device(name: str) -> torch.device:
    """auto -> cuda, mps or cpu, whichever is there; ConfigError when the one asked for is not."""
    available = {
        "cuda": torch.cuda.is_available(),
        "cpu": True,
        "mps": torch.backends.mps.is_available() and distributed.world_size() == 1,
    }
    if name == "auto":
        name = next(d for d, there in available.items() if there)
    if not available[name]:
        raise ConfigError(
            f"device {name} is not available here; use --device "
            f"{' or '.join(d for d, there in available.items() if there)}."
        )
    return torch.device(name)


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """The type that the networks train in: auto takes bfloat16 where the device multiplies in it,
    else float32."""
    if name != "auto":
        return getattr(torch, name)
    return torch.bfloat16 if _multiplies_bfloat16(device) else torch.float32


def _multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it: emulated, it would be slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        return torch.backends.mps.is_macos_or_newer(14, 0)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def estimate_bytes(model: ModelConfig, batch_size: int) -> int:
    """Rough upper estimate of what a run holds in memory besides the data, bytes: in a training
    step, or while it is measured, whichever is more."""
    positions = batch_size * model.grid[0] * model.grid[1]
    hidden, blocks = model.hidden_channels, 2 * model.residual_blocks
    weights = blocks * 10 * hidden**2 + 18 * hidden * (
        model.channels * model.downsample**2 + model.embedding_dim
    )
    activations = (
        positions * (hidden * (7 * blocks + 6) + 4 * model.embedding_dim)
        + 8 * batch_size * model.channels * model.height * model.width
    )
    if model.kind != "vqvae":  # the linear layers to and from the vector
        weights += 3 * model.latent_dim * model.embedding_dim * model.grid[0] * model.grid[1]
        return 16 * weights + max(4 * activations, measuring_bytes(model))
    codebook = 4 * model.codebook_size * model.embedding_dim
    distances = min(positions * model.codebook_size, 2**23)
    return 4 * (4 * weights + codebook + 2 * distances) + max(
        4 * activations, measuring_bytes(model)
    )


def check_memory(model: ModelConfig, batch_size: int, data_bytes: int = 0) -> None:
    """ConfigError when a run on so many bytes of pictures would not fit this machine's memory,
    before anything more is allocated."""
    total = total_bytes()
    if not total:
        return
    needed = data_bytes + estimate_bytes(model, batch_size)
    if needed > MEMORY_SHARE * total:
        raise ConfigError(
            f"These settings need about {needed / 2**30:.0f} GB of memory and this machine has "
            f"{total / 2**30:.0f} GB. Lower batch_size ({batch_size}), hidden_channels "
            f"({model.hidden_channels}) or the size of the images."
        )
