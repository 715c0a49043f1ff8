"""What every verb shares: a parser that answers in sentences, the kinds of errors, and checked
arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from vqvae.config import DEVICES, MAX_SIDE

PROGRAM = "python -m vqvae"


class UsageError(Exception):
    """A wrong call; the text is the sentence for the user. Exit code 2."""


class Failure(Exception):
    """A right call that could not be fulfilled; the text is the sentence for the user. Exit code
    1."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError with one sentence instead of printing its usage and leaving; knows --debug
    at every verb."""

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, allow_abbrev=False, **options)
        self.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,
            help="show where an error was raised instead of a sentence",
        )

    def error(self, message: str):
        message = message.rstrip(".")
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See `{self.prog} --help`.")


def one_line(text: str) -> str:
    """Text for a terminal: names of files may hold line breaks and control characters, a message
    must not."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def whole(text: str) -> int:
    """An argparse type: a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number") from None


def number(text: str) -> float:
    """An argparse type: a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number") from None


def levels(text: str) -> tuple[int, ...]:
    """An argparse type: whole numbers with x or a comma between them."""
    parts = text.lower().replace(",", "x").split("x")
    if not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a list of whole numbers such as 8x8x8"
        )
    return tuple(map(int, parts))


AUTO = "auto"
"""A size that is chosen: the largest that fits."""


def size(text: str) -> tuple[int, int] | str:
    """An argparse type: a side in pixels or HEIGHTxWIDTH -> (height, width), or AUTO."""
    if text.lower() == AUTO:
        return AUTO
    parts = text.lower().split("x")
    try:
        sides = tuple(int(part) for part in (parts * 2 if len(parts) == 1 else parts))
    except ValueError:
        sides = ()
    if len(sides) != 2 or not all(8 <= side <= MAX_SIDE for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is no size; give one side or HEIGHTxWIDTH, each from 8 to "
            f"{MAX_SIDE} pixels, such as 28 or 32x48, or auto"
        )
    return sides


def threads(text: str) -> int:
    """An argparse type: a number of threads."""
    value = whole(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError(f"{value} threads were asked for; give 1 to 64")
    return value


def processes(text: str) -> int:
    """An argparse type: a number of processes."""
    value = whole(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError(f"{value} processes were asked for; give 1 to 64")
    return value


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """The argument that most verbs begin with."""
    parser.add_argument(
        "checkpoint",
        metavar="CHECKPOINT",
        help="the folder of a checkpoint, or the name of a shipped one such as mnist",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """Which images, and where they lie."""
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="mnist, fashion-mnist, cifar10, synthetic, or the path of a folder or zip of images",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="where data sets lie, or are downloaded to if they do not "
        "(default: $VQVAE_DATA_DIR, else data/)",
    )
    parser.add_argument(
        "--num-workers",
        type=threads,
        metavar="N",
        help="threads that decode the images of a folder "
        "or zip; after that all data is in memory, and batches need no workers (default: one per "
        "core, at most 8)",
    )


def add_device(parser: argparse.ArgumentParser, default: str | None = "auto") -> None:
    """Which hardware."""
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default=default,
        help="auto takes a GPU when there is one (default: auto)",
    )


def checkpoint_folder(name_or_path: str) -> Path:
    """The folder of a checkpoint that exists; UsageError when there is none."""
    from vqvae.checkpoints.checkpoint import resolve
    from vqvae.checkpoints.files import CheckpointError

    try:
        return resolve(name_or_path)
    except (CheckpointError, OSError, ValueError) as error:
        raise UsageError(
            str(error)
            if isinstance(error, CheckpointError)
            else f"{name_or_path[:80]!r} cannot be the path of a checkpoint ({error})."
        ) from error


def load_images(dataset: str, split: str, progress, args, **options):
    """`load_dataset` with the arguments of `add_data`: UsageError for a wrong name, DataError for
    what fails later."""
    from vqvae.data.datasets import DataError, canonical_name, load_dataset

    try:
        canonical_name(dataset)
    except DataError as error:
        raise UsageError(str(error)) from error
    return load_dataset(
        dataset,
        split,
        data_dir=args.data_dir,
        workers=args.num_workers,
        progress=progress,
        **options,
    )


def load_images_for(config, dataset: str, split: str, progress, args):
    """`load_images` in the size and the channels that a model of this config takes."""
    return load_images(
        dataset,
        split,
        progress,
        args,
        size=(config.height, config.width),
        channels=config.channels,
    )
