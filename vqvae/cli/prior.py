"""`train-prior`: from a VQ-VAE and a data set to a prior, interruptible at any step and resumable
exactly."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from pathlib import Path

from vqvae.cli.evaluate import skipped, trained_on
from vqvae.cli.parsing import (
    PROGRAM,
    Failure,
    UsageError,
    add_checkpoint,
    add_data,
    add_device,
    checkpoint_folder,
    load_images_for,
)
from vqvae.cli.progress import ProgressLine, clock
from vqvae.cli.running import run, tell_stopped, tell_unmeasured
from vqvae.cli.settings import add_budget, add_precision, flags_of, option, typed_errors
from vqvae.cli.train_checks import check_fixed, check_output
from vqvae.cli.train_start import check_budget, effort, resumed_config
from vqvae.config import BUDGETS
from vqvae.prior.config import PriorConfig, PriorTrainingConfig

SIZES = ("channels", "layers", "heads")
SETTINGS = ("batch_size", "learning_rate", "seed", "class_conditional")


def add_train_prior(subparsers) -> None:
    """`train-prior CHECKPOINT [--dataset ...]`."""
    parser = subparsers.add_parser(
        "train-prior",
        help="train the prior of a checkpoint: it generates and completes",
        description=(
            "Encode the training images once (kept as indices.safetensors), train a masked "
            "transformer on their codes, save at least every few seconds, and measure its bits on "
            "the test images. Ctrl-C saves and stops; --resume goes on exactly from there."
        ),
    )
    add_checkpoint(parser)
    add_data(parser)
    parser.add_argument(
        "--output",
        metavar="DIR",
        help="write to a copy of the checkpoint in this folder (default: into CHECKPOINT itself)",
    )
    parser.add_argument("--force", action="store_true", help="replace a prior that is there")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run that was stopped in CHECKPOINT; a "
        "new budget counts from the start of the run",
    )
    parser.add_argument(
        "--class-conditional",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="learn the classes too (default: where the data set has them); it also works without",
    )
    add_budget(parser)
    for flag in (*flags_of(PriorConfig), *flags_of(PriorTrainingConfig)):
        if flag.field in (*SIZES, *SETTINGS):
            parser.add_argument(option(flag.field), **flag.options, help=flag.help)
    add_device(parser, default=None)
    add_precision(parser)
    parser.set_defaults(run=train_prior)


def train_prior(args) -> int | None:
    """Check the call, load and encode the data, train, measure. Returns the exit code."""
    folder = checkpoint_folder(args.checkpoint)
    check(args, folder)
    new_config(args, "mnist")  # what is wrong with the settings shows before anything is loaded
    import vqvae

    model = vqvae.load_checkpoint(folder).with_codes().model
    output = Path(args.output) if args.output is not None else folder
    again = f"{PROGRAM} train-prior {shlex.quote(str(output))} --resume"
    with ProgressLine() as line:
        training, test = prepare(args, folder, output, model, line)
        greet(training, line)
        stopped = run(training, output, line, words)
        if stopped:
            return tell_stopped(stopped, training, output, again, line)
        try:
            metrics = measure(training, test, model, line)
        except KeyboardInterrupt:
            return tell_unmeasured("prior", output, again, line)
        training.save(output, resumable=False, metrics=metrics)
    print(f"{figures(metrics)}  saved in {output}")
    return None


def check(args, folder: Path) -> None:
    """All that can be wrong with the call, before anything is loaded."""
    from vqvae.prior.checkpoint import PRIOR_FILE
    from vqvae.prior.training import PRIOR_RUN_FILE

    if args.resume:
        check_fixed(args, ("dataset", "output", *SIZES, *SETTINGS))
        if not (folder / PRIOR_RUN_FILE).is_file():
            raise UsageError(
                f"{folder} holds no prior's run to go on with ({PRIOR_RUN_FILE} is missing). Leave "
                "--resume out to start over."
            )
    elif args.output is not None and Path(args.output).resolve() != folder.resolve():
        check_output(args.output, args.force)
    elif (folder / PRIOR_FILE).exists() and not args.force:
        raise UsageError(
            f"{folder} already holds a prior; use --force to replace it, --resume to go on with a "
            "stopped run, or --output DIR to train one beside a copy."
        )


def new_config(args, dataset: str):
    """The checked `PriorTrainingConfig` of a call."""
    given = {
        name: getattr(args, name)
        for name in (*SETTINGS, *BUDGETS, "device", "precision", "data_dir")
        if getattr(args, name) is not None
    }
    with typed_errors():
        PriorConfig(**sizes(args))
        return PriorTrainingConfig(dataset=dataset, **given)


def sizes(args) -> dict:
    """The fields of a `PriorConfig` that were given."""
    return {name: getattr(args, name) for name in SIZES if getattr(args, name) is not None}


def prepare(args, folder: Path, output: Path, model, line: ProgressLine):
    """(PriorTraining, test ImageSet or None): a new run, or the one to resume."""
    from vqvae.data.index_set import indices_of
    from vqvae.prior.checkpoint import copy_model
    from vqvae.prior.training import PriorTraining, new_prior, read_prior_run

    saved = read_prior_run(folder) if args.resume else None
    dataset = (
        saved["config"].dataset if saved else args.dataset or trained_on(read_training(folder))
    )
    if saved and args.data_dir is None:
        args.data_dir = saved["config"].data_dir
    data, test = images(args, dataset, folder, model, line)
    if output != folder:
        copy_model(folder, output)
    index_set = indices_of(output, model, data, line.count)
    line.clear()
    if saved is None:
        config = new_config(args, dataset)
        return PriorTraining(
            new_prior(model, index_set, config, **sizes(args)), index_set, config
        ), test
    with typed_errors():
        config = resumed_config(saved["config"], args)
        training = PriorTraining.resume(folder, index_set, config=config)
    check_budget(training, folder, args)
    return training, test


def images(args, dataset: str, folder: Path, model, line: ProgressLine):
    """(training, test) images; None for what is not on disk where the codes in the checkpoint stand
    in for it."""
    from vqvae.checkpoints.files import CheckpointError
    from vqvae.data.datasets import DataError
    from vqvae.data.index_set import read_index_set

    def load(split: str):
        return load_images_for(model.config, dataset, split, line.count, args)

    kept = None
    if args.dataset is None:
        with contextlib.suppress(CheckpointError):
            kept = read_index_set(folder, model)
    data = load("train") if kept is None else None
    try:
        test = load("test")
    except (DataError, UsageError) as error:
        if kept is None:
            raise
        test = None
        line.note(f"The prior will not be measured: {error}")
    line.clear()
    if data is not None and data.skipped:
        line.note(skipped(data))
    return data, test


def read_training(folder: Path) -> dict:
    """What the checkpoint tells of its own training."""
    from vqvae.checkpoints.checkpoint import read_info

    return read_info(folder)["training"]


def greet(training, line: ProgressLine) -> None:
    """What is going to happen, in one line."""
    prior, data = training.prior.config, training.data
    line.note(
        f"{data.name}: {len(data):,} grids of {prior.height} x {prior.width} codes, "
        f"{f'{prior.classes} classes' if prior.classes else 'no classes'}, {effort(training)}."
    )


def words(record) -> list[str]:
    """A record for the progress line, the most telling first."""
    return [
        f"step {record.step:,}",
        f"{record.bits_per_image:.1f} bits per image",
        f"{clock(record.remaining)} left",
        f"{record.images_per_second:,.0f} images/s",
        f"loss {record.loss:.4f}",
    ]


def measure(training, test, model, line: ProgressLine) -> dict:
    """The prior's figures on the test images; {} without any."""
    from vqvae.data.index_set import encode_set
    from vqvae.prior.training import evaluate_prior

    if test is None:
        return {}
    if not all(value.isfinite().all() for value in training.prior.parameters()):
        raise Failure(
            "The prior holds numbers that are not finite; train again with a lower learning rate."
        )
    metrics = evaluate_prior(
        training.prior, encode_set(model, test, line.count), progress=line.count
    )
    line.clear()
    return metrics


def figures(metrics: dict) -> str:
    """What was measured, in a line."""
    if not metrics:
        return "prior not measured: no test images"
    return (
        f"prior {metrics['bits_per_image']:.1f} bits per image, against "
        f"{metrics['marginal_bits']:.1f} for independent positions and "
        f"{metrics['nominal_bits']:.0f} nominal ({metrics['images']:,} test images of "
        f"{metrics['dataset']})"
    )
