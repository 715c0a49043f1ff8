"""`train`: from a data set to a checkpoint, interruptible at any step and resumable exactly.

A finished run is first saved like any other, then measured, and only then complete: a run that was
interrupted while it was measured is measured by --resume.
"""

from __future__ import annotations

import argparse
import io
import shlex
from pathlib import Path

from vqvae.cli.launch import launch, launched
from vqvae.cli.parsing import PROGRAM, add_data, add_device, processes, size
from vqvae.cli.progress import ProgressLine, clock
from vqvae.cli.running import run, tell_stopped, tell_unmeasured
from vqvae.cli.settings import add_precision, add_settings, with_config_file
from vqvae.cli.train_checks import ALL_FILES, DERIVED, check_new, check_resume
from vqvae.cli.train_start import greet, open_board, prepare

TRACKERS = ("tensorboard", "wandb", "trackio")


def add_train(subparsers) -> None:
    """`train --dataset ... --output DIR` and its many settings."""
    parser = subparsers.add_parser(
        "train",
        help="train a model on a data set, a folder or a zip of images",
        description=(
            "Train, save at least every few seconds, measure on the test images, and save the "
            "figures too. Ctrl-C saves and stops; --resume goes on exactly from there."
        ),
    )
    add_data(parser)
    add_picture_size(parser)
    add_folders(parser)
    add_following(parser)
    add_machine(parser)
    add_settings(parser)
    parser.set_defaults(run=train, parser=parser)


def add_picture_size(parser: argparse.ArgumentParser) -> None:
    """What the images are turned into."""
    parser.add_argument(
        "--size",
        type=size,
        metavar="S",
        help="side, or HEIGHTxWIDTH, that images are cropped and "
        "resized to; auto takes the largest that fits the images and this machine (default: the "
        "data set's own, at most 64)",
    )
    parser.add_argument(
        "--channels",
        type=int,
        choices=(1, 3),
        help="1 grey, 3 colour (default: the data set's own)",
    )


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Where the run is written, and what it starts or goes on from."""
    parser.add_argument("--output", metavar="DIR", help="the folder to write the checkpoint to")
    parser.add_argument(
        "--force", action="store_const", const=True, help="replace a checkpoint in --output"
    )
    parser.add_argument(
        "--resume",
        metavar="DIR",
        help="go on with the run that was stopped in DIR, "
        "or train a finished one further with a larger budget; a budget counts from "
        "the start of the run",
    )
    parser.add_argument(
        "--init",
        metavar="CHECKPOINT",
        help="start from the weights of this model, "
        "a folder or a shipped name, instead of fresh ones; the model's settings "
        "come from it",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="take settings from a .yaml, .toml or .json file: any flag "
        "by its name; flags on the command line go before it",
    )


def add_following(parser: argparse.ArgumentParser) -> None:
    """What follows the run while it trains."""
    parser.add_argument(
        "--track",
        action="append",
        choices=TRACKERS,
        help="follow the run while it "
        "trains: curves, the codebook, test pictures with their reconstructions. "
        "tensorboard writes to --output/tensorboard, wandb (Weights & Biases; "
        "WANDB_MODE=offline sends nothing) to --output, trackio keeps its own place; "
        "repeat for several. Each needs its package",
    )
    parser.add_argument(
        "--tensorboard", metavar="DIR", help="the same as --track tensorboard, written to DIR"
    )


def add_machine(parser: argparse.ArgumentParser) -> None:
    """What it trains on, and how."""
    add_device(parser, default=None)
    add_precision(parser, "; the quantizer always works in float32")
    parser.add_argument(
        "--compile",
        action="store_const",
        const=True,
        help="compile the networks with torch.compile: "
        "a minute or more at the start the first time; a CPU's steps then take 3 %% less, a GPU's "
        "were not measured",
    )
    parser.add_argument(
        "--processes",
        type=processes,
        metavar="N",
        help="train with so many processes of this machine, each with its share of "
        "every batch, and a GPU of its own where there are any (default: 1)",
    )


def train(args) -> int | None:
    """Check the call, load the data, train, measure. Returns the exit code."""
    args = with_config_file(args)
    if args.resume is not None:
        check_resume(args)
    else:
        check_new(args)
    if (args.processes or 1) > 1 and not launched():
        return launch(args.processes, args.argv)
    from vqvae import distributed

    with distributed.process_group(args.device or "auto"):
        return train_here(args, distributed.is_main())


def train_here(args, is_main: bool) -> int | None:
    """The part of the work that this process has: of several that train together, the main one
    tells, saves and measures."""
    with ProgressLine(None if is_main else io.StringIO()) as line:
        training, test = prepare(args, line)
        greet(training, test, line)
        if not is_main:
            stopped = run(training, None, line, step_words)
            return 128 + stopped if stopped else None
        output = Path(args.output if args.output is not None else args.resume)
        with open_board(args, output, training, test) as board:
            before_first_save(output, args)
            stopped = run(training, output, line, step_words, watch=board and board.record)
            if stopped:
                return tell_stopped(stopped, training, output, resume_command(output), line)
            try:
                evaluation = measure(training, test, output, line)
            except KeyboardInterrupt:
                return tell_unmeasured("model", output, resume_command(output), line)
            if board:
                board.evaluation(evaluation)
    print(f"{figures(evaluation)}  saved in {output}")
    return None


def resume_command(output: Path) -> str:
    """What goes on with the run in a folder, with as many processes as here."""
    from vqvae.distributed import world_size

    processes = f" --processes {world_size()}" if world_size() > 1 else ""
    return f"{PROGRAM} train --resume {shlex.quote(str(output))}{processes}"


def before_first_save(output: Path, args) -> None:
    """Remove what would not fit the new weights: figures and prior of older ones, and all of a
    checkpoint that --force replaces."""
    resumed_here = args.resume is not None and output.resolve() == Path(args.resume).resolve()
    for name in DERIVED if resumed_here else ALL_FILES:
        (output / name).unlink(missing_ok=True)


def step_words(record) -> list[str]:
    """A step record for the progress line, the most telling first."""
    return [
        f"step {record.step:,}",
        f"mse {record.reconstruction_loss:.5f}",
        f"{clock(record.remaining)} left",
        *([f"codes used {record.usage:.0%}"] if record.usage else []),
        *([f"KL {record.kl:.1f} nats"] if record.kl else []),
        f"{record.images_per_second:,.0f} images/s",
        *([f"perplexity {record.perplexity:.0f}"] if record.perplexity else []),
        f"loss {record.loss:.4f}",
    ]


def measure(training, test, output: Path, line: ProgressLine):
    """Evaluate on the test images and complete the checkpoint; from then on it is no run to resume
    any more."""
    import vqvae

    evaluation, gallery = vqvae.evaluate(training.model, test, progress=line.count)
    line.clear()
    vqvae.save_checkpoint(
        output,
        training.model,
        metrics=evaluation.to_dict(),
        training=training.describe(),
        gallery=gallery,
    )
    (output / "training.safetensors").unlink(missing_ok=True)
    return evaluation


def figures(evaluation) -> str:
    """What was measured, in a line."""
    last = (
        f"{evaluation.bits_per_image:.0f} bits per image"
        if evaluation.usage is None
        else f"usage {evaluation.usage:.1%}"
    )
    return (
        f"mse {evaluation.mse:.5f}  psnr {evaluation.psnr:.2f} dB  {last}  "
        f"({evaluation.images:,} {evaluation.split} images of {evaluation.dataset})"
    )
