"""The prior: one masked transformer over index grids, which predicts any unknown cells from the known ones.

The same network generates (MaskGIT, arXiv:2202.04200), completes around locked cells, ranks the codes of one cell, and
gives a likelihood (order-agnostic autoregression, arXiv:2110.02037). Axes: B batch, h x w positions, K codebook_size,
D embedding_dim, C channels. Labels: int64 (B,), -1 = no class given.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqvae.config import MAX_CODEBOOK_SIZE, ConfigError, _check_float, _check_int, _Config

MAX_POSITIONS = 4_096
"""Attention looks at every pair of cells: beyond 64 x 64 a laptop's memory and patience end."""
PSEUDO_COUNT = 0.5
"""Added to every count of the marginals, so that a code never seen at a position is unlikely and not impossible."""


@dataclass(frozen=True)
class PriorConfig(_Config):
    """What it takes to rebuild a prior; the weights then fit into it."""

    codebook_size: int = 512
    """K of the VQ-VAE it belongs to."""
    embedding_dim: int = 8
    """D of the VQ-VAE it belongs to."""
    height: int = 7
    """h, rows of the index grid."""
    width: int = 7
    """w, columns of the index grid."""
    classes: int = 0
    """Number of classes it can be asked for; 0: unconditional."""
    channels: int = 128
    """C, width of the transformer."""
    layers: int = 4
    """Transformer blocks."""
    heads: int = 4
    """Attention heads of a block; they divide `channels`."""
    label_dropout: float = 0.1
    """Share of the training grids whose label is hidden, so that it also works without one (arXiv:2207.12598)."""

    def __post_init__(self) -> None:
        _check_int(self, "codebook_size", 2, MAX_CODEBOOK_SIZE)
        _check_int(self, "embedding_dim", 1, 1024)
        _check_int(self, "height", 1, 1024)
        _check_int(self, "width", 1, 1024)
        if self.positions > MAX_POSITIONS:
            raise ConfigError(f"The grid has {self.height} x {self.width} cells; a prior takes at most "
                              f"{MAX_POSITIONS:,}. Train the VQ-VAE with a larger downsample, or on smaller images.")
        _check_int(self, "classes", 0, 100_000)
        _check_int(self, "channels", 8, 2048)
        _check_int(self, "layers", 1, 64)
        _check_int(self, "heads", 1, 64)
        if self.channels % self.heads:
            raise ConfigError(f"heads is {self.heads}; it must divide channels ({self.channels}).")
        _check_float(self, "label_dropout", 0.0, 1.0)

    @property
    def positions(self) -> int:
        """h * w."""
        return self.height * self.width


