"""Decoded image folders, kept so that the second load takes a second: one safetensors file per
folder and options.

A cache is never needed: one that is absent, damaged or cannot be written changes nothing but the
time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import torch

from vqvae.data.imageset import SkippedFile

VERSION = 2
KEEP_FILES = 12
KEEP_BYTES = 8 << 30


class Loaded(NamedTuple):
    """Images uint8 (N, C, H, W); per image its file name and class folder ("" for none); all class
    names, sorted (or none); whether the images are one split already; the files left out; sentences
    that should be known."""

    images: torch.Tensor
    names: tuple[str, ...]
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    presplit: bool
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...] = ()


def key(path: Path, *options: object) -> str:
    """A file name that changes with the source and every option."""
    text = json.dumps([VERSION, str(path), *map(str, options)])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def folders(data_dir: Path) -> list[Path]:
    """Where caches may lie: beside the data, else (a read-only data folder) in the user's cache
    folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [data_dir / "cache", home / "vqvae-playground"]


def read(key: str, data_dir: Path) -> Loaded | None:
    """The images stored under ``key``, or None when there are none or the file is damaged."""
    from safetensors import safe_open

    for folder in folders(data_dir):
        path = folder / f"{key}.safetensors"
        try:
            if not path.is_file():
                continue
            with safe_open(path, framework="pt") as file:
                about = json.loads(file.metadata()["about"])
                images = file.get_tensor("images")
            loaded = Loaded(
                images,
                tuple(about["names"]),
                tuple(about["labels"]),
                tuple(about["classes"]),
                bool(about["presplit"]),
                tuple(SkippedFile(*entry) for entry in about["skipped"]),
                tuple(about["notes"]),
            )
            whole = (
                images.dtype == torch.uint8
                and images.ndim == 4
                and images.shape[1] in (1, 3)
                and len(images) == len(loaded.names) == len(loaded.labels)
                and about["crc32"] == _crc32(images)
            )
            if whole:
                os.utime(path)  # used last: the pruning below keeps what is used
                return loaded
        except Exception:  # a damaged cache may fail in any way, and is rewritten whatever it was
            continue
    return None


def write(key: str, data_dir: Path, loaded: Loaded) -> Path | None:
    """Store under ``key``, atomically; returns the path, or None where no folder takes it."""
    from safetensors.torch import save_file

    about = {**loaded._asdict(), "crc32": _crc32(loaded.images)}
    del about["images"]
    for folder in folders(data_dir):
        target = folder / f"{key}.safetensors"
        partial = folder / f"{key}.{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_file(
                {"images": loaded.images.contiguous()},
                partial,
                metadata={"about": json.dumps(about)},
            )
            os.replace(partial, target)
            _prune(folder, target)
            return target
        except (
            Exception
        ):  # read-only, full, or a name that is no text: loading goes on without a cache
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
    return None


def _crc32(images: torch.Tensor) -> int:
    return zlib.crc32(memoryview(images.contiguous().numpy()).cast("B")) if images.numel() else 0


def _prune(folder: Path, newest: Path) -> None:
    """Drop the caches used longest ago, past a number and a sum of bytes."""
    files = sorted(
        folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    total = 0
    for rank, path in enumerate(files):
        total += path.stat().st_size
        if path != newest and (rank >= KEEP_FILES or total > KEEP_BYTES):
            path.unlink(missing_ok=True)
