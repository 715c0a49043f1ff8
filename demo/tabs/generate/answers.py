"""What the questions of the Generate tab are answered with. Grids are base64 of uint16
(count, h, w), pictures sprites: PNG as base64."""

from typing import Literal, NotRequired, TypedDict

from demo.models.generating import Held
from demo.models.palette import CodeSheet


class Bits(TypedDict):
    """Bits per picture."""

    nominal: float
    prior: float | None
    """The prior's bound, where it was measured."""
    independent: float
    """Were the positions independent of one another."""


class NoPrior(TypedDict):
    """The model has none."""

    model: str
    prior: Literal[False]
    awaited: bool
    """Whether its run is still at it."""


class Opened(TypedDict):
    """What the page must know once."""

    model: str
    prior: Literal[True]
    h: int
    w: int
    K: int
    height: int
    width: int
    channels: int
    tile: int
    sheet: CodeSheet
    classes: list[str]
    opening: dict[str, float | None]
    """The settings to begin with."""
    columns: int
    most_steps: int
    film: int
    """Frames a film may have."""
    bits: Bits


class Samples(TypedDict):
    """Samples, and when each of their cells was drawn."""

    indices: str
    when: str
    steps: int
    labels: list[int]
    count: int
    columns: int
    pictures: str


class UnderWay(TypedDict):
    """A sheet that is being drawn: ask again with `job`."""

    job: str
    done: int
    """Steps drawn."""


class SamplesSoFar(Samples, UnderWay):
    """A sheet as far as it is drawn."""


class Film(TypedDict):
    """Every step of some samples, a row of the sprite each."""

    film: str
    steps: int
    count: int


class Candidates(TypedDict):
    """The likeliest codes of a cell."""

    codes: list[int]
    probabilities: list[float]
    held: Held | None
    pictures: str
    cell: int | None


class References(TypedDict):
    """Pictures by the way their codes were drawn."""

    pictures: dict[str, str]
    count: int


class Neighbour(TypedDict):
    """A training picture near to a sample."""

    number: int
    distance: float
    equal: int
    label: str | None


class Near(TypedDict):
    """The nearest training pictures; only `near`, None, where the model keeps no training codes."""

    near: list[Neighbour] | None
    pictures: NotRequired[str]
    training: NotRequired[int]
    usual: NotRequired[float | None]


class Nothing(TypedDict):
    """It was done, and there is nothing to say."""
