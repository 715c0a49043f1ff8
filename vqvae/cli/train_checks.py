"""What can be wrong with a call of `train`, found before anything is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from vqvae.cli.parsing import UsageError
from vqvae.cli.settings import FIXED_ON_RESUME, new_configs, option

DERIVED = ("metrics.json", "gallery.safetensors", "prior.safetensors", "prior-training.safetensors",
           "indices.safetensors")
"""Files of a checkpoint that belong to its weights and mean nothing beside others."""
ALL_FILES = (*DERIVED, "model.safetensors", "config.json", "training.json", "training.safetensors")


def check_new(args) -> None:
    """All that can be wrong with the call of a new run, before anything is loaded."""
    if args.dataset is None:
        raise UsageError("--dataset is missing; give mnist, fashion-mnist, cifar10, synthetic, or the path of a folder "
                         "or zip of images.")
    if args.output is None:
        raise UsageError("--output is missing; give the folder to write the checkpoint to.")
    new_configs(args)
    check_output(Path(args.output), bool(args.force))


def check_resume(args) -> None:
    """All that can be wrong with the call of a resumed run, before anything is loaded."""
    fixed = [option(name) for name in FIXED_ON_RESUME if getattr(args, name) is not None]
    if fixed:
        raise UsageError(f"{' and '.join(fixed)} cannot change on a resumed run; leave that out, or train anew.")
    folder = Path(args.resume)
    if not (folder / "training.safetensors").is_file():
        finished = (folder / "model.safetensors").is_file()
        raise UsageError(f"--resume {folder} holds no run to go on with ("
                         f"{'it is finished' if finished else 'training.safetensors is missing'}). Give the folder "
                         "of a run that was stopped, or train anew.")
    if args.output is not None and Path(args.output).resolve() != folder.resolve():
        check_output(Path(args.output), bool(args.force))


def check_output(folder: Path, force: bool) -> None:
    """UsageError unless a checkpoint can be written to `folder`."""
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--output {folder} is a file; give the name of a folder.")
        if any((folder / name).exists() for name in ALL_FILES) and not force:
            raise UsageError(f"--output {folder} already holds a checkpoint; use --force to overwrite it, "
                             "--resume to go on with it, or choose another folder.")
        nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise UsageError(f"--output {folder} cannot be made: {nearest} is no folder that may be written to.")
    except (OSError, ValueError) as error:
        raise UsageError(f"--output {str(folder)[:200]!r} cannot be a folder ({error}).") from error
