"""The prior: one masked transformer over index grids, which predicts any unknown cells from the
known ones.

The same network generates (MaskGIT, arXiv:2202.04200), completes around locked cells, ranks the
codes of one cell, and gives a likelihood (order-agnostic autoregression, arXiv:2110.02037). Axes: B
batch, h x w positions, K codebook_size, D embedding_dim, C channels. Labels: int64 (B,), -1 = no
class given.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vqvae.metrics import count_into
from vqvae.prior.config import PriorConfig

PSEUDO_COUNT = 0.5
"""Added to every count of the marginals, so that a code never seen at a position is unlikely and
not impossible."""
CLASS_WEIGHT = 10.0
"""The marginals of a class are mixed with those of all classes as if that many of its grids were
drawn from these."""


class Block(nn.Module):
    """A pre-norm transformer block that first mixes each cell with its eight neighbours (a
    depthwise convolution): near cells say most about one another, and attention need not learn
    where "near" is.

    Shapes: float (B, h, w, C) -> the same; bias float (heads, h * w, h * w) is added to the
        attention's logits.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.attention_norm, self.norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels)
        self.expand, self.contract = (
            nn.Linear(channels, 2 * channels),
            nn.Linear(2 * channels, channels),
        )
        for last in (self.project, self.contract):  # the block begins as the identity
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        b, h, w, c = x.shape
        x = x + self.local(x.movedim(-1, 1)).movedim(1, -1)
        q, k, v = (
            self.qkv(self.attention_norm(x))
            .reshape(b, h * w, 3, self.heads, -1)
            .permute(2, 0, 3, 1, 4)
        )
        # scaled_dot_product_attention does the same with a bias, and looks for rows without a cell:
        # twice the time.
        mixed = ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + bias).softmax(-1).to(v.dtype) @ v
        x = x + self.project(mixed.transpose(1, 2).reshape(b, h, w, c))
        return x + self.contract(F.silu(self.expand(self.norm(x))))


