"""Small charts as HTML with inline SVG: pure functions of numbers, cheap enough to be drawn again
every second.

The lines are SVG stretched over the plot, the ticks are ordinary text placed by percentage, so that
text stays crisp and of one size at any width. Colours are CSS variables of the theme, so light and
dark need no second drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TypeGuard

from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
MODULE = Path(__file__).with_suffix(".js")
MAX_POINTS = 240
"""Points drawn of a line: more cannot be told apart at the width of a chart."""
MAX_BARS = 128
AXES = {"s": "seconds", "steps": "steps"}
"""What the x axis of a line chart can count, and how that is said."""


@dataclass(frozen=True)
class Curve:
    """One curve: its name in the legend, its values (None and not finite ones are gaps) and its CSS
    class."""

    name: str
    ys: Sequence[float | None]
    style: str = "a"
    """a, b, c or d: colour and dash of the line, see curves.css."""
    word: str = ""
    """The glossary's word for it (demo.text), where it has one: its name in the legend then
    explains itself."""


def line_chart(
    title: str,
    xs: Sequence[float],
    lines: Sequence[Curve],
    *,
    x_max: float | None = None,
    y_range: tuple[float, float] | None = None,
    log: bool = False,
    unit: str = "",
    note: str = "",
    along: str = "s",
) -> str:
    """Curves over seconds, or over steps.

    Args:
        title: HTML of the caption (may hold an explained term).
        xs: seconds or steps, ascending, as many as each line has values.
        x_max: right end of the axis; at least the last x.
        y_range: fixed ends of the y axis; otherwise they follow the values (decades when `log`).
        log: logarithmic y axis; values <= 0 are gaps.
        unit: written after the latest value in the legend.
        note: plain text under the chart when there is no value yet.
        along: "s" where the xs are seconds, "steps" where they are steps.
    """
    right = max([x_max or 0.0, *(xs[-1:] or [])]) or 1.0
    values = [y for line in lines for y in line.ys if _drawable(y, log)]
    low, high = y_range or _range(values, log)
    scale = _Scale(low, high, log)
    paths = "".join(_polyline(xs, line, right, scale, log) for line in lines)
    y_ticks = _log_ticks(low, high) if log else even_ticks(low, high)
    grid = "".join(
        f'<line x1="0" x2="100" y1="{100 - p:.2f}" y2="{100 - p:.2f}"/>'
        for p in (scale(t) for t in y_ticks)
    )
    legend = "".join(_legend(line, unit, many=len(lines) > 1) for line in lines)
    spoken = "; ".join(f"{line.name} {number(_last(line.ys))}{unit}" for line in lines)
    empty = "" if values else f'<p class="vq-chart-note">{escape(note)}</p>'
    return _figure(
        title,
        (legend, len(lines) > 1),
        f"{spoken} after {number(xs[-1] if xs else 0.0)} {AXES[along]}",
        f'<g class="vq-grid">{grid}</g>{paths}',
        [(scale(t), number(t)) for t in y_ticks],
        _along(even_ticks(0.0, right), right, along),
        empty,
        f'{_axes(scale, right, unit)} data-along="{along}"',
    )


def bar_chart(title: str, counts: Sequence[float], *, note: str = "") -> str:
    """How often each code was chosen, most used first, in multiples of an even share (1 = K codes
    used alike).

    `counts` are any non-negative numbers, one per code. More than MAX_BARS codes are averaged into
    MAX_BARS bars.
    """
    clean = sorted((c if math.isfinite(c) and c > 0 else 0.0 for c in counts), reverse=True)
    total = sum(clean)
    bars = [] if not total else _binned([c * len(clean) / total for c in clean])
    high = max(2.0, max(bars, default=0.0))
    scale = _Scale(0.0, high, False)
    width = 100 / max(1, len(bars))
    inset = width * (0.14 if len(bars) <= 64 else 0.0)
    path = "".join(
        f"M{i * width + inset:.2f} 100V{100 - scale(b):.2f}H{(i + 1) * width - inset:.2f}V100Z"
        for i, b in enumerate(bars)
    )
    even = 100 - scale(1.0)
    ticks = even_ticks(0.0, high)
    body = (
        (
            f'<path class="vq-bars" data-name="chosen" d="{path}"/>'
            f'<line class="vq-even" x1="0" x2="100" y1="{even:.2f}" y2="{even:.2f}"/>'
        )
        if bars
        else ""
    )
    empty = "" if bars else f'<p class="vq-chart-note">{escape(note)}</p>'
    unused = sum(1 for c in clean if total and c < 0.01 * total / len(clean))
    spoken = f"{len(clean)} codes, {unused} of them hardly used" if bars else "no codes yet"
    ends = [(0.0, "most used"), (100.0, f"code {len(clean)}")] if bars else []
    return _figure(
        title,
        ("", False),
        spoken,
        body,
        [(scale(t), f"{number(t)}×") for t in ticks],
        ends,
        empty,
        _axes(scale, 0.0, "×"),
    )


def number(value: float | None) -> str:
    """A figure short enough for a tick: 3 significant digits, an en dash for a missing one."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    if abs(value) >= 1e-4:
        return f"{value:.3g}"
    return f"{value:.0e}".replace("e-0", "e-")


