"""A prior on disk: `prior.safetensors` in the folder of the VQ-VAE it belongs to.

Weights are kept in half precision (they are used in single); the header holds the config, the
figures, how it was trained, and the fingerprint of the VQ-VAE: beside another one it is refused,
its indices would mean other things.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch

from vqvae.checkpoints.checkpoint import load, read_prior_header, resolve
from vqvae.checkpoints.files import (
    CheckpointError,
    load_into,
    read_tensors,
    write_errors,
    write_tensors,
)
from vqvae.config import ConfigError
from vqvae.prior.config import PriorConfig
from vqvae.prior.model import Prior

PRIOR_FILE = "prior.safetensors"
MODEL_FILES = (
    "config.json",
    "metrics.json",
    "training.json",
    "gallery.safetensors",
    "indices.safetensors",
    "README.md",
    "model.safetensors",
)
"""What a folder for a new prior takes over of its VQ-VAE; the weights last, so that half a copy is
no checkpoint."""


def copy_model(source: Path, target: Path) -> None:
    """Copy a VQ-VAE without its prior. OSError when a file cannot be read or written."""
    target.mkdir(parents=True, exist_ok=True)
    for name in MODEL_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def save_prior(
    path: str | os.PathLike,
    prior: Prior,
    *,
    training: dict | None = None,
    metrics: dict | None = None,
) -> Path:
    """Write `prior.safetensors` into a checkpoint folder, whole or not at all. CheckpointError when
    it cannot be."""
    header = {
        "config": prior.config.to_dict(),
        "fingerprint": prior.fingerprint,
        "training": training or {},
        "metrics": metrics or {},
    }
    tensors = {}
    for name, value in prior.state_dict().items():
        small = name == "class_counts" and int(value.max()) < 2**15
        tensors[name] = value.short() if small else value.half() if _halved(name, value) else value
    with write_errors("The prior could not be saved", path):
        write_tensors(
            Path(path) / PRIOR_FILE, tensors, {"prior": json.dumps(header, allow_nan=False)}
        )
    return Path(path)


def load_prior(name_or_path: str | os.PathLike, model=None) -> Prior:
    """The prior of a checkpoint ("mnist", or a folder), in eval mode on the CPU.

    model: the VQ-VAE of that folder, where it is loaded already. CheckpointError when there is no
    prior, it is damaged, or it belongs to another VQ-VAE.
    """
    path = resolve(name_or_path)
    file = path / PRIOR_FILE
    if not file.is_file():
        raise CheckpointError(
            f"{path} has no prior: train one with `python -m vqvae train-prior {name_or_path}`."
        )
    header = read_prior_header(file)
    try:
        config = PriorConfig.from_dict(header["config"])
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"{file}: {error} Copy it or train the prior again.") from error
    tensors = read_tensors(file)
    model = load(path) if model is None else model
    if header["fingerprint"] != model.fingerprint():
        raise CheckpointError(
            f"{file} belongs to another VQ-VAE (fingerprint {header['fingerprint']}; this one is "
            f"{model.fingerprint()}). Train a prior for this one with `python -m vqvae train-prior "
            f"{name_or_path} --force`."
        )
    # Shapes only: a config that asks for gigabytes is refused before they are taken.
    with torch.device("meta"):
        prior = Prior(config)
    values = {
        name: value.float() if value.is_floating_point() else value.int()
        for name, value in tensors.items()
    }
    load_into(prior, values, file)
    _check(prior, model, file)
    prior.fingerprint = header["fingerprint"]
    return prior.eval()


def _check(prior: Prior, model, file: Path) -> None:
    """CheckpointError where the numbers read cannot be, or are of other codes."""
    if (prior.class_counts < 0).any():
        raise CheckpointError(
            f"{file} is damaged: it counts codes below zero. Copy it again, or train the prior "
            "anew."
        )
    if prior.codebook.shape != model.codebook.shape:
        raise CheckpointError(
            f"{file} is of {tuple(prior.codebook.shape)} codes and the VQ-VAE has "
            f"{tuple(model.codebook.shape)}. Train the prior anew."
        )


def _halved(name: str, value: torch.Tensor) -> bool:
    return value.is_floating_point() and name != "codebook"
