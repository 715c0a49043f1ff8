"""What all figures that Plotly draws have in common.

Each is drawn on a transparent ground in colours that hold on white and on black; the page sets the
colour of text and lines. Scales are viridis and a set after Paul Tol's "muted", lightened where it
would sink into a dark page: the colours of vqvae.analysis.figures, which draws the same as files.
"""

from typing import TYPE_CHECKING

from vqvae.analysis.figures import CLASSES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def tint(number: int) -> str:
    """The colour of a class or cluster."""
    return CLASSES[int(number) % len(CLASSES)]


def finish(figure: "Figure", height: int, flat: bool = True) -> None:
    """Ground, margins, and unless it is a space the axes."""
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
