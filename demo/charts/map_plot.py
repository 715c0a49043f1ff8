"""The map of a codebook: codes, encoder outputs and one picture's own, for Plotly. Pure functions,
no page and no model in them.

Letters: K codes, M latents, P cells of one picture, d (2 or 3) dimensions of the map.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.charts.plotly_style import finish, tint
from vqvae.analysis.figures import GREY, TEAL, WARM

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = {"usage": "usage", "class": "class", "code": "nearest code", "cluster": "cluster"}
WEBGL = 4_000
"""More points than this are drawn by the graphics card, also in two dimensions."""
MANY_DEAD = 300
"""More dead codes than this are drawn small and faint."""


@dataclass(frozen=True)
class Scene:
    """What a map shows, besides where."""

    counts: np.ndarray
    """int (K,): how often each code was chosen; zeros when nothing was counted."""
    latent_codes: np.ndarray
    """int (M,): the code each latent was snapped to."""
    latent_labels: np.ndarray | None
    """int (M,), or None without classes."""
    code_classes: np.ndarray | None
    """int (K,): the class that chooses each code most, -1 for a dead code; or None."""
    clusters: np.ndarray
    """int (K,)."""
    classes: tuple[str, ...]


def map_figure(
    codes_at: np.ndarray,
    latents_at: np.ndarray,
    scene: Scene,
    *,
    colour: str = "usage",
    axes: tuple[str, ...] = (),
    revision: str = "",
    picture: np.ndarray | None = None,
    picture_codes: np.ndarray | None = None,
) -> "Figure":
    """The map: codes (K, d) as diamonds over latents (M, d) as dots, dead codes as crosses.

    `picture` (P, d) adds one picture's latents, each with a line to the code in `picture_codes`
    (P,) that it was snapped to. `axes` are the titles of the axes. The traces: dead codes, latents,
    codes, [picture lines, picture], then an empty trace a class or cluster, for the legend. Every
    point of a code carries its index in customdata.
    """
    import plotly.graph_objects as go

    dimensions = codes_at.shape[1]
    figure = go.Figure()
    kind = _kind(go, dimensions, len(codes_at) + len(latents_at))
    look = _look(scene, colour)
    known = bool(scene.counts.any())
    dead = np.flatnonzero(scene.counts == 0) if known else np.arange(0)
    alive = np.flatnonzero(scene.counts > 0) if known else np.arange(len(codes_at))
    dots = partial(kind, mode="markers", showlegend=False)
    if len(dead):  # beneath the others
        figure.add_trace(_dead_codes(dots, codes_at[dead], dead))
    if len(latents_at):
        figure.add_trace(_latents(dots, latents_at, scene.latent_codes, look))
    if len(alive):
        figure.add_trace(_codes(dots, codes_at[alive], alive, scene.counts[alive], look))
    if picture is not None and picture_codes is not None and len(picture):
        figure.add_traces(list(_picture(kind, picture, picture_codes, codes_at[picture_codes])))
    for name, tint_of in look.legend:
        nowhere = {axis: [None] for axis in "xyz"[:dimensions]}
        marker = {"color": tint_of, "size": 9}
        figure.add_trace(kind(**nowhere, mode="markers", name=name, marker=marker, showlegend=True))
    _lay_out_map(figure, [*axes, *[""] * dimensions][:dimensions], legend=bool(look.legend))
    return figure.update_layout(uirevision=revision)


def _dead_codes(dots, at: np.ndarray, dead: np.ndarray):
    many = len(dead) > MANY_DEAD
    return dots(
        **_xyz(at),
        name="dead codes",
        customdata=dead,
        hovertemplate="code %{customdata}, dead<extra></extra>",
        marker={
            "size": _small(at) if many else _small(at) + 3,
            "symbol": "x",
            "color": WARM,
            "line": {"width": 0},
            "opacity": 0.35 if many else 1,
        },
    )


def _latents(dots, at: np.ndarray, codes: np.ndarray, look: "Look"):
    return dots(
        **_xyz(at),
        name="encoder outputs",
        customdata=codes,
        hovertemplate="an encoder output, snapped to code %{customdata}<extra></extra>",
        marker={
            "size": _small(at),
            "color": look.latents,
            "opacity": 0.5,
            "line": {"width": 0},
            **look.scale,
        },
    )


def _codes(dots, at: np.ndarray, alive: np.ndarray, counts: np.ndarray, look: "Look"):
    return dots(
        **_xyz(at),
        name="codes",
        customdata=alive,
        text=[f"{n:,}" for n in counts],
        hovertemplate="code %{customdata}, chosen %{text} times<extra></extra>",
        marker={
            "size": _small(at) + (3 if at.shape[1] == 2 else 2),
            "symbol": "diamond",
            "color": _take(look.codes, alive),
            "line": {"width": 1, "color": "rgba(20,28,30,0.75)"},
            **look.scale,
            **look.bar,
        },
    )


def _picture(kind, picture: np.ndarray, codes: np.ndarray, codes_at: np.ndarray):
    """The traces of a picture's latents (P, d) and of their lines to the codes (P, d) that they
    were snapped to."""
    dimensions = picture.shape[1]
    lines = np.full((len(picture), 3, dimensions), np.nan, np.float32)
    lines[:, 0], lines[:, 1] = picture, codes_at
    yield kind(
        **_xyz(lines.reshape(-1, dimensions)),
        mode="lines",
        name="snapped to",
        showlegend=False,
        line={"color": WARM, "width": 1.5 if dimensions == 2 else 3},
        hoverinfo="skip",
    )
    yield kind(
        **_xyz(picture),
        mode="markers",
        name="this picture",
        showlegend=False,
        customdata=codes,
        text=list(range(len(picture))),
        hovertemplate="cell %{text} of the picture, snapped to code %{customdata}<extra></extra>",
        marker={"size": _small(picture) + 4, "color": WARM, "line": {"width": 1, "color": "white"}},
    )


def _lay_out_map(figure: "Figure", titles: list[str], *, legend: bool) -> None:
    """Axes, a title for each, and margins."""
    finish(figure, 440, flat=len(titles) == 2)
    figure.update_layout(
        hovermode="closest",
        showlegend=legend,
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "font": {"size": 12},
            "itemsizing": "constant",
            "itemwidth": 30,
        },
    )
    if len(titles) == 3:
        bare = {
            "showticklabels": False,
            "showspikes": False,
            "showbackground": False,
            "gridcolor": GREY,
        }
        named = zip("xyz", titles, strict=True)
        figure.update_layout(
            scene={f"{axis}axis": {"title": {"text": title}, **bare} for axis, title in named},
            margin={"l": 0, "r": 0, "t": 0, "b": 50 if legend else 0},
        )
        return
    flat = {"showticklabels": False, "zeroline": False}
    figure.update_xaxes(title_text=titles[0], **flat)
    figure.update_yaxes(title_text=titles[1], scaleanchor="x", **flat)
    margin = {"l": 28, "r": 8, "t": 28, "b": 84 if legend else 36}
    figure.update_layout(dragmode="pan", margin=margin)


def code_hue(code: int) -> str:
    """A colour of each code's own: hues a golden angle apart, so that neighbours in number differ
    clearly."""
    return f"hsl({(code * 137.508) % 360:.0f},62%,{46 + (code * 7) % 3 * 8}%)"


@dataclass(frozen=True)
class Look:
    """How the points of a map are coloured."""

    codes: Any
    """A colour, or a place on the scale, for each code,"""
    latents: Any
    """and for each latent."""
    legend: list[tuple[str, str]] = field(default_factory=list)
    """Names and colours."""
    scale: dict[str, Any] = field(default_factory=dict)
    """Of the markers of both."""
    bar: dict[str, Any] = field(default_factory=dict)
    """The colour bar, drawn once."""


def _look(scene: Scene, colour: str) -> Look:
    codes = scene.latent_codes
    if colour == "usage" and scene.counts.any():
        heat = np.log10(np.maximum(scene.counts, 0) + 1)
        top = float(max(heat.max(initial=0), 1e-9))
        scale = {"colorscale": "Viridis", "cmin": 0, "cmax": top, "showscale": False}
        return Look(heat, heat[codes], scale=scale, bar=_usage_bar(top))
    if colour == "class" and scene.code_classes is not None and scene.latent_labels is not None:
        tints = [tint(i) for i in range(len(scene.classes))]
        return Look(
            [tints[c] if c >= 0 else GREY for c in scene.code_classes],
            [tints[c] for c in scene.latent_labels],
            list(zip(scene.classes[:24], tints, strict=False)),
        )
    if colour == "cluster":
        found = range(int(scene.clusters.max(initial=0)) + 1)
        return Look(
            [tint(c) for c in scene.clusters],
            [tint(c) for c in scene.clusters[codes]],
            [(f"cluster {c + 1}", tint(c)) for c in found],
        )
    if colour == "code":
        hues = [code_hue(k) for k in range(len(scene.counts))]
        return Look(hues, [hues[k] for k in codes])
    return Look([TEAL] * len(scene.counts), [GREY] * len(codes))


def _usage_bar(top: float) -> dict[str, Any]:
    """The colour bar of counts, of which the scale holds log10(count + 1)."""
    ticks = [0, *range(1, int(top) + 1)]
    return {
        "showscale": True,
        "colorbar": {
            "title": {"text": "times chosen", "side": "right", "font": {"size": 12}},
            "thickness": 8,
            "len": 0.7,
            "outlinewidth": 0,
            "tickvals": ticks,
            "ticktext": ["0" if not t else f"{10**t:,}" for t in ticks],
            "x": 1.0,
            "tickfont": {"size": 11},
        },
    }


def _take(colours, which: np.ndarray):
    return colours[which] if isinstance(colours, np.ndarray) else [colours[i] for i in which]


def _small(at: np.ndarray) -> int:
    """Size of the smallest points: a space shows them larger."""
    return 2 if at.shape[1] == 3 else 4


def _kind(go, dimensions: int, points: int):
    if dimensions == 3:
        return go.Scatter3d
    return go.Scattergl if points > WEBGL else go.Scatter


def _xyz(points: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip("xyz", np.asarray(points, np.float32).T, strict=False))
