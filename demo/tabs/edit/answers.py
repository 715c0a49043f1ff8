"""What the questions of the Edit tab are answered with. Pixels are base64 of raw uint8, row by row,
channels last."""

from typing import NotRequired, TypedDict

from demo.models.palette import CodeSheet
from demo.models.weights import InPage


class Classes(TypedDict):
    """What a prior was told of the pictures."""

    classes: list[str]


class PriorInfo(TypedDict):
    """Whether a model has a prior."""

    prior: Classes | None
    why: NotRequired[str]
    """There is none: a sentence."""


class Opened(InPage, PriorInfo):
    """What the page must know of a model once."""

    model: str
    fingerprint: str
    h: int
    w: int
    K: int
    D: int
    height: int
    width: int
    channels: int
    tile: int
    """Pixels along a side of a cell."""
    sheet: CodeSheet
    counts: list[int] | None
    """How often each code is used."""
    examples: int
    """How many there are."""
    chunk: int
    """Most codes of a question for previews."""


class Picture(TypedDict):
    """A grid's picture, and the grid as text."""

    pixels: str
    text: str


class Previews(TypedDict):
    """A picture per candidate."""

    candidates: list[int]
    pixels: str


class Effect(TypedDict):
    """What a cell can move."""

    map: str
    """uint8 H x W, in units of peak / 255."""
    peak: float
    tried: int
    moved: int


class Cell(TypedDict):
    """The six steps at a cell: demo.models.editing.Steps."""

    cell: int
    z_e: list[float]
    z_q: list[float]
    distances: str
    """float32 K."""
    similarity: str
    """float32 K."""
    nearest: int
    held: int
    step: float
    effect: NotRequired[Effect]


class Start(Picture):
    """A grid to start from."""

    indices: list[list[int]]
    about: str
    """Where it comes from, in words."""
    input: str
    """The picture it was encoded from; its own where there is none, and then"""
    stand_in: bool


class Shared(TypedDict):
    """A grid in the forms to give away."""

    text: str
    json: str
    png: str
    """base64; it holds the grid too."""
    size: list[int]
    """[height, width] of it."""


class Votes(TypedDict):
    """What the training pictures nearest to a grid show."""

    votes: dict[str, int] | None
    """Their number by class; None where the model keeps no training pictures or no classes."""
    voters: int


class Ways(TypedDict):
    """Grids that the prior drew, and their pictures."""

    indices: list[list[list[int]]]
    pixels: str


class Polished(TypedDict):
    """The grid after polishing, and its picture."""

    indices: list[list[int]]
    pixels: str


class Odds(TypedDict):
    """How likely each code is in a cell."""

    cell: int
    probabilities: str
    """float32 K."""


class Surprise(TypedDict):
    """How unlikely each cell's code is."""

    bits: str
    """float32 h * w."""
