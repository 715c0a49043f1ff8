"""Images in a file of NumPy, `.npy` or `.npz`, without pickle.

An array of images has the shape (N, H, W), (N, H, W, C) or (N, C, H, W), with C 1 or 3, of uint8,
deeper integers, floats in 0..1, or bool. An `.npz` holds one as `images`, `x` or `data`, with
labels as `labels` or `y` if it has any; or, as MedMNIST names them, `train_images`, `train_labels`,
`test_images` and so on.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from vqvae.data.archives import LIMITS, Limits
from vqvae.data.imageset import (
    DataError,
    ImageSet,
    SkippedFile,
    default_size,
    human_bytes,
    resize_set,
    size_note,
)
from vqvae.data.pictures import DEEPEST, white_of
from vqvae.data.splits import MAX_CLASSES, TEST, TRAIN, VALIDATION, part_of

ENDINGS = (".npy", ".npz")
IMAGES, LABELS = ("images", "x", "data", "arr_0"), ("labels", "y", "targets")
AT_ONCE = 4096
"""Images that are converted at a time."""


class Part(NamedTuple):
    """One split as the file has it, or all of a file without splits."""

    pixels: torch.Tensor
    """uint8 (N, C, H, W)."""
    labels: torch.Tensor | None
    classes: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]
    presplit: bool
    note: str

    @property
    def own(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]


def load_arrays(
    path: Path,
    split: str,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    seed: int = 0,
    limits: Limits = LIMITS,
) -> ImageSet:
    """Load one split of an `.npy` or `.npz`; without splits of its own each image's number decides,
    about 10 % test.

    ``size`` None: the images' own where `default_size` says so. DataError where it holds no images,
    or too much.
    """
    part = read_part(path, split, limits)
    pixels, labels, total = part.pixels, part.labels, len(part.pixels)
    if total < (1 if part.presplit else 2):
        raise DataError(
            f"{path.name} holds {total} images; at least 2 are needed, one to train and one to "
            f"test."
        )
    if not part.presplit:
        rows = torch.tensor(
            part_of([str(row) for row in range(total)], split, seed), dtype=torch.int64
        )
        pixels, labels = pixels[rows], None if labels is None else labels[rows]
    taken = size or default_size([part.own], channels or pixels.shape[1])
    notes = tuple(filter(None, [part.note, "" if size else size_note(part.own, taken)]))
    return resize_set(
        ImageSet(path.stem, split, pixels, labels, part.classes, part.skipped, notes),
        taken,
        channels,
    )


def read_part(path: Path, split: str, limits: Limits = LIMITS) -> Part:
    """What a file holds of a split, at its own size. DataError as `load_arrays`."""
    try:
        images, labels, skipped, presplit, every = _part(_opened(path, limits), split)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # NumPy raises many kinds on a damaged header, the tokenizer's too
        raise DataError(
            f"{path.name} cannot be read ({str(error)[:80]}); give an .npy or .npz of images, "
            "saved without pickle."
        ) from None
    pixels, note = _pixels(path, images)
    classes, numbers = _classes(labels, every)
    if numbers is not None and len(numbers) != len(pixels):
        raise DataError(
            f"{path.name} has {len(pixels):,} images and {len(numbers):,} labels; give one for "
            f"each image."
        )
    return Part(pixels, numbers, classes, skipped, presplit, note)


def _opened(path: Path, limits: Limits) -> dict[str, np.ndarray]:
    """The arrays by name; what they take is known from their headers before they are read."""
    if path.suffix.lower() == ".npy":
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        _check_bytes(path, array.nbytes, limits)
        return {IMAGES[0]: array}
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        _check_bytes(path, sum(info.file_size for info in members), limits)
        for info in members:
            content = archive.read(info)  # no more than it says
            if _said_bytes(content) <= len(content):
                array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
                arrays[info.filename.removesuffix(".npy").lower()] = array
    return arrays


def _said_bytes(content: bytes) -> int:
    """What an array takes by its header, which would be allocated at once."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, kind = read(file)
    return math.prod(shape) * kind.itemsize


def _check_bytes(path: Path, count: int, limits: Limits) -> None:
    if count > limits.result_bytes:
        raise DataError(
            f"{path.name} holds {human_bytes(count)} of arrays; at most "
            f"{human_bytes(limits.result_bytes)}. Give fewer or smaller images."
        )


def _part(arrays: Mapping[str, np.ndarray], split: str):
    """(images, labels or None, what is left out, whether the file has splits of its own, the labels
    of all splits)."""
    splits = {
        name.removesuffix("_images"): array
        for name, array in arrays.items()
        if name.endswith("_images")
    }
    train = next((name for name in TRAIN if name in splits), None)
    test = next((name for name in (*TEST, *VALIDATION) if name in splits), None)
    if train and test:
        mine = train if split == "train" else test
        skipped = tuple(
            SkippedFile(f"{name}_images", f"{len(array):,} images of a third split")
            for name, array in splits.items()
            if name not in (train, test) and array.ndim
        )
        every = [arrays[name] for one in (train, test) if (name := f"{one}_labels") in arrays]
        return splits[mine], arrays.get(f"{mine}_labels"), skipped, True, every
    name = next((name for name in IMAGES if name in arrays), None)
    if name is None:
        raise DataError(
            f"The arrays are called {', '.join(sorted(arrays)[:6]) or 'nothing'}; call the images "
            "`images`, or `train_images` and `test_images`."
        )
    labels = next((arrays[one] for one in LABELS if one in arrays), None)
    return arrays[name], labels, (), False, [] if labels is None else [labels]


def _pixels(path: Path, images: np.ndarray) -> tuple[torch.Tensor, str]:
    """(uint8 (N, C, H, W), a note or "")."""
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[3] in (1, 3) and images.shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    shaped = images.ndim == 4 and images.shape[1] in (1, 3) and min(images.shape[2:]) >= 4
    if not shaped or images.dtype.kind not in "buif" or not len(images):
        raise DataError(
            f"{path.name} has images of shape {images.shape} and type {images.dtype}; give numbers "
            "in the shape (N, H, W), (N, H, W, 3) or (N, 3, H, W)."
        )
    if images.dtype == np.uint8:
        return torch.from_numpy(np.array(images, order="C")), ""  # its own memory, not the file's
    if images.dtype == bool:
        return torch.from_numpy(images.astype(np.uint8) * 255), ""
    parts = [images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE)]
    low, high = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
    if not (low >= 0 and high <= DEEPEST):  # NaN is neither
        raise DataError(
            f"{path.name} holds values from {low:g} to {high:g}; they must lie in 0..1, 0..255 or "
            "0..65535."
        )
    white, note = white_of([(low, high, images.dtype.kind == "f")])
    return torch.from_numpy(
        np.concatenate(
            [np.rint(np.clip(part / (white or 1.0), 0, 1) * 255).astype(np.uint8) for part in parts]
        )
    ), note


def _classes(
    labels: np.ndarray | None, every: list[np.ndarray]
) -> tuple[tuple[str, ...], torch.Tensor | None]:
    """(names of the classes, int64 (N,)): those of all splits, so that a label means the same in
    each."""
    single = labels is not None and labels.ndim and labels.size == len(labels)
    if labels is None or not single or labels.dtype.kind not in "iuU":
        return (), None
    known = np.unique(np.concatenate([one.ravel() for one in every]))
    if not 2 <= len(known) <= MAX_CLASSES:
        return (), None
    return tuple(map(str, known)), torch.from_numpy(np.searchsorted(known, labels.ravel())).long()
