"""How often each code was chosen, as bars: a pure function of counts, for Plotly."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.charts.plotly_style import finish
from vqvae.analysis.figures import GREY, TEAL

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

BARS = 2_048
"""More codes than this are drawn as one stepped area: so many bars would stop the page."""


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
    finish(figure, 220)
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
