"""Checkpoints: a folder of safetensors and JSON, each file written whole or not at all, read
without pickle.

model.safetensors      weights and buffers; the header repeats the format version and the config
config.json            what rebuilds the model
metrics.json           figures on the test split
training.json          how it was trained: settings, steps, time, hardware, library versions
gallery.safetensors    see `Gallery`
training.safetensors   everything a run needs to go on (only while it can be resumed)
prior.safetensors      the learned prior, if there is one
indices.safetensors    the training set as codes, if a prior was trained on it
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqvae.checkpoints.files import (
    FORMAT,
    MAX_JSON_BYTES,
    CheckpointError,
    load_into,
    read_json,
    read_tensors,
    read_tensors_and_header,
    write_errors,
    write_json,
    write_tensors,
)
from vqvae.checkpoints.rebuild import misfit
from vqvae.checkpoints.record import as_recorded
from vqvae.config import ConfigError, ModelConfig

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED, _CLONED = _PACKAGE / "shipped", _PACKAGE.parent / "checkpoints"
SHIPPED = _INSTALLED if _INSTALLED.is_dir() else _CLONED
"""The checkpoints that come along: inside the package where a wheel was installed, beside it in a
clone (pyproject.toml lays them so)."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint in memory; equal to itself alone."""

    path: Path
    model: Any
    """The model, in eval mode, on the CPU."""
    config: ModelConfig
    metrics: dict
    """Figures on the test split, as `evaluate --json` prints them; empty when it was never
    evaluated."""
    training: dict
    """How it was trained; empty when unknown."""
    gallery: Any
    """`Gallery`, or None."""

    def with_codes(self) -> Checkpoint:
        """The same; CheckpointError where the model is an ae, vae or cvae."""
        if self.config.kind != "vqvae":
            raise CheckpointError(
                f"This checkpoint is of kind {self.config.kind}; only a vqvae has codes and a "
                "codebook. Give one of that kind."
            )
        return self


def list_checkpoints(root: str | os.PathLike) -> list[Path]:
    """Folders under `root` (one level) that hold a config and weights, by name; [] when there is no
    such folder."""
    root = Path(root)
    if not root.is_dir():
        return []
    return sorted(
        p
        for p in root.iterdir()
        if (p / "config.json").is_file() and (p / "model.safetensors").is_file()
    )


def resolve(name_or_path: str | os.PathLike) -> Path:
    """The folder of a shipped name ("mnist") or a path. CheckpointError when it is neither."""
    path = Path(name_or_path)
    try:
        for folder in (path, SHIPPED / path):
            if (folder / "config.json").is_file():
                return folder
        reason = (
            "holds no config.json"
            if path.is_dir()
            else "is a file"
            if path.exists()
            else "does not exist"
        )
    except (
        OSError,
        ValueError,
    ) as error:  # a name too long for the file system, a folder one may not enter
        reason = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    shipped = ", ".join(p.name for p in list_checkpoints(SHIPPED)) or "none"
    raise CheckpointError(
        f"{str(name_or_path)!r} is no checkpoint: as a folder it {reason}. Give the folder of a "
        f"checkpoint, or the name of a shipped one ({shipped})."
    )


def load(name_or_path: str | os.PathLike):
    """The model of a shipped checkpoint ("mnist") or of a folder, in eval mode on the CPU."""
    return load_checkpoint(name_or_path).model


def load_checkpoint(name_or_path: str | os.PathLike) -> Checkpoint:
    """Read a checkpoint. CheckpointError when a file is absent, damaged, foreign or does not fit
    the config."""
    import torch

    from vqvae.nn.build import build_model

    path = resolve(name_or_path)
    config = _read_config(path)
    with torch.device(
        "meta"
    ):  # shapes only: a config that asks for gigabytes is refused before they are taken
        model = build_model(config)
    load_into(model, read_tensors(path / "model.safetensors"), path / "model.safetensors")
    model.source = path
    return Checkpoint(
        path,
        model.eval(),
        config,
        as_recorded(read_json(path / "metrics.json", {})),
        as_recorded(read_json(path / "training.json", {})),
        _read_gallery(path / "gallery.safetensors", model),
    )


def read_info(name_or_path: str | os.PathLike) -> dict:
    """What a checkpoint says of itself, from its JSON alone (no weights are read, PyTorch is not
    loaded)."""
    path = resolve(name_or_path)
    config = _read_config(path)
    training = as_recorded(read_json(path / "training.json", {}))
    return {
        "name": path.name,
        "dataset": training.get("dataset") or "",
        **config.to_dict(),
        "grid": list(config.grid),
        "bits_per_image": config.bits_per_image,
        "latent_dim": config.latent_dim,
        "metrics": as_recorded(read_json(path / "metrics.json", {})),
        "training": training,
        "has_prior": (path / "prior.safetensors").is_file(),
        "prior": _prior_info(path / "prior.safetensors"),
    }


