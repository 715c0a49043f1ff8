"""VQ-VAE against AE, VAE and conditional VAE on MNIST:
`python benchmarks/compare.py [--seconds 60 | --steps N]`.

Each model trains for the same budget on the same encoder and decoder, with the same bits: the grid
of codes, an AE's vector at 8 bits per number, and VAEs whose KL divergence is free up to the bits
of the grid. The plain VAE (the evidence lower bound as it is) settles at far fewer bits and is
measured too. Prints one JSON line per figure: bits per image, mse, sharpness of the reconstructions
(1 is that of the pictures), and how many of the 10,000 reconstructed test digits a classifier that
has never seen a reconstruction still reads right; of a conditional VAE also how many of its samples
are read as the class that was asked for. At the end a table on standard error. About seven minutes
with the default budget. To shorten it honestly give all of them less (`--seconds 20`, or
`--steps N`, which does not depend on how busy the machine is), or train fewer of them for as long
(`--only vqvae vae_same_bits`). `--shipped` measures the checkpoints that come with the project
instead of training anything.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import report  # noqa: E402 (beside this file)
from running import run  # noqa: E402

MODELS = (
    ("vqvae", "vqvae", False),
    ("ae", "ae", False),
    ("vae_same_bits", "vae", True),
    ("vae", "vae", False),
    ("cvae_same_bits", "cvae", True),
)
"""Name, kind, and whether the KL divergence is free up to the bits of the grid."""
SHIPPED = (("vqvae", "mnist"), ("ae", "mnist-ae"), ("vae", "mnist-vae"), ("cvae", "mnist-cvae"))


def measure(name: str, model, test, classifier, plain: float, command: str) -> tuple:
    """Print a model's figures; returns them as a row of the table. `plain`: the classifier on the
    digits themselves."""
    import torch

    import vqvae
    from vqvae.metrics import sharpness

    evaluation, _ = vqvae.evaluate(model, test)
    model.eval()
    right, sharp = 0, 0.0
    for begin in range(0, len(test), 500):
        x, labels = (
            test.images[begin : begin + 500].float().div(255),
            test.labels[begin : begin + 500],
        )
        with torch.inference_mode():
            x_recon = (
                model.decode(model.encode(x))
                if model.config.kind == "vqvae"
                else model.reconstruct(x, labels)
            )
        right += int((classifier.read(x_recon) == labels).sum())
        sharp += sharpness(x_recon, x).sum().item()
    figures = (evaluation.bits_per_image, evaluation.mse, sharp / len(test), right / len(test))
    for value, (what, unit) in zip(
        figures,
        (
            ("bits", "bits per image"),
            ("mse", "mean squared error, pixels in [0, 1]"),
            ("sharpness", "share of the pictures' own"),
            ("accuracy", f"share read right, {plain:.4f} of the digits themselves"),
        ),
        strict=True,
    ):
        report(f"compare_{name}_{what}", value, unit, "", command)
    if model.config.kind == "cvae":
        asked = torch.arange(1000) % 10
        with torch.inference_mode():
            drawn = classifier.read(
                model.sample(len(asked), asked, torch.Generator().manual_seed(0))
            )
        report(
            f"compare_{name}_samples",
            (drawn == asked).float().mean().item(),
            "share of 1,000 samples read as the class that was asked for",
            "",
            command,
        )
    return name, *figures


def main() -> None:
    """Train or load, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--seconds", type=float, default=60, help="training time of each model (default: 60)"
    )
    budget.add_argument("--steps", type=int, help="training steps of each model instead")
    parser.add_argument("--shipped", action="store_true", help="measure the shipped checkpoints")
    names = [name for name, *_ in MODELS]
    parser.add_argument(
        "--only",
        nargs="+",
        choices=names,
        default=names,
        metavar="MODEL",
        help=f"models to train, of {', '.join(names)} (default: all)",
    )
    parser.add_argument(
        "--data-dir", help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    import vqvae

    train, test = (
        vqvae.load_dataset("mnist", split, data_dir=args.data_dir) for split in ("train", "test")
    )
    from classifier import get_classifier

    classifier, plain = get_classifier(train, test)
    rows = []
    if args.shipped:
        for name, checkpoint in SHIPPED:
            rows.append(
                measure(
                    f"shipped_{name}",
                    vqvae.load(checkpoint),
                    test,
                    classifier,
                    plain,
                    "python benchmarks/compare.py --shipped",
                )
            )
    else:
        spent = {"steps": args.steps} if args.steps else {"seconds": args.seconds}
        command = "python benchmarks/compare.py " + " ".join(
            f"--{k} {v:g}" for k, v in spent.items()
        )
        for name, kind, same_bits in MODELS:
            if name not in args.only:
                continue
            config = vqvae.ModelConfig(kind=kind, classes=train.classes)
            extra = {"free_bits": config.bits_per_image} if same_bits else {}
            training = vqvae.Training(
                vqvae.build_model(config, 0), train, vqvae.TrainingConfig(**spent, **extra)
            )
            for record in training.steps():
                if record.step % 200 == 0:
                    print(
                        f"{name}: step {record.step:,}, mse {record.reconstruction_loss:.5f}",
                        file=sys.stderr,
                    )
            rows.append(measure(name, training.model, test, classifier, plain, command))
    print(f"{'':<20}{'bits':>8}{'mse':>10}{'sharpness':>11}{'read right':>12}", file=sys.stderr)
    for name, bits, mse, sharp, right in rows:
        print(f"{name:<20}{bits:>8.0f}{mse:>10.5f}{sharp:>11.3f}{right:>12.2%}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
