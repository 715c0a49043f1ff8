"""The process that trains: `python -m demo.runs.worker [RUN_DIR]`, started by demo.runs.jobs.

Without RUN_DIR it imports what training needs, then waits for the path as the first line on
standard input: that is the warm worker. Later lines are commands: pause, resume, stop. The end of
standard input means that the app is gone: save and end. What happens is told through the files of
demo.runs.files.
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from demo.runs import files as runfiles
from demo.runs.driving import Commands, run_until_done
from demo.runs.reporter import Reporter, pick, skipped
from demo.runs.status import EXIT_IDLE, Phase
from vqvae.errors import VqvaeError, lacks_memory

IDLE_SECONDS = 900.0
"""A warm worker that gets no run for this long ends itself, to give its memory back."""


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

    import vqvae
    from vqvae.training import training  # noqa: F401

    model = vqvae.build_model(vqvae.ModelConfig(codebook_size=16))
    model.train()
    model(torch.zeros(8, 1, 28, 28)).x_recon.mean().backward()
    torch.optim.AdamW(
        model.parameters()
    ).step()  # the first optimiser imports torch._dynamo, which takes seconds


def run(run_dir: Path, commands: Commands) -> int:
    """Train the run of this folder to its end, a stop, or the end of the app. Returns the exit
    code."""
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

        from vqvae.data.imageset import DownloadError  # here, as it loads torch

        traceback.print_exc()
        with contextlib.suppress(OSError):
            offline = isinstance(error, DownloadError)
            reporter.state(*outcome(error, run_dir), offline=offline)
        return 1
    finally:
        reporter.close()
        lock.free()
    return 0


def train(run_dir: Path, reporter: Reporter, commands: Commands) -> None:
    """Train the model, then its prior, as far as the job asks for them and they are not there
    yet."""
    job, data = runfiles.read_json(run_dir / runfiles.JOB), None
    if "plan" in job:
        from demo.runs.plans.worker import train_plan

        train_plan(run_dir, job, reporter, commands)
        return
    trained = "prior" in job and (run_dir / runfiles.CHECKPOINT / "model.safetensors").exists()
    if "training" in job and not trained:
        data = train_model(run_dir, reporter, commands, has_prior_next="prior" in job)
        if data is None:
            return
    if "prior" in job:
        from demo.runs.prior_worker import train_prior

        train_prior(run_dir, job, data, commands, reporter.note)


def train_model(
    run_dir: Path, reporter: Reporter, commands: Commands, *, has_prior_next: bool = False
):
    """Load the data, train until the budget is spent or a command ends it, then measure and write
    the model.

    Returns the training set where the run goes on with a prior, else None.
    """
    from demo.runs.snapshots import Recorder

    training, test = prepare(run_dir, reporter)
    samples = pick(test).to(training.device).float().div(255)
    snapshots = Recorder(run_dir)

    def observe(record, *, last: bool = False) -> None:
        reporter.record(record, training.model, samples, last=last)
        if not last:
            snapshots.take_when_due(training.model, samples, record)

    most_seconds = runfiles.read_json(run_dir / runfiles.JOB).get("most_seconds", math.inf)
    record, suspended, problem = run_until_done(
        training, observe, run_dir, reporter, commands, most_seconds
    )
    if suspended:
        return None
    if record is not None:
        reporter.record(record, training.model, samples, last=True)
        snapshots.take(training.model, samples, record)
    has_prior_next = has_prior_next and training.finished and not problem
    finish(training, test, run_dir, reporter, problem, has_prior_next=has_prior_next)
    return training.data if has_prior_next else None


def prepare(run_dir: Path, reporter: Reporter):
    """(Training, test ImageSet) of a run: from its last save when there is one, else from its
    job."""
    import vqvae

    job = runfiles.read_json(run_dir / runfiles.JOB)
    config = vqvae.TrainingConfig.from_dict(job["training"])
    model = vqvae.ModelConfig.from_dict(job["model"])
    reporter.state(Phase.STARTING, "Reading the images")
    train, test = (
        vqvae.load_dataset(
            config.dataset,
            split,
            data_dir=config.data_dir,
            progress=reporter.progress,
            size=(model.height, model.width),
            channels=model.channels,
        )
        for split in ("train", "test")
    )
    reporter.note = skipped(train)
    reporter.state(Phase.STARTING, "Preparing the first step")
    save = run_dir / runfiles.SAVE
    if (save / "training.safetensors").exists():
        return vqvae.Training.resume(save, train), test
    model = replace(model, classes=train.classes)
    return vqvae.Training(vqvae.build_model(model, config.seed), train, config), test


def finish(
    training,
    test,
    run_dir: Path,
    reporter: Reporter,
    problem: str = "",
    *,
    has_prior_next: bool = False,
) -> None:
    """Measure the model on the test images, write it where the model picker looks, and say so,
    unless a prior comes next."""
    import vqvae

    reporter.state(Phase.EVALUATING)
    if all(
        value.isfinite().all()
        for value in training.model.state_dict().values()
        if value.is_floating_point()
    ):
        evaluation, gallery = vqvae.evaluate(training.model, test)
        vqvae.save_checkpoint(
            run_dir / runfiles.CHECKPOINT,
            training.model,
            metrics=evaluation.to_dict(),
            training=training.describe(),
            gallery=gallery,
        )
    shutil.rmtree(run_dir / runfiles.SAVE, ignore_errors=True)
    if problem:
        reporter.state(Phase.FAILED, problem)
    elif not has_prior_next:
        reporter.state(Phase.FINISHED if training.finished else Phase.STOPPED)


def outcome(error: Exception, run_dir: Path) -> tuple[Phase, str]:
    """(phase, sentence) of a run that ended with this error: what the disk refused may be tried
    again."""
    disk = isinstance(error, OSError) or isinstance(error.__cause__, OSError)
    if disk and runfiles.is_saved(run_dir):
        return (
            Phase.INTERRUPTED,
            f"{explain(error)} Then press Resume: it goes on from the last save.",
        )
    return Phase.FAILED, explain(error)


def explain(error: Exception) -> str:
    """One sentence for the page: the errors of vqvae say what to do themselves."""
    if lacks_memory(error):
        return (
            "There was not enough memory for these settings; lower the batch size, the hidden "
            "channels or K."
        )
    if isinstance(error, OSError):
        return (
            f"A file could not be read or written ({error.strerror or error}); check the disk's "
            "space and permissions."
        )
    if isinstance(error, VqvaeError):
        return str(error)
    return (
        f"Training failed unexpectedly ({type(error).__name__}); the details are in the run's "
        f"worker.log."
    )


def _lower_priority() -> None:
    """Editing and drawing in the app go before training when both want a core."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
