"""The quantizers by name: what each gains and gives up, and which sizes of a codebook it can have.

K is the number of codes, D of numbers in each. The grids of FSQ and the stages of a residual
quantizer have `levels`, whole numbers whose product is K: how many values each number takes, or how
many vectors each stage has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple


class About(NamedTuple):
    """A choice, for whoever chooses."""

    title: str
    sentence: str
    """What it is, what is gained and what is given up."""

    @property
    def short(self) -> str:
        """Its name alone."""
        return self.title.partition(",")[0]


ABOUT: dict[str, About] = {
    "ema": About(
        "moving average (EMA)",
        "Codes follow the mean of their vectors: the lowest error in few steps, but it needs a "
        "k-means start and restarts of dead codes.",
    ),
    "gradient": About(
        "codebook loss",
        "Codes learn by a gradient, the paper's first recipe: simple, but they lag behind the "
        "encoder.",
    ),
    "fsq": About(
        "FSQ, a grid",
        "Each number is rounded to one of a few values: nothing to learn, start or restart, but "
        "the shape of the grid has to suit the images.",
    ),
    "lfq": About(
        "LFQ, signs",
        "Each number keeps only its sign: no search and bits that each mean something, but two "
        "values per number cost detail, and only an entropy loss keeps the codes in use.",
    ),
    "bsq": About(
        "BSQ, signs on a sphere",
        "Signs as in LFQ, of latents of length 1: no latent is far from its code, "
        "with the same drawbacks.",
    ),
    "simvq": About(
        "SimVQ, one matrix",
        "A frozen table times one learned matrix: all codes move together and need no restart, "
        "but they keep their places to one another.",
    ),
    "residual": About(
        "residual, sums",
        "A code is a sum of vectors from small tables: few vectors make many codes and the indices "
        "are cheap to compress, but the error is higher at the same K.",
    ),
}
ABOUT_ESTIMATORS: dict[str, About] = {
    "straight-through": About(
        "straight-through",
        "The gradient passes as it is: simple, and encoder outputs stay spread out.",
    ),
    "rotation": About(
        "rotation trick",
        "The gradient passes turned and scaled from code to encoder output: it tells how outputs "
        "of one code differ, but here they stop spreading and the error is higher.",
    ),
}


def gains(choices: dict[str, About]) -> str:
    """What each choice gains and gives up, in the words of a help text."""
    return " ".join(
        f"{name}: {sentence[:1].lower()}{sentence[1:]}" for name, (_, sentence) in choices.items()
    )


QUANTIZERS = tuple(ABOUT)
ESTIMATORS = tuple(ABOUT_ESTIMATORS)
MAX_CODEBOOK_SIZE = 16_384
MAX_EMBEDDING_DIM = 1024
STAGES = 2
"""Stages of a residual quantizer that is not told its levels."""
UNEVEN = 2
"""Most that the largest level is of the smallest, where they are not given."""


class Sizes(NamedTuple):
    """The sizes of a quantizer."""

    codebook_size: int
    embedding_dim: int
    levels: tuple[int, ...] = ()
    """Of fsq and residual; else empty."""


def nearest_sizes(
    quantizer: str, codebook_size: int, embedding_dim: int, levels: tuple[int, ...] = ()
) -> Sizes:
    """The possible sizes nearest to these (valid ones each by itself); the same when they are
    possible together. Levels that are given stay as they are."""
    K, D = codebook_size, embedding_dim
    if quantizer in ("lfq", "bsq"):
        bits = round(math.log2(K))
        return Sizes(2**bits, bits)
    if quantizer not in ("fsq", "residual"):
        return Sizes(K, D)
    if levels:
        return Sizes(math.prod(levels), len(levels) if quantizer == "fsq" else D, levels)
    count = min(D if quantizer == "fsq" else STAGES, int(math.log2(K)))
    for size in _around(K):
        if even := even_levels(size, count):
            return Sizes(size, count if quantizer == "fsq" else D, even)
    raise AssertionError("2 to the power of the count is always near")


def suitable_dim(
    quantizer: str, codebook_size: int, channels: int, levels: tuple[int, ...] = ()
) -> int:
    """The D to take where none is asked for: few axes for the grid of FSQ on grey pictures, more on
    colour."""
    if quantizer in ("lfq", "bsq"):
        return round(math.log2(codebook_size))
    if quantizer == "fsq":
        return len(levels) or min(2 if channels == 1 else 4, int(math.log2(codebook_size)))
    return 8


def even_levels(product: int, count: int) -> tuple[int, ...]:
    """The most even `count` whole numbers of this product, largest first, each at least 2 and none
    more than twice another; () when there are none."""
    found = min(_factors(product, count, 2), key=lambda levels: levels[-1] / levels[0], default=())
    return tuple(reversed(found)) if found and found[-1] <= UNEVEN * found[0] else ()


def _factors(product: int, count: int, low: int) -> Iterator[tuple[int, ...]]:
    """Every way to write the product as `count` factors of at least `low`, in rising order."""
    if count == 1:
        if product >= low:
            yield (product,)
        return
    for first in range(low, int(product ** (1 / count) + 1e-9) + 1):
        if product % first == 0:
            yield from ((first, *rest) for rest in _factors(product // first, count - 1, first))


def _around(size: int) -> Iterator[int]:
    """Possible sizes of a codebook, the nearest to this one first."""
    for step in range(MAX_CODEBOOK_SIZE):
        for near in dict.fromkeys((size - step, size + step)):
            if 2 <= near <= MAX_CODEBOOK_SIZE:
                yield near
