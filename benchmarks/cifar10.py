"""How good a model of small photos is: `python benchmarks/cifar10.py ZIP [--only short shipped]`.

Prints one JSON line a figure. ZIP holds CIFAR-10 as images in train/<class>/ and test/<class>/;
where they are JPEG files, so are the pictures that every figure is about. mse is over pixels in [0,
1].

    short    `train --seconds 120` with defaults, then `evaluate`
    shipped  `evaluate` of the checkpoint that comes with the project
    ssim     what the structural loss gives and takes: the same steps from the same start without it
             and with each of some weights; sharpness is that of the reconstructions over that of
             the pictures
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import report  # noqa: E402 (beside this file)
from running import call, run  # noqa: E402

PARTS = ("short", "shipped", "ssim")
WEIGHTS = (0.0, 0.1, 0.5)
"""Of the structural loss."""
SHARPNESS_IMAGES = 2_000
MSE = "mean squared error, pixels in [0, 1]"


def tell(name: str, checkpoint: str, data: list[str], command: str, mse_target: str) -> None:
    """Measure a checkpoint on the zip's test images and report."""
    figures = json.loads(call("evaluate", checkpoint, "--json", *data))
    report(f"{name}_mse", figures["mse"], MSE, mse_target, command)
    report(f"{name}_psnr", figures["psnr"], "dB", "", command)
    report(f"{name}_ssim", figures["ssim"], "SSIM", "", command)
    report(
        f"{name}_usage",
        figures["usage"],
        "share of codes used",
        ">= 0.99" if mse_target else "",
        command,
    )


def mean_sharpness(checkpoint: str, data: list[str]) -> float:
    """Sharpness of the reconstructions of test images spread over the classes, 1 as sharp as they
    are."""
    import torch

    import vqvae
    from vqvae.metrics import sharpness

    test = vqvae.load_dataset(data[1], "test", data_dir=data[3] if len(data) > 3 else None)
    pictures = (
        test.images[torch.arange(SHARPNESS_IMAGES) * len(test) // SHARPNESS_IMAGES].float().div(255)
    )
    model = vqvae.load(checkpoint)
    return sum(
        sharpness(model.decode(model.encode(x)), x).sum().item() for x in pictures.split(500)
    ) / len(pictures)


def weigh_structure(steps: int, data: list[str]) -> None:
    """Train with each weight of the structural loss, measure and report."""
    for weight in WEIGHTS:
        flags = f"--steps {steps} --ssim-weight {weight:g}"
        with tempfile.TemporaryDirectory() as folder:
            call("train", *data, *flags.split(), "--output", f"{folder}/model")
            name = f"cifar10_ssim_weight_{weight:g}"
            command = f"python -m vqvae train --dataset ZIP {flags} --output DIR"
            tell(name, f"{folder}/model", data, command, "")
            report(
                f"{name}_sharpness",
                mean_sharpness(f"{folder}/model", data),
                "share of the pictures' own",
                "",
                command,
            )
            training = json.loads(call("info", f"{folder}/model", "--json"))["training"]
            report(
                f"{name}_step",
                1000 * training["elapsed_seconds"] / training["step"],
                "ms per step",
                "",
                command,
            )


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("zip", metavar="ZIP", help="CIFAR-10 as images in class folders")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run (default: all)"
    )
    parser.add_argument(
        "--seconds", type=float, default=120, metavar="S", help="seconds of `short` (default: 120)"
    )
    parser.add_argument(
        "--steps", type=int, default=600, metavar="N", help="steps of each of `ssim` (default: 600)"
    )
    parser.add_argument(
        "--data-dir",
        help="where the decoded images are cached (default: $VQVAE_DATA_DIR, else data/)",
    )
    args = parser.parse_args()
    data = ["--dataset", os.path.abspath(args.zip)]
    data += ["--data-dir", os.path.abspath(args.data_dir)] if args.data_dir else []
    if "short" in args.only:
        with tempfile.TemporaryDirectory() as folder:
            call("train", *data, "--seconds", f"{args.seconds:g}", "--output", f"{folder}/model")
            name = f"cifar10_{args.seconds:g}s"
            command = f"python -m vqvae train --dataset ZIP --seconds {args.seconds:g} --output DIR"
            tell(name, f"{folder}/model", data, command, "<= 0.0034")
            steps = json.loads(call("info", f"{folder}/model", "--json"))["training"]["step"]
            report(f"{name}_steps", steps, "steps", "", command)
    if "shipped" in args.only:
        tell(
            "cifar10_shipped",
            "cifar10",
            data,
            "python -m vqvae evaluate cifar10 --dataset ZIP --json",
            "<= 0.0030",
        )
    if "ssim" in args.only:
        weigh_structure(args.steps, data)


if __name__ == "__main__":
    run(main)
