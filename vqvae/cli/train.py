"""`train`: from a data set to a checkpoint, interruptible at any step and resumable exactly.

A finished run is first saved like any other, then measured, and only then complete: a run that was
interrupted while it was measured is measured by --resume.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import threading
import time
from pathlib import Path

from vqvae.cli.launch import launch, launched
from vqvae.cli.parsing import PROGRAM, Failure, add_data, add_device, processes, size
from vqvae.cli.progress import ProgressLine, clock
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
    add_settings(parser)
    parser.set_defaults(run=train, parser=parser)


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
    from vqvae.distributed import world_size

    output = Path(args.output if args.output is not None else args.resume)
    again = f"{PROGRAM} train --resume {shlex.quote(str(output))}"
    if world_size() > 1:
        again += f" --processes {world_size()}"
    with ProgressLine(None if is_main else io.StringIO()) as line:
        training, test = prepare(args, line)
        greet(training, test, line)
        with (
            open_board(args, output, training, test)
            if is_main
            else contextlib.nullcontext() as board
        ):
            stopped = run(
                training, output if is_main else None, args, line, watch=board and board.record
            )
            if not is_main:
                return 128 + stopped if stopped else None
            if stopped:
                return tell_stopped(stopped, training, output, again, line)
            try:
                evaluation = measure(training, test, output, line)
                if board:
                    board.evaluation(evaluation)
            except KeyboardInterrupt:
                line.note(
                    f"Stopped before it was measured; the trained model is saved in {output}. "
                    f"Measure it with: {again}"
                )
                return 128 + signal.SIGINT
    last = (
        f"{evaluation.bits_per_image:.0f} bits per image"
        if evaluation.usage is None
        else f"usage {evaluation.usage:.1%}"
    )
    print(
        f"mse {evaluation.mse:.5f}  psnr {evaluation.psnr:.2f} dB  {last}  "
        f"({evaluation.images:,} {evaluation.split} images of {evaluation.dataset})  saved in "
        f"{output}"
    )
    return None


def tell_stopped(stopped: int, training, output: Path, again: str, line: ProgressLine) -> int:
    """Say that a signal has stopped the run, and how it goes on; returns the exit code."""
    line.note(
        f"Stopped by {signal.Signals(stopped).name} after {training.step:,} steps; everything is "
        f"saved in {output}. Go on with: {again}"
    )
    return 128 + stopped


# -- the training ----------------------------------------------------------------------------------


def run(
    training, output: Path | None, args, line: ProgressLine, *, words=None, before=None, watch=None
) -> int:
    """Train until the budget is spent, saving now and then and at the end; with output None nothing
    is saved. Returns the signal that stopped it, or 0.

    words: a record for the progress line; before: called with (output, args) before the first save;
    those of a prior are others. watch: called with every record.
    """
    from vqvae.checkpoints.files import CheckpointError
    from vqvae.distributed import ProcessLost, world_size
    from vqvae.training.training import TrainingDiverged

    launcher = os.getppid() if world_size() > 1 else None  # One that is killed takes nobody along.
    words = words or step_words
    if output is not None:
        (before or before_first_save)(output, args)
    with stop_signals() as stop:
        saved, record = time.monotonic(), None
        try:
            for record in training.steps():
                if watch:
                    watch(record)
                if line.due:
                    line.update(training.progress, words(record))
                if stop or (launcher is not None and os.getppid() != launcher):
                    training.ask_to_stop()
                if (
                    output is not None
                    and time.monotonic() - saved >= training.config.autosave_seconds
                ):
                    try:
                        training.save(output)
                    except CheckpointError as error:  # The space may be back before the end.
                        line.note(str(error))
                    saved = time.monotonic()
        except TrainingDiverged as error:
            raise Failure(
                keep_good(training, output, str(error)) if output is not None else str(error)
            ) from error
        except ProcessLost as error:
            if output is None:
                raise Failure(str(error)) from error
            training.save(output)
            raise Failure(
                f"{error} Everything up to step {training.step:,} is saved in {output}; go on with "
                f"--resume {shlex.quote(str(output))}."
            ) from error
        if record is not None:
            line.update(training.progress, words(record), last=True)
        line.__exit__()
        if output is not None:
            training.save(output)
    if training.finished:
        return 0
    return (
        stop[0] if stop else signal.SIGTERM
    )  # else another process was told, and all stopped at the same step


def before_first_save(output: Path, args) -> None:
    """Remove what would not fit the new weights: figures and prior of older ones, and all of a
    checkpoint that --force replaces."""
    resumed_here = args.resume is not None and output.resolve() == Path(args.resume).resolve()
    for name in DERIVED if resumed_here else ALL_FILES:
        (output / name).unlink(missing_ok=True)


@contextlib.contextmanager
def stop_signals():
    """A list that receives the number of SIGINT or SIGTERM instead of their ending the process;
    empty until then."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # Only the main thread may set handlers.
        return
    before = {
        number: signal.signal(number, lambda number, _: received.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


def keep_good(training, output: Path, sentence: str) -> str:
    """Save the last good weights of a run that diverged, and say so. The run itself cannot go
    on."""
    state = training.model.state_dict().values()
    if not all(value.isfinite().all() for value in state if value.is_floating_point()):
        return f"{sentence} Not even the first weights were finite, so nothing was saved."
    training.save(output, resumable=False)
    return f"{sentence} They are in {output}."


# -- after the training ----------------------------------------------------------------------------


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
