"""Encoder and decoder: convolutions on the grid of positions, so that any picture size divisible by
the factor works.

Axes: B batch, C image channels, H x W pixels, h x w positions (H / factor, W / factor), D
embedding_dim.

The picture is first folded: a factor x factor square of pixels becomes one position with factor^2 *
C channels (space-to-depth). All work is then done at grid resolution, which is what makes a minute
on a laptop enough. Normalisation is over channels at each position, never over the picture: a
position then depends on its neighbourhood only, the effect of one code has a bounded reach, and
large pictures behave as small ones.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vqvae.config import ModelConfig


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each position: (B, C, h, w) -> (B, C, h, w)."""

    def forward(self, input: Tensor) -> Tensor:  # named as in the class above it
        return super().forward(input.movedim(1, -1)).movedim(-1, 1)


class ResidualBlock(nn.Module):
    """x + contract(SiLU(expand(norm(depthwise3x3(x))))), shapes kept: (B, channels, h, w). It
    reaches one position further.

    The order of ConvNeXt (arXiv:2201.03545, figure 4): one filter per channel looks around, then a
    small network at each position mixes the channels. A full 3x3 convolution costs twice the time
    for the same error here, and a dilated one is worse.
    """

    def __init__(self, channels: int, expansion: int = 2) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.contract = nn.Linear(expansion * channels, channels)
        nn.init.zeros_(self.contract.weight)
        nn.init.zeros_(self.contract.bias)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(x).movedim(
            1, -1
        )  # (B, h, w, channels): free when the memory is channels-last
        y = self.contract(F.silu(self.expand(self.norm(y))))
        return x + y.movedim(-1, 1)


class Encoder(nn.Module):
    """Picture to latents: float (B, in_channels, H, W), about -1..1 -> z_e float
    (B, embedding_dim, h, w)."""

    def __init__(
        self,
        in_channels: int,
        embedding_dim: int,
        *,
        downsample: int,
        hidden_channels: int,
        residual_blocks: int,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(downsample),
            nn.Conv2d(in_channels * downsample**2, hidden_channels, 3, padding=1),
            *(ResidualBlock(hidden_channels) for _ in range(residual_blocks)),
            ChannelNorm(hidden_channels),
            nn.Conv2d(hidden_channels, embedding_dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Decoder(nn.Module):
    """Latents to picture: float (B, embedding_dim, h, w) -> float (B, out_channels, H, W), before
    the sigmoid."""

    def __init__(
        self,
        embedding_dim: int,
        out_channels: int,
        *,
        downsample: int,
        hidden_channels: int,
        residual_blocks: int,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(embedding_dim, hidden_channels, 3, padding=1),
            *(ResidualBlock(hidden_channels) for _ in range(residual_blocks)),
            ChannelNorm(hidden_channels),
            nn.SiLU(),
            nn.Conv2d(hidden_channels, out_channels * downsample**2, 1),
            nn.PixelShuffle(downsample),
        )

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)


def build_networks(
    config: ModelConfig, latent_channels: int, *, extra_inputs: int = 0
) -> tuple[Encoder, Decoder]:
    """Encoder and decoder of a config, for the VQ-VAE and its baselines alike; `extra_inputs` more
    image channels for the encoder."""
    options = {
        "downsample": config.downsample,
        "hidden_channels": config.hidden_channels,
        "residual_blocks": config.residual_blocks,
    }
    return (
        Encoder(config.channels + extra_inputs, latent_channels, **options),
        Decoder(config.embedding_dim, config.channels, **options),
    )
