"""What the questions of the Reconstruct tab are answered with. Pictures are base64: PNG files, or
raw uint8, row by row, H x W x C."""

from typing import NotRequired, TypedDict

from demo.models.palette import CodeSheet
from demo.models.weights import InPage


class Example(TypedDict):
    """A picture to begin with."""

    label: str
    pixels: str


class Layout(TypedDict):
    """How the digits of a data set lie in their pictures: demo.pictures.digits.Style."""

    name: str
    box: float
    by_mass: bool


class Opened(InPage):
    """What the page needs to know of a model once."""

    model: str
    size: list[int]
    """[H, W, C]"""
    grid: list[int]
    """[h, w]"""
    codebook_size: int
    """K"""
    embedding_dim: int
    """D"""
    codebook: str | None
    """float32 K x D; None where the nearest of its rows does not win, or it is large."""
    pad: list[int]
    """[height, width] of the drawing pad."""
    style: Layout | None
    photos: str | None
    """A model of photos, for those who bring one to a model of digits."""
    codes: CodeSheet
    examples: list[Example]
    examples_from: str
    """Where they come from, a sentence."""
    bits_before: int
    bits_after: int
    """Of one picture."""


class WholePhoto(TypedDict):
    """A photo and what comes back of it, PNG."""

    original: str
    recon: str
    size: list[int]
    """[H, W] of both,"""
    full: list[int]
    """and of the file."""
    grid: list[int]
    """[h, w]"""
    bits_before: int
    bits_after: float
    ratio: float
    """Of the two."""
    psnr: float | None
    """dB; None where the pictures are equal."""
    ssim: float | None


class Stages(TypedDict):
    """A picture at every stage, raw; with `nothing` alone where there is nothing to see."""

    nothing: NotRequired[str]
    """Why, a sentence."""
    input: NotRequired[str]
    indices: NotRequired[list[int]]
    """h * w, row by row."""
    latents: NotRequired[str | None]
    """float32 h * w x D; None where they are many."""
    recon: NotRequired[str]
    unquantized: NotRequired[str]
    error: NotRequired[str]
    """H x W in 1/255 of full brightness, the mean over channels of |input - recon|."""
    psnr: NotRequired[float | None]
    """dB; None where the pictures are equal."""
    ssim: NotRequired[float | None]
    psnr_unquantized: NotRequired[float | None]
    did: NotRequired[str]
    """What was done to the picture to make it an input, a sentence."""
