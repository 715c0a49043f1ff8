"""What the Train tab shows of a prior in training, as HTML: pure functions of its records and
latest figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.charts.curves import Curve, line_chart, number
from demo.tabs.train.view import sprite_html
from demo.text import term

PICTURES = 10


def charts_html(
    records: Sequence[dict[str, Any]], live: dict[str, Any], seconds: float | None
) -> str:
    """Bits per image over seconds, beside what it would cost without a prior.

    `live` holds `marginal` (positions independent of one another) and `nominal` (all codes equally
    likely), bits.
    """
    xs = [record.get("elapsed") or 0.0 for record in records]
    marginal, nominal = live.get("marginal"), live.get("nominal")
    lines = [
        Curve("prior", [record.get("bits_per_image") for record in records], "a"),
        Curve("each position by itself", [marginal] * len(xs), "b"),
        Curve("nominal", [nominal] * len(xs), "c"),
    ]
    chart = line_chart(
        f"{term('bits per image', 'Bits per image')}: what the {term('prior')} needs to tell one",
        xs,
        lines,
        x_max=seconds,
        y_range=(0, 1.05 * nominal) if nominal else None,
        unit=" bits",
        note="The curve starts with the first steps.",
    )
    return f'<div class="vq-charts vq-prior-charts">{chart}</div>'


def pictures_html(sprite: bytes, shape: tuple[int, int], live: dict[str, Any]) -> str:
    """Two rows of samples; `sprite` is the worker's PNG, b"" reserves the place."""
    count = live.get("pictures", PICTURES)
    which = "two of each class" if live.get("classes") == count else "from no image"
    said = f"Drawn by the prior alone, {which}, always from the same noise."
    bits = live.get("test_bits")
    note = "" if bits is None else f'Test images cost it <b class="vq-mono">{number(bits)} bits</b>'
    label = (
        f"{2 * count} samples of the prior" if sprite else "Samples of the prior will appear here"
    )
    return sprite_html(sprite, shape, count, label=label, said=said, note=note)
