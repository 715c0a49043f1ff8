"""Figures from arrays, for Plotly: pure functions, no page and no model in them.

Each figure is drawn on a transparent ground in colours that hold on white and on black; the page
sets the colour of text and lines. Scales are viridis and a set after Paul Tol's "muted", lightened
where it would sink into a dark page.
Letters: K codes, M latents, P cells of one picture, d (2 or 3) dimensions of the map.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TEAL, GREY, WARM = "#1f9a84", "#8b9698", "#d97b29"
QUALITATIVE = (
    "#6f63d1",
    "#6cc0ea",
    "#44aa99",
    "#2f9955",
    "#999933",
    "#d9b84a",
    "#cc6677",
    "#b03a78",
    "#aa66c9",
    "#7d8b8e",
    "#e58606",
    "#5d88c1",
)
COLOURS = {"usage": "usage", "class": "class", "code": "nearest code", "cluster": "cluster"}
BARS = 2_048
"""More codes than this are drawn as one stepped area: so many bars would stop the page."""
WEBGL = 4_000
"""More points than this are drawn by the graphics card, also in two dimensions."""

MANY_DEAD = 300


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


def usage_figure(counts: np.ndarray, *, order: str = "sorted", scale: str = "linear") -> "Figure":
    """How often each code was chosen, counts (K,): bars "sorted" or by "index", on a "linear" or
    "log" scale."""
    import plotly.graph_objects as go

    counts = np.asarray(counts)
    codes = np.argsort(-counts, kind="stable") if order == "sorted" else np.arange(len(counts))
    x = np.arange(len(counts))
    shared: dict[str, Any] = {
        "x": x,
        "y": counts[codes],
        "customdata": codes,
        "name": "times chosen",
        "hovertemplate": "code %{customdata}: %{y:,} times<extra></extra>",
    }
    if len(counts) <= BARS:
        trace = go.Bar(marker={"color": TEAL, "line": {"width": 0}}, **shared)
    else:
        trace = go.Scatter(
            mode="lines", line={"color": TEAL, "width": 1, "shape": "hvh"}, fill="tozeroy", **shared
        )
    figure = go.Figure(trace)
    even = counts.sum() / max(1, len(counts))
    if even:
        figure.add_hline(
            y=even,
            line={"color": GREY, "width": 1, "dash": "dot"},
            annotation={"text": "equal use", "font": {"size": 11}, "yshift": -2},
            annotation_position="top right",
        )
    dead = int((counts == 0).sum())
    note = partial(figure.add_annotation, yref="paper", showarrow=False, yanchor="top")
    if order == "sorted" and dead and len(counts) > dead:
        text = f"{dead:,} dead"
        note(x=len(counts), y=1, xref="x", text=text, xanchor="right", font={"size": 12})
    ends = (
        ("most used", "least used") if order == "sorted" else ("code 0", f"code {len(counts) - 1}")
    )
    _finish(figure, 220)
    figure.update_layout(
        bargap=0.15 if len(counts) <= 64 else 0,
        hovermode="x",
        showlegend=False,
        uirevision=f"usage {len(counts)} {order}",
    )
    figure.update_xaxes(showticklabels=False, showgrid=False, range=[-0.5, len(counts) - 0.5])
    for text, x, side in zip(ends[: len(counts)], (0, 1), ("left", "right"), strict=False):
        # The label of a tick at either end would hang over it.
        note(x=x, y=0, xref="paper", text=text, xanchor=side, yshift=-4, font={"size": 12})
    if scale == "log":
        figure.update_yaxes(type="log", title_text="times chosen (log)", dtick=1, tickformat="~s")
    else:
        figure.update_yaxes(title_text="times chosen", rangemode="tozero", tickformat="~s")
    return figure


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
    small = 2 if dimensions == 3 else 4
    known = bool(scene.counts.any())
    dead = np.flatnonzero(scene.counts == 0) if known else np.arange(0)
    alive = np.flatnonzero(scene.counts > 0) if known else np.arange(len(codes_at))
    plain = partial(kind, mode="markers", showlegend=False)
    if len(dead):  # beneath the others, and faint where there are many
        many = len(dead) > MANY_DEAD
        figure.add_trace(
            plain(
                **_xyz(codes_at[dead]),
                name="dead codes",
                customdata=dead,
                hovertemplate="code %{customdata}, dead<extra></extra>",
                marker={
                    "size": small if many else small + 3,
                    "symbol": "x",
                    "color": WARM,
                    "line": {"width": 0},
                    "opacity": 0.35 if many else 1,
                },
            )
        )
    if len(latents_at):
        figure.add_trace(
            plain(
                **_xyz(latents_at),
                name="encoder outputs",
                customdata=scene.latent_codes,
                hovertemplate="an encoder output, snapped to code %{customdata}<extra></extra>",
                marker={
                    "size": small,
                    "color": look.latents,
                    "opacity": 0.5,
                    "line": {"width": 0},
                    **look.scale,
                },
            )
        )
    if len(alive):
        figure.add_trace(
            plain(
                **_xyz(codes_at[alive]),
                name="codes",
                customdata=alive,
                text=[f"{n:,}" for n in scene.counts[alive]],
                hovertemplate="code %{customdata}, chosen %{text} times<extra></extra>",
                marker={
                    "size": small + (3 if dimensions == 2 else 2),
                    "symbol": "diamond",
                    "color": _take(look.codes, alive),
                    "line": {"width": 1, "color": "rgba(20,28,30,0.75)"},
                    **look.scale,
                    **look.bar,
                },
            )
        )
    if picture is not None and picture_codes is not None and len(picture):
        for trace in _picture(kind, picture, picture_codes, codes_at[picture_codes], small):
            figure.add_trace(trace)
    for name, tint in look.legend:
        nowhere = {axis: [None] for axis in "xyz"[:dimensions]}
        marker = {"color": tint, "size": 9}
        figure.add_trace(kind(**nowhere, mode="markers", name=name, marker=marker, showlegend=True))
    _lay_out_map(figure, [*axes, *[""] * dimensions][:dimensions], legend=bool(look.legend))
    return figure.update_layout(uirevision=revision)


def _picture(kind, picture: np.ndarray, codes: np.ndarray, codes_at: np.ndarray, small: int):
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
        marker={"size": small + 4, "color": WARM, "line": {"width": 1, "color": "white"}},
    )


def _lay_out_map(figure: "Figure", titles: list[str], *, legend: bool) -> None:
    """Axes, a title for each, and margins."""
    _finish(figure, 440, flat=len(titles) == 2)
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
        tints = [_tint(i) for i in range(len(scene.classes))]
        return Look(
            [tints[c] if c >= 0 else GREY for c in scene.code_classes],
            [tints[c] for c in scene.latent_labels],
            list(zip(scene.classes[:24], tints, strict=False)),
        )
    if colour == "cluster":
        found = range(int(scene.clusters.max(initial=0)) + 1)
        return Look(
            [_tint(c) for c in scene.clusters],
            [_tint(c) for c in scene.clusters[codes]],
            [(f"cluster {c + 1}", _tint(c)) for c in found],
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


def _tint(number: int) -> str:
    return QUALITATIVE[int(number) % len(QUALITATIVE)]


def _take(colours, which: np.ndarray):
    return colours[which] if isinstance(colours, np.ndarray) else [colours[i] for i in which]


def _kind(go, dimensions: int, points: int):
    if dimensions == 3:
        return go.Scatter3d
    return go.Scattergl if points > WEBGL else go.Scatter


def _xyz(points: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip("xyz", np.asarray(points, np.float32).T, strict=False))


def _finish(figure: "Figure", height: int, flat: bool = True) -> None:
    figure.update_layout(
        template="none",
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 56, "r": 8, "t": 8, "b": 28},
        font={"size": 12},
        hoverlabel={"font": {"size": 12}},
    )
    if not flat:  # a space has axes of its own; these would be drawn around it
        return
    figure.update_xaxes(
        gridcolor="rgba(128,140,142,0.25)", linecolor="rgba(128,140,142,0.5)", zeroline=False
    )
    figure.update_yaxes(gridcolor="rgba(128,140,142,0.25)", zeroline=False)
