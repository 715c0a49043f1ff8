"""`info`: what a checkpoint says of itself, without loading its weights (or PyTorch)."""

from __future__ import annotations

import json

from vqvae.cli.parsing import add_checkpoint, checkpoint_folder

METRICS = (
    ("mse", "mse", "{:.5f}"),
    ("psnr", "PSNR", "{:.2f} dB"),
    ("ssim", "SSIM", "{:.4f}"),
    ("perplexity", "perplexity", "{:.0f}"),
    ("usage", "codes used", "{:.1%}"),
)


def add_info(subparsers) -> None:
    """`info CHECKPOINT [--json]`."""
    parser = subparsers.add_parser(
        "info", help="what a checkpoint is: data, sizes, test figures, training"
    )
    add_checkpoint(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=info)


def info(args) -> None:
    """Print a table, or the whole of `read_info` as JSON."""
    from vqvae.checkpoints.checkpoint import read_info

    values = read_info(checkpoint_folder(args.checkpoint))
    if args.json:
        print(json.dumps(values, indent=2))
    else:
        for name, text in describe(values):
            print(f"{name:<12}{text}")


def describe(values: dict) -> list[tuple[str, str]]:
    """(name, text) lines of what `read_info` returns."""
    lines = [
        ("name", values["name"]),
        ("kind", values["kind"]),
        ("data set", values["dataset"] or "unknown"),
        (
            "images",
            f"{values['height']} x {values['width']}, "
            f"{'grey' if values['channels'] == 1 else 'colour'}",
        ),
        _codes(values) if values["kind"] == "vqvae" else _latent(values),
        (
            "networks",
            f"{values['hidden_channels']} channels, {values['residual_blocks']} residual blocks"
            + (f", quantizer {values['quantizer']}" if values["kind"] == "vqvae" else ""),
        ),
        ("test", _measured(values["metrics"])),
    ]
    training = values["training"]
    if spent := _spent(training):
        state = "" if training.get("finished") else ", stopped before its end"
        device = training.get("device") or "an unknown device"
        lines.append(("training", f"{spent} on {device}{state}"))
    lines.append(("prior", _of_the_prior(values["prior"]) if values["has_prior"] else "none"))
    return lines


def _codes(values: dict) -> tuple[str, str]:
    h, w = values["grid"]
    return (
        "codes",
        f"{h} x {w} of {values['codebook_size']}, each {values['embedding_dim']} numbers; "
        f"{values['bits_per_image']:.0f} bits per image",
    )


def _latent(values: dict) -> tuple[str, str]:
    """What an ae, vae or cvae has in place of codes."""
    bits, kl = values["metrics"].get("bits_per_image"), values["metrics"].get("kl_nats")
    rate = ""
    if bits is not None and kl is not None:
        rate = f"; KL {kl:.1f} nats, {bits:.0f} bits per image"
    elif bits is not None and values["kind"] == "ae":
        rate = f"; {bits:.0f} bits per image at 8 bits per number"
    return "latent", f"one vector of {values['latent_dim']} numbers{rate}"


def _measured(metrics: dict) -> str:
    figures = [
        f"{title} {form.format(metrics[key])}"
        for key, title, form in METRICS
        if metrics.get(key) is not None
    ]
    if not figures:
        return "not measured yet; run `evaluate`"
    return f"{', '.join(figures)} ({metrics.get('images') or 0:,} images)"


def _of_the_prior(prior: dict) -> str:
    """What a prior's file says of itself, in a line."""
    if not prior:
        return "yes, but its file cannot be read; train it again with `train-prior --force`"
    config, metrics, training = prior["config"], prior["metrics"], prior["training"]
    parts = [
        f"{config.get('layers')} layers of {config.get('channels')} channels",
        f"{config['classes']} classes" if config.get("classes") else "no classes",
    ]
    if metrics.get("bits_per_image") is not None:
        parts.append(f"{metrics['bits_per_image']:.1f} bits per image")
    return ", ".join(filter(None, [*parts, _spent(training)]))


def _spent(training: dict) -> str:
    """What a training took; "" where its record does not tell."""
    step, seconds = training.get("step"), training.get("elapsed_seconds")
    return "" if step is None or seconds is None else f"{step:,} steps in {seconds:.0f} s"