def _prior_info(file: Path) -> dict:
    """What a prior's file says of itself; {} without one, or where the file cannot be read."""
    try:
        return read_prior_header(file) if file.is_file() else {}
    except CheckpointError:
        return {}


def read_prior_header(file: Path) -> dict:
    """config, training, metrics and fingerprint of a prior, without its weights or PyTorch.
    CheckpointError when the file is no prior."""
    try:
        with file.open(
            "rb"
        ) as opened:  # safetensors: the header's length in 8 bytes, the header as JSON, the numbers
            length = int.from_bytes(opened.read(8), "little")
            if length > MAX_JSON_BYTES:
                raise ValueError(
                    f"its header has {length:,} bytes, at most {MAX_JSON_BYTES:,} are read"
                )
            metadata = json.loads(opened.read(length)).get("__metadata__", {})
        header = json.loads(metadata["prior"])
        if not isinstance(header["fingerprint"], str) or not all(
            isinstance(header[name], dict) for name in ("config", "training", "metrics")
        ):
            raise ValueError("its header is not a prior's")
        recorded = {name: as_recorded(header[name]) for name in ("training", "metrics")}
        return {**header, **recorded}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{file} is damaged or no prior ({error}). Copy it again, or train the prior again."
        ) from error


def save_checkpoint(
    path: str | os.PathLike,
    model,
    *,
    metrics: dict | None = None,
    training: dict | None = None,
    gallery=None,
) -> Path:
    """Write a checkpoint folder; each file is replaced whole. What is None is left as it is on
    disk.

    The weights come last, so that a folder that is being made for the first time is no checkpoint
    before it is whole. CheckpointError when it cannot be written, and, before anything is, for a
    model with networks of the user's own, which could not be loaded again.
    """
    path = Path(path)
    if reason := misfit(model):
        raise CheckpointError(
            f"This model could not be loaded again: {reason}. Save model.state_dict() yourself, "
            "with safetensors.torch.save_file, or build the model with vqvae.build_model(config)."
        )
    with write_errors("The checkpoint could not be written", path):
        path.mkdir(parents=True, exist_ok=True)
        write_json(path / "config.json", {"format": FORMAT, **model.config.to_dict()})
        if metrics is not None:
            write_json(path / "metrics.json", metrics)
        if training is not None:
            write_json(path / "training.json", {**training, "versions": library_versions()})
        if gallery is not None:
            write_tensors(
                path / "gallery.safetensors",
                gallery.tensors(),
                {"fingerprint": model.fingerprint()},
            )
        write_tensors(
            path / "model.safetensors",
            model.state_dict(),
            {"config": json.dumps(model.config.to_dict())},
        )
    return path


def library_versions() -> dict[str, str]:
    """Versions that a reader may want to know when figures differ."""
    import torch

    import vqvae

    return {
        "vqvae": vqvae.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _read_config(path: Path) -> ModelConfig:
    values = dict(read_json(path / "config.json"))
    version = values.pop("format", None)
    if not isinstance(version, int) or version < 1:
        raise CheckpointError(
            f"{path / 'config.json'} was not written by this program: it names no format."
        )
    if version > FORMAT:
        raise CheckpointError(
            f"{path / 'config.json'} has format {version}; this program reads up to {FORMAT}. "
            "Update it."
        )
    try:
        return ModelConfig.from_dict(values)
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"{path / 'config.json'}: {error}") from error


def _read_gallery(path: Path, model):
    """The gallery of a model, or None when there is none or it shows other weights: a run that goes
    on saves new weights long before it is measured again."""
    from vqvae.checkpoints.gallery import Gallery

    if not path.exists() or model.config.kind != "vqvae":
        return None
    tensors, metadata = read_tensors_and_header(path)
    try:
        gallery = Gallery.from_tensors(tensors)
    except TypeError as error:
        raise CheckpointError(
            f"{path} does not hold a gallery of this version: {error}. Copy it again, or remove it."
        ) from error
    if metadata.get("fingerprint", model.fingerprint()) != model.fingerprint():
        return None
    if misfit := gallery.misfit(model.config.codebook_size, model.config.embedding_dim):
        raise CheckpointError(
            f"{path} does not fit its config.json (K = {model.config.codebook_size}, D = "
            f"{model.config.embedding_dim}): {misfit}. Copy it again, or remove it."
        )
    return gallery
