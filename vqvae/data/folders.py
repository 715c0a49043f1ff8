"""A folder or zip of images -> an `ImageSet`: class folders become labels, bad files are skipped,
counted and named.

The first load decodes on threads (Pillow lets go of the interpreter's lock while it decodes); the
second reads a cache.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from vqvae.data import cache
from vqvae.data.archives import LIMITS, FolderSource, Limits, Listing, ZipSource
from vqvae.data.imageset import (
    DataError,
    ImageSet,
    Progress,
    SkippedFile,
    default_size,
    human_bytes,
    size_note,
)
from vqvae.data.pictures import (
    PictureError,
    deep_range,
    is_deep,
    is_grey,
    open_picture,
    read_picture,
    white_of,
)
from vqvae.data.splits import divide, part_of, read_table

BATCH = 64  # files per task: a task for each file would cost as much as a small image
PEEK = 200  # files looked at to choose size and channels
CACHE_FROM = 500  # fewer images load faster than a cache is worth
PROGRESS_SECONDS = 0.1


def load_folder(
    path: Path,
    split: str,
    *,
    data_dir: Path,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    progress: Progress | None = None,
    seed: int = 0,
    limits: Limits = LIMITS,
    workers: int | None = None,
) -> ImageSet:
    """Load one split of a folder or zip of images.

    A folder holding ``train/`` and ``test/`` (or ``val/``; see `vqvae.data.splits`) is split by
    these; any other by a hash of each file's name (about 10 % test, at least one), so that a file
    always falls the same way. Folders below are classes; a ``metadata.csv`` with labels goes before
    them. ``size`` None: as `default_size` says. ``channels`` None: 1 when every file is stored
    grey, else 3. Deep grey has one scale for the whole set.

    Returns: `ImageSet` with uint8 (N, C, H, W) in the order of the sorted names;
    ``skipped`` names the files left out, ``notes`` says what else should be known.
    Raises: DataError when nothing usable is found or a limit is passed.
    """
    source = open_source(path)
    try:
        keys = [
            cache.key(path.resolve(), source.fingerprint(), which, size, channels)
            for which in (split, "all")
        ]
        loaded = cache.read(keys[0], data_dir) or cache.read(keys[1], data_dir)
        if loaded is None:
            loaded = _read(source, split, size, channels, progress, limits, workers)
            if len(loaded.images) >= CACHE_FROM:
                cache.write(keys[0 if loaded.presplit else 1], data_dir, loaded)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    finally:
        source.close()
    return _finish(path, split, loaded, seed)


def open_source(path: Path) -> FolderSource | ZipSource:
    """The folder or zip; DataError when it is neither."""
    try:
        if path.is_dir():
            return FolderSource(path)
        if not path.is_file():
            raise DataError(f"There is no folder or zip at {path}.")
        if path.stat().st_size == 0:
            raise DataError(f"{path.name} is an empty file. Give a zip or a folder of images.")
        return ZipSource(path)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror or error}.") from error


def _read(
    source: FolderSource | ZipSource,
    split: str,
    size: tuple[int, int] | None,
    channels: int | None,
    progress: Progress | None,
    limits: Limits,
    workers: int | None,
) -> cache.Loaded:
    """List, divide and decode: the files of ``split`` where folders divide them, else all."""
    listing = source.list(limits)
    refuse_empty(source, listing)
    labels, tables = labels_of(source, listing)
    found = divide(listing.names, labels)
    members = found.train if found.test is None or split == "train" else found.test
    # Both splits are read alike.
    everything = [name for name, _ in (*found.train, *(found.test or ()))]
    chosen = choose(source, everything, size, channels)
    notes = [] if size else [size_note(chosen.own, chosen.size)]
    size, channels = chosen.size, chosen.channels
    refuse_too_much(len(members), channels, size, limits)
    white = None
    if chosen.deep:
        white, note = _white(source, everything, workers)
        notes.append(note)
    pixels, good, bad = _decode(
        source, [name for name, _ in members], size, channels, progress, workers, white
    )
    kept = [member for member, ok in zip(members, good, strict=True) if ok]
    return cache.Loaded(
        torch.from_numpy(pixels),
        tuple(name for name, _ in kept),
        tuple(label for _, label in kept),
        found.classes,
        found.test is not None,
        (*listing.skipped, *tables, *found.skipped, *bad),
        tuple(filter(None, notes)),
    )


def refuse_empty(source: FolderSource | ZipSource, listing: Listing) -> None:
    """DataError when there is not one file to try."""
    if not listing.names:
        raise DataError(
            f"{source.path.name} holds no images{_first_reason(listing.skipped)}. Give a folder or "
            "zip with PNG or JPEG files."
        )


def refuse_too_much(count: int, channels: int, size: tuple[int, int], limits: Limits) -> None:
    """DataError when the decoded images would take more memory than allowed."""
    needed = count * channels * size[0] * size[1]
    if needed > limits.result_bytes:
        raise DataError(
            f"{count:,} images of {size[0]} x {size[1]} need {human_bytes(needed)} of memory; at "
            f"most {human_bytes(limits.result_bytes)}. Choose a smaller size, or give fewer images."
        )


def labels_of(
    source: FolderSource | ZipSource, listing: Listing
) -> tuple[dict[str, str] | None, list[SkippedFile]]:
    """(file name -> label of the tables beside the files, or None; the tables that are of no
    use)."""
    labels: dict[str, str] = {}
    skipped = []
    for name in listing.tables:
        try:
            labels |= read_table(source.read(name), name)
        except Exception as error:
            skipped.append(unreadable(name, error))
    if 2 * sum(name in labels for name in listing.names) >= len(listing.names):
        return labels, skipped
    damaged = {file.name for file in skipped}
    return None, skipped + [
        SkippedFile(name, "a table that labels less than half of the files")
        for name in listing.tables
        if name not in damaged
    ]


def unreadable(name: str, error: Exception) -> SkippedFile:
    """A file whose reading ended with this error: zipfile and zlib raise several kinds on damaged
    members."""
    if isinstance(error, PictureError):
        return SkippedFile(name, str(error))
    return SkippedFile(name, f"cannot be read ({type(error).__name__}: {str(error)[:80]})")


class Chosen(NamedTuple):
    """How the files are to be loaded, after a look at some of them."""

    size: tuple[int, int]
    """(H, W) in pixels."""
    channels: int
    own: tuple[int, int]
    """(H, W) of most of the files; (0, 0) where none is a picture."""
    deep: bool
    """Whether some are grey with more than 8 bits."""


def choose(
    source: FolderSource | ZipSource,
    names: list[str],
    size: tuple[int, int] | None,
    channels: int | None,
) -> Chosen:
    """Fill in size (H, W) and channels from the headers of some files, spread evenly over the
    list."""
    sizes: Counter[tuple[int, int]] = Counter()
    grey, deep = True, False
    for name in names[:: max(1, len(names) // PEEK)]:
        try:
            image = open_picture(source.read(name))
        except Exception:  # whatever is wrong with it is told when it is decoded
            continue
        sizes[image.height, image.width] += 1
        grey, deep = grey and is_grey(image), deep or is_deep(image)
    channels = channels or (1 if grey and sizes else 3)
    size = size or default_size(sizes, channels)
    return Chosen(size, channels, sizes.most_common(1)[0][0] if sizes else (0, 0), deep)


def _white(
    source: FolderSource | ZipSource, names: list[str], workers: int | None
) -> tuple[float | None, str]:
    """(the value that is white in every deep grey file, a sentence where the files hardly use the
    range up to it)."""

    def look(name: str) -> tuple[float, float, bool] | None:
        try:
            return deep_range(source.read(name))
        except Exception:  # told when it is decoded
            return None

    with ThreadPoolExecutor(
        workers or min(8, os.cpu_count() or 1), thread_name_prefix="images"
    ) as pool:
        ranges = [found for found in pool.map(look, names) if found is not None]
    return white_of(ranges)


def _decode(
    source: FolderSource | ZipSource,
    names: list[str],
    size: tuple[int, int],
    channels: int,
    progress: Progress | None,
    workers: int | None,
    white: float | None = None,
) -> tuple[np.ndarray, np.ndarray, list[SkippedFile]]:
    """Decode every file; `white` is that of deep grey. Returns the good ones uint8 (N, C, H, W),
    which these are bool (len(names),), and the bad."""
    pixels = np.empty((len(names), channels, *size), dtype=np.uint8)
    good = np.zeros(len(names), dtype=bool)

    def decode_batch(start: int) -> list[SkippedFile]:
        bad = []
        for row in range(start, min(start + BATCH, len(names))):
            try:
                pixels[row] = read_picture(source.read(names[row]), size, channels, white)
                good[row] = True
            except Exception as error:
                bad.append(unreadable(names[row], error))
        return bad

    skipped, last = [], 0.0
    for batches, bad in _in_threads(decode_batch, range(0, len(names), BATCH), workers):
        skipped.extend(bad)
        done = min(batches * BATCH, len(names))
        if progress is not None and (
            time.monotonic() - last > PROGRESS_SECONDS or done == len(names)
        ):
            last = time.monotonic()
            progress(done, len(names), "Reading images")
    return (pixels if good.all() else pixels[good]), good, skipped


def _in_threads(
    work, starts: range, workers: int | None
) -> Iterator[tuple[int, list[SkippedFile]]]:
    """(batches done, result) in order; leaving early (a cancel) drops what has not begun."""
    pool = ThreadPoolExecutor(
        max_workers=workers or min(8, os.cpu_count() or 1), thread_name_prefix="images"
    )
    try:
        yield from enumerate(pool.map(work, starts), start=1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finish(path: Path, split: str, loaded: cache.Loaded, seed: int) -> ImageSet:
    """Divide, label, and refuse what is too little."""
    total = len(loaded.names)
    if total == 0:
        raise DataError(
            f"None of the {len(loaded.skipped):,} files of {path.name} is a usable image"
            f"{_first_reason(loaded.skipped)}. Give PNG or JPEG files."
        )
    images, labels = loaded.images, None
    if loaded.classes:
        numbers = {name: number for number, name in enumerate(loaded.classes)}
        labels = torch.tensor([numbers[label] for label in loaded.labels], dtype=torch.int64)
    if not loaded.presplit:
        if total < 2:
            raise DataError(
                f"{path.name} holds one usable image; at least 2 are needed, one to train and one "
                f"to test."
            )
        rows = torch.tensor(part_of(loaded.names, split, seed), dtype=torch.int64)
        images, labels = images[rows], None if labels is None else labels[rows]
    return ImageSet(
        path.stem if path.is_file() else path.resolve().name,
        split,
        images,
        labels,
        loaded.classes,
        loaded.skipped,
        loaded.notes,
    )


def _first_reason(skipped: tuple[SkippedFile, ...]) -> str:
    return f" ({skipped[0].name[:80]}: {skipped[0].reason})" if skipped else ""
