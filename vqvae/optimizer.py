"""The optimiser: Muon for matrices, AdamW for everything else.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") replaces a matrix's momentum by the
nearest semi-orthogonal matrix, so that every direction of it learns at the same rate. At equal steps it takes our
networks to about two thirds of AdamW's error, for a few per cent more time. `torch.optim.Muon` is not used: it rounds
to bfloat16, which laptops without bfloat16 units emulate slowly, and it takes no convolutions.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor, nn

MATRIX_RATE = 10.0
"""Muon's learning rate over AdamW's: its steps are measured along singular directions, not along single numbers."""
TABLES = ("position", "label", "nearness")
"""Parameters whose rows are looked up: lists of vectors, not matrices that something is multiplied with."""
MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration: steepest at 0 among those that keep singular values within 0.7..1.2."""
NEWTON_SCHULZ_STEPS = 5


def make_optimizers(model: nn.Module, learning_rate: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    """Optimisers that together move every parameter of `model` once. A parameter called `codebook` does not decay:
    its vectors have to lie where the latents are."""
    matrices, plain, codebooks = [], [], []
    for name, p in model.named_parameters():
        last = name.rpartition(".")[2]
        is_codebook = last == "codebook"
        # A depthwise convolution has one input channel: it is a list of small filters, not a matrix.
        is_matrix = p.ndim >= 2 and p.shape[1] > 1 and last not in TABLES
        (codebooks if is_codebook else matrices if is_matrix else plain).append(p)
    groups = [{"params": plain, "weight_decay": weight_decay}, {"params": codebooks, "weight_decay": 0.0}]
    fused = next(model.parameters()).device.type != "mps"
    made = [torch.optim.AdamW([g for g in groups if g["params"]], lr=learning_rate, betas=(0.9, 0.99), fused=fused)]
    if matrices:
        made.append(Muon(matrices, lr=MATRIX_RATE * learning_rate, weight_decay=weight_decay))
    for optimizer in made:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return made


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum. A parameter (out, in, *kernel) is taken as the matrix (out, in * kernel).

    State of each parameter: `momentum`, of its shape.
    """

    def __init__(self, params, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """One update of every parameter that has a gradient; matrices of equal size are worked together."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            alike: dict[tuple, list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is None:
                    continue
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - MOMENTUM)
                matrix = p.grad.lerp(momentum, MOMENTUM).reshape(len(p), -1)  # Nesterov's look ahead
                alike[tuple(sorted(matrix.shape))].append((p, matrix))
            for members in alike.values():
                flat = torch.stack([m if m.shape[0] <= m.shape[1] else m.T for _, m in members])
                for (p, m), update in zip(members, orthogonalize(flat), strict=True):
                    update = update if m.shape[0] <= m.shape[1] else update.T
                    gain = max(1.0, m.shape[0] / m.shape[1]) ** 0.5
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update.reshape(p.shape), alpha=-group["lr"] * gain)
        return loss


def orthogonalize(matrices: Tensor) -> Tensor:
    """About U V^T of each matrix U S V^T: float (N, m, n) with m <= n -> (N, m, n), singular values within 0.7..1.2.

    Five steps of a quintic Newton-Schulz iteration: matrix products only, no decomposition.
    """
    a, b, c = NEWTON_SCHULZ
    x = matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x
