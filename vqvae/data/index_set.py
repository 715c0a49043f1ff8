"""A data set as codes: every training image's index grid, bit-packed in `indices.safetensors`
beside the model.

Encoded once, it lets one train a prior and look up the nearest training images with no data set on
disk: 60,000 grids of 7 x 7 indices of 512 take 3.3 MB. Axes: N grids, h x w positions, K
codebook_size.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vqvae.checkpoints.checkpoint import load, resolve
from vqvae.checkpoints.files import (
    CheckpointError,
    read_tensors_and_header,
    write_errors,
    write_tensors,
)
from vqvae.data.imageset import ImageSet, Progress
from vqvae.nn.batches import images_at_once
from vqvae.nn.modes import eval_mode

INDICES_FILE = "indices.safetensors"
ENCODE_BATCH = 256
"""Pictures encoded at once; fewer where they are large."""


@dataclass(frozen=True)
class IndexSet:
    """The grids of a data set."""

    name: str
    """The data set, as `ImageSet.name`."""
    indices: Tensor
    """int16 (N, h, w): `.long()` before they index anything."""
    labels: Tensor | None
    """int64 (N,), or None without classes."""
    classes: tuple[str, ...]
    """Names of the classes; empty without."""
    codebook_size: int
    fingerprint: str
    """Of the VQ-VAE that encoded them."""

    def __len__(self) -> int:
        return len(self.indices)


def encode_set(model, data: ImageSet, progress: Progress | None = None) -> IndexSet:
    """Encode every image on the model's device. progress: called as (done, total, text);
    it may raise to cancel."""
    device, parts, done = model.codebook.device, [], 0
    with eval_mode(model):
        for batch in data.images.split(images_at_once(model.config, *data.shape[1:], ENCODE_BATCH)):
            parts.append(model.encode(batch.to(device).float().div_(255)).short().cpu())
            done += len(batch)
            if progress is not None:
                progress(done, len(data), "Encoding the images")
    labels = None if data.labels is None else data.labels.long().cpu()
    return IndexSet(
        data.name,
        torch.cat(parts),
        labels,
        tuple(data.classes),
        model.config.codebook_size,
        model.fingerprint(),
    )


def write_indices(path: str | os.PathLike, index_set: IndexSet) -> None:
    """Write `indices.safetensors` into a checkpoint folder, whole or not at all. CheckpointError
    when it cannot be."""
    tensors = {"packed": pack(index_set.indices, index_set.codebook_size)}
    if index_set.labels is not None:
        small = len(index_set.classes) <= 256
        tensors["labels"] = index_set.labels.to(torch.uint8 if small else torch.int32)
    header = {
        "dataset": index_set.name,
        "classes": list(index_set.classes),
        "shape": list(index_set.indices.shape),
        "codebook_size": index_set.codebook_size,
        "fingerprint": index_set.fingerprint,
    }
    with write_errors("The codes could not be saved", path):
        write_tensors(Path(path) / INDICES_FILE, tensors, {"indices": json.dumps(header)})


def read_index_set(name_or_path: str | os.PathLike, model=None) -> IndexSet:
    """The grids in a checkpoint folder. CheckpointError when there are none, they are damaged, or
    another model's.

    model: the VQ-VAE of that folder, where it is loaded already.
    """
    path = resolve(name_or_path)
    file = path / INDICES_FILE
    if not file.is_file():
        raise CheckpointError(
            f"{path} holds no training set as codes ({INDICES_FILE} is missing). Make it with "
            f"`python -m vqvae train-prior {name_or_path} --dataset ...`."
        )
    tensors, metadata = read_tensors_and_header(file)
    try:
        header = json.loads(metadata["indices"])
        shape, k = tuple(int(n) for n in header["shape"]), int(header["codebook_size"])
        indices = unpack(tensors["packed"], shape, k)
        labels = tensors["labels"].long() if "labels" in tensors else None
        classes = tuple(str(c) for c in header["classes"])
        if labels is not None and (
            labels.shape != shape[:1]
            or not 0 <= int(labels.min()) <= int(labels.max()) < len(classes)
        ):
            raise ValueError("the labels do not fit the grids")
        found = IndexSet(
            str(header["dataset"]), indices, labels, classes, k, str(header["fingerprint"])
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{file} is damaged ({error}). Remove it; `train-prior` makes it again."
        ) from error
    model = load(path) if model is None else model
    if found.fingerprint != model.fingerprint():
        raise CheckpointError(
            f"{file} belongs to another VQ-VAE (fingerprint {found.fingerprint}; this one is "
            f"{model.fingerprint()}). Remove it; `train-prior` makes it again."
        )
    return found


def read_indices(name_or_path: str | os.PathLike, model=None) -> tuple[Tensor, Tensor | None]:
    """(int64 (N, h, w), labels int64 (N,) or None) of `read_index_set`."""
    found = read_index_set(name_or_path, model)
    return found.indices.long(), found.labels


def indices_of(
    path: str | os.PathLike, model, data: ImageSet | None, progress: Progress | None = None
) -> IndexSet:
    """The grids of `data`: from the checkpoint folder when they are there, else encoded and kept
    there. With no data those that are there. CheckpointError when there is neither."""
    if data is None:
        return read_index_set(path, model)
    try:
        found = read_index_set(path, model)
        if (
            found.name == data.name
            and len(found) == len(data)
            and found.classes == tuple(data.classes)
        ):
            return found
    except CheckpointError:
        pass  # absent, damaged or of older weights: made anew below
    made = encode_set(model, data, progress)
    write_indices(path, made)
    return made


def bits_of(codebook_size: int) -> int:
    """Bits that hold one index."""
    return max(1, (codebook_size - 1).bit_length())


def pack(indices: Tensor, codebook_size: int) -> Tensor:
    """Indices of any shape as uint8 bytes, `bits_of(K)` bits each, most significant first, the last
    byte padded."""
    bits = bits_of(codebook_size)
    values = indices.flatten().numpy().astype(np.uint16)
    rows = [
        ((values[i : i + 2**20, None] >> np.arange(bits - 1, -1, -1, dtype=np.uint16)) & 1).astype(
            np.uint8
        )
        for i in range(0, len(values), 2**20)
    ]  # a multiple of 8 values, so that the parts meet at a byte
    return torch.from_numpy(np.concatenate([np.packbits(part) for part in rows]))


def unpack(packed: Tensor, shape: tuple[int, ...], codebook_size: int) -> Tensor:
    """The inverse of `pack`: int16 of `shape`. ValueError when the bytes are no such grids."""
    bits, count = bits_of(codebook_size), int(np.prod(shape))
    if (
        packed.dtype != torch.uint8
        or len(shape) != 3
        or count < 1
        or packed.shape != (-(-count * bits // 8),)
    ):
        raise ValueError(f"{tuple(packed.shape)} bytes are not {shape} indices of {bits} bits")
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.int16)
    stride = 2**17 * bits  # bytes of 2^20 values
    data, parts = packed.numpy(), []
    for start in range(0, len(data), stride):
        flat = np.unpackbits(data[start : start + stride])
        parts.append(flat[: len(flat) // bits * bits].reshape(-1, bits).astype(np.int16) @ weights)
    values = np.concatenate(parts)[:count]
    if int(values.max()) >= codebook_size:
        raise ValueError(
            f"it holds index {int(values.max())}; they run from 0 to {codebook_size - 1}"
        )
    return torch.from_numpy(values).reshape(shape)
