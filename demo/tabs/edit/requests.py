"""What the page of the Edit tab sends with each of its questions.

What depends on the model, such as the shape of a grid or the number of codes, is checked once the
model is known (demo.models.editing). Files and pixels are base64.
"""

from typing import Any, Literal, get_args

from demo.door import OfModel, valued, whole

MOST_SEED = 2**32 - 1
Kind = Literal["example", "random", "text", "link", "picture", "grid"]


class GridRequest(OfModel):
    """A grid of a model."""

    indices: Any = None
    """Rows of codes."""


class PreviewsRequest(GridRequest):
    """The grid with all `cells` set to each candidate in turn."""

    cells: Any = None
    """Positions 0..h*w-1."""
    candidates: Any = None
    """Codes."""


class CellRequest(GridRequest):
    """One cell of a grid and the picture that the grid was encoded from."""

    input: Any = None
    """uint8, row by row, H x W x C."""
    cell: Any = None
    effect: bool = valued("Whether the effect is asked for", "it must be true or false", False)


class OpenRequest(GridRequest):
    """A grid to start from, and what its `kind` needs.

    example: number; random: seed; text and link: text, which is a grid text, JSON or a link;
    picture: file; grid, as another tab hands it over: indices, and picture, a PNG data URL or None.
    """

    kind: Kind = valued("The source", f"a grid can be opened from {', '.join(get_args(Kind))}")
    number: Any = None
    seed: int | None = whole("The seed", 0, MOST_SEED, default=None)
    text: str | None = valued("The text", "paste a grid text, JSON or a link", None)
    file: str | None = valued("The picture", "choose a file", None)
    picture: str | None = valued("The picture handed over", "it must be a PNG", None)


class OddsRequest(GridRequest):
    """A cell, for which the prior is asked; of class `label`, or of any."""

    cell: Any = None
    label: Any = None


class SurpriseRequest(GridRequest):
    """A grid for which the prior is asked."""

    label: Any = None


class DrawRequest(SurpriseRequest):
    """A grid in which the prior draws cells anew; those `locked` keep their codes."""

    locked: Any = None
    seed: int = whole("The seed", 0, MOST_SEED)
