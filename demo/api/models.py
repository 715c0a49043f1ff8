"""The models that calls of programs are about."""

from demo.errors import PageError
from demo.models.library import get_checkpoint, get_prior, has_prior
from demo.settings import Settings


class ApiError(PageError):
    """A call that cannot be answered; its text is one sentence."""


def vqvae_of(model: object, settings: Settings):
    """A model with a codebook; ApiError for any other."""
    checkpoint = get_checkpoint(model, settings)
    if checkpoint.config.kind != "vqvae":
        raise ApiError("This model has no codebook, so it has no codes: name a VQ-VAE.")
    return checkpoint


def vqvae_and_prior(model: object, settings: Settings):
    """A model with a codebook, and its prior."""
    checkpoint = vqvae_of(model, settings)
    if not has_prior(model, settings):
        raise ApiError(
            "This model has no prior: train one in the Train tab, or with `python -m vqvae "
            "train-prior`."
        )
    return checkpoint, get_prior(model, settings)
