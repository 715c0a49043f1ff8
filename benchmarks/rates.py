"""Rate and distortion on MNIST: `python benchmarks/rates.py [--steps N] [--output
checkpoints/rates-mnist.json]`.

Trains a VQ-VAE for each value of K, D and the downsampling that the Compare tab can sweep, with the
same number of steps each, measures them on 2,000 test digits beside k-means on raw patches, JPEG
and WebP, and writes all points to a
file: the plot that the tab shows before a visitor has swept anything. Prints one JSON line a
figure.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import hardware, report  # noqa: E402 (beside this file)
from running import run  # noqa: E402

TEST_IMAGES = 2_000
AXES = ("codebook_size", "downsample", "embedding_dim")


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps", type=int, default=1_500, help="training steps of each model (default: 1500)"
    )
    parser.add_argument(
        "--axes", nargs="+", choices=AXES, default=AXES, help="what to sweep (default: all)"
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep what the file has of the other axes; its models must have had as many steps",
    )
    parser.add_argument("--output", type=Path, default=ROOT / "checkpoints" / "rates-mnist.json")
    parser.add_argument(
        "--data-dir", type=Path, help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    import torch

    import vqvae
    from demo.runs.plans.making import sweep
    from vqvae.analysis.rate_distortion import references
    from vqvae.checkpoints.files import write_json

    data_dir = args.data_dir or Path("data")
    train, test = (
        vqvae.load_dataset("mnist", split, data_dir=args.data_dir) for split in ("train", "test")
    )
    test = test.take(torch.arange(TEST_IMAGES))
    command = (
        f"python benchmarks/rates.py --steps {args.steps} --axes "
        f"{' '.join(args.axes)}{' --add' * args.add}"
    )
    stored = (
        json.loads(args.output.read_text("utf-8")) if args.add else {"points": [], "command": ""}
    )
    if args.add and stored["steps"] != args.steps:
        raise SystemExit(
            f"{args.output} holds models of {stored['steps']} steps; give --steps "
            f"{stored['steps']}."
        )
    anew = {part.series for axis in args.axes for part in sweep("mnist", axis, 2, data_dir).parts}
    points = [point for point in stored["points"] if point["series"] not in anew]
    commands = "; ".join(filter(None, (stored["command"], command)))

    def keep() -> None:
        write_json(
            args.output,
            {
                "dataset": "mnist",
                "images": TEST_IMAGES,
                "steps": args.steps,
                "hardware": hardware(),
                "command": commands,
                "points": points,
            },
        )

    if not args.add:
        points += [point.to_dict() for point in references(train.images, test.images)]
    measured: dict[vqvae.ModelConfig, object] = {}
    for axis in args.axes:
        for part in sweep("mnist", axis, 2, data_dir).parts:
            config = part.model
            if (
                config not in measured
            ):  # the axes cross in the default settings, which are trained once
                training = vqvae.Training(
                    vqvae.build_model(config, 0), train, vqvae.TrainingConfig(steps=args.steps)
                )
                for _ in training.steps():
                    pass
                measured[config] = vqvae.evaluate(training.model, test)[0]
            evaluation = measured[config]
            points.append(
                {
                    "series": part.series,
                    "label": part.title,
                    "bits": evaluation.bits_per_image,
                    "psnr": evaluation.psnr,
                    "mse": evaluation.mse,
                }
            )
            keep()  # a sweep takes a while: what is measured stays measured
            report(f"rate_{part.name}_psnr", evaluation.psnr, "dB", "", command)
    report("rate_points", len(points), "points", "", command)


if __name__ == "__main__":
    run(main)