class Block(nn.Module):
    """A pre-norm transformer block that first mixes each cell with its eight neighbours (a depthwise convolution):
    near cells say most about one another, and attention need not learn where "near" is.

    Shapes: float (B, h, w, C) -> the same.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.attention_norm, self.norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels)
        self.expand, self.contract = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        for last in (self.project, self.contract):  # the block begins as the identity
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        x = x + self.local(x.movedim(-1, 1)).movedim(1, -1)
        q, k, v = self.qkv(self.attention_norm(x)).reshape(b, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        x = x + self.project(mixed.transpose(1, 2).reshape(b, h, w, c))
        return x + self.contract(F.silu(self.expand(self.norm(x))))


class Prior(nn.Module):
    """p(index of each unknown cell | indices of the known cells, class).

    A cell enters as a function of its code's vector, and leaves as a score against a function of every code's vector:
    what is learned about one code holds for those near it. The scores are added to the log marginals of the position,
    so that training begins at the entropy of independent positions.

    Args:
        config: sizes.
        codebook: float (K, D) of the VQ-VAE.
        counts: int (h, w, K), how often each code stands at each position of the training set; None: not known yet.

    Buffers: `codebook`, `counts`. Attribute `fingerprint`: of the VQ-VAE it belongs to, "" when unknown.
    """

    def __init__(self, config: PriorConfig, codebook: Tensor | None = None, counts: Tensor | None = None) -> None:
        super().__init__()
        self.config, self.fingerprint = config, ""
        k, d, c, h, w = (config.codebook_size, config.embedding_dim, config.channels, config.height, config.width)
        self.register_buffer("codebook", torch.zeros(k, d) if codebook is None else codebook.detach().clone().float())
        self.register_buffer("counts", torch.zeros(h, w, k, dtype=torch.int32) if counts is None else counts.int())
        self.enter = nn.Sequential(nn.Linear(d, 2 * c), nn.SiLU(), nn.Linear(2 * c, c))
        self.leave = nn.Sequential(nn.Linear(d, 2 * c), nn.SiLU(), nn.Linear(2 * c, c))
        self.unknown = nn.Parameter(torch.zeros(c))
        self.position = nn.Parameter(0.02 * torch.randn(h, w, c))
        self.label = nn.Embedding(config.classes + 1, c)  # the last row: no class given
        nn.init.normal_(self.label.weight, std=0.02)
        self.blocks = nn.ModuleList(Block(c, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(c)
        self.head = nn.Linear(c, c)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, indices: Tensor, known: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits of every cell's code: indices int64 (B, h, w), known bool (B, h, w), labels int64 (B,) or None ->
        float (B, h, w, K). Indices of unknown cells are not looked at; the logits of known cells mean nothing."""
        return self.score(self.hidden(indices, known, labels))

    def hidden(self, indices: Tensor, known: Tensor, labels: Tensor | None = None) -> Tensor:
        """What stands before the scores: float (B, h, w, C)."""
        codes = self.enter(self._scaled_codebook())
        x = torch.where(known[..., None], F.embedding(indices.where(known, 0), codes), self.unknown)
        x = x + self.position + self.label(self._rows(labels, len(indices)))[:, None, None]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def score(self, hidden: Tensor, cells: Tensor | None = None) -> Tensor:
        """Logits of hidden (B, h, w, C): float (B, h, w, K); with cells bool (B, h, w) only of those, (cells, K)."""
        table = self.leave(self._scaled_codebook()) / self.config.channels**0.5
        marginals = self.log_marginals()
        if cells is None:
            return hidden @ table.T + marginals
        rows = torch.arange(self.config.positions, device=hidden.device).reshape(cells.shape[1:]).expand_as(cells)
        return hidden[cells] @ table.T + marginals.flatten(0, 1)[rows[cells]]

    def log_marginals(self) -> Tensor:
        """log p(index) at each position, were it independent of the others: float (h, w, K)."""
        return (self.counts.float() + PSEUDO_COUNT).log().log_softmax(-1)

    def _scaled_codebook(self) -> Tensor:
        return (self.codebook - self.codebook.mean(0)) / self.codebook.std(0, correction=0).clamp_min(1e-6)

    def _rows(self, labels: Tensor | None, count: int) -> Tensor:
        none = self.config.classes
        if labels is None:
            return torch.full((count,), none, device=self.codebook.device)
        return torch.where(labels < 0, none, labels)


def position_counts(indices: Tensor, codebook_size: int) -> Tensor:
    """How often each code stands at each position: indices (N, h, w) -> int32 (h, w, K)."""
    _, h, w = indices.shape
    cells = torch.arange(h * w).reshape(h, w) * codebook_size
    counts = torch.zeros(h * w * codebook_size, dtype=torch.int64)
    for part in indices.split(8_192):
        counts += torch.bincount((part.long() + cells).flatten(), minlength=len(counts))
    return counts.reshape(h, w, codebook_size).int()


def build_prior(config: PriorConfig, codebook: Tensor | None = None, counts: Tensor | None = None, seed: int = 0
                ) -> Prior:
    """A fresh prior; the same config and seed give the same weights. The global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Prior(config, codebook, counts)
