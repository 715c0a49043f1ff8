"""How good a model is after a short training on MNIST:
`python benchmarks/mnist.py [--only short long plain shipped]`.

Prints one JSON line a figure. Models are trained and measured by the very commands that the README
names, on all 10,000 test digits; mse is over pixels in [0, 1].

    short    `train --seconds 10` with defaults, then `evaluate`
    long     `train --seconds 60` with defaults, then `evaluate`
    plain    the paper's plain recipe for the same seconds on the same networks, and how many times
             lower ours is (with `long`, in one run on one machine, so that the machine's speed is
             the same for both)
    shipped  `evaluate` of the checkpoint that comes with the project
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
PARTS = ("short", "long", "plain", "shipped")
TARGETS = {10: "<= 0.0028", 60: "<= 0.0013"}
"""mse to reach, by seconds of training."""
PLAIN_RATE, PLAIN_BATCH, PLAIN_BETA = 2e-4, 128, 0.25
"""Adam's learning rate, batch and beta of arXiv:1711.00937, section 4.1 and 3.2."""


MSE = "mean squared error, pixels in [0, 1]"


def evaluate(checkpoint: str, data_dir: list[str]) -> dict:
    """What `evaluate --json` prints."""
    return json.loads(call("evaluate", checkpoint, "--dataset", "mnist", "--json", *data_dir))


def warn_if_busy() -> None:
    """A budget in seconds buys less on a machine that others use too; the steps that were done tell
    how much less."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.5:
        print(
            f"The machine is busy (load {load:.1f}): figures after a number of seconds will be "
            "worse than they are on an idle one.",
            file=sys.stderr,
        )


def ours(seconds: float, data_dir: list[str]) -> float:
    """Train with defaults and report; returns the mse."""
    with tempfile.TemporaryDirectory() as folder:
        call(
            "train",
            "--dataset",
            "mnist",
            "--seconds",
            f"{seconds:g}",
            "--output",
            f"{folder}/model",
            *data_dir,
        )
        figures = evaluate(f"{folder}/model", data_dir)
        steps = json.loads(call("info", f"{folder}/model", "--json"))["training"]["step"]
    command = (
        f"python -m vqvae train --dataset mnist --seconds {seconds:g} --output DIR && "
        "python -m vqvae evaluate DIR --dataset mnist --json"
    )
    report(f"mnist_{seconds:g}s_mse", figures["mse"], MSE, TARGETS.get(seconds, ""), command)
    report(f"mnist_{seconds:g}s_psnr", figures["psnr"], "dB", "", command)
    report(f"mnist_{seconds:g}s_steps", steps, "steps", "", command)
    report(f"mnist_{seconds:g}s_usage", figures["usage"], "share of codes used", ">= 0.99", command)
    return figures["mse"]


def plain(seconds: float, data_dir: str | None) -> dict:
    """The paper's plain recipe: codebook loss, uniform start, no restart, Adam at a constant rate.

    The same encoder and decoder as ours, and the same scaling of the reconstruction loss by the
    data's variance, which the authors' own implementation has too. Written out here, so that
    nothing of our training helps it or harms it.
    """
    import torch
    import torch.nn.functional as F

    import vqvae
    from vqvae.nn.losses import vqvae_loss

    data = vqvae.load_dataset("mnist", data_dir=data_dir)
    model = vqvae.build_model(
        vqvae.ModelConfig(quantizer="gradient", kmeans_start=False, restart_threshold=0.0)
    )
    model.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=PLAIN_RATE)
    variance = data.images[:5_000].float().div(255).var().item()
    generator = torch.Generator().manual_seed(0)
    left, order, steps = seconds, torch.empty(0, dtype=torch.int64), 0
    while left > 0:
        began = time.perf_counter()
        if len(order) < PLAIN_BATCH:
            order = torch.randperm(len(data), generator=generator)
        rows, order = order[:PLAIN_BATCH], order[PLAIN_BATCH:]
        x = data.images[rows].float().div(255).contiguous(memory_format=torch.channels_last)
        output = model(x)
        quantized = output.quantized
        loss = vqvae_loss(
            F.mse_loss(output.x_recon, x) / variance,
            quantized.codebook_loss,
            quantized.commitment_loss,
            PLAIN_BETA,
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        steps += 1
        left -= time.perf_counter() - began
    evaluation, _ = vqvae.evaluate(model, vqvae.load_dataset("mnist", "test", data_dir=data_dir))
    return {**evaluation.to_dict(), "steps": steps}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run (default: all)"
    )
    parser.add_argument(
        "--short", type=float, default=10, metavar="S", help="seconds of `short` (default: 10)"
    )
    parser.add_argument(
        "--long",
        type=float,
        default=60,
        metavar="S",
        help="seconds of `long`, `plain` (default: 60)",
    )
    parser.add_argument(
        "--data-dir", help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    warn_if_busy()
    data_dir = ["--data-dir", os.path.abspath(args.data_dir)] if args.data_dir else []
    if "short" in args.only:
        ours(args.short, data_dir)
    mse = ours(args.long, data_dir) if "long" in args.only else None
    if "plain" in args.only:
        figures, command = (
            plain(args.long, args.data_dir),
            "python benchmarks/mnist.py --only long plain",
        )
        report(f"mnist_plain_recipe_{args.long:g}s_mse", figures["mse"], MSE, "", command)
        report(f"mnist_plain_recipe_{args.long:g}s_steps", figures["steps"], "steps", "", command)
        report(
            f"mnist_plain_recipe_{args.long:g}s_usage",
            figures["usage"],
            "share of codes used",
            "",
            command,
        )
        if mse is not None:
            report(
                f"mnist_{args.long:g}s_plain_over_ours",
                figures["mse"] / mse,
                "times",
                ">= 5",
                command,
            )
    if "shipped" in args.only:
        figures = evaluate("mnist", data_dir)
        command = "python -m vqvae evaluate mnist --dataset mnist --json"
        report("mnist_shipped_mse", figures["mse"], MSE, "<= 0.0008", command)
        report("mnist_shipped_usage", figures["usage"], "share of codes used", ">= 0.99", command)


if __name__ == "__main__":
    run(main)
