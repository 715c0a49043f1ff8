"""How many pictures are worked on at once where none is learnt from: as many as a bounded memory
holds, not a number that is right for small ones and takes gigabytes for large ones.
"""

from __future__ import annotations

from vqvae.config import ModelConfig

EVALUATION_BATCH = 500
"""Pictures measured at once; fewer where they are large."""
WORKING_BYTES = 2**28
"""What a batch may take that is encoded, decoded and measured."""


def picture_bytes(config: ModelConfig, height: int, width: int) -> int:
    """Rough upper estimate of what encoding, decoding and measuring one picture of this size holds
    at a time, bytes."""
    positions = height * width // config.downsample**2
    # A residual block holds its input, its normalised input, the expansion before and after SiLU,
    # and its output; SSIM holds fourteen pictures.
    numbers = positions * (8 * config.hidden_channels + 6 * config.embedding_dim)
    return 4 * (numbers + 14 * config.channels * height * width)


def images_at_once(config: ModelConfig, height: int, width: int, most: int) -> int:
    """Pictures of this size in a batch, at least 1 and at most `most`."""
    return max(1, min(most, WORKING_BYTES // picture_bytes(config, height, width)))


def measuring_bytes(config: ModelConfig) -> int:
    """What measuring a model on pictures of its own size takes, bytes."""
    height, width = config.height, config.width
    return images_at_once(config, height, width, EVALUATION_BATCH) * picture_bytes(
        config, height, width
    )
