"""The files of a checkpoint: JSON and safetensors, written whole or not at all, and read with every
doubt about who wrote them."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vqvae.checkpoints.atomic import replace_file
from vqvae.errors import VqvaeError

FORMAT = 1
"""Version of the layout; a reader refuses a later one."""
MAX_JSON_BYTES = 4 * 2**20
MAX_TENSOR_BYTES = 2**30


class CheckpointError(VqvaeError):
    """A checkpoint cannot be read or written. The text says which file, what is wrong with it and
    what to do."""


@contextmanager
def write_errors(what: str, path: str | os.PathLike) -> Generator[None]:
    """An OSError inside becomes a CheckpointError that begins with `what`, such as "The run could
    not be saved"."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{what} to {path}: {error.strerror or error}. Free some space or choose another "
            "folder."
        ) from error


def write_json(path: Path, value: dict) -> None:
    """A JSON file, atomically; NaN and infinity are refused, other programs could not read them."""
    replace_file(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def write_tensors(path: Path, tensors: dict, metadata: dict[str, str] | None = None) -> None:
    """A safetensors file, atomically."""
    from safetensors.torch import save

    replace_file(
        path,
        save(
            {k: v.detach().cpu().contiguous() for k, v in tensors.items()},
            {"format": "pt", "vqvae_format": str(FORMAT), **(metadata or {})},
        ),
    )


def read_tensors(path: Path) -> dict:
    """Tensors of a safetensors file written by this program; CheckpointError for everything
    else."""
    return read_tensors_and_header(path)[0]


def read_tensors_and_header(path: Path) -> tuple[dict, dict[str, str]]:
    """`read_tensors`, and the texts of the file's header."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing; the checkpoint is incomplete. Copy the whole folder."
        )
    if path.stat().st_size > MAX_TENSOR_BYTES:
        raise CheckpointError(
            f"{path} has {path.stat().st_size:,} bytes; at most {MAX_TENSOR_BYTES:,} are read."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            version = metadata.get("vqvae_format")
            if version is None:
                raise CheckpointError(
                    f"{path} was not written by this program. Give a folder that "
                    "`python -m vqvae train` or the app has made."
                )
            if not version.isdigit() or int(version) > FORMAT:
                raise CheckpointError(
                    f"{path} has format {version}; this program reads up to {FORMAT}. Update it."
                )
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file ({error}). Copy it again, or train again."
        ) from error


def load_into(module, tensors: dict, source: Path) -> None:
    """Put tensors into a module after checking names, shapes and that every number is finite.
    Weights that were saved in another type of floating point are taken in the module's, and parts
    that the module's RENAMED names (old name to new) under either."""
    import torch

    renamed = getattr(module, "RENAMED", {})
    split = {name: name.partition(".") for name in tensors}
    tensors = {
        renamed.get(part, part) + dot + rest: tensors[name]
        for name, (part, dot, rest) in split.items()
    }

    floats = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    expected = module.state_dict()
    missing, unknown = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or unknown:
        raise CheckpointError(
            f"{source} does not fit its config.json: missing {missing[:3] or 'nothing'}, "
            f"unknown {unknown[:3] or 'nothing'}."
        )
    for name, value in expected.items():
        same = tensors[name].dtype == value.dtype or (
            value.is_floating_point() and tensors[name].dtype in floats
        )
        if tensors[name].shape != value.shape or not same:
            raise CheckpointError(
                f"{source}: {name} is {tensors[name].dtype} {tuple(tensors[name].shape)}; "
                f"config.json asks for {value.dtype} {tuple(value.shape)}."
            )
        if value.is_floating_point() and not tensors[name].to(value.dtype).isfinite().all():
            raise CheckpointError(
                f"{source}: {name} holds NaN or infinite numbers; the training it comes from "
                "diverged. Train again with a lower learning rate."
            )
    # Assigned, so that a module that is only shapes is filled too; cloned, to let go of the file.
    module.load_state_dict(
        {name: tensors[name].to(value.dtype, copy=True) for name, value in expected.items()},
        assign=True,
    )


def read_json(path: Path, default: dict | None = None) -> dict:
    """The object of a JSON file, or `default` where there is no file. CheckpointError when it is
    absent, damaged or too large."""
    if not path.is_file():
        if default is not None:
            return default
        raise CheckpointError(
            f"{path} is missing; the checkpoint is incomplete. Copy the whole folder."
        )
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ValueError(
                f"it has {path.stat().st_size:,} bytes, at most {MAX_JSON_BYTES:,} are read"
            )
        value = json.loads(path.read_text("utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it must hold one object")
        return value
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}). Copy it again, or train again."
        ) from error
