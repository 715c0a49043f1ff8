"""Trains the parts of a plan (demo.runs.plans) one after another, in the process of
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
from dataclasses import replace
from pathlib import Path

from demo.runs import files as runfiles
from demo.runs.measuring import measure_prior, measure_quantizer, prior_bits, small_prior
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

    plan = job["plan"]
    results = {"done": [], "points": [], **runfiles.read_json(run_dir / RESULTS)}
    done = {entry["name"] for entry in results["done"]}
    reporter.state(Phase.STARTING, "Reading the images")
    first = plan["parts"][0]
    model = first["model"]
    train, test = (
        vqvae.load_dataset(
            plan["dataset"],
            split,
            data_dir=first["training"]["data_dir"],
            size=(model["height"], model["width"]),
            channels=model["channels"],
            progress=reporter.progress,
        )
        for split in ("train", "test")
    )
    if plan["kind"] == "four":
        write_examples(run_dir, test)
    ended = Command.NONE
    for number, part in enumerate(plan["parts"], 1):
        if part["name"] in done:
            continue
        command = commands.get()
        if command in (Command.STOP, Command.END):
            ended = command
            break
        if "of" in part:
            said = f"{part['title']}, so that it can invent pictures too"
            entry, ended = train_prior(run_dir, part, train, reporter, commands, said)
        else:
            said = (
                f"{part['title']}, {number} of {sum('of' not in other for other in plan['parts'])}"
            )
            entry, ended = train_part(
                run_dir, plan["kind"], part, (train, test), reporter, commands, said
            )
        if entry is not None:
            results["done"].append(entry)
            runfiles.write_atomic(run_dir / RESULTS, results)
        if ended:
            break
    if ended == Command.END:
        reporter.state(
            Phase.INTERRUPTED,
            "The app was closed while this run trained. Resume goes on with the model that "
            "was being trained.",
        )
        return
    if plan["kind"] == "sweep" and not ended and not results["points"]:
        reporter.state(Phase.EVALUATING, "k-means, JPEG and WebP on the same pictures")
        results["points"] = reference_points(train, test)
        runfiles.write_atomic(run_dir / RESULTS, results)
    reporter.state(Phase.STOPPED if ended else Phase.FINISHED)


def train_part(
    run_dir: Path, kind: str, part: dict, data: tuple, reporter, commands, said: str
) -> tuple[dict | None, str]:
    """(figures of the part or None, NONE, STOP or END). A part that is stopped before its first
    step has none."""
    import vqvae

    train, test = data
    config = vqvae.TrainingConfig.from_dict(part["training"])
    model = replace(vqvae.ModelConfig.from_dict(part["model"]), classes=train.classes)
    training = vqvae.Training(vqvae.build_model(model, config.seed), train, config)
    begun, ended = run_part(run_dir, part, training, reporter, commands, said)
    if not begun:
        return None, ended
    entry = measure(run_dir, kind, part, training, test)
    if "prior" in part and not ended:
        figures, ended = measure_by_prior(run_dir, part, training.model, data, reporter, commands)
        entry |= figures
    return entry, ended


def measure_by_prior(
    run_dir: Path, part: dict, model, data: tuple, reporter, commands
) -> tuple[dict, str]:
    """(`prior_bits` of a quantizer's codes, by a small prior that is trained on them for as long as
    each other's, or nothing; NONE, STOP or END)."""
    train, test = data
    training = small_prior(model, train, part["prior"]["steps"])
    if training is None:
        return {}, Command.NONE
    own = {"name": f"{part['name']}-prior", "most_seconds": part["prior"]["most_seconds"]}
    said = f"{part['title']}: a small prior learns its codes"
    begun, ended = run_part(run_dir, own, training, reporter, commands, said)
    if ended or not begun:
        return {}, ended
    return {"prior_bits": prior_bits(training.prior, model, measured_on(test))}, ended


def train_prior(
    run_dir: Path, part: dict, train, reporter, commands, said: str
) -> tuple[dict | None, str]:
    """The same for the prior of the VQ-VAE that an earlier part has trained."""
    import vqvae
    from vqvae.data.index_set import encode_set

    folder = run_dir / MODELS / part["of"]
    checkpoint = vqvae.load_checkpoint(folder)
    config = vqvae.PriorTrainingConfig.from_dict(part["training"])
    grids = encode_set(
        checkpoint.model,
        train,
        lambda done, total, _: reporter.progress(
            done,
            total,
            f"{part['title']}: first all the images are written as codes",
            Phase.TRAINING,
        ),
    )
    training = vqvae.PriorTraining(vqvae.new_prior(checkpoint.model, grids, config), grids, config)
    begun, ended = run_part(run_dir, part, training, reporter, commands, said)
    if not begun:
        return None, ended
    metrics = measure_prior(training, checkpoint.gallery)
    vqvae.save_prior(folder, training.prior, training=training.describe(), metrics=metrics)
    return {
        "name": part["name"],
        "title": part["title"],
        "prior_bits": metrics.get("bits_per_image"),
        "nominal_bits": metrics.get("nominal_bits"),
        "steps": training.step,
    }, ended


def run_part(
    run_dir: Path, part: dict, training, reporter, commands, said: str
) -> tuple[bool, str]:
    """Train to the end of the budget, of the part's `most_seconds` or a command: (whether there is
    something to measure, NONE, STOP or END)."""
    reporter.state(Phase.TRAINING, said)
    noted, record, ended, most = 0.0, None, Command.NONE, part.get("most_seconds", math.inf)
    with (run_dir / records_name(part["name"])).open("w", encoding="utf-8") as file:
        for record in training.steps():
            now = time.monotonic()
            if now - noted >= RECORD_SECONDS:
                noted = now
                file.write(f"{json.dumps(record.to_dict())}\n")
                file.flush()
            command = commands.get()
            if command in (Command.STOP, Command.END):
                ended = command
                break
            if record.elapsed >= most:
                break
        if record is not None:
            file.write(f"{json.dumps(record.to_dict())}\n")
    if ended == Command.END or record is None:
        return False, ended or Command.STOP
    reporter.state(Phase.EVALUATING, said)
    return True, ended


def measure(run_dir: Path, kind: str, part: dict, training, test) -> dict:
    """Figures of a trained part on the test images; for a comparison its checkpoint is written
    too."""
    import vqvae

    model = training.model
    if kind == "four":
        evaluation, gallery = vqvae.evaluate(model, test)
        vqvae.save_checkpoint(
            run_dir / MODELS / part["name"],
            model,
            metrics=evaluation.to_dict(),
            training=training.describe(),
            gallery=gallery,
        )
    else:
        evaluation, _ = vqvae.evaluate(model, measured_on(test))
    if kind == "quantizers":
        return {
            **measure_quantizer(part, training, evaluation, test),
            "images": evaluation.images,
            "steps": training.step,
        }
    return {
        "name": part["name"],
        "title": part["title"],
        "series": part["series"],
        "mse": evaluation.mse,
        "psnr": evaluation.psnr,
        "ssim": evaluation.ssim,
        "bits": evaluation.bits_per_image,
        "kl_nats": getattr(evaluation, "kl_nats", None),
        "images": evaluation.images,
        "steps": training.step,
    }


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
    from PIL import Image

    rows = range(min(EXAMPLES, len(test)))
    if test.labels is not None:
        each = max(1, EXAMPLES // max(1, len(test.classes)))
        found = [
            (test.labels == label).nonzero()[:each, 0]
            for label in range(min(len(test.classes), EXAMPLES))
        ]
        rows = torch.cat(found).tolist()
    names = ["" if test.labels is None else test.classes[int(test.labels[row])] for row in rows]
    strip = torch.cat([test.images[row] for row in rows], 2).permute(1, 2, 0).numpy()
    Image.fromarray(strip[..., 0] if strip.shape[-1] == 1 else strip).save(run_dir / "examples.png")
    runfiles.write_atomic(run_dir / "examples.json", json.dumps(names))
