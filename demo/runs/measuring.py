"""Trained models in figures: the prior of a run or a plan, and a quantizer beside others."""

from __future__ import annotations

import math

DRAWS = 8
"""Estimates of the likelihood bound for each of the few hundred test grids that a checkpoint
keeps."""


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


def measure_quantizer(part: dict, training, evaluation) -> dict:
    """Figures of a plan's `part`, a quantizer, for the table where it stands beside others.

    `coded_bits` is the size of an image's indices in an ideal entropy code with one table for all
    positions: h * w times the entropy of how often each code was chosen, of which the perplexity is
    2 to the power.
    """
    model = training.model
    rows, columns = model.config.grid
    return {
        "name": part["name"],
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
    }
