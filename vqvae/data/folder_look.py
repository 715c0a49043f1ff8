"""A look at a folder or zip of images before it is loaded: what is there, and what would be left
out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vqvae.data.archives import LIMITS, Limits
from vqvae.data.arrays import ENDINGS, read_part
from vqvae.data.folders import PEEK, choose, labels_of, open_source, refuse_empty, unreadable
from vqvae.data.imageset import DataError, SkippedFile, default_size
from vqvae.data.pictures import open_picture
from vqvae.data.splits import divide


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
    """Whether folders divide the images into those to train on and to test."""
    skipped: tuple[SkippedFile, ...]
    """Files that would be left out, as far as the look went."""
    unusable: int
    """How many of those looked at are no usable images."""
    size: tuple[int, int]
    """(H, W) in pixels they would be loaded at."""
    channels: int
    """1 or 3, likewise."""
    own: tuple[int, int]
    """(H, W) in pixels of most of them."""
    notes: tuple[str, ...] = ()
    """What else should be known."""


def look_at(path: Path, limits: Limits = LIMITS) -> Found:
    """Look at a folder or zip; costs the listing and up to 200 headers. DataError when nothing in
    it is an image, or as `load_dataset` raises it."""
    if path.suffix.lower() in ENDINGS and path.is_file():
        return _look_at_arrays(path, limits)
    try:
        source = open_source(path)
        try:
            listing = source.list(limits)
            refuse_empty(source, listing)
            labels, tables = labels_of(source, listing)
            divided = divide(listing.names, labels)
            names = [name for name, _ in (*divided.train, *(divided.test or ()))]
            sample, bad = names[:: max(1, len(names) // PEEK)], []
            for name in sample:
                try:
                    open_picture(source.read(name))
                except Exception as error:
                    bad.append(unreadable(name, error))
            chosen = choose(source, names, None, None)
        finally:
            source.close()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if len(bad) == len(sample):
        raise DataError(
            f"None of the files of {path.name} that were looked at is an image "
            f"({bad[0].name[:80]}: {bad[0].reason}). Give PNG or JPEG files."
        )
    return Found(
        len(names),
        len(sample),
        divided.classes,
        divided.test is not None,
        (*listing.skipped, *tables, *divided.skipped, *bad),
        len(bad),
        chosen.size,
        chosen.channels,
        chosen.own,
    )


def _look_at_arrays(path: Path, limits: Limits) -> Found:
    part = read_part(path, "train", limits)
    count = len(part.pixels) + (len(read_part(path, "test", limits).pixels) if part.presplit else 0)
    channels = part.pixels.shape[1]
    size = default_size([part.own], channels)
    return Found(
        count,
        count,
        part.classes,
        part.presplit,
        part.skipped,
        0,
        size,
        channels,
        part.own,
        tuple(filter(None, [part.note])),
    )
