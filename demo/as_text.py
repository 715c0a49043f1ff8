"""Bytes as text: base64, in which pictures and numbers travel in JSON."""

import base64
import math

import numpy as np

PNG = "data:image/png;base64,"
"""How the address begins that holds a PNG itself."""


def encoded(data: bytes | np.ndarray) -> str:
    """Bytes, or the values of an array in C order, as base64."""
    content = data.tobytes() if isinstance(data, np.ndarray) else data
    return base64.b64encode(content).decode()


def bytes_of(text: object, most: float = math.inf) -> bytes:
    """What base64 holds; ValueError where it is none, or more than `most` bytes."""
    if not isinstance(text, str) or len(text) > most * 4 / 3 + 4:
        raise ValueError(f"no base64 of up to {most} bytes")
    return base64.b64decode(text, validate=True)
