"""Rate and distortion as HTML: bits per image on a logarithmic axis against PSNR. A pure function
of points.

Lines are SVG stretched over the plot, points and ticks are placed by percentage, as in
demo.charts.curves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple

from demo.charts.curves import even_ticks, number

CSS_PATH, MODULE = (Path(__file__).with_suffix(end) for end in (".css", ".js"))
STYLES = {
    "VQ-VAE, K": "k",
    "VQ-VAE, D": "d",
    "VQ-VAE, pixels per code": "g",
    "k-means on patches": "m",
    "JPEG": "j",
    "WebP": "w",
    "quantizer": "q",
}
"""Class of each series' mark and line; others are single models, `own`."""
NAMES = {
    "VQ-VAE, K": "VQ-VAE, sweep of K",
    "VQ-VAE, D": "VQ-VAE, sweep of D",
    "VQ-VAE, pixels per code": "VQ-VAE, sweep of the grid",
    "JPEG": "JPEG, payload only",
    "WebP": "WebP, payload only",
    "quantizer": "quantizers",
}
UNJOINED = ("quantizer",)
"""Series whose points are not steps of one setting: each has its name beside it, and no line joins
them."""
EDGE = 25
"""Nearer to an edge than so many percent a name has room on one side only."""
POINT_AT = "Point at or tap a mark: its name and figures appear here."
LIMIT = 400
"""Points drawn at most."""


def rate_html(points: Iterable[dict], *, note: str = "") -> str:
    """The plot of points {series, label, bits, psnr} and the legend. Each point says its figures to
    whoever points at it, taps it or cannot see it; `about`, where a point has it, is a sentence
    more. `note` is plain text below."""
    points = [
        p for p in points if _number(p.get("bits")) and p["bits"] > 0 and _number(p.get("psnr"))
    ][:LIMIT]
    if not points:
        return '<div class="vq-empty">Points appear here as soon as a model is measured.</div>'
    plane = _Plane.around(points)
    series: dict[str, list[dict]] = {}
    for point in points:
        series.setdefault(str(point["series"]), []).append(point)
    lines = "".join(_lines(name, members, plane) for name, members in series.items())
    marks = "".join(_mark(name, p, plane) for name, members in series.items() for p in members)
    marks += "".join(_names(series[name], plane) for name in UNJOINED if name in series)
    x_ticks, y_ticks = plane.ticks()
    grid = "".join(
        f'<line x1="0" x2="100" y1="{100 - p:.2f}" y2="{100 - p:.2f}"/>' for p, _ in y_ticks
    )
    ys = "".join(f'<span style="bottom:{p:.1f}%">{escape(text)}</span>' for p, text in y_ticks)
    xs = "".join(
        f'<span class="{"vq-end" if p > 96 else "vq-start" if p < 4 else "vq-mid"}" '
        f'style="left:{p:.1f}%">'
        f"{escape(text)}</span>"
        for p, text in x_ticks
    )
    return (
        f'<figure class="vq-rate"><figcaption><b>PSNR, dB</b><span '
        f'class="vq-rate-legend">{_legend(series)}</span>'
        f'</figcaption><p class="vq-rate-said">{POINT_AT}</p>'
        f'<div class="vq-rate-plot"><div class="vq-y" aria-hidden="true">{ys}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><g '
        f'class="vq-grid">{grid}</g>'
        f'{lines}</svg>{marks}<div class="vq-x" '
        f'aria-hidden="true">{xs}</div></div>'
        f'<p class="vq-rate-axis">bits per image (log scale)</p>'
        f'<p class="vq-note">{escape(note)}</p></figure>'
    )


class _Plane(NamedTuple):
    """What the plot shows: log2 of bits from `low` to `high`, dB from `bottom` to `top`."""

    low: int
    high: int
    bottom: int
    top: int

    @classmethod
    def around(cls, points: list[dict]) -> _Plane:
        bits, psnr = ([p[name] for p in points] for name in ("bits", "psnr"))
        low = math.floor(math.log2(min(bits)))
        high = max(low + 1, math.ceil(math.log2(max(bits))))
        return cls(low, high, math.floor(min(psnr) - 1), math.ceil(max(psnr) + 1))

    def place(self, point: dict) -> tuple[float, float]:
        """Percent from the lower left corner."""
        return self._across(math.log2(point["bits"])), self._up(point["psnr"])

    def ticks(self) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        """Place and text of those along and of those up."""
        # Doublings a tick: more of them would touch on a phone.
        every = max(1, math.ceil((self.high - self.low) / 7))
        along = range(self.low, self.high + 1, every)
        up = even_ticks(self.bottom, self.top)
        return [(self._across(e), number(2.0**e)) for e in along], [
            (self._up(t), f"{t:g}") for t in up
        ]

    def _across(self, doublings: float) -> float:
        return 100 * (doublings - self.low) / (self.high - self.low)

    def _up(self, psnr: float) -> float:
        return 100 * (psnr - self.bottom) / max(1, self.top - self.bottom)


def _lines(name: str, members: list[dict], plane: _Plane) -> str:
    """One line for each group that k-means has (its patch sizes); the others are one line."""
    if name not in STYLES or name in UNJOINED:
        return ""
    paths = (
        "L".join(f"{x:.2f} {100 - y:.2f}" for x, y in map(plane.place, group))
        for group in _groups(name, members)
        if len(group) > 1
    )
    return "".join(
        f'<path class="vq-rate-line vq-rate-{STYLES[name]}" d="M{path}"/>' for path in paths
    )


def _mark(name: str, point: dict, plane: _Plane) -> str:
    x, y = plane.place(point)
    kind = f"{name}, " if name in STYLES and name not in UNJOINED else ""
    said = (
        f"{kind}{point['label']}: {point['bits']:,.0f} bits, "
        f"{point['psnr']:.1f} dB. {point.get('about', '')}"
    ).strip()
    return (
        f'<i class="vq-rate-point vq-rate-{STYLES.get(name, "own")}" tabindex="0" role="img" '
        f'aria-label="{escape(said)}" style="left:{x:.2f}%;bottom:{y:.2f}%"></i>'
    )


def _names(members: list[dict], plane: _Plane) -> str:
    """The name of each mark beside it; from the top down on its left and on its right by turns, so
    that those of neighbours do not meet."""
    said = []
    for n, point in enumerate(sorted(members, key=lambda p: -p["psnr"])):
        x, y = plane.place(point)
        left = x > EDGE and (n % 2 == 0 or x > 100 - EDGE)
        said.append(
            f'<span class="vq-rate-name{" vq-left" if left else ""}" aria-hidden="true" '
            f'style="left:{x:.2f}%;bottom:{y:.2f}%">{escape(point["label"])}</span>'
        )
    return "".join(said)


def _groups(name: str, members: list[dict]) -> list[list[dict]]:
    groups: dict[str, list[dict]] = {}
    for point in sorted(members, key=lambda p: p["bits"]):
        key = str(point["label"]).partition(",")[0] if name == "k-means on patches" else ""
        groups.setdefault(key, []).append(point)
    return list(groups.values())


def _legend(series: dict[str, list[dict]]) -> str:
    keys = [
        f'<span><i class="vq-rate-key '
        f'vq-rate-{STYLES[name]}"></i>{escape(NAMES.get(name, name))}</span>'
        for name in series
        if name in STYLES
    ]
    own = '<span><i class="vq-rate-key vq-rate-own"></i>single models</span>'
    return "".join(keys) + (own if series.keys() - STYLES else "")


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
