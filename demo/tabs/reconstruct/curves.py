"""What two settings do to a model of MNIST, measured beforehand: the curves below "What if".

`benchmarks/settings.py` writes the file. Standard library only.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import TypedDict

NAME = "settings-mnist.json"
"""In the folder of shipped models."""


class Point(TypedDict):
    """A model with one setting other than its default, as the page needs it."""

    setting: str
    """Its field: "embedding_dim" or "commitment_weight"."""
    value: float
    psnr: float
    """dB, over the test pictures."""
    usage: float
    """The share of its codes that are in use, 0 to 1."""


@cache
def curves(checkpoints: Path) -> tuple[Point, ...]:
    """What was measured, in the order of the file; nothing where there is no such file."""
    try:
        listed = json.loads((checkpoints / NAME).read_text("utf-8"))["points"]
        points = tuple(
            Point(
                setting=str(one["setting"]),
                value=float(one["value"]),
                psnr=float(one["psnr"]),
                usage=float(one["usage"]),
            )
            for one in listed
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    finite = all(math.isfinite(p["value"] + p["psnr"] + p["usage"]) for p in points)
    return points if finite else ()
