"""The prior in figures: `python benchmarks/prior.py [--only speed quality bits short]`; one JSON
line a figure.

    speed    100 digits, and four completions of a half-masked grid, warm
    quality  1,000 digits of the shipped prior at default settings, 100 a class: how many a
             classifier reads as their class, how unlike one another they are, and, of 5,000, how
             far their features are from those of the test digits; beside real digits,
             reconstructions, and the samplers that know too little
    bits     the likelihood bound on the test digits
    short    `train-prior --seconds 120` from scratch on the shipped VQ-VAE, judged the same way

The judge is trained on the real MNIST by this script (about two minutes, once; kept under
outputs/).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from figures import report
from running import call, run

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PARTS = ("speed", "quality", "bits", "short")
SAMPLES = 1_000
FRECHET_SAMPLES = 5_000
"""A Frechet distance from few samples is too large by a constant over their number: 4.1 for 1,000
real digits."""
COMMAND = "python benchmarks/prior.py --only {}"
ACCURACY, DIVERSITY, FRECHET = (
    "share read as their class",
    "share of real digits' mean distance",
    "squared distance in the classifier's features",
)


def median_seconds(call, times: int) -> float:
    """Median time of a call, after one that warms up."""
    call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def speed(checkpoint: str) -> None:
    """Time of what a person waits for."""
    import torch

    import vqvae

    prior = vqvae.load_prior(checkpoint)
    labels = torch.arange(100) % 10
    seconds = median_seconds(lambda: vqvae.sample(prior, 100, labels), 5)
    report("prior_100_digits", seconds, "s", "<= 1.5", COMMAND.format("speed"))
    indices = vqvae.sample(prior, 1, 3)[0]
    known = torch.zeros_like(indices, dtype=torch.bool)
    known[: indices.shape[0] // 2] = True
    seconds = median_seconds(lambda: vqvae.fill(prior, indices, known, label=3, alternatives=4), 15)
    report(
        "prior_fill_half_4_alternatives", 1_000 * seconds, "ms", "<= 150", COMMAND.format("speed")
    )
    seconds = median_seconds(lambda: vqvae.surprise(prior, indices[None]), 15)
    report("prior_surprise", 1_000 * seconds, "ms", "", COMMAND.format("speed"))


class Judge:
    """The classifier, and what it says of the real test digits."""

    def __init__(self, data_dir: str | None) -> None:
        from classifier import diversity, get_classifier

        import vqvae

        self.train, self.test = (
            vqvae.load_dataset("mnist", split, data_dir=data_dir) for split in ("train", "test")
        )
        self.classifier, accuracy = get_classifier(self.train, self.test)
        report("classifier_test_accuracy", accuracy, ACCURACY, ">= 0.99", COMMAND.format("quality"))
        self.real = self.classifier.features(self.test.images.float().div(255))
        self.diversity = diversity(self.real, self.test.labels)

    def figures(self, x, labels) -> tuple[float, float, float]:
        """(accuracy, diversity against real digits, Frechet distance to them) of pictures x
        (N, 1, 28, 28); the first two of the first SAMPLES."""
        from classifier import diversity, frechet

        features = self.classifier.features(x)
        first, labels = features[:SAMPLES], labels[:SAMPLES]
        accuracy = (self.classifier.last(first).argmax(1) == labels).float().mean().item()
        return accuracy, diversity(first, labels) / self.diversity, frechet(features, self.real)

    def of_prior(self, checkpoint: str, seed: int = 0) -> tuple[float, float, float]:
        """The same of digits of a prior at default settings, as many of each class."""
        import torch

        import vqvae

        labels, prior, model = (
            torch.arange(SAMPLES) % 10,
            vqvae.load_prior(checkpoint),
            vqvae.load(checkpoint),
        )
        many = FRECHET_SAMPLES // SAMPLES
        x = torch.cat(
            [model.decode(vqvae.sample(prior, SAMPLES, labels, seed=seed + n)) for n in range(many)]
        )
        return self.figures(x, labels.repeat(many))


def quality(checkpoint: str, judge: Judge) -> float:
    """Report the shipped prior and what it stands beside; returns its Frechet distance."""
    import torch

    import vqvae
    from vqvae.prior.naive import gaussian_codes, marginal_codes, random_codes

    accuracy, diversity, frechet = judge.of_prior(checkpoint)
    command = COMMAND.format("quality")
    report("prior_accuracy", accuracy, ACCURACY, ">= 0.97", command)
    report("prior_diversity", diversity, DIVERSITY, ">= 0.85", command)
    report(
        "prior_frechet",
        frechet,
        FRECHET,
        "<= a fifth of prior_120s_frechet",
        command,
        samples=FRECHET_SAMPLES,
    )
    model, prior = vqvae.load(checkpoint), vqvae.load_prior(checkpoint)
    rows = torch.randperm(len(judge.train), generator=torch.Generator().manual_seed(0))[
        :FRECHET_SAMPLES
    ]
    x, labels = judge.train.images[rows].float().div(255), judge.train.labels[rows].long()
    beside = {"real": (x, labels), "reconstructions": (model.decode(model.encode(x)), labels)}
    for name, sampler in (
        ("marginal_codes", marginal_codes),
        ("gaussian_codes", gaussian_codes),
        ("random_codes", random_codes),
    ):
        beside[name] = (
            model.decode(sampler(prior, FRECHET_SAMPLES)),
            torch.arange(FRECHET_SAMPLES) % 10,
        )
    for name, pictures in beside.items():
        read, unlike, distance = judge.figures(*pictures)
        report(f"{name}_accuracy", read, ACCURACY, "", command)
        report(f"{name}_diversity", unlike, DIVERSITY, "", command)
        report(f"{name}_frechet", distance, FRECHET, "", command)
    return frechet


def bits(checkpoint: str, data_dir: str | None) -> None:
    """The likelihood bound on the test digits, by the command that the README names."""
    done = call("evaluate", checkpoint, "--dataset", "mnist", "--json", *data_option(data_dir))
    figures = json.loads(done)
    command = f"python -m vqvae evaluate {checkpoint} --dataset mnist --json"
    report("prior_bits_per_image", figures["prior_bits_per_image"], "bits", "<= 280", command)
    report("nominal_bits_per_image", figures["bits_per_image"], "bits", "", command)


def short(
    checkpoint: str, judge: Judge, data_dir: str | None, seconds: float, shipped: float | None
) -> None:
    """A prior trained from scratch for a short time by the command line. shipped: Frechet distance
    of the shipped prior, to compare with."""
    with tempfile.TemporaryDirectory() as folder:
        call(
            "train-prior",
            checkpoint,
            "--dataset",
            "mnist",
            "--seconds",
            f"{seconds:g}",
            "--output",
            f"{folder}/model",
            *data_option(data_dir),
        )
        info = json.loads(call("info", f"{folder}/model", "--json"))["prior"]
        accuracy, diversity, frechet = judge.of_prior(f"{folder}/model")
    command = (
        f"python -m vqvae train-prior {checkpoint} --dataset mnist --seconds {seconds:g} "
        f"--output DIR"
    )
    name = f"prior_{seconds:g}s"
    report(f"{name}_accuracy", accuracy, ACCURACY, ">= 0.92", command)
    report(f"{name}_diversity", diversity, DIVERSITY, "", command)
    report(f"{name}_frechet", frechet, FRECHET, "", command)
    report(f"{name}_bits_per_image", info["metrics"]["bits_per_image"], "bits", "", command)
    report(
        f"{name}_images_seen",
        info["training"]["epoch"] * info["training"]["images"],
        "images",
        "",
        command,
    )
    if shipped is not None:
        report(
            "prior_frechet_over_short",
            shipped / frechet,
            "times",
            "<= 0.2",
            COMMAND.format("quality short"),
        )


def data_option(data_dir: str | None) -> list[str]:
    return ["--data-dir", os.path.abspath(data_dir)] if data_dir else []


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run (default: all)"
    )
    parser.add_argument(
        "--checkpoint", default="mnist", help="whose prior (default: mnist, the shipped one)"
    )
    parser.add_argument(
        "--seconds", type=float, default=120, metavar="S", help="of `short` (default: 120)"
    )
    parser.add_argument(
        "--data-dir", help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    if "speed" in args.only:
        speed(args.checkpoint)
    judge = Judge(args.data_dir) if {"quality", "short"} & set(args.only) else None
    frechet = quality(args.checkpoint, judge) if "quality" in args.only else None
    if "bits" in args.only:
        bits(args.checkpoint, args.data_dir)
    if "short" in args.only:
        short(args.checkpoint, judge, args.data_dir, args.seconds, frechet)


if __name__ == "__main__":
    run(main)
