"""Trains the parts of a plan (demo.runs.plans.plan) one after another, in the process of
demo.runs.worker.

Beside the files of every run (demo.runs.files) it writes

    results.json            `done`: the figures of each part that is measured; `points`: those of
                            the references
    records-<part>.jsonl    the step records of each part, and of the prior that measures a
                            quantizer
    models/<part>/          the checkpoint of each part of a comparison; the others keep figures
                            only
    examples.png, .json     test pictures in a row and their classes, for the comparison

A part that was cut off is trained anew when the run is resumed; those before it are kept. The last
part of a comparison is the prior of its VQ-VAE, written into the folder of that.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from demo.pictures.arrays import tiled
from demo.pictures.images import encode_png
from demo.runs import files as runfiles
from demo.runs.measuring import measure_prior, measure_quantizer, prior_bits, small_prior
from demo.runs.plans.plan import Part, Plan, PriorPart
from demo.runs.status import Command, Phase

RESULTS, MODELS = "results.json", "models"
RECORD_SECONDS = 0.25
TEST_IMAGES = 2_000
"""Test images that a sweep and quantizers are measured on."""
EXAMPLES = 20


def records_name(part: str) -> str:
    """The file of a part's step records."""
    return f"records-{part}.jsonl"


def train_plan(run_dir: Path, job: dict, reporter, commands) -> None:
    """Train, measure and write every part that is not done, until a command ends it."""
    import vqvae

    plan = Plan.from_job(job)
    reporter.state(Phase.STARTING, "Reading the images")
    model, data_dir = plan.parts[0].model, plan.parts[0].training.data_dir
    train, test = (
        vqvae.load_dataset(
            plan.dataset,
            split,
            data_dir=data_dir,
            size=(model.height, model.width),
            channels=model.channels,
            progress=reporter.progress,
        )
        for split in ("train", "test")
    )
    if plan.kind == "four":
        write_examples(run_dir, test)
    PlanRun(run_dir, plan, train, test, reporter, commands).train()


class Trained(NamedTuple):
    """How the training of a part came to its end."""

    figures: dict[str, Any] | None
    """None where it was cut off before there was anything to measure."""
    ended: str
    """NONE, STOP or END: what ends the whole plan."""