@dataclass(frozen=True)
class _Scale:
    """Value -> percent of the height."""

    low: float
    high: float
    log: bool

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(max(value, 1e-300))
        return min(100.0, max(0.0, 100 * (value - low) / ((high - low) or 1.0)))


def _drawable(y: float | None, log: bool) -> TypeGuard[float]:
    return y is not None and math.isfinite(y) and (y > 0 or not log)


def _range(values: list[float], log: bool) -> tuple[float, float]:
    if not values:
        return (1e-3, 1.0) if log else (0.0, 1.0)
    if log:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return 10.0**low, 10.0 ** max(high, low + 1)
    return min(0.0, *values), max(values) or 1.0


def even_ticks(low: float, high: float) -> list[float]:
    """Three to six round values from low to high."""
    span = (high - low) or 1.0
    step = 10 ** math.floor(math.log10(span / 3))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= 5)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _along(ticks: Sequence[float], right: float, unit: str) -> list[tuple[float, str]]:
    """Places in percent and labels of the x axis; a unit of more than a letter stands at the last
    one only, and takes the room of the one before."""
    brief = len(unit) > 1
    shown = [*ticks[:-2], ticks[-1]] if brief and len(ticks) > 3 else ticks
    return [
        (100 * t / right, number(t) if brief and t != ticks[-1] else f"{number(t)} {unit}")
        for t in shown
    ]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    every = math.ceil(len(decades) / 5)
    return [10.0**d for d in decades][::every]


def _polyline(xs: Sequence[float], line: Curve, right: float, scale: _Scale, log: bool) -> str:
    step = max(1, math.ceil(len(xs) / MAX_POINTS))
    keep = sorted({*range(0, len(xs), step), len(xs) - 1} - {-1})
    parts, pen = [], "M"
    for i in keep:
        y = line.ys[i]
        if not _drawable(y, log):
            pen = "M"
            continue
        parts.append(f"{pen}{100 * xs[i] / right:.2f} {100 - scale(y):.2f}")
        pen = "L"
    if len(parts) == 1:  # a single point has no length: draw a dot's width
        parts.append(f"h{0.6}")
    return (
        f'<path class="vq-line vq-line-{line.style}" data-name="{escape(line.name)}" '
        f'd="{"".join(parts)}"/>'
    )


def _binned(values: list[float]) -> list[float]:
    if len(values) <= MAX_BARS:
        return values
    edges = [round(i * len(values) / MAX_BARS) for i in range(MAX_BARS + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


def _last(ys: Sequence[float | None]) -> float | None:
    return next((y for y in reversed(ys) if y is not None and math.isfinite(y)), None)


def _legend(line: Curve, unit: str, many: bool) -> str:
    name = term(line.word, line.name) if line.word else escape(line.name)
    key = f'<i class="vq-key vq-key-{line.style}"></i>{name} ' if many else ""
    return f"<span>{key}<b>{number(_last(line.ys))}{escape(unit)}</b></span>"


def _figure(
    title: str,
    legend: tuple[str, bool],
    spoken: str,
    body: str,
    y_ticks: list[tuple[float, str]],
    x_ticks: list[tuple[float, str]],
    empty: str,
    axes: str,
) -> str:
    ys = "".join(f'<span style="bottom:{p:.1f}%">{escape(text)}</span>' for p, text in y_ticks)
    xs = "".join(
        f'<span class="{_anchor(p)}" style="left:{p:.1f}%">{escape(text)}</span>'
        for p, text in x_ticks
    )
    return (
        f'<figure class="vq-chart"><figcaption><span class="vq-chart-title">{title}</span>'
        f"<span "
        f'class="vq-legend{" vq-legend-many" if legend[1] else ""}">{legend[0]}</span></figcaption>'
        f'<div class="vq-plot"><div class="vq-y" aria-hidden="true">{ys}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(spoken)}" {axes}>'
        f"{body}"
        f'</svg><div class="vq-x" aria-hidden="true">{xs}</div>{empty}</div></figure>'
    )


def _axes(scale: _Scale, right: float, unit: str) -> str:
    """What curves.js needs to turn a place back into numbers."""
    return (
        f'data-low="{scale.low:g}" data-high="{scale.high:g}" data-log="{scale.log:d}" '
        f'data-right="{right:g}" data-unit="{escape(unit)}"'
    )


def _anchor(percent: float) -> str:
    return "vq-end" if percent > 92 else "vq-start" if percent < 4 else "vq-mid"
