"""`train`: from a data set to a checkpoint, interruptible at any step and resumable exactly.

A finished run is first saved like any other, then measured, and only then complete: a run that was interrupted while it
was measured is measured by --resume.
"""

from __future__ import annotations

import contextlib
import io
import shlex
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

from vqvae.cli.evaluate import skipped
from vqvae.cli.parsing import PROGRAM, Failure, UsageError, add_data, add_device, load_images, size
from vqvae.cli.progress import ProgressLine, clock
from vqvae.cli.settings import (
    BUDGETS,
    MACHINE,
    add_precision,
    add_settings,
    as_typed,
    new_configs,
    with_config_file,
)
from vqvae.cli.train_checks import ALL_FILES, DERIVED, check_new, check_resume
from vqvae.config import ConfigError


def add_train(subparsers) -> None:
    """`train --dataset ... --output DIR` and its many settings."""
    parser = subparsers.add_parser(
        "train", help="train a model on a data set, a folder or a zip of images",
        description="Train, save at least every few seconds, measure on the test images, and save the figures too. "
        "Ctrl-C saves and stops; --resume goes on exactly from there.")
    add_data(parser)
    parser.add_argument("--size", type=size, metavar="S", help="side, or HEIGHTxWIDTH, that images are cropped and "
                        "resized to (default: the data set's own)")
    parser.add_argument("--channels", type=int, choices=(1, 3), help="1 grey, 3 colour (default: the data set's own)")
    parser.add_argument("--output", metavar="DIR", help="the folder to write the checkpoint to")
    parser.add_argument("--force", action="store_const", const=True, help="replace a checkpoint in --output")
    parser.add_argument("--resume", metavar="DIR", help="go on with the run that was stopped in DIR; a new budget "
                        "counts from the start of the run")
    parser.add_argument("--config", metavar="FILE", help="take settings from a .yaml, .toml or .json file: any flag "
                        "by its name; flags on the command line go before it")
    parser.add_argument("--tensorboard", metavar="DIR", help="write curves, pictures and the codebook for TensorBoard")
    add_device(parser, default=None)
    add_precision(parser, "; the quantizer always works in float32")
    parser.add_argument("--compile", action="store_const", const=True, help="compile the networks with torch.compile: "
                        "a minute or more at the start the first time; a CPU's steps then take 3 %% less, a GPU's were "
                        "not measured")
    add_settings(parser)
    parser.set_defaults(run=train, parser=parser)


def train(args) -> int | None:
    """Check the call, load the data, train, measure. Returns the exit code."""
    args = with_config_file(args)
    if args.resume is not None:
        check_resume(args)
    else:
        check_new(args)
    from vqvae import distributed

    with distributed.joined(args.device or "auto"):
        return train_here(args, distributed.is_main())


def train_here(args, is_main: bool) -> int | None:
    """The part of the work that this process has: of several that train together, the main one tells, saves and
    measures."""
    from vqvae.distributed import world

    output = Path(args.output if args.output is not None else args.resume)
    launched = PROGRAM.replace("python", f"torchrun --nproc-per-node {world()}") if world() > 1 else PROGRAM
    again = f"{launched} train --resume {shlex.quote(str(output))}"
    with ProgressLine(None if is_main else io.StringIO()) as line:
        training, test = prepare(args, line)
        greet(training, test, line)
        with open_board(args.tensorboard if is_main else None, training, test) as board:
            stopped = run(training, output if is_main else None, args, line, watch=board and board.record)
            if not is_main:
                return 128 + stopped if stopped else None
            if stopped:
                line.note(f"Stopped by {signal.Signals(stopped).name} after {training.step:,} steps; everything is "
                          f"saved in {output}. Go on with: {again}")
                return 128 + stopped
            try:
                evaluation = measure(training, test, output, line)
                if board:
                    board.evaluation(evaluation)
            except KeyboardInterrupt:
                line.note(f"Stopped before it was measured; the trained model is saved in {output}. "
                          f"Measure it with: {again}")
                return 128 + signal.SIGINT
    last = f"{evaluation.bits_per_image:.0f} bits an image" if evaluation.usage is None else \
        f"usage {evaluation.usage:.1%}"
    print(f"mse {evaluation.mse:.5f}  psnr {evaluation.psnr:.2f} dB  {last}  "
          f"({evaluation.images:,} {evaluation.split} images of {evaluation.dataset})  saved in {output}")
    return None


# -- before the training ----------------------------------------------------------------------------------------------

def prepare(args, line: ProgressLine):
    """(Training, test ImageSet): a new run, or the one to resume."""
    from vqvae.model import build_model
    from vqvae.runs import read_run
    from vqvae.training import Training

    if args.resume is None:
        data, test = load_splits(args.dataset, line, args, size=args.size, channels=args.channels)
        model, config = new_configs(args, data.shape, data.classes)
        try:
            return Training(build_model(model, config.seed), data, config), test
        except ConfigError as error:
            raise ConfigError(as_typed(str(error))) from error
    saved = read_run(args.resume)
    config = resumed_config(saved["config"], args)
    args.data_dir = config.data_dir
    model = saved["model"]
    data, test = load_splits(config.dataset, line, args, size=(model.height, model.width), channels=model.channels)
    training = Training.resume(args.resume, data, config=config)
    if training.finished and any(getattr(args, name) is not None for name in BUDGETS):
        raise UsageError(f"The run in {args.resume} has spent {spent(training)} already; a new budget counts from its "
                         "start, so give a larger one.")
    return training, test


