"""`evaluate`: a checkpoint's figures of merit on one split of a data set."""

from __future__ import annotations

import json
from pathlib import Path

from vqvae.cli.parsing import (
    UsageError,
    add_checkpoint,
    add_data,
    add_device,
    checkpoint_folder,
    load_images_for,
)
from vqvae.cli.progress import ProgressLine


def add_evaluate(subparsers) -> None:
    """`evaluate CHECKPOINT --dataset ... [--split test] [--json]`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a checkpoint: mse, PSNR, SSIM, perplexity, usage",
        description="Run every image of a split through the model. mse is over pixels in "
        "[0, 1], perplexity and usage over every index of the split.",
    )
    add_checkpoint(parser)
    add_data(parser)
    parser.add_argument(
        "--split", choices=("test", "train"), default="test", help="(default: test)"
    )
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=evaluate)


def evaluate(args) -> None:
    """Print the figures as a table or as one JSON object."""
    folder = checkpoint_folder(args.checkpoint)
    import vqvae
    from vqvae.training.machine import resolve_device

    checkpoint = vqvae.load_checkpoint(folder)
    dataset = args.dataset or trained_on(checkpoint.training)
    device = resolve_device(args.device)
    config = checkpoint.config
    with ProgressLine() as line:
        data = load_images_for(config, dataset, args.split, line.count, args)
        evaluation, _ = vqvae.evaluate(checkpoint.model.to(device), data, progress=line.count)
        values = evaluation.to_dict()
        if (folder / "prior.safetensors").is_file() and config.kind == "vqvae":
            values |= prior_figures(folder, checkpoint.model, data, device, line)
        line.clear()
        if data.skipped:
            line.note(skipped(data))
    if args.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            if value is not None:  # a model without a codebook has no perplexity
                print(f"{name:<22}{value if isinstance(value, str) else f'{value:,.5g}'}")


def prior_figures(folder, model, data, device, line: ProgressLine) -> dict:
    """What a prior adds to the figures; {} with a note when the prior cannot be used."""
    from vqvae.checkpoints.files import CheckpointError
    from vqvae.data.index_set import encode_set
    from vqvae.prior.checkpoint import load_prior
    from vqvae.prior.training import evaluate_prior

    try:
        prior = load_prior(folder, model).to(device)
    except CheckpointError as error:
        line.note(f"The prior is left out: {error}")
        return {}
    index_set = encode_set(model, data, line.count)
    return {
        "prior_bits_per_image": evaluate_prior(prior, index_set, progress=line.count)[
            "bits_per_image"
        ]
    }


def trained_on(training: dict) -> str:
    """The data set a checkpoint was trained on. UsageError when its record does not tell, or when
    it was a folder or
    file: a checkpoint tells its name alone."""
    config = training.get("config")
    dataset = config.get("dataset") if isinstance(config, dict) else None
    if not isinstance(dataset, str) or not dataset:
        raise UsageError(
            "The checkpoint does not tell what it was trained on; give --dataset, for example "
            "mnist."
        )
    from vqvae.data.datasets import DATASETS

    if dataset not in DATASETS and not Path(dataset).exists():
        raise UsageError(
            f"The checkpoint was trained on {dataset[:80]} and does not tell where that lies; give "
            "--dataset with the folder or zip."
        )
    return dataset


def skipped(data) -> str:
    """What was left out of a folder or zip, named as far as there is room."""
    named = "; ".join(f"{file.name} ({file.reason})" for file in data.skipped[:3])
    more = f"; and {len(data.skipped) - 3:,} more" if len(data.skipped) > 3 else ""
    count = "1 file was" if len(data.skipped) == 1 else f"{len(data.skipped):,} files were"
    return f"{count} skipped: {named}{more}."
