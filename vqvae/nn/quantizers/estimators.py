"""How the gradient passes a step that has none, from z_q back to z_e: vectors float (N, D) each.

Both give z_q unchanged going forward. Straight-through hands the gradient at z_q over to z_e as it
is (arXiv:1711.00937, section 3.2). The rotation trick hands it over turned and scaled as z_q lies
to z_e, so that vectors of one code are pushed apart or together as the gradient asks
(arXiv:2410.06424, section 4).
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

SMALL = 1e-6
"""Lengths below this are taken for it: a vector of length 0 has no direction."""


def straight_through(z_e: Tensor, z_q: Tensor) -> Tensor:
    """z_q, with the derivative 1 with respect to z_e."""
    return z_e + (z_q - z_e).detach()


def rotate(z_e: Tensor, z_q: Tensor) -> Tensor:
    """z_q as |z_q| / |z_e| R z_e, scale and rotation R taken for constants.

    R turns z_e into the direction of z_q within their plane (section 4.2), as two reflections:
    R z = z - 2 r (r z) + 2 q (e z), with e and q of length 1 along z_e and z_q, r along e + q.
    """
    e, q = z_e.detach(), z_q.detach()
    scale = q.norm(dim=-1, keepdim=True) / e.norm(dim=-1, keepdim=True).clamp_min(SMALL)
    e, q = (F.normalize(vector, dim=-1, eps=SMALL) for vector in (e, q))
    r = F.normalize(e + q, dim=-1, eps=SMALL)
    turned = z_e - 2 * r * (r * z_e).sum(-1, keepdim=True) + 2 * q * (e * z_e).sum(-1, keepdim=True)
    turned = turned * scale
    # Rounding, and the directions that a zero vector lacks, must not change what the decoder sees.
    return turned + (z_q - turned).detach()


ESTIMATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "straight-through": straight_through,
    "rotation": rotate,
}
