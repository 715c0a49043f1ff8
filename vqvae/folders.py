"""A folder or zip of images -> an `ImageSet`: class folders become labels, bad files are skipped, counted and named.

The first load decodes on threads (Pillow lets go of the interpreter's lock while it decodes); the second reads a cache.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from . import cache
from .archives import LIMITS, FolderSource, Limits, Listing, ZipSource
from .imageset import DataError, ImageSet, Progress, SkippedFile, human_bytes
from .pictures import PictureError, is_grey, open_picture, read_picture

BATCH = 64  # files per task: a task for each file would cost as much as a small image
PEEK = 200  # files looked at to choose size and channels
TEST_SHARE = 0.1
MAX_CLASSES = 1000
CACHE_FROM = 500  # fewer images load faster than a cache is worth
PROGRESS_SECONDS = 0.1


def load_folder(path: Path, split: str, *, data_dir: Path, size: tuple[int, int] | None = None,
                channels: int | None = None, progress: Progress | None = None, seed: int = 0,
                limits: Limits = LIMITS, workers: int | None = None) -> ImageSet:
    """Load one split of a folder or zip of images.

    A folder holding ``train/`` and ``test/`` is split by these; any other by a hash of each file's name (10 % test,
    at least one), so that the same files always fall the same way. Folders below are classes when every image lies in
    one. ``size`` None: the images' own when all share one side of 28 or a multiple of 8 up to 64; else 28 (grey) or 32.
    ``channels`` None: 1 when every file is stored grey, else 3.

    Returns: `ImageSet` with uint8 (N, C, H, W) in the order of the sorted names; ``skipped`` names the files left out.
    Raises: DataError when nothing usable is found or a limit is passed.
    """
    source = open_source(path)
    try:
        keys = [cache.key(path.resolve(), source.fingerprint(), which, size, channels) for which in (split, "all")]
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


def _read(source: FolderSource | ZipSource, split: str, size: tuple[int, int] | None, channels: int | None,
          progress: Progress | None, limits: Limits, workers: int | None) -> cache.Loaded:
    """List, plan and decode: the files of ``split`` where folders divide them, else all."""
    listing = source.list(limits)
    refuse_empty(source, listing)
    members, classes, presplit = plan(listing, split)
    size, channels = choose(source, [name for name, _ in members], size, channels)
    needed = len(members) * channels * size[0] * size[1]
    if needed > limits.result_bytes:
        raise DataError(f"{len(members):,} images of {size[0]} x {size[1]} need {human_bytes(needed)} of memory; at "
                        f"most {human_bytes(limits.result_bytes)}. Choose a smaller size, or give fewer images.")
    pixels, good, bad = _decode(source, [name for name, _ in members], size, channels, progress, workers)
    kept = [member for member, ok in zip(members, good, strict=True) if ok]
    return cache.Loaded(torch.from_numpy(pixels), tuple(name for name, _ in kept), tuple(label for _, label in kept),
                        classes, presplit, (*listing.skipped, *bad))


def refuse_empty(source: FolderSource | ZipSource, listing: Listing) -> None:
    """DataError when there is not one file to try."""
    if not listing.names:
        raise DataError(f"{source.path.name} holds no images{_first_reason(listing.skipped)}. Give a folder or zip "
                        "with PNG or JPEG files.")


def plan(listing: Listing, split: str) -> tuple[list[tuple[str, str]], tuple[str, ...], bool]:
    """(file name, class or "") of the files to decode; all classes, sorted; whether folders divide the splits.

    Folders that all files share are passed over: a zip of one folder is that folder. Classes are those of both splits,
    so that a label means the same in either.
    """
    folders = [name.split("/")[:-1] for name in listing.names]
    # Sorted lists share what the first and the last share.
    pairs = zip(min(folders), max(folders), strict=False)
    shared = next((depth for depth, (a, b) in enumerate(pairs) if a != b), min(len(min(folders)), len(max(folders))))
    folders = [parts[shared:] for parts in folders]
    presplit = {"train", "test"} <= {parts[0].lower() for parts in folders if parts}
    members, labels = [], set()
    for name, parts in zip(listing.names, folders, strict=True):
        if presplit:
            if not parts or parts[0].lower() not in ("train", "test"):
                continue
            mine, parts = parts[0].lower() == split, parts[1:]
        else:
            mine = True
        label = parts[0] if parts else ""
        labels.add(label)
        if mine:
            members.append((name, label))
    classes = tuple(sorted(labels)) if "" not in labels and 2 <= len(labels) <= MAX_CLASSES else ()
    return members, classes, presplit


def choose(source: FolderSource | ZipSource, names: list[str], size: tuple[int, int] | None,
            channels: int | None) -> tuple[tuple[int, int], int]:
    """Fill in size (H, W) and channels from the headers of some files, spread evenly over the list."""
    if size is not None and channels is not None:
        return size, channels
    sizes, grey = Counter(), True
    for name in names[::max(1, len(names) // PEEK)]:
        try:
            image = open_picture(source.read(name))
        except Exception:  # whatever is wrong with it is told when it is decoded
            continue
        sizes[image.size[::-1]] += 1
        grey = grey and is_grey(image)
    channels = channels or (1 if grey and sizes else 3)
    if size is None:
        size = (28, 28) if channels == 1 else (32, 32)
        if len(sizes) == 1 and all(side == 28 or (side % 8 == 0 and side <= 64) for side in next(iter(sizes))):
            size = next(iter(sizes))
    return size, channels


def _decode(source: FolderSource | ZipSource, names: list[str], size: tuple[int, int], channels: int,
            progress: Progress | None, workers: int | None) -> tuple[np.ndarray, np.ndarray, list[SkippedFile]]:
    """Decode every file. Returns the good ones uint8 (N, C, H, W), which these are bool (len(names),), and the bad."""
    pixels = np.empty((len(names), channels, *size), dtype=np.uint8)
    good = np.zeros(len(names), dtype=bool)

    def decode_batch(start: int) -> list[SkippedFile]:
        bad = []
        for row in range(start, min(start + BATCH, len(names))):
            try:
                pixels[row] = read_picture(source.read(names[row]), size, channels)
                good[row] = True
            except PictureError as error:
                bad.append(SkippedFile(names[row], str(error)))
            except Exception as error:  # zipfile and zlib raise several kinds on damaged members
                bad.append(SkippedFile(names[row], f"cannot be read ({type(error).__name__}: {str(error)[:80]})"))
        return bad

    skipped, last = [], 0.0
    for batches, bad in _in_threads(decode_batch, range(0, len(names), BATCH), workers):
        skipped.extend(bad)
        done = min(batches * BATCH, len(names))
        if progress is not None and (time.monotonic() - last > PROGRESS_SECONDS or done == len(names)):
            last = time.monotonic()
            progress(done, len(names), "Reading images")
    return (pixels if good.all() else pixels[good]), good, skipped


def _in_threads(work, starts: range, workers: int | None) -> Iterator[tuple[int, list[SkippedFile]]]:
    """(batches done, result) in order; leaving early (a cancel) drops what has not begun."""
    pool = ThreadPoolExecutor(max_workers=workers or min(8, os.cpu_count() or 1), thread_name_prefix="images")
    try:
        yield from enumerate(pool.map(work, starts), start=1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finish(path: Path, split: str, loaded: cache.Loaded, seed: int) -> ImageSet:
    """Divide, label, and refuse what is too little."""
    total = len(loaded.names)
    if total == 0:
        raise DataError(f"None of the {len(loaded.skipped):,} files of {path.name} is a usable image"
                        f"{_first_reason(loaded.skipped)}. Give PNG or JPEG files.")
    images, labels = loaded.images, None
    if loaded.classes:
        numbers = {name: number for number, name in enumerate(loaded.classes)}
        labels = torch.tensor([numbers[label] for label in loaded.labels], dtype=torch.int64)
    if not loaded.presplit:
        if total < 2:
            raise DataError(f"{path.name} holds one usable image; at least 2 are needed, one to train and one to test.")
        order = sorted(range(total), key=lambda row: hashlib.sha256(f"{seed}/{loaded.names[row]}".encode(
            errors="replace")).digest())
        cut = max(1, round(total * TEST_SHARE))
        rows = torch.tensor(sorted(order[:cut] if split == "test" else order[cut:]), dtype=torch.int64)
        images, labels = images[rows], None if labels is None else labels[rows]
    return ImageSet(path.stem if path.is_file() else path.resolve().name, split, images, labels, loaded.classes,
                    loaded.skipped)


def _first_reason(skipped: tuple[SkippedFile, ...]) -> str:
    return f" ({skipped[0].name[:80]}: {skipped[0].reason})" if skipped else ""