def resumed_config(saved, args):
    """The saved `TrainingConfig` with what the command line may change."""
    given = {name: getattr(args, name) for name in ("dataset", "data_dir", *MACHINE, *BUDGETS)
             if getattr(args, name) is not None}
    if any(name in given for name in BUDGETS):
        given = {**dict.fromkeys(BUDGETS), **given}
    try:
        return replace(saved, **given)
    except ConfigError as error:
        raise ConfigError(as_typed(str(error))) from error


def load_splits(dataset: str, line: ProgressLine, args, **options):
    """Training and test images; loaded together, so that what is wrong with the second shows before the training."""
    from vqvae.distributed import main_first

    with main_first():
        data, test = (load_images(dataset, split, line.count, args, **options) for split in ("train", "test"))
    line.clear()
    if data.skipped:
        line.note(skipped(data))
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
    model, config = training.model.config, training.config
    weights = sum(p.numel() for p in training.model.parameters())
    budget = next(f"{getattr(config, name):g} {name}" for name in BUDGETS if getattr(config, name) is not None)
    line.note(f"{training.data.name}: {len(training.data):,} images to train on and {len(test):,} to test, "
              f"{model.height} x {model.width} {'grey' if model.channels == 1 else 'colour'}.")
    kept = f"One vector of {model.latent_dim} numbers an image ({model.kind})" if model.kind != "vqvae" else \
        f"{model.grid[0]} x {model.grid[1]} codes of {model.codebook_size} ({model.bits_per_image:.0f} bits an image)"
    line.note(f"{kept}, {weights:,} weights, {budget} on {training.device}"
              f"{f', of which {spent(training)} are done' if training.step else ''}.")


def open_board(folder: str | None, training, test):
    """The board of --tensorboard as a context manager; None is none. UsageError when it cannot be written there."""
    if folder is None:
        return contextlib.nullcontext()
    from vqvae.tensorboard import Board

    try:
        return Board(folder, training, test)
    except OSError as error:
        raise UsageError(f"--tensorboard {folder} cannot be written to ({error.strerror or error}); give the name of a "
                         "folder.") from error


# -- the training -----------------------------------------------------------------------------------------------------

def run(training, output: Path | None, args, line: ProgressLine, *, words=None, before=None, watch=None) -> int:
    """Train until the budget is spent, saving now and then and at the end; with output None nothing is saved. Returns
    the signal that stopped it, or 0.

    words: a record for the progress line; before: called with (output, args) before the first save; those of a prior
    are others. watch: called with every record.
    """
    from vqvae.checkpoint import CheckpointError
    from vqvae.distributed import ProcessLost
    from vqvae.training import TrainingDiverged

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
                if stop:
                    training.ask_to_stop()
                if output is not None and time.monotonic() - saved >= training.config.autosave_seconds:
                    try:
                        training.save(output)
                    except CheckpointError as error:  # The space may be back before the end.
                        line.note(str(error))
                    saved = time.monotonic()
        except TrainingDiverged as error:
            raise Failure(keep_good(training, output, str(error)) if output is not None else str(error)) from error
        except ProcessLost as error:
            if output is None:
                raise Failure(str(error)) from error
            training.save(output)
            raise Failure(f"{error} Everything up to step {training.step:,} is saved in {output}; go on with "
                          f"--resume {shlex.quote(str(output))}.") from error
        if record is not None:
            line.update(training.progress, words(record), last=True)
        line.__exit__()
        if output is not None:
            training.save(output)
    if training.finished:
        return 0
    return stop[0] if stop else signal.SIGTERM  # else another process was told, and all stopped at the same step


def before_first_save(output: Path, args) -> None:
    """Remove what would not fit the new weights: figures and prior of older ones, and all of a checkpoint that --force
    replaces."""
    resumed_here = args.resume is not None and output.resolve() == Path(args.resume).resolve()
    for name in DERIVED if resumed_here else ALL_FILES:
        (output / name).unlink(missing_ok=True)


@contextlib.contextmanager
def stop_signals():
    """A list that receives the number of SIGINT or SIGTERM instead of their ending the process; empty until then."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # Only the main thread may set handlers.
        return
    before = {number: signal.signal(number, lambda number, _: received.append(number))
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def step_words(record) -> list[str]:
    """A step record for the progress line, the most telling first."""
    return [f"step {record.step:,}", f"mse {record.reconstruction_loss:.5f}", f"{clock(record.remaining)} left",
            *([f"codes used {record.usage:.0%}"] if record.usage else []),
            *([f"KL {record.kl:.1f} nats"] if record.kl else []), f"{record.images_per_second:,.0f} images/s",
            *([f"perplexity {record.perplexity:.0f}"] if record.perplexity else []), f"loss {record.loss:.4f}"]


def keep_good(training, output: Path, sentence: str) -> str:
    """Save the last good weights of a run that diverged, and say so. The run itself cannot go on."""
    state = training.model.state_dict().values()
    if not all(value.isfinite().all() for value in state if value.is_floating_point()):
        return f"{sentence} Not even the first weights were finite, so nothing was saved."
    training.save(output, resumable=False)
    return f"{sentence} They are in {output}."


# -- after the training -----------------------------------------------------------------------------------------------

def measure(training, test, output: Path, line: ProgressLine):
    """Evaluate on the test images and complete the checkpoint; from then on it is no run to resume any more."""
    import vqvae

    evaluation, gallery = vqvae.evaluate(training.model, test, progress=line.count)
    line.clear()
    vqvae.save_checkpoint(output, training.model, metrics=evaluation.to_dict(), training=training.describe(),
                          gallery=gallery)
    (output / "training.safetensors").unlink(missing_ok=True)
    return evaluation
