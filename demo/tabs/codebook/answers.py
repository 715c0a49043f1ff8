"""What the questions of the Codebook tab are answered with. Figures are Plotly's JSON, pictures PNG
as base64, and K is the number of codes."""

from typing import Any, NotRequired, TypedDict

from demo.models.palette import CodeSheet


class Tiles(TypedDict):
    """Tiles (K of them) as one PNG, tile k at row k // columns."""

    png: str
    columns: int
    tile: int
    """Pixels along a side of one."""


class DrawnCodes(Tiles):
    """What each code looks like in the stored pictures."""

    seen: list[bool]
    """Of each code, whether any picture holds it."""


class Row(TypedDict):
    """Square tiles side by side as one PNG, "" for none."""

    png: str
    count: int
    side: int
    about: str


class Fact(TypedDict):
    """A figure above the bars."""

    word: str
    """Its entry in the glossary."""
    title: str
    value: str
    means: str
    """What it means here, in a sentence."""


class Usage(TypedDict):
    """How often the codes are chosen."""

    bars: list[int]
    """The code of each bar of the figure."""
    figure: dict[str, Any]
    counts: list[int]
    counted: str
    title: str
    level: str
    verdict: str
    facts: list[Fact]
    classes: list[str]
    only: int | None
    """The class that the bars are of."""
    by_class: list[float]
    """Perplexity of each class."""
    by_position: list[float]
    """Perplexity of each cell."""
    images: int


class DataChoice(TypedDict):
    """What else can be counted."""

    id: str
    title: str


class Opened(Usage):
    """What the page must know once, with the stored usage."""

    model: str
    K: int
    D: int
    grid: list[int]
    tile: int
    sheet: CodeSheet
    places: list[list[int]]
    """(row, column) of each code in the atlas."""
    has_history: bool
    stored: int
    """Test pictures in the checkpoint."""
    has_latents: bool
    has_classes: bool
    sets: list[DataChoice]
    begin: int
    """The code that is chosen at first."""


class Code(TypedDict):
    """Everything about one code."""

    code: int
    count: int
    share: float
    rank: int
    by_class: list[int]
    by_position: list[int]
    patches: Row


class Begun(TypedDict):
    """A computation that was begun; `codebook_job` tells how far it is."""

    job: str


class Ready(TypedDict):
    """Nothing has to be computed."""

    ready: bool


class Progress(TypedDict):
    """How far a computation is."""

    ended: bool
    failed: str
    """Why it failed, "" where it did not."""
    text: str
    share: float
    """0..1."""


class Map(TypedDict):
    """A map of the codebook."""

    figure: dict[str, Any]
    codes: list[list[float]]
    method: str
    dimensions: int
    note: str
    explained: list[float]
    trust: float
    placed: int | None
    """Latents of the picture that was dropped onto it."""
    points: int


class Frame(TypedDict):
    """One snapshot of a run; positions are base64 of float32 (n, 2)."""

    elapsed: float
    step: int
    codes: str
    latents: str
    dead: list[int]
    sheet: str
    """Pictures above their reconstructions."""


class Past(TypedDict):
    """A run's snapshots, on the principal axes of the last; only `frames`, empty, where there are
    fewer than two."""

    frames: list[Frame]
    K: NotRequired[int]
    M: NotRequired[int]
    reach: NotRequired[float]
    explained: NotRequired[list[float]]
    pictures: NotRequired[int]
    height: NotRequired[int]
    width: NotRequired[int]


class Table(TypedDict):
    """A table as CSV."""

    name: str
    text: str


class Nothing(TypedDict):
    """It was done, and there is nothing to say."""
