"""A look at a folder or zip of images before it is loaded: what is there, and what would be left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .archives import LIMITS, Limits
from .folders import PEEK, choose, open_source, plan, refuse_empty
from .imageset import DataError, SkippedFile
from .pictures import PictureError, open_picture


@dataclass(frozen=True)
class Found:
    """What a look has found."""

    files: int
    """Files that would be tried, those of both splits."""
    looked: int
    """How many of them were opened, spread evenly: their headers only."""
    classes: tuple[str, ...]
    """Names of the class folders, empty without."""
    presplit: bool
    """Whether folders `train` and `test` divide the images."""
    skipped: tuple[SkippedFile, ...]
    """Files that would be left out, as far as the look went."""
    unusable: int
    """How many of those looked at are no usable images."""
    size: tuple[int, int]
    """(H, W) in pixels they would be loaded at."""
    channels: int
    """1 or 3, likewise."""


def look_at(path: Path, limits: Limits = LIMITS) -> Found:
    """Look at a folder or zip; costs the listing and up to 200 headers. DataError when nothing in it is an image, or
    as `load_dataset` raises it."""
    try:
        source = open_source(path)
        try:
            listing = source.list(limits)
            refuse_empty(source, listing)
            members, classes, presplit = plan(listing, "train")
            names = [name for name, _ in (members + plan(listing, "test")[0] if presplit else members)]
            sample, bad = names[::max(1, len(names) // PEEK)], []
            for name in sample:
                try:
                    open_picture(source.read(name))
                except PictureError as error:
                    bad.append(SkippedFile(name, str(error)))
                except Exception as error:  # zipfile and zlib raise several kinds on damaged members
                    bad.append(SkippedFile(name, f"cannot be read ({type(error).__name__})"))
            size, channels = choose(source, names, None, None)
        finally:
            source.close()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if len(bad) == len(sample):
        raise DataError(f"None of the files of {path.name} that were looked at is an image ({bad[0].name[:80]}: "
                        f"{bad[0].reason}). Give PNG or JPEG files.")
    return Found(len(names), len(sample), classes, presplit, (*listing.skipped, *bad), len(bad), size,
                 channels)
