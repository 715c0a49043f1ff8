"""What the questions of the Compare tab are answered with. Pictures are base64 of raw uint8, row by
row, H x W x C; several of them one after the other."""

from typing import NotRequired, TypedDict


class AboutModel(TypedDict):
    """One model of a set."""

    kind: str
    name: str
    kept: str
    """What it keeps of a picture, in words."""
    collapsed: bool


class Example(TypedDict):
    """A picture to begin with."""

    label: str | int
    pixels: str


class Opened(TypedDict):
    """What the page needs to know of a set once."""

    set: str
    models: list[AboutModel]
    size: list[int]
    """[H, W, C]"""
    classes: list[str]
    pad: list[int]
    """[height, width]"""
    style: str | None
    """Name of the data set that a drawing can be laid out like."""
    examples: list[Example]
    examples_from: str
    note: str
    untrained: str
    """Why they cannot be compared yet, a sentence; "" where they can."""


class Shown(TypedDict):
    """A picture as one model draws it."""

    recon: str
    error: str
    """H x W, 1/255 of full brightness."""
    mse: float
    psnr: float
    sharpness: float | None
    bits: float
    """What this very picture takes."""
    label: NotRequired[int]
    """The class that a conditional VAE was told,"""
    guessed: NotRequired[bool]
    """and whether it took that itself."""


class Picture(TypedDict):
    """A picture through every model."""

    input: str
    did: str
    """What was done to make it an input."""
    models: dict[str, Shown]


class NothingToSee(TypedDict):
    """The picture is blank."""

    nothing: str


class Path(TypedDict):
    """Pictures from one end to the other; `differ`: codes that are not the same at both."""

    pictures: str
    differ: int | None


class Between(TypedDict):
    """The ways of all models."""

    models: dict[str, Path]


class Row(TypedDict):
    """Samples of one kind."""

    kind: str
    pictures: str


class Samples(TypedDict):
    """Samples of each model; `missing` says what to do where the VQ-VAE has no prior."""

    rows: list[Row]
    missing: str