class Prior(nn.Module):
    """p(index of each unknown cell | indices of the known cells, class).

    A cell enters as a function of its code's vector, and leaves as a score against a function of
    every code's vector: what is learned about one code holds for those near it. Training begins at
    the marginals of each position and
    class: the scores are added to their logarithm, and an unknown cell enters as their mean.
    Without that start the class is learned last, and samples are of no class for long.

    Args:
        config: sizes.
        codebook: float (K, D) of the VQ-VAE.
        counts: int (classes, h, w, K), see `count_codes`; None: not known yet.

    Buffers: `codebook`, `class_counts`. Attribute `fingerprint`: of the VQ-VAE it belongs to, ""
        when unknown.
    """

    codebook: Tensor
    class_counts: Tensor
    RENAMED: ClassVar[dict[str, str]] = {
        "enter": "code_encoder",
        "leave": "code_scorer",
        "unknown": "mask_embedding",
        "nearness": "relative_bias",
    }
    """Parts by the names that older checkpoints have for them."""

    def __init__(
        self, config: PriorConfig, codebook: Tensor | None = None, counts: Tensor | None = None
    ) -> None:
        super().__init__()
        self.config, self.fingerprint = config, ""
        k, d, c, h, w = (
            config.codebook_size,
            config.embedding_dim,
            config.channels,
            config.height,
            config.width,
        )
        self.register_buffer(
            "codebook", torch.zeros(k, d) if codebook is None else codebook.detach().clone().float()
        )
        self.register_buffer(
            "class_counts",
            torch.zeros(config.tables, h, w, k, dtype=torch.int32)
            if counts is None
            else counts.int(),
        )
        self.code_encoder = nn.Sequential(nn.Linear(d, 2 * c), nn.SiLU(), nn.Linear(2 * c, c))
        self.code_scorer = nn.Sequential(nn.Linear(d, 2 * c), nn.SiLU(), nn.Linear(2 * c, c))
        self.mask_embedding = nn.Parameter(torch.zeros(c))
        self.position = nn.Parameter(0.3 * torch.randn(h, w, c))
        self.label = nn.Parameter(
            0.02 * torch.randn(config.classes + 1, c)
        )  # the last row: no class given
        self.relative_bias = nn.Parameter(
            torch.zeros(config.layers, config.heads, (2 * h - 1) * (2 * w - 1))
        )
        self.blocks = nn.ModuleList(Block(c, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(c)
        self.head = nn.Linear(c, c)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def counts(self) -> Tensor:
        """How often each code stands at each position of the training set, all classes together:
        int (h, w, K)."""
        return self.class_counts.sum(0)

    def forward(
        self,
        indices: Tensor,
        known: Tensor,
        labels: Tensor | None = None,
        cells: Tensor | None = None,
    ) -> Tensor:
        """Logits of every cell's code.

        indices int64 (B, h, w), known bool (B, h, w), labels int64 (B,) or None -> float
        (B, h, w, K), or with cells bool (B, h, w) of those only, (cells, K). Indices of unknown
        cells are not looked at; the logits of known cells mean nothing.
        """
        _, h, w = indices.shape
        none = self.config.classes
        labels = indices.new_full(indices.shape[:1], -1) if labels is None else labels
        present, rows = labels.where(labels >= 0, none).unique(return_inverse=True)
        log_marginals = self.log_marginals(present)  # (present, h, w, K)
        codebook = _standardized(self.codebook)
        codes, label = self.code_encoder(codebook), self.label[present][:, None, None]
        blank = log_marginals.exp() @ codes + self.mask_embedding + label
        drawn = F.embedding(indices.where(known, 0), codes) + label[rows]
        x = torch.where(known[..., None], drawn, blank[rows]) + self.position  # (B, h, w, C)
        biases = self.relative_bias[:, :, _offsets(h, w, indices.device)]
        for block, bias in zip(self.blocks, biases, strict=True):
            x = block(x, bias)
        x, table = self.head(self.norm(x)), self.code_scorer(codebook) / self.config.channels**0.5
        if cells is None:
            return x @ table.T + log_marginals[rows]
        row, down, right = cells.nonzero(as_tuple=True)
        return x[cells] @ table.T + log_marginals[rows[row], down, right]

    def log_marginals(self, labels: Tensor | None = None) -> Tensor:
        """log p(index) at each position, were it independent of the others: labels int64 (N,),
        `config.classes` or more where no class is given, or None for that alone -> float
        (N, h, w, K)."""
        none = self.config.classes
        labels = torch.tensor([none], device=self.codebook.device) if labels is None else labels
        total = self.counts.float() + PSEUDO_COUNT
        total = total / total.sum(-1, keepdim=True)
        if self.config.tables <= 1:
            return total.log().expand(len(labels), -1, -1, -1)
        of_class = self.class_counts[labels.clamp_max(none - 1)] + CLASS_WEIGHT * total
        of_class = of_class / of_class.sum(-1, keepdim=True)
        return torch.where((labels < none)[:, None, None, None], of_class, total).log()


def _standardized(codebook: Tensor) -> Tensor:
    """Of mean 0 and variance 1 in each dimension."""
    deviation = codebook.std(0, correction=0).clamp_min(1e-6)
    return (codebook - codebook.mean(0)) / deviation


def _offsets(h: int, w: int, device: torch.device) -> Tensor:
    """Which offset lies between two cells: int64 (h * w, h * w) in 0..(2h-1)(2w-1)-1."""
    down = torch.arange(h, device=device)[:, None] - torch.arange(h, device=device) + h - 1
    right = torch.arange(w, device=device)[:, None] - torch.arange(w, device=device) + w - 1
    return (down[:, None, :, None] * (2 * w - 1) + right[None, :, None, :]).reshape(h * w, h * w)


def count_codes(indices: Tensor, config: PriorConfig, labels: Tensor | None = None) -> Tensor:
    """How often each code stands at each position: indices (N, h, w), labels int64 (N,) -> int32
    (tables, h, w, K), one table for each class, or a single one where `config.tables` says so."""
    _, h, w = indices.shape
    positions = torch.arange(h * w).reshape(h, w)
    tables = (
        torch.zeros(len(indices), dtype=torch.int64)
        if labels is None or config.tables == 1
        else labels.long()
    )
    counts = torch.zeros(config.tables * h * w, config.codebook_size, dtype=torch.int64)
    for grids, table in zip(indices.split(8_192), tables.split(8_192), strict=True):
        count_into(counts, table[:, None, None] * (h * w) + positions, grids.long())
    return counts.reshape(config.tables, h, w, -1).int()


def build_prior(
    config: PriorConfig, codebook: Tensor | None = None, counts: Tensor | None = None, seed: int = 0
) -> Prior:
    """A fresh prior; the same config and seed give the same weights. The global random state is
    left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Prior(config, codebook, counts)
