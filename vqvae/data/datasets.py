"""Data sets by name, folder or zip, as uint8 tensors in memory.

Images stay in memory because a batch is then one index operation: for 28 x 28 pictures a loader
with worker processes costs more than the training step itself.
"""

from __future__ import annotations

import difflib
import math
import os
from pathlib import Path

import torch

from vqvae.config import MAX_SIDE
from vqvae.data.imageset import DataError, ImageSet, Progress, SkippedFile, resize_set

__all__ = [
    "DATASETS",
    "SPLITS",
    "DataError",
    "ImageSet",
    "SkippedFile",
    "canonical_name",
    "default_data_dir",
    "load_dataset",
]

DATASETS = ("mnist", "fashion-mnist", "cifar10", "synthetic")
SPLITS = ("train", "test")
SYNTHETIC_COUNTS = {"train": 20_000, "test": 2_000}


def default_data_dir() -> Path:
    """``$VQVAE_DATA_DIR``, else ``data/`` under the current folder."""
    return Path(os.environ.get("VQVAE_DATA_DIR") or "data")


def load_dataset(
    name_or_path: str | os.PathLike,
    split: str = "train",
    *,
    data_dir: str | os.PathLike | None = None,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    progress: Progress | None = None,
    seed: int = 0,
    count: int | None = None,
    workers: int | None = None,
) -> ImageSet:
    """Load one split of a data set; download it first if it is one of the public sets and is not on
    disk.

    Args:
        name_or_path: ``mnist``, ``fashion-mnist``, ``cifar10``, ``synthetic``, or the path of a
            folder or zip.
        split: ``train`` or ``test``. A folder without ``train/`` and ``test/`` is divided 90 : 10
            by hashed names.
        data_dir: where the public sets and the cache live; `default_data_dir` when None.
        size: side, or (H, W), in pixels; None keeps a public set's own size and lets a folder
            choose.
        channels: 1 (grey) or 3 (RGB); None keeps a public set's own and lets a folder choose.
        progress: called as ``progress(done, total, text)``.
        seed: of the synthetic digits, of a folder's division, and of the choice that ``count``
            makes.
        count: at most this many images (a random choice of them; the synthetic set then draws no
            more than these).
        workers: threads that decode the files of a folder or zip; None or 0 takes one per core, at
            most 8.

    Returns:
        `ImageSet` with uint8 images (N, C, H, W), N >= 1.

    Raises:
        DataError: unknown name, absent or unusable file, no connection, or an argument out of
            range.
    """
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r}; it is train or test.")
    size, channels = _checked_size(size), _checked_channels(channels)
    _check_numbers(seed, count, workers)
    root = Path(data_dir) if data_dir is not None else default_data_dir()
    name = canonical_name(name_or_path)

    if name == "synthetic":
        images = _load_synthetic(split, seed, count, progress)
    elif name in DATASETS:
        from vqvae.data.downloads import load_public

        images = load_public(name, split, root, progress)
    elif Path(name).suffix.lower() in (".npy", ".npz") and Path(name).is_file():
        from vqvae.data.arrays import load_arrays

        images = load_arrays(Path(name), split, size=size, channels=channels, seed=seed)
    else:
        from vqvae.data.folders import load_folder

        images = load_folder(
            Path(name),
            split,
            data_dir=root,
            size=size,
            channels=channels,
            progress=progress,
            seed=seed,
            workers=workers,
        )
    if count is not None and count < len(images):
        generator = torch.Generator().manual_seed(seed)
        images = images.take(torch.randperm(len(images), generator=generator)[:count])
    return resize_set(images, size, channels)


def _load_synthetic(
    split: str, seed: int, count: int | None, progress: Progress | None
) -> ImageSet:
    from vqvae.data.synthetic import CLASSES, synthetic_digits

    total = min(count, 1_000_000) if count is not None else SYNTHETIC_COUNTS[split]
    images, labels = synthetic_digits(total, seed, split=split, progress=progress)
    return ImageSet("synthetic", split, images, labels, CLASSES)


def canonical_name(name_or_path: str | os.PathLike) -> str:
    """A canonical public name, or the path of something that exists; DataError when it is
    neither."""
    text = os.fspath(name_or_path) if isinstance(name_or_path, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise DataError(
            f"The data set is {name_or_path!r}; give one of {', '.join(DATASETS)}, or the path of "
            "a folder or zip of images."
        )
    plain = text.strip().lower().replace("_", "-")
    plain = {"fashionmnist": "fashion-mnist", "cifar-10": "cifar10"}.get(plain, plain)
    if plain in DATASETS:
        return plain
    try:
        if Path(text).expanduser().exists():
            return str(Path(text).expanduser())
    except (
        OSError
    ):  # a name longer than the file system allows, or a folder that may not be entered
        pass
    near = difflib.get_close_matches(plain, DATASETS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    shown = text if len(text) <= 80 else text[:77] + "..."
    raise DataError(
        f"There is no data set and no file named {shown!r}; give one of {', '.join(DATASETS)}, or "
        f"the path of a folder or zip of images.{hint}"
    )


def _check_numbers(seed: object, count: object, workers: object) -> None:
    if not _is_whole(seed, 0, 2**63 - 1):
        raise DataError(f"seed is {seed!r}; it must be a whole number from 0 to 2^63 - 1.")
    if count is not None and not _is_whole(count, 1):
        raise DataError(f"count is {count!r}; it must be a whole number of images, at least 1.")
    if workers is not None and not _is_whole(workers, 0, 64):
        raise DataError(
            f"workers is {workers!r}; it must be a whole number of threads from 0 (choose) to 64."
        )


def _is_whole(value: object, least: int, most: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _checked_size(size: object) -> tuple[int, int] | None:
    if size is None:
        return None
    sides = list(size) if isinstance(size, (tuple, list)) else [size, size]
    if len(sides) != 2 or not all(_is_whole(side, 8, MAX_SIDE) for side in sides):
        raise DataError(
            f"size is {size!r}; it must be one side or (height, width), each a whole number of "
            f"pixels from 8 to {MAX_SIDE}."
        )
    return sides[0], sides[1]


def _checked_channels(channels: int | None) -> int | None:
    if channels is not None and (not _is_whole(channels, 1, 3) or channels == 2):
        raise DataError(f"channels is {channels!r}; it must be 1 (grey) or 3 (colour).")
    return channels