@dataclass(frozen=True)
class PlanRun:
    """A plan in training: the images, and whom it talks to."""

    run_dir: Path
    plan: Plan
    train_set: Any
    test_set: Any
    reporter: Any
    commands: Any

    def train(self) -> None:
        """Every part that is not done, then the references of a sweep."""
        results = {"done": [], "points": [], **runfiles.read_json(self.run_dir / RESULTS)}
        done = {entry["name"] for entry in results["done"]}
        ended = Command.NONE
        for number, part in enumerate(self.plan.parts, 1):
            if part.name in done:
                continue
            ended = self._told()
            if not ended:
                figures, ended = self._train(part, number)
                if figures is not None:
                    results["done"].append(figures)
                    runfiles.write_atomic(self.run_dir / RESULTS, results)
            if ended:
                break
        if ended == Command.END:
            self.reporter.state(
                Phase.INTERRUPTED,
                "The app was closed while this run trained. Resume goes on with the model that "
                "was being trained.",
            )
            return
        if self.plan.kind == "sweep" and not ended and not results["points"]:
            self.reporter.state(Phase.EVALUATING, "k-means, JPEG and WebP on the same pictures")
            results["points"] = reference_points(self.train_set, self.test_set)
            runfiles.write_atomic(self.run_dir / RESULTS, results)
        self.reporter.state(Phase.STOPPED if ended else Phase.FINISHED)

    def _told(self) -> str:
        """What ends the plan, if it was told so; other commands are none of its."""
        command = self.commands.get()
        return command if command in (Command.STOP, Command.END) else Command.NONE

    def _train(self, part: Part, number: int) -> Trained:
        import vqvae

        if isinstance(part, PriorPart):
            return self._train_prior(part)
        config = part.training
        model = replace(part.model, classes=self.train_set.classes)
        training = vqvae.Training(vqvae.build_model(model, config.seed), self.train_set, config)
        models = sum(not isinstance(other, PriorPart) for other in self.plan.parts)
        said = f"{part.title}, {number} of {models}"
        begun, ended = self._run(part.name, training, said, part.most_seconds)
        if not begun:
            return Trained(None, ended)
        figures = self._measure(part, training)
        if part.prior and not ended:
            added, ended = self._measure_by_prior(part, training.model)
            figures |= added or {}
        return Trained(figures, ended)

    def _measure_by_prior(self, part: Part, model) -> Trained:
        """`prior_bits` of a quantizer's codes, by a small prior that is trained on them for as long
        as each other's, or nothing."""
        assert part.prior is not None, "asked of those alone that have one"
        training = small_prior(model, self.train_set, part.prior.steps)
        if training is None:
            return Trained(None, Command.NONE)
        said = f"{part.title}: a small prior learns its codes"
        name, most_seconds = f"{part.name}-prior", part.prior.most_seconds
        begun, ended = self._run(name, training, said, most_seconds)
        if ended or not begun:
            return Trained(None, ended)
        bits = prior_bits(training.prior, model, measured_on(self.test_set))
        return Trained({"prior_bits": bits}, ended)

    def _train_prior(self, part: PriorPart) -> Trained:
        """The prior of the VQ-VAE that an earlier part has trained."""
        import vqvae
        from vqvae.data.index_set import encode_set

        folder = self.run_dir / MODELS / part.of
        checkpoint = vqvae.load_checkpoint(folder)
        said = f"{part.title}: first all the images are written as codes"
        grids = encode_set(
            checkpoint.model,
            self.train_set,
            lambda done, total, _: self.reporter.progress(done, total, said, Phase.TRAINING),
        )
        prior = vqvae.new_prior(checkpoint.model, grids, part.training)
        training = vqvae.PriorTraining(prior, grids, part.training)
        said = f"{part.title}, so that it can invent pictures too"
        begun, ended = self._run(part.name, training, said, part.most_seconds)
        if not begun:
            return Trained(None, ended)
        metrics = measure_prior(training, checkpoint.gallery)
        vqvae.save_prior(folder, training.prior, training=training.describe(), metrics=metrics)
        figures = {
            "name": part.name,
            "title": part.title,
            "prior_bits": metrics.get("bits_per_image"),
            "nominal_bits": metrics.get("nominal_bits"),
            "steps": training.step,
        }
        return Trained(figures, ended)

    def _run(self, name: str, training, said: str, most_seconds: float) -> tuple[bool, str]:
        """Train to the end of the budget, of `most_seconds` or a command: (whether there is
        something to measure, NONE, STOP or END)."""
        self.reporter.state(Phase.TRAINING, said)
        noted, record, ended = -math.inf, None, Command.NONE
        with (self.run_dir / records_name(name)).open("w", encoding="utf-8") as file:
            for record in training.steps():
                now = time.monotonic()
                if now - noted >= RECORD_SECONDS:
                    noted = now
                    file.write(f"{json.dumps(record.to_dict())}\n")
                    file.flush()
                ended = self._told()
                if ended or record.elapsed >= most_seconds:
                    break
            if record is not None:
                file.write(f"{json.dumps(record.to_dict())}\n")
        if ended == Command.END or record is None:
            return False, ended or Command.STOP
        self.reporter.state(Phase.EVALUATING, said)
        return True, ended

    def _measure(self, part: Part, training) -> dict[str, Any]:
        """Figures of a trained part on the test images; of a comparison its checkpoint is written
        too."""
        import vqvae

        model, own = training.model, dict[str, Any](name=part.name)
        if self.plan.kind == "four":
            evaluation, gallery = vqvae.evaluate(model, self.test_set)
            vqvae.save_checkpoint(
                self.run_dir / MODELS / part.name,
                model,
                metrics=evaluation.to_dict(),
                training=training.describe(),
                gallery=gallery,
            )
        else:
            evaluation, _ = vqvae.evaluate(model, measured_on(self.test_set))
        if self.plan.kind == "quantizers":
            own |= measure_quantizer(training, evaluation, self.test_set)
        else:
            own |= {
                "title": part.title,
                "series": part.series,
                "mse": evaluation.mse,
                "psnr": evaluation.psnr,
                "ssim": evaluation.ssim,
                "bits": evaluation.bits_per_image,
                "kl_nats": getattr(evaluation, "kl_nats", None),
            }
        return own | {"images": evaluation.images, "steps": training.step}


def measured_on(test):
    """The first TEST_IMAGES of the ImageSet `test`."""
    import torch

    return test.take(torch.arange(min(TEST_IMAGES, len(test))))


def reference_points(train, test) -> list[dict]:
    """k-means on patches, JPEG and WebP on the images that a sweep is measured on."""
    from vqvae.analysis.rate_distortion import references

    return [point.to_dict() for point in references(train.images, test.images[:TEST_IMAGES])]


def write_examples(run_dir: Path, test) -> None:
    """Test pictures for the comparison, the classes in turn."""
    import torch

    rows = list(range(min(EXAMPLES, len(test))))
    if test.labels is not None:
        each = max(1, EXAMPLES // max(1, len(test.classes)))
        found = [
            (test.labels == label).nonzero()[:each, 0]
            for label in range(min(len(test.classes), EXAMPLES))
        ]
        rows = torch.cat(found).tolist()
    names = ["" if test.labels is None else test.classes[int(test.labels[row])] for row in rows]
    strip = tiled(test.images[torch.tensor(rows)].permute(0, 2, 3, 1).numpy(), len(rows))
    (run_dir / "examples.png").write_bytes(encode_png(strip))
    runfiles.write_atomic(run_dir / "examples.json", json.dumps(names))
