"""What two settings do on MNIST: `python benchmarks/settings.py [--steps N] [--output
checkpoints/settings-mnist.json]`.

Trains a VQ-VAE for each of a few embedding dimensions D and commitment weights beta, all else at
its default, the same number of steps each, and measures it on 2,000 test digits. The file holds the
curves that the Reconstruct tab shows below "What if". Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import hardware, report  # noqa: E402 (beside this file)
from running import run  # noqa: E402

TEST_IMAGES = 2_000
SETTINGS = {
    "embedding_dim": (1, 2, 4, 8, 16, 32),
    "commitment_weight": (0.0, 0.25, 4.0, 64.0, 1000.0),
}


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps", type=int, default=800, help="training steps of each model (default: 800)"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "checkpoints" / "settings-mnist.json")
    parser.add_argument(
        "--data-dir", type=Path, help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    import torch

    import vqvae
    from vqvae.checkpoints.files import write_json

    train, test = (
        vqvae.load_dataset("mnist", split, data_dir=args.data_dir) for split in ("train", "test")
    )
    test = test.take(torch.arange(TEST_IMAGES))
    command = f"python benchmarks/settings.py --steps {args.steps}"
    points = []
    for setting, values in SETTINGS.items():
        for value in values:
            model = {setting: value} if setting == "embedding_dim" else {}
            training = {} if model else {setting: value}
            run_of = vqvae.Training(
                vqvae.build_model(vqvae.ModelConfig(**model), 0),
                train,
                vqvae.TrainingConfig(steps=args.steps, **training),
            )
            for _ in run_of.steps():
                pass
            measured = vqvae.evaluate(run_of.model, test)[0]
            points.append(
                {
                    "setting": setting,
                    "value": value,
                    "psnr": round(measured.psnr, 3),
                    "perplexity": round(measured.perplexity or 0.0, 1),
                    "usage": round(measured.usage or 0.0, 4),
                }
            )
            report(f"{setting}_{value:g}_psnr", measured.psnr, "dB", "", command)
    write_json(
        args.output,
        {
            "dataset": "mnist",
            "images": TEST_IMAGES,
            "steps": args.steps,
            "hardware": hardware(),
            "command": command,
            "points": points,
        },
    )


if __name__ == "__main__":
    run(main)
