"""The optimiser: Muon for matrices, AdamW for everything else.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") replaces a
matrix's momentum by the nearest semi-orthogonal matrix, so that every direction of it learns at the
same rate. At equal steps it takes our networks to about two thirds of AdamW's error, for a few per
cent more time. `torch.optim.Muon` is not used: it rounds to bfloat16, which laptops without
bfloat16 units emulate slowly, and it takes no convolutions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MATRIX_RATE = 10.0
"""Muon's learning rate over AdamW's: its steps are measured along singular directions, not along
single numbers."""
TABLES = ("position", "label", "relative_bias")
"""Parameters whose rows are looked up: lists of vectors, not matrices that something is multiplied
with."""
MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration: steepest at 0 among those that keep singular values within
0.7..1.2."""
NEWTON_SCHULZ_STEPS = 5


def make_optimizers(
    model: nn.Module, learning_rate: float, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """Optimisers that together move every parameter of `model` once. A parameter called `codebook`
    does not decay: its vectors have to lie where the latents are."""
    matrices, plain, codebooks = [], [], []
    for name, p in model.named_parameters():
        last = name.rpartition(".")[2]
        is_codebook = last == "codebook"
        # A depthwise convolution has one input channel: it is a list of small filters, not a
        # matrix.
        is_matrix = p.ndim >= 2 and p.shape[1] > 1 and last not in TABLES
        (codebooks if is_codebook else matrices if is_matrix else plain).append(p)
    groups = [
        {"params": plain, "weight_decay": weight_decay},
        {"params": codebooks, "weight_decay": 0.0},
    ]
    fused = next(model.parameters()).device.type != "mps"
    made = [
        torch.optim.AdamW(
            [g for g in groups if g["params"]], lr=learning_rate, betas=(0.9, 0.99), fused=fused
        )
    ]
    if matrices:
        made.append(Muon(matrices, lr=MATRIX_RATE * learning_rate, weight_decay=weight_decay))
    for optimizer in made:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return made


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum. A parameter (out, in, *kernel) is taken as the matrix
    (out, in * kernel).

    State of each parameter: `momentum`, of its shape.
    """

    def __init__(self, params, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """One update of every parameter that has a gradient, all of them together: they are small
        and many."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            gradients = [p.grad for p in params]
            momenta = [self.state[p].setdefault("momentum", torch.zeros_like(p)) for p in params]
            torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
            ahead = torch._foreach_lerp(gradients, momenta, MOMENTUM)  # Nesterov's look ahead
            updates = orthogonalize([m.reshape(len(m), -1) for m in ahead])
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_mul_(updates, [max(1.0, len(u) / u.shape[1]) ** 0.5 for u in updates])
            torch._foreach_add_(
                params,
                [u.reshape(p.shape) for p, u in zip(params, updates, strict=True)],
                alpha=-group["lr"],
            )
        return loss


def orthogonalize(matrices: list[Tensor]) -> list[Tensor]:
    """About U V^T of each matrix U S V^T, float (m, n) of any sizes: singular values within
    0.7..1.2.

    Five steps of a quintic Newton-Schulz iteration x <- p(x x^T) x: matrix products only, no
    decomposition. As p is a polynomial, x x^T of the next step is p G p of this one's G: the
    iteration runs on the squares of the shorter sides alone, padded to one size, so that all
    matrices take it in one batch, and ends with one product each.
    """
    a, b, c = NEWTON_SCHULZ
    wide = [m if m.shape[0] <= m.shape[1] else m.T for m in matrices]
    gram = wide[0].new_zeros(len(wide), *(2 * [max(len(w) for w in wide)]))
    for square, w in zip(gram, wide, strict=True):
        square[: len(w), : len(w)] = w @ w.T
    norm = gram.diagonal(dim1=1, dim2=2).sum(1).sqrt().add_(1e-7)[:, None, None]
    gram /= norm.square()
    identity = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device).mul_(a)
    product = None
    for step in range(NEWTON_SCHULZ_STEPS):
        p = torch.baddbmm(gram, gram, gram, beta=b, alpha=c).add_(identity)
        product = p if product is None else p @ product
        if step < NEWTON_SCHULZ_STEPS - 1:
            gram = p @ gram @ p
    product /= norm
    out = [q[: len(w), : len(w)] @ w for q, w in zip(product, wide, strict=True)]
    return [o if m.shape[0] <= m.shape[1] else o.T for o, m in zip(out, matrices, strict=True)]
