"""What `train` and `train-prior` do with a training: run it, save it on the way, and say how it
ended."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

from vqvae.cli.parsing import Failure
from vqvae.cli.progress import ProgressLine


def run(
    training,
    output: Path | None,
    line: ProgressLine,
    words: Callable[..., list[str]],
    watch: Callable[..., None] | None = None,
) -> int:
    """Train until the budget is spent, saving now and then and at the end; with output None nothing
    is saved. Returns the signal that stopped it, or 0.

    words: of a record, for the progress line. watch: called with every record.
    """
    from vqvae.distributed import world_size

    launcher = os.getppid() if world_size() > 1 else None  # One that is killed takes nobody along.
    saved, record = time.monotonic(), None
    with stop_signals() as stop, failures(training, output):
        for record in training.steps():
            if watch:
                watch(record)
            if line.due:
                line.update(training.progress, words(record))
            if stop or (launcher is not None and os.getppid() != launcher):
                training.ask_to_stop()
            due = time.monotonic() - saved >= training.config.autosave_seconds
            if output is not None and due:
                save_on_the_way(training, output, line)
                saved = time.monotonic()
        if record is not None:
            line.update(training.progress, words(record), last=True)
        if output is not None:
            training.save(output)
    if training.finished:
        return 0
    # Without a signal of its own another process was told, and all stopped at the same step.
    return stop[0] if stop else signal.SIGTERM


def save_on_the_way(training, output: Path, line: ProgressLine) -> None:
    """Save a run that goes on in any case: the space may be back before the end."""
    from vqvae.checkpoints.files import CheckpointError

    try:
        training.save(output)
    except CheckpointError as error:
        line.note(str(error))


@contextlib.contextmanager
def stop_signals() -> Generator[list[int]]:
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


@contextlib.contextmanager
def failures(training, output: Path | None) -> Generator[None]:
    """Where a training cannot go on, save what is good of it: a Failure says why, and where that
    is."""
    from vqvae.distributed import ProcessLost
    from vqvae.training.training import TrainingDiverged

    try:
        yield
    except (TrainingDiverged, ProcessLost) as error:
        if output is None:
            raise Failure(str(error)) from error
        keep = keep_good if isinstance(error, TrainingDiverged) else keep_run
        raise Failure(f"{error} {keep(training, output)}") from error


def keep_good(training, output: Path) -> str:
    """Save the last good weights of a run that diverged, and say so. The run itself cannot go
    on."""
    state = training.model.state_dict().values()
    if not all(value.isfinite().all() for value in state if value.is_floating_point()):
        return "Not even the first weights were finite, so nothing was saved."
    training.save(output, resumable=False)
    return f"They are in {output}."


def keep_run(training, output: Path) -> str:
    """Save a run that has lost another process, and say so."""
    training.save(output)
    return (
        f"Everything up to step {training.step:,} is saved in {output}; go on with "
        f"--resume {shlex.quote(str(output))}."
    )


def tell_stopped(stopped: int, training, output: Path, again: str, line: ProgressLine) -> int:
    """Say that a signal has stopped the run, and how it goes on; returns the exit code."""
    line.note(
        f"Stopped by {signal.Signals(stopped).name} after {training.step:,} steps; everything is "
        f"saved in {output}. Go on with: {again}"
    )
    return 128 + stopped


def tell_unmeasured(what: str, output: Path, again: str, line: ProgressLine) -> int:
    """Say that Ctrl-C came while a trained model or prior was measured; returns the exit code."""
    line.note(
        f"Stopped before it was measured; the trained {what} is saved in {output}. Measure it "
        f"with: {again}"
    )
    return 128 + signal.SIGINT
