"""The small models of MNIST that answer "what if" in the page: what it is told of each, and their
weights.

They lie in `minis/` beside the shipped models, and their index says what was measured of them
(`benchmarks/minis.py`). None of them is a model of the picker. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from demo.models.weights import WEIGHTS, InPage

NAME = "minis"
"""Their folder, and the first part of the addresses of their weights."""


class Mini(InPage):
    """A small model, as the page needs it."""

    codes: int
    """K"""
    side: int
    """Cells along a side of its grid."""
    bits: float
    """Of one picture."""
    psnr: float
    """dB, over all test pictures."""


@cache
def minis(checkpoints: Path) -> tuple[Mini, ...]:
    """Those that lie whole beside the models of `checkpoints`, fewest codes first; none where there
    is no index."""
    found: list[Mini] = []
    try:
        listed = json.loads((checkpoints / NAME / "index.json").read_text("utf-8"))["models"]
        for one in listed:
            folder = checkpoints / NAME / one["name"]
            found.append(
                {
                    "config": json.loads((folder / "config.json").read_text("utf-8")),
                    "weights": f"{NAME}/{_stamp(folder)}/{folder.name}",
                    "codes": one["codebook_size"],
                    "side": one["grid"][0],
                    "bits": one["bits_per_image"],
                    "psnr": one["psnr"],
                }
            )
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(sorted(found, key=lambda mini: (mini["codes"], mini["side"])))


def weights(checkpoints: Path, address: str) -> bytes | None:
    """The weights that lie under an address that `minis` has told; None under any other."""
    known = {mini["weights"] for mini in minis(checkpoints)}
    return (
        (checkpoints / NAME / address.rsplit("/", 1)[1] / WEIGHTS).read_bytes()
        if address in known
        else None
    )


def _stamp(folder: Path) -> str:
    content = (folder / WEIGHTS).read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]
