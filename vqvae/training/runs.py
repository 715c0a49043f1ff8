"""A run on disk: one file that holds all it needs to go on, so that no crash can leave halves of
two saves."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import torch
from torch import nn

from vqvae.checkpoints.checkpoint import read_info
from vqvae.checkpoints.files import (
    CheckpointError,
    load_into,
    read_tensors,
    write_errors,
    write_tensors,
)
from vqvae.config import ConfigError, ModelConfig, TrainingConfig

TRAINING_FILE = "training.safetensors"


def write_run(
    path: str | os.PathLike,
    run: dict,
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    file: str = TRAINING_FILE,
) -> None:
    """Save weights, buffers and the state of the optimisers, with `run` (JSON) in the header.
    CheckpointError when the file cannot be written."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for optimizer in optimizers:
            tensors |= {
                f"optimizer.{name}.{k}": v for k, v in optimizer.state.get(parameter, {}).items()
            }
    with write_errors("The run could not be saved", path):
        write_tensors(Path(path) / file, tensors, {"run": json.dumps(run)})


def read_run(
    path: str | os.PathLike,
    name: str = TRAINING_FILE,
    training_type=TrainingConfig,
    model_type=ModelConfig,
) -> dict:
    """The saved run of a folder without its tensors: step, elapsed, images, config
    (TrainingConfig), model (ModelConfig). CheckpointError when there is none or it is damaged. A
    prior's run has another name and types."""
    from safetensors import SafetensorError, safe_open

    file = Path(path) / name
    if not file.is_file():
        raise CheckpointError(
            f"{path} holds no run to resume ({name} is missing). Only a run that was "
            "interrupted or stopped can go on."
        )
    try:
        with safe_open(file, framework="pt") as opened:
            run = json.loads((opened.metadata() or {})["run"])
        return {
            **run,
            "config": training_type.from_dict(run["config"]),
            "model": model_type.from_dict(run["model"]),
            "step": int(run["step"]),
            "elapsed": float(run["elapsed"]),
            "images": int(run["images"]),
        }
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise CheckpointError(f"{file} is damaged ({error}). Start the run anew.") from error


def is_finished(path: str | os.PathLike) -> bool:
    """Whether the folder holds a model whose run has spent its budget: its optimisers' state is
    gone."""
    path = Path(path)
    if (path / TRAINING_FILE).is_file() or not (path / "config.json").is_file():
        return False
    return (path / "model.safetensors").is_file() and read_info(path)["training"].get(
        "finished"
    ) is True


def read_finished(path: str | os.PathLike) -> dict:
    """The run of a model that is done, as `read_run` gives one. CheckpointError when its record
    does not tell."""
    info = read_info(path)
    record = info["training"]
    try:
        model = ModelConfig.from_dict(
            {field.name: info[field.name] for field in fields(ModelConfig)}
        )
        return {
            "config": TrainingConfig.from_dict(record["config"]),
            "model": model,
            "step": int(record["step"]),
            "elapsed": float(record["elapsed_seconds"]),
            "images": int(record["images"]),
            "started_from": str(record.get("started_from", "")),
        }
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{Path(path) / 'training.json'} does not tell how the model was trained ({error}); "
            "start a new run from it with --init."
        ) from error


def restore_weights(path: str | os.PathLike, model: nn.Module, name: str = TRAINING_FILE) -> None:
    """Put a saved run's weights and buffers into a model, before its optimisers are made.
    CheckpointError when they do not fit."""
    file = Path(path) / name
    load_into(
        model, {k[6:]: v for k, v in read_tensors(file).items() if k.startswith("model.")}, file
    )


def restore_optimizers(
    path: str | os.PathLike,
    model: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    name: str = TRAINING_FILE,
) -> None:
    """Put a saved run's optimiser states into place. CheckpointError when they do not fit."""
    file = Path(path) / name
    tensors = read_tensors(file)
    owner = {
        p: optimizer
        for optimizer in optimizers
        for group in optimizer.param_groups
        for p in group["params"]
    }
    for parameter_name, parameter in model.named_parameters():
        prefix = f"optimizer.{parameter_name}."
        state = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        for k, v in state.items():
            if v.shape not in ((), parameter.shape) or not v.isfinite().all():
                raise CheckpointError(
                    f"{file}: {prefix}{k} does not fit the model. Start the run anew."
                )
            # Laid out in memory as the parameter is; a fused optimiser wants its step count on the
            # device too.
            state[k] = (
                torch.empty_like(parameter).copy_(v)
                if v.ndim
                else v.to(parameter.device, copy=True)
            )
        if state:
            owner[parameter].state[parameter] = state
