"""What `train` does before the first step: settings, data and model put together, and said in two
lines."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from vqvae.cli.evaluate import skipped
from vqvae.cli.parsing import AUTO, UsageError, checkpoint_folder, load_images
from vqvae.cli.progress import ProgressLine
from vqvae.cli.settings import MACHINE, new_configs, typed_errors
from vqvae.config import BUDGETS

MOST_SIDE = 256
"""Longest side that --size auto takes, pixels."""


def prepare(args, line: ProgressLine):
    """(Training, test ImageSet): a new run, or the one to resume."""
    from vqvae.nn.build import build_model
    from vqvae.training.runs import is_finished, read_finished, read_run
    from vqvae.training.training import Training

    if args.resume is None:
        size = largest_size(args) if args.size == AUTO else args.size
        data, test = load_splits(args.dataset, line, args, size=size, channels=args.channels)
        model, config = new_configs(args, data.shape, data.classes)
        with typed_errors():
            fresh = build_model(model, config.seed)
            started_from = "" if args.init is None else start_from(args.init, fresh)
            return Training(fresh, data, config, started_from=started_from), test
    finished = is_finished(args.resume)
    saved = read_finished(args.resume) if finished else read_run(args.resume)
    config = resumed_config(saved["config"], args)
    args.data_dir = config.data_dir
    model = saved["model"]
    data, test = load_splits(
        config.dataset, line, args, size=(model.height, model.width), channels=model.channels
    )
    training = Training.resume(args.resume, data, config=config)
    check_budget(training, args.resume, args)
    if finished and args.output is None and (Path(args.resume) / "prior.safetensors").is_file():
        line.note(
            "The prior belongs to the earlier weights and is removed; with --output DIR the "
            "model stays as it is and the new one is written there."
        )
    return training, test


def largest_size(args) -> tuple[int, int] | None:
    """(side, side) in pixels of --size auto: the largest that the images have, up to MOST_SIDE, and
    with which data and a step of training fit the memory that is free. None for a public data set,
    which has a size of its own."""
    from vqvae.data.arrays import ENDINGS
    from vqvae.data.datasets import DATASETS, canonical_name
    from vqvae.data.folder_look import look_at
    from vqvae.training.machine import MEMORY_SHARE, estimate_bytes
    from vqvae.training.memory import free_bytes

    path = Path(canonical_name(args.dataset))
    if str(path) in DATASETS or path.suffix.lower() in ENDINGS:
        return None
    found = look_at(path)
    channels, room = args.channels or found.channels, MEMORY_SHARE * free_bytes()
    for side in range(min(MOST_SIDE, *found.own) // 8 * 8, 8, -8):
        model, config = new_configs(args, (channels, side, side), found.classes)
        if found.files * channels * side**2 + estimate_bytes(model, config.batch_size) <= room:
            return side, side
    return 8, 8


def start_from(checkpoint: str, model) -> str:
    """Put the weights of a checkpoint into a fresh model; returns its name. UsageError where they
    do not fit."""
    from vqvae import load

    folder = checkpoint_folder(checkpoint)
    before = load(folder)
    if before.config.kind == "cvae" and len(before.config.classes) != len(model.config.classes):
        raise UsageError(
            f"The cvae of --init {checkpoint} tells {len(before.config.classes)} classes apart and "
            f"these images have {len(model.config.classes)}; give images of as many, or another "
            "--kind."
        )
    model.load_state_dict(before.state_dict())
    return folder.name


def resumed_config(saved, args):
    """The saved config with what the command line may change."""
    names = ("dataset", "data_dir", *MACHINE, *BUDGETS)
    given = {name: getattr(args, name, None) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    if any(name in given for name in BUDGETS):
        given = {**dict.fromkeys(BUDGETS), **given}
    with typed_errors():
        return replace(saved, **given)


def check_budget(training, folder, args) -> None:
    """UsageError when a budget was given that the resumed run has spent already."""
    if training.finished and any(getattr(args, name) is not None for name in BUDGETS):
        raise UsageError(
            f"The run in {folder} has spent {spent(training)} already; a new budget counts from "
            "its start, so give a larger one."
        )


def load_splits(dataset: str, line: ProgressLine, args, **options):
    """Training and test images; loaded together, so that what is wrong with the second shows before
    the training."""
    from vqvae.distributed import main_first

    with main_first():
        data, test = (
            load_images(dataset, split, line.count, args, **options) for split in ("train", "test")
        )
    line.clear()
    if data.skipped:
        line.note(skipped(data))
    for note in data.notes:
        line.note(note)
    return data, test


def spent(training) -> str:
    """What a run has spent of its kind of budget."""
    if training.config.seconds is not None:
        return f"{training.elapsed:.1f} seconds"
    if training.config.epochs is not None:
        return f"{training.step / training.steps_per_epoch:.3g} epochs"
    return f"{training.step:,} steps"


def greet(training, test, line: ProgressLine) -> None:
    """What is going to happen, in two lines."""
    model = training.model.config
    line.note(
        f"{training.data.name}: {len(training.data):,} images to train on and {len(test):,} to "
        f"test, {model.height} x {model.width} {'grey' if model.channels == 1 else 'colour'}."
    )
    kept = (
        f"One vector of {model.latent_dim} numbers per image ({model.kind})"
        if model.kind != "vqvae"
        else f"{model.grid[0]} x {model.grid[1]} codes of {model.codebook_size} "
        f"({model.bits_per_image:.0f} bits per image)"
    )
    line.note(f"{kept}, {effort(training)}.")


def effort(training) -> str:
    """What a run moves, for how long and where."""
    weights = sum(p.numel() for p in training.model.parameters())
    budgets = {name: getattr(training.config, name) for name in BUDGETS}
    budget = next(f"{value:g} {name}" for name, value in budgets.items() if value is not None)
    done = f", of which {spent(training)} are done" if training.step else ""
    return f"{weights:,} weights, {budget} on {training.device}{done}"


def open_board(args, output: Path, training, test):
    """The board of --track and --tensorboard as a context manager; without them None is. UsageError
    when something cannot be written to."""
    names = dict.fromkeys(args.track or ())
    wanted: list[tuple[str, Path]] = [
        (name, output / name if name == "tensorboard" else output) for name in names
    ]
    if args.tensorboard is not None:
        wanted.append(("tensorboard", Path(args.tensorboard)))
    if not wanted:
        return contextlib.nullcontext()
    from vqvae.training.board import Board
    from vqvae.training.trackers import open_tracker

    trackers = []
    for name, folder in wanted:
        try:
            trackers.append(open_tracker(name, folder, training))
        except OSError as error:
            flag = (
                "--tensorboard"
                if folder != output and folder != output / name
                else f"--track {name}:"
            )
            raise UsageError(
                f"{flag} {folder} cannot be written to ({error.strerror or error}); give the name "
                "of a folder."
            ) from error
    return Board(trackers, training, test)
