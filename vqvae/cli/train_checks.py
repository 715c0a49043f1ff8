"""What can be wrong with a call of `train`, found before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from vqvae.checkpoints.checkpoint import read_info
from vqvae.cli.evaluate import trained_on
from vqvae.cli.files import folder_to_write
from vqvae.cli.parsing import UsageError, checkpoint_folder
from vqvae.cli.settings import FIXED_ON_RESUME, MODEL_FLAGS, new_configs, option
from vqvae.config import BUDGETS

DERIVED = (
    "metrics.json",
    "gallery.safetensors",
    "prior.safetensors",
    "prior-training.safetensors",
    "indices.safetensors",
)
"""Files of a checkpoint that belong to its weights and mean nothing beside others."""
ALL_FILES = (*DERIVED, "model.safetensors", "config.json", "training.json", "training.safetensors")


FREE_WITH_INIT = ("ema_decay", "restart_threshold")
"""Settings of a model that say how it learns, and may differ from those its weights come from."""


def check_new(args) -> None:
    """All that can be wrong with the call of a new run, before anything is loaded."""
    if args.dataset is None:
        raise UsageError(
            "--dataset is missing; give mnist, fashion-mnist, cifar10, synthetic, or the path of a "
            "folder or zip of images."
        )
    if args.output is None:
        raise UsageError("--output is missing; give the folder to write the checkpoint to.")
    if args.init is not None:
        take_settings_of(args)
    new_configs(args)
    check_output(args.output, bool(args.force))


def take_settings_of(args) -> None:
    """Fill in the settings of the model that --init names. UsageError where there is none, or
    another setting was given that its weights do not fit."""
    model = read_info(checkpoint_folder(args.init))
    for name in (field.field for field in MODEL_FLAGS if field.field not in FREE_WITH_INIT):
        _take(args, name, option(name), model[name])
    _take(args, "channels", "--channels", model["channels"])
    if model["kind"] != "vqvae":  # one vector for the whole picture
        _take(args, "size", "--size", (model["height"], model["width"]))


def _take(args, name: str, flag: str, value) -> None:
    given = getattr(args, name)
    if given is not None and given != value:
        shown = ["x".join(map(str, v)) if isinstance(v, tuple) else v for v in (given, value)]
        raise UsageError(
            f"{flag} is {shown[0]} and the model of --init {args.init} has {shown[1]}; leave "
            f"{flag} out, or train from the start without --init."
        )
    setattr(args, name, value)


def check_resume(args) -> None:
    """All that can be wrong with the call of a resumed run, before anything is loaded."""
    check_fixed(args, FIXED_ON_RESUME)
    if args.init is not None:
        raise UsageError(
            "--init and --resume were given; --init starts a new run from a model, --resume goes "
            "on with one. Give one of them."
        )
    folder = Path(args.resume)
    if not (folder / "training.safetensors").is_file():
        check_finished(args, folder)
    if args.output is not None and Path(args.output).resolve() != folder.resolve():
        check_output(args.output, bool(args.force))


def check_fixed(args, names: Iterable[str]) -> None:
    """UsageError where one of these was given, which a resumed run keeps as it is."""
    fixed = [option(name) for name in names if getattr(args, name) is not None]
    if fixed:
        raise UsageError(
            f"{' and '.join(fixed)} cannot change on a resumed run; leave that out, or start over."
        )


def check_finished(args, folder: Path) -> None:
    """UsageError unless the folder's run is finished and a budget was given to train it further."""
    from vqvae.training.runs import is_finished

    if not is_finished(folder):
        raise UsageError(
            f"--resume {folder} holds no run to go on with (training.safetensors is missing). Give "
            "the folder of a run, or start a new one."
        )
    if all(getattr(args, name) is None for name in BUDGETS):
        raise UsageError(
            f"The run in --resume {folder} is finished; give a larger budget to train it further, "
            "such as --seconds 600, which counts from its start."
        )
    if args.dataset is None:
        trained_on(read_info(folder)["training"])


def check_output(given: str, force: bool) -> None:
    """UsageError unless a checkpoint can be written to the folder that --output names."""
    folder = folder_to_write(given)
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--output {folder} is a file; give the name of a folder.")
        if any((folder / name).exists() for name in ALL_FILES) and not force:
            raise UsageError(
                f"--output {folder} already holds a checkpoint; use --force to overwrite it, "
                "--resume to go on with it, or choose another folder."
            )
        nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise UsageError(
                f"--output {folder} cannot be made: {nearest} is no folder that may be written to."
            )
    except (OSError, ValueError) as error:
        raise UsageError(f"--output {str(folder)[:200]!r} cannot be a folder ({error}).") from error
