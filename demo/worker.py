"""The process that trains: `python -m demo.worker [RUN_DIR]`, started by demo.jobs.

Without RUN_DIR it imports what training needs, then waits for the path as the first line on standard input: that is the
warm worker. Later lines are commands: pause, resume, stop. The end of standard input means that the app is gone: save
and end. What happens is told through the files of demo.runfiles. Imports only vqvae and the standard library.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import shutil
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from demo import runfiles
from demo.reporter import Reporter, pick, skipped

IDLE_SECONDS = 900.0
"""A warm worker that gets no run for this long ends itself, to give its memory back."""
PAUSE_SECONDS = 600.0
"""A run paused for this long is saved and its process ends; resuming starts a new one."""
EXIT_IDLE = 75
AUTOSAVE_SECONDS = 8.0


class Commands:
    """Lines of standard input, read by a thread so that training never waits for them."""

    def __init__(self, stream) -> None:
        self._queue: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream) -> None:
        for line in stream:
            self._queue.put(line.strip())
        self._queue.put("end")

    def get(self, timeout: float | None = None) -> str:
        """The next command; "" when there is none within `timeout` seconds (None: do not wait)."""
        try:
            return self._queue.get_nowait() if timeout is None else self._queue.get(timeout=timeout)
        except queue.Empty:
            return ""


def main(argv: list[str]) -> int:
    faulthandler.enable()
    commands = Commands(sys.stdin)
    if argv:
        run_dir = argv[0]
    else:
        warm_up()
        run_dir = commands.get(IDLE_SECONDS)
        if run_dir in ("", "end"):
            return EXIT_IDLE
    return run(Path(run_dir), commands)


def warm_up() -> None:
    """Import everything a run needs and take the first step on noise, which sets up the kernels."""
    import torch
    import torchvision.io  # noqa: F401

    import vqvae
    from vqvae import training  # noqa: F401
    model = vqvae.build_model(vqvae.ModelConfig(codebook_size=16))
    model.train()
    model(torch.zeros(8, 1, 28, 28)).x_recon.mean().backward()
    torch.optim.AdamW(model.parameters()).step()  # the first optimiser imports torch._dynamo, which takes seconds


def run(run_dir: Path, commands: Commands) -> int:
    """Train the run of this folder to its end, a stop, or the end of the app. Returns the exit code."""
    lock = runfiles.Lock(run_dir)
    if not lock.take(wait=3.0):
        return 1
    _lower_priority()
    log = (run_dir / runfiles.LOG).open("ab", buffering=0)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    reporter = Reporter(run_dir)
    try:
        train(run_dir, reporter, commands)
    except Exception as error:
        import traceback
        traceback.print_exc()
        with contextlib.suppress(OSError):
            reporter.state(*outcome(error, run_dir))
        return 1
    finally:
        reporter.close()
        lock.free()
    return 0


def train(run_dir: Path, reporter: Reporter, commands: Commands) -> None:
    """Train the model, then its prior, as far as the job asks for them and they are not there yet."""
    job, data = runfiles.read_json(run_dir / runfiles.JOB), None
    if "plan" in job:
        from demo.plan_worker import train_plan
        train_plan(run_dir, job, reporter, commands)
        return
    trained = "prior" in job and (run_dir / runfiles.CHECKPOINT / "model.safetensors").exists()
    if "training" in job and not trained:
        data = train_model(run_dir, reporter, commands, follows="prior" in job)
        if data is None:
            return
    if "prior" in job:
        from demo.prior_worker import train_prior
        train_prior(run_dir, job, data, commands, reporter.note)


def train_model(run_dir: Path, reporter: Reporter, commands: Commands, *, follows: bool = False):
    """Load the data, train until the budget is spent or a command ends it, then measure and write the model.

    Returns the training set where the run goes on with the prior that `follows`, else None.
    """
    from demo.snapshots import Recorder

    training, test = prepare(run_dir, reporter)
    samples = pick(test).to(training.device).float().div(255)
    snapshots = Recorder(run_dir)

    def observe(record, *, last: bool = False) -> None:
        reporter.record(record, training.model, samples, last=last)
        if not last:
            snapshots.take_when_due(training.model, samples, record)

    record, left, problem = drive(training, observe, run_dir, reporter, commands)
    if left:
        return None
    if record is not None:
        reporter.record(record, training.model, samples, last=True)
        snapshots.take(training.model, samples, record)
    follows = follows and training.finished and not problem
    finish(training, test, run_dir, reporter, problem, follows=follows)
    return training.data if follows else None


def drive(training, observe, run_dir: Path, reporter: Reporter, commands: Commands) -> tuple:
    """Train until the budget is spent or a command ends it; `observe(record, last=)` is told of every step.

    Returns (the last record or None, whether the process leaves the run as it is, what went wrong or "").
    """
    from vqvae.training import TrainingDiverged

    reporter.state("training")
    record, saved = None, time.monotonic()
    try:
        for record in training.steps():
            observe(record)
            if time.monotonic() - saved >= AUTOSAVE_SECONDS:
                autosave(training, run_dir, reporter)
                saved = time.monotonic()
            command = commands.get()
            if command == "pause":
                command = hold(training, record, observe, run_dir, reporter, commands)
                saved = time.monotonic()
            if command == "stop":
                break
            if command in ("end", "leave"):
                leave(training, run_dir, reporter, paused=command == "leave")
                return record, True, ""
    except TrainingDiverged as error:
        return record, False, str(error)
    return record, False, ""


def prepare(run_dir: Path, reporter: Reporter):
    """(Training, test ImageSet) of a run: from its last save when there is one, else from its job."""
    import vqvae

    job = runfiles.read_json(run_dir / runfiles.JOB)
    config = vqvae.TrainingConfig.from_dict(job["training"])
    model = vqvae.ModelConfig.from_dict(job["model"])
    reporter.state("starting", "Reading the images")
    train, test = (vqvae.load_dataset(config.dataset, split, data_dir=config.data_dir, progress=reporter.progress,
                                      size=(model.height, model.width), channels=model.channels)
                   for split in ("train", "test"))
    reporter.note = skipped(train)
    reporter.state("starting", "Preparing the first step")
    save = run_dir / runfiles.SAVE
    if (save / "training.safetensors").exists():
        return vqvae.Training.resume(save, train), test
    model = replace(model, classes=train.classes)
    return vqvae.Training(vqvae.build_model(model, config.seed), train, config), test


def autosave(training, run_dir: Path, reporter: Reporter) -> None:
    """Save the run so that it can go on; a full disk must not end the training."""
    from vqvae.checkpoint import CheckpointError
    with contextlib.suppress(OSError):  # met again, with its sentence, by the save itself
        (run_dir / runfiles.SAVE).mkdir(exist_ok=True)
    try:
        training.save(run_dir / runfiles.SAVE)
    except CheckpointError as error:
        if not reporter.note:
            reporter.note = f"This run cannot be resumed if it is interrupted: {error}"
            reporter.state("training")


def hold(training, record, observe, run_dir: Path, reporter: Reporter, commands: Commands) -> str:
    """Wait while paused. Returns "" to go on, "stop", or "leave" when the wait was long or the app is gone."""
    autosave(training, run_dir, reporter)
    observe(record, last=True)
    reporter.state("paused")
    while True:
        command = commands.get(PAUSE_SECONDS)
        if command == "resume":
            reporter.state("training")
            return ""
        if command == "stop":
            return "stop"
        if command in ("", "end"):
            return "leave"


def leave(training, run_dir: Path, reporter: Reporter, *, paused: bool) -> None:
    """End the process but not the run."""
    autosave(training, run_dir, reporter)
    if not paused:
        reporter.state("interrupted", "The app was closed while this run trained. Resume goes on from where it was.")


def finish(training, test, run_dir: Path, reporter: Reporter, problem: str = "", *, follows: bool = False) -> None:
    """Measure the model on the test images, write it where the model picker looks, and say so, unless a prior
    follows."""
    import vqvae
    reporter.state("evaluating")
    if all(value.isfinite().all() for value in training.model.state_dict().values() if value.is_floating_point()):
        evaluation, gallery = vqvae.evaluate(training.model, test)
        vqvae.save_checkpoint(run_dir / runfiles.CHECKPOINT, training.model, metrics=evaluation.to_dict(),
                              training=training.describe(), gallery=gallery)
    shutil.rmtree(run_dir / runfiles.SAVE, ignore_errors=True)
    if problem:
        reporter.state("failed", problem)
    elif not follows:
        reporter.state("finished" if training.finished else "stopped")


def outcome(error: Exception, run_dir: Path) -> tuple[str, str]:
    """(phase, sentence) of a run that ended with this error: what the disk refused may be tried again."""
    disk = isinstance(error, OSError) or isinstance(error.__cause__, OSError)
    if disk and any((run_dir / runfiles.SAVE).glob("*.safetensors")):
        return "interrupted", f"{explain(error)} Then press Resume: it goes on from the last save."
    return "failed", explain(error)


def explain(error: Exception) -> str:
    """One sentence for the page: the errors of vqvae say what to do themselves."""
    if isinstance(error, MemoryError) or "alloc" in str(error).lower():
        return "There was not enough memory for these settings; lower the batch size, the hidden channels or K."
    if isinstance(error, OSError):
        return (f"A file could not be read or written ({error.strerror or error}); check the disk's space and "
                "permissions.")
    if type(error).__module__.partition(".")[0] == "vqvae":
        return str(error)
    return f"Training failed unexpectedly ({type(error).__name__}); the details are in the run's worker.log."


def _lower_priority() -> None:
    """Editing and drawing in the app go before training when both want a core."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
