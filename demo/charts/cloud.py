"""A codebook and some latents as a cloud of dots: how it travels, and its drawing as SVG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demo.as_text import bytes_of, encoded
from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
LATENT, USED, DEAD = range(3)
KINDS = (("latent", LATENT), ("dead", DEAD), ("used", USED))
"""CSS class and kind of each layer, the lowest first."""
STEPS = 255
"""A place is one of so many steps from edge to edge."""


def pack(codes: np.ndarray, dead: np.ndarray, latents: np.ndarray) -> str:
    """Codes float (K, 2) and latents (M, 2) in [-1, 1], dead bool (K,) -> three bytes a dot in
    base64: x, y and kind."""
    places = np.concatenate([latents, codes])
    kinds = np.concatenate([np.full(len(latents), LATENT), np.where(dead, DEAD, USED)])
    steps = ((places + 1) * (STEPS / 2)).round()
    return encoded(np.column_stack([steps, kinds]).astype(np.uint8))


def paths(packed: str) -> list[str]:
    """What `pack` made -> the SVG path of each layer in the order of KINDS, in steps from the upper
    left corner."""
    dots = np.frombuffer(bytes_of(packed), np.uint8).reshape(-1, 3)
    return [
        "".join(f"M{x} {STEPS - y}h0" for x, y, of in dots.tolist() if of == kind)
        for _, kind in KINDS
    ]


def cloud_svg(packed: str) -> str:
    """The cloud alone; "" holds the place until there is one."""
    drawn = paths(packed) if packed else [""] * len(KINDS)
    layers = "".join(
        f'<path class="vq-dot-{name}" d="{path}"/>'
        for (name, _), path in zip(KINDS, drawn, strict=True)
    )
    return (
        '<svg class="vq-dots" viewBox="-6 -6 267 267" role="img" '
        f'aria-label="Map of the codebook and of latents">{layers}</svg>'
    )


def cloud_html(packed: str) -> str:
    """The cloud with its legend (HTML)."""
    legend = "".join(
        f'<li><svg viewBox="0 0 12 12" aria-hidden="true"><path class="vq-dot-{name}" '
        f'd="M6 6h0"/></svg>{word}</li>'
        for name, word in (
            ("used", f"{term('code')} in use"),
            ("dead", term("dead code")),
            ("latent", f"{term('latent')} of one cell of these pictures"),
        )
    )
    return (
        f'<figure class="vq-cloud">{cloud_svg(packed)}'
        f"<figcaption><b>Watch the codebook move</b><ul>{legend}</ul>"
        "<p>Each latent is replaced by the code nearest to it. A healthy codebook spreads over the "
        "latents; in a collapsed one most codes lie where no latent comes. Shown in the two "
        "directions in which these points vary most.</p></figcaption></figure>"
    )
