"""The model card of a checkpoint (README.md): the hub's metadata on top, then what the model is and
how to use it."""

from __future__ import annotations

from vqvae.config import ModelConfig

HUB_DATASETS = {
    "mnist": "ylecun/mnist",
    "fashion-mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}
TAGS = ("vector-quantization", "autoencoder", "image-compression", "discrete-latents")
METRICS = (
    ("mse", "mean squared error, pixels in [0, 1]"),
    ("psnr", "PSNR, dB"),
    ("ssim", "SSIM"),
    ("perplexity", "perplexity of the codes"),
    ("usage", "share of codes used"),
    ("sharpness", "sharpness of the reconstructions, 1 is that of the pictures"),
    ("kl_nats", "KL divergence, nats per picture"),
    ("bits_per_image", "bits per picture"),
)


def model_card(info: dict, note: str = "") -> str:
    """Markdown with front matter. info: what `read_info` returns, or as much of it as is known;
    note: a paragraph on the data that the figures cannot tell."""
    from huggingface_hub import ModelCardData

    config = ModelConfig.from_dict(
        {k: v for k, v in info.items() if k in ModelConfig.__dataclass_fields__}
    )
    dataset, metrics = str(info.get("dataset") or ""), info.get("metrics") or {}
    name = f"{config.kind}-{dataset or 'own-images'}"
    results = _results(metrics, dataset or "unknown")
    data = ModelCardData(
        license="mit",
        library_name="vqvae-playground",
        pipeline_tag="image-to-image",
        language="en",
        tags=[config.kind, *TAGS],
        datasets=[HUB_DATASETS[dataset]] if dataset in HUB_DATASETS else None,
        model_name=name if results else None,
        eval_results=results or None,
    )
    lines = [
        f"# {name}",
        "",
        *_what_it_is(config),
        *([note, ""] if note else []),
        *_figures(metrics),
        *_training(info),
        *_use(config),
    ]
    return "\n".join(["---", data.to_yaml(), "---", "", *lines])


def _results(metrics: dict, dataset: str) -> list:
    """The figures as the hub reads them."""
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type="image-to-image",
            task_name="reconstruction",
            dataset_type=dataset,
            dataset_name=dataset,
            dataset_split=metrics.get("split") or "test",
            metric_type=key,
            metric_name=title,
            metric_value=round(metrics[key], 6),
        )
        for key, title in METRICS
        if metrics.get(key) is not None
    ]


def _what_it_is(config: ModelConfig) -> list[str]:
    colour = "grey" if config.channels == 1 else "colour"
    h, w = config.grid
    before = 8 * config.channels * config.height * config.width
    if config.kind != "vqvae":
        article = "An" if config.kind == "ae" else "A"
        return [
            f"{article} {config.kind.upper()} for {colour} pictures of {config.height} × "
            f"{config.width} pixels with one vector of {config.latent_dim} numbers, on the "
            "encoder and decoder of a VQ-VAE beside it.",
            "",
        ]
    return [
        f"A VQ-VAE ([arXiv:1711.00937](https://arxiv.org/abs/1711.00937)) for {colour} pictures "
        f"of {config.height} × {config.width} pixels. It writes a picture as {h} × {w} indices "
        f"into a codebook of {config.codebook_size} vectors of {config.embedding_dim} numbers: "
        f"{config.bits_per_image:.0f} bits for {before:,}.",
        "",
    ]


def _figures(metrics: dict) -> list[str]:
    rows = [
        f"| {title} | {metrics[key]:.5g} |"
        for key, title in METRICS
        if metrics.get(key) is not None
    ]
    if not rows:
        return []
    count, split = metrics.get("images") or 0, metrics.get("split") or "test"
    return [
        f"## Figures on the {count:,} {split} pictures",
        "",
        "| what | value |",
        "|---|---|",
        *rows,
        "",
    ]


def _training(info: dict) -> list[str]:
    training = info.get("training") or {}
    if not training.get("step"):
        return []
    return [
        "## Training",
        "",
        f"{training['step']:,} steps ({training.get('epoch') or 0:.1f} epochs of "
        f"{training.get('images') or 0:,} pictures) in "
        f"{training.get('elapsed_seconds') or 0:.0f} s on "
        f"{training.get('device') or 'an unknown device'}. All settings are in `training.json`.",
        "",
    ]


def _use(config: ModelConfig) -> list[str]:
    kind = "VQVAE" if config.kind == "vqvae" else "Autoencoder"
    # A conditional VAE decodes a class and a vector; its `reconstruct` finds the class by itself.
    lines = (
        ["z = model.encode(x)", "x_recon = model.decode(z)"]
        if config.kind in ("vqvae", "ae", "vae")
        else [
            "x_recon = model.reconstruct(x)",
            "x_new = model.sample(10, labels)  # labels int64 (10,)",
        ]
    )
    return [
        "## Use",
        "",
        "With the package of VQ-VAE Playground:",
        "",
        "```python",
        "import vqvae",
        "",
        f'model = vqvae.{kind}.from_pretrained("path/or/hub-id")',
        f"# x float (B, {config.channels}, {config.height}, {config.width}) in [0, 1]",
        *lines,
        "```",
        "",
        "Weights are safetensors, settings JSON; there is no pickle.",
        "",
    ]
