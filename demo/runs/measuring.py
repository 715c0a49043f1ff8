"""Trained models in figures: the prior of a run or a plan, and a quantizer beside others."""

from __future__ import annotations

import io
import math
from typing import Any

from demo.as_text import encoded
from demo.pictures.arrays import tiled, to_pixels
from demo.pictures.images import to_image
from demo.runs.reporter import pick

PICTURES = 8
DRAWN_FROM = 200
"""Test pictures whose codes are put together by chance."""
DRAWS = 8
"""Estimates of the likelihood bound for each of the few hundred test grids that a checkpoint
keeps."""
SMALL = {"channels": 64, "layers": 2}
"""Sizes of the prior that is trained on the codes of each quantizer."""
LEARNED = 10_000
"""Training pictures whose codes it learns."""


def measure_prior(training, gallery) -> dict[str, float]:
    """Figures on the gallery's test grids, which the prior has not seen; {} where there are
    none."""
    from vqvae.data.index_set import IndexSet
    from vqvae.prior.training import evaluate_prior

    if gallery is None or not len(gallery.indices):
        return {}
    data, classes = training.data, training.prior.config.classes
    labels = (
        gallery.labels
        if classes and gallery.labels is not None and int(gallery.labels.max()) < classes
        else None
    )
    if classes and labels is None:
        return {}
    return evaluate_prior(
        training.prior,
        IndexSet(
            data.name,
            gallery.indices.short(),
            labels,
            data.classes,
            data.codebook_size,
            data.fingerprint,
        ),
        draws=DRAWS,
    )


def small_prior(model, train, steps: int):
    """The training of a small prior on a model's codes of some pictures of the ImageSet `train`;
    None where the grid is too large for one."""
    import torch

    import vqvae
    from vqvae.data.index_set import encode_set

    some = train.take(torch.linspace(0, len(train) - 1, min(len(train), LEARNED)).long())
    config = vqvae.PriorTrainingConfig(steps=steps, class_conditional=False)
    grids = encode_set(model, some)
    try:
        return vqvae.PriorTraining(vqvae.new_prior(model, grids, config, **SMALL), grids, config)
    except vqvae.ConfigError:
        return None


def prior_bits(prior, model, test) -> float:
    """What the prior of a model needs for a picture of the ImageSet `test`: bits, the likelihood
    bound."""
    from vqvae.data.index_set import encode_set
    from vqvae.prior.training import evaluate_prior

    return evaluate_prior(prior, encode_set(model, test))["bits_per_image"]


def measure_quantizer(training, evaluation, test) -> dict[str, Any]:
    """Figures of a quantizer for the table where it stands beside others; and what it makes of some
    pictures of the ImageSet `test`.

    `coded_bits` is the size of an image's indices in an ideal entropy code with one table for all
    positions: h * w times the entropy of how often each code was chosen, of which the perplexity is
    2 to the power.
    """
    model = training.model
    rows, columns = model.config.grid
    return {
        "codebook_size": model.config.codebook_size,
        "embedding_dim": model.config.embedding_dim,
        "levels": list(model.config.levels),
        "bits": evaluation.bits_per_image,
        "coded_bits": rows * columns * math.log2(evaluation.perplexity),
        "mse": evaluation.mse,
        "psnr": evaluation.psnr,
        "usage": evaluation.usage,
        "perplexity": evaluation.perplexity,
        "step_ms": 1_000 * training.elapsed / max(1, training.step),
        "pictures": pictures(model, test),
    }


def pictures(model, test) -> str:
    """Three rows of PICTURES pictures as the address of a WebP: test pictures, what comes back of
    them, and grids whose cells were drawn one by one, each as its codes are spread over the test
    pictures: what a codebook draws without a prior."""
    import torch

    from vqvae.nn.modes import eval_mode

    device = next(model.parameters()).device
    x = pick(test)[:PICTURES].to(device).float().div(255)
    among = test.images[:DRAWN_FROM].to(device).float().div(255)
    with eval_mode(model):
        indices = model.encode(among)
        _, rows, columns = indices.shape
        generator = torch.Generator().manual_seed(0)
        of = torch.randint(len(among), (len(x), rows, columns), generator=generator)
        here = torch.arange(rows)[:, None], torch.arange(columns)
        drawn = indices[of.to(device), *(place.to(device) for place in here)]
        shown = torch.cat([x, model.decode(model.encode(x)), model.decode(drawn)])
    file, grey = io.BytesIO(), shown.shape[1] == 1
    to_image(tiled(to_pixels(shown), len(x))).save(
        file, "WEBP", lossless=grey, quality=100 if grey else 90
    )
    return f"data:image/webp;base64,{encoded(file.getvalue())}"
