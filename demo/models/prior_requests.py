"""What a request may ask of a prior, checked: numbers, sampling, class and codes. N grids of h x w
cells."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.as_text import bytes_of
from demo.errors import PageError

if TYPE_CHECKING:
    import torch

    from vqvae import Prior
    from vqvae.prior.sampling import Sampling

MOST_STEPS = 256
MOST_SEED = 2**32 - 1


class GenerateError(PageError):
    """A request that no page of ours sends, or that a prior cannot answer. The text is one sentence
    for the page."""


def check_whole(value: object, low: int, high: int, what: str) -> int:
    """A whole number of a request within its limits. GenerateError otherwise."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise GenerateError(
            f"{what} is {str(value)[:20]!r}; it must be a whole number from {low:,} to {high:,}."
        )
    return value


def check_sampling(settings: dict) -> "Sampling":
    """The settings of a request, each left out one at its default. GenerateError names what is out
    of range."""
    from vqvae import ConfigError
    from vqvae.prior.sampling import Sampling

    values: dict[str, Any] = {}
    for name, default in asdict(Sampling()).items():
        value = settings.get(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise GenerateError(f"{name} is {str(value)[:20]!r}; it must be a number.")
        values[name] = (
            check_whole(value, 0, 2**31, name) if isinstance(default, int) else float(value)
        )
    values["steps"] = check_whole(values["steps"], 1, MOST_STEPS, "Steps")
    try:
        return Sampling(**values)
    except ConfigError as error:
        raise GenerateError(str(error)) from None


def check_label(value: object, prior: "Prior") -> int | None:
    """The class of a request, None for any."""
    if value is None:
        return None
    if not prior.config.classes:
        raise GenerateError("This prior was trained without classes: choose “any”.")
    return check_whole(value, 0, prior.config.classes - 1, "The class")


def check_codes(
    text: str | None, name: str, prior: "Prior", *, most: int, limit: int
) -> "torch.Tensor":
    """Base64 of uint16 little-endian, the field `name` of a request, at most `most` grids with
    numbers below `limit` -> int64 (N, h, w)."""
    import torch

    h, w = grid_of(prior)
    try:
        data = bytes_of(text, 2 * most * h * w)
    except ValueError:
        data = b""
    if not data or len(data) % (2 * h * w):
        raise GenerateError(
            f"{name} must hold 1 to {most} grids of {h} × {w} numbers for this model."
        )
    values = np.frombuffer(data, "<u2").reshape(-1, h, w).astype(np.int64)
    if len(values) > most or values.max() >= limit:
        raise GenerateError(
            f"{name} must hold at most {most} grids of numbers from 0 to {limit - 1}."
        )
    return torch.from_numpy(values)


def grid_of(prior: "Prior") -> tuple[int, int]:
    """(h, w)."""
    return prior.config.height, prior.config.width
