"""Small models of MNIST for "what if": `python benchmarks/minis.py [--only k16-7x7 ...] [--force]`.

Trains one for each number of codes and each grid below, measures it on all 10,000 test digits, and
writes it to `checkpoints/minis/`, its weights in half precision: none is larger than 150 KB. Their
figures are together in `index.json` there. Models that are there already are measured anew and not
trained, unless --force is given. Prints one JSON line per model. Some 15 minutes on one core.
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

CODES = (4, 16, 64, 256, 512)
GRIDS = {
    4: {"downsample": 7, "hidden_channels": 40, "steps": 2_500},
    7: {"downsample": 4, "hidden_channels": 48, "steps": 2_500},
    14: {"downsample": 2, "hidden_channels": 32, "steps": 1_500},
}
"""Cells per side -> what makes such a model, and the training that its error no longer falls much
after."""
MAX_BYTES = 150_000
FIGURES = ("mse", "psnr", "ssim", "perplexity", "usage", "bits_per_image")


def main() -> None:
    """Train, measure, write."""
    names = {f"k{codes}-{side}x{side}": (codes, side) for codes in CODES for side in GRIDS}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=names, default=list(names), metavar="NAME")
    parser.add_argument("--force", action="store_true", help="train anew what is there already")
    parser.add_argument("--steps", type=int, help="training steps of each (default: 1500 to 2500)")
    parser.add_argument("--threads", type=int, default=1, help="(default: 1)")
    parser.add_argument("--output", type=Path, default=ROOT / "checkpoints" / "minis")
    parser.add_argument(
        "--data-dir", help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    import torch

    import vqvae

    torch.set_num_threads(args.threads)
    train, test = (
        vqvae.load_dataset("mnist", s, data_dir=args.data_dir) for s in ("train", "test")
    )
    for name in args.only:
        codes, side = names[name]
        folder = args.output / name
        if args.force or not (folder / "model.safetensors").is_file():
            make(folder, train, codes, GRIDS[side], args.steps)
        measure(folder, test)
        write_index(args.output, [n for n in names if (args.output / n / "metrics.json").is_file()])
        psnr = json.loads((folder / "metrics.json").read_text("utf-8"))["psnr"]
        report(f"mini_{name}_psnr", psnr, "dB", "", f"python benchmarks/minis.py --only {name}")


def make(folder: Path, data, codes: int, recipe: dict, steps: int | None) -> None:
    """Train a model and write it in half precision."""
    import vqvae

    config = vqvae.ModelConfig(
        codebook_size=codes,
        residual_blocks=2,
        classes=data.classes,
        **{key: value for key, value in recipe.items() if key != "steps"},
    )
    settings = vqvae.TrainingConfig(
        steps=steps or recipe["steps"], batch_size=32, device="cpu", precision="float32"
    )
    training = vqvae.Training(vqvae.build_model(config), data, settings)
    for record in training.steps():
        if record.step % 500 == 0:
            print(f"{folder.name}: step {record.step:,}", file=sys.stderr)
    vqvae.save_checkpoint(folder, training.model.half(), training=training.describe())


def measure(folder: Path, data) -> None:
    """Its figures on test images, as the weights in half precision give them."""
    import vqvae

    weights = folder / "model.safetensors"
    if weights.stat().st_size > MAX_BYTES:
        raise SystemExit(
            f"{weights} has {weights.stat().st_size:,} bytes; at most {MAX_BYTES:,} are meant."
        )
    model = vqvae.load(folder)
    figures = vqvae.evaluate(model, data)[0].to_dict()
    vqvae.save_checkpoint(folder, model.half(), metrics=figures)


def write_index(output: Path, names: list[str]) -> None:
    """All models there with their figures in one file: what a page needs to know before it loads
    one."""
    from vqvae.checkpoints.checkpoint import read_info
    from vqvae.checkpoints.files import write_json

    models = []
    for name in names:
        info = read_info(output / name)
        models.append(
            {
                "name": name,
                "codebook_size": info["codebook_size"],
                "grid": info["grid"],
                "bytes": (output / name / "model.safetensors").stat().st_size,
                "steps": info["training"]["step"],
                **{figure: info["metrics"][figure] for figure in FIGURES},
            }
        )
    write_json(
        output / "index.json",
        {
            "dataset": "mnist",
            "split": "test",
            "images": 10_000,
            "hardware": hardware(),
            "command": "python benchmarks/minis.py",
            "models": models,
        },
    )


if __name__ == "__main__":
    run(main)
