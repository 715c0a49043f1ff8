"""The second part of a training process: the prior of the model that the run has just trained, or
was given.

Called by demo.runs.worker. The training set as codes comes from the model's own folder
(`indices.safetensors`), else the data set is loaded and encoded once.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path

from demo.runs import files as runfiles
from demo.runs.driving import run_until_done
from demo.runs.measuring import measure_prior
from demo.runs.reporter import PREVIEW_SECONDS, Reporter, sprite
from demo.runs.status import Phase

COLUMNS = 10
"""Samples in each of the two rows: with classes one of each, as far as they go."""
STEPS = 8
"""Parallel steps of a sample that is only looked at."""


class PriorReporter(Reporter):
    """The reporter of a prior: its curve in bits, and pictures drawn from it, always from the same
    noise."""

    stage = "prior"
    files = (runfiles.PRIOR_RECORDS, runfiles.PRIOR_LIVE)
    share = 0.08

    def __init__(self, run_dir: Path, model, compared: dict) -> None:
        """`compared`: what the bits are drawn beside, `nominal` and `marginal` bits per image."""
        super().__init__(run_dir)
        self._model, self._compared = model, compared
        self._next_preview = (
            time.monotonic() + PREVIEW_SECONDS
        )  # an untrained prior's pictures show nothing

    def _draw(self, record, model, samples) -> None:
        import torch

        from vqvae.nn.modes import eval_mode
        from vqvae.prior.sampling import Sampling, sample

        prior = model
        classes = prior.config.classes
        labels = torch.arange(COLUMNS).remainder(classes).repeat(2) if classes else None
        with eval_mode(prior):
            grids = sample(prior, 2 * COLUMNS, labels, Sampling(steps=STEPS), seed=0)
        grids = grids.to(self._model.codebook.device)
        with torch.inference_mode():
            pictures = self._model.decode(grids)
        runfiles.write_atomic(
            self._dir / runfiles.SAMPLES, sprite(pictures[:COLUMNS], pictures[COLUMNS:])
        )
        self._drawn += 1
        runfiles.write_atomic(
            self._dir / runfiles.PRIOR_LIVE,
            {
                "record": record.to_dict(),
                "drawn": self._drawn,
                "pictures": COLUMNS,
                "classes": classes,
                **self._compared,
            },
        )


def train_prior(run_dir: Path, job: dict, data, commands, note: str = "") -> None:
    """Train the prior of the run's model until its seconds are spent or a command ends it, measure
    and write it.

    data: the ImageSet the model was trained on, where it is in memory; None reads the codes, or
        loads the data set.
    note: what the reporter keeps saying. Raises the errors of vqvae, whose texts are for the page.
    """
    import vqvae
    from vqvae.prior.config import PriorTrainingConfig
    from vqvae.prior.training import PRIOR_RUN_FILE, PriorTraining, new_prior

    config = PriorTrainingConfig.from_dict(job["prior"])
    folder = run_dir / (runfiles.SOURCE if "training" not in job else runfiles.CHECKPOINT)
    if not folder.is_dir():  # the prior is written and only the last sentence is missing
        folder = run_dir / runfiles.CHECKPOINT
    waiting = Reporter(run_dir)
    waiting.stage, waiting.note = "prior", note
    try:
        waiting.state(Phase.STARTING, "Reading the model")
        checkpoint = vqvae.load_checkpoint(folder)
        model = checkpoint.model
        grids = _training_set(folder, model, data, config, waiting)
        waiting.state(Phase.STARTING, "Preparing the first step")
        save = run_dir / runfiles.SAVE
        training = (
            PriorTraining.resume(save, grids)
            if (save / PRIOR_RUN_FILE).exists()
            else PriorTraining(new_prior(model, grids, config), grids, config)
        )
    finally:
        waiting.close()
    model.to(training.device)
    reporter = PriorReporter(run_dir, model, _compared(training.prior))
    reporter.note = waiting.note
    try:
        record, suspended, problem = run_until_done(
            training,
            lambda record, last=False: reporter.record(record, training.prior, last=last),
            run_dir,
            reporter,
            commands,
        )
        if suspended:
            return
        if record is not None:
            reporter.record(record, training.prior, last=True)
        _finish(training, checkpoint, folder, run_dir, reporter, problem)
    finally:
        reporter.close()


def _training_set(folder: Path, model, data, config, reporter: Reporter):
    """The IndexSet to learn from; what had to be encoded is kept beside the model."""
    import vqvae
    from vqvae.data.index_set import indices_of, read_index_set

    if data is None:
        try:
            return read_index_set(folder, model)
        except vqvae.CheckpointError:
            reporter.state(Phase.STARTING, "Reading the images")
            shape = model.config
            data = vqvae.load_dataset(
                config.dataset,
                "train",
                data_dir=config.data_dir,
                progress=reporter.progress,
                size=(shape.height, shape.width),
                channels=shape.channels,
            )
    return indices_of(folder, model, data, reporter.progress)


def _compared(prior) -> dict[str, float]:
    """Bits of an image were its positions independent of one another, and were all its codes
    equally likely."""
    counts = prior.counts.double().cpu()
    share = counts / counts.sum(-1, keepdim=True).clamp_min(1)
    marginal = -(share * share.clamp_min(1e-300).log2()).sum().item()
    return {
        "marginal": marginal,
        "nominal": prior.config.positions * math.log2(prior.config.codebook_size),
    }


def _finish(
    training, checkpoint, folder: Path, run_dir: Path, reporter: PriorReporter, problem: str
) -> None:
    """Measure the prior on the test grids that the checkpoint keeps, write it beside its model, and
    say so."""
    from vqvae.prior.checkpoint import save_prior

    reporter.state(Phase.EVALUATING)
    training.prior.eval()
    if all(value.isfinite().all() for value in training.prior.state_dict().values()):
        metrics = measure_prior(training, checkpoint.gallery)
        save_prior(folder, training.prior, training=training.describe(), metrics=metrics)
        if metrics:
            live = runfiles.read_json(run_dir / runfiles.PRIOR_LIVE)
            runfiles.write_atomic(
                run_dir / runfiles.PRIOR_LIVE,
                json.dumps(
                    {
                        **live,
                        "drawn": live.get("drawn", 0) + 1,
                        "test_bits": metrics["bits_per_image"],
                    }
                ),
            )
        if folder.name == runfiles.SOURCE:
            folder.rename(run_dir / runfiles.CHECKPOINT)
    shutil.rmtree(run_dir / runfiles.SAVE, ignore_errors=True)
    if problem:
        reporter.state(Phase.FAILED, problem)
    else:
        reporter.state(Phase.FINISHED if training.finished else Phase.STOPPED)
