"""What all figures that Plotly draws have in common.

Each is drawn on a transparent ground in colours that hold on white and on black; the page sets the
colour of text and lines. Scales are viridis and a set after Paul Tol's "muted", lightened where it
would sink into a dark page.
"""

from typing import TYPE_CHECKING

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


def tint(number: int) -> str:
    """The colour of a class or cluster."""
    return QUALITATIVE[int(number) % len(QUALITATIVE)]


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
