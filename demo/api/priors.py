"""Calls of a prior: generate, complete."""

from typing import Any

from demo.api.models import ApiError, vqvae_and_prior
from demo.models import editing, prior_requests
from demo.pictures.images import png_text
from demo.settings import Settings

MOST_GENERATED = 100
MOST_ALTERNATIVES = 16


def generate(
    model: str = "mnist",
    count: int = 1,
    label: int | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    top_p: float = 1.0,
    guidance: float = 1.8,
    steps: int = 8,
    *,
    settings: Settings,
) -> dict[str, Any]:
    """Invent pictures: draw grids of codes from a model's prior, and decode them.

    Args:
        model: The name of a model that has a prior, such as mnist.
        count: How many pictures, from 1 to 100.
        label: The class to draw, from 0 to the number of classes - 1; none for any.
        seed: A whole number; the same one gives the same pictures.
        temperature: Below 1 the likely codes become likelier, above 1 the unlikely ones.
        top_p: Draw only among the likeliest codes that together have this probability; 1 is off.
        guidance: How strongly the class is insisted on at first; it fades to 1, as trained.
        steps: In how many parallel steps a grid is drawn, from 1 to 256.

    Returns:
        indices: one grid a picture; images: the pictures, PNG as base64.
    """
    from vqvae.prior.sampling import sample

    checkpoint, prior = vqvae_and_prior(model, settings)
    number = prior_requests.check_whole(count, 1, MOST_GENERATED, "count")
    label, seed = prior_requests.check_label(label, prior), _seed(seed)
    sampling = prior_requests.check_sampling(
        {"temperature": temperature, "top_p": top_p, "guidance": guidance, "steps": steps}
    )
    return _drawn(checkpoint.model, sample(prior, number, label, sampling, seed))


def complete(
    indices: list[list[int]],
    known: list[list[bool]],
    model: str = "mnist",
    label: int | None = None,
    alternatives: int = 4,
    seed: int = 0,
    temperature: float = 1.0,
    *,
    settings: Settings,
) -> dict[str, Any]:
    """Fill the holes of a grid: what stands in known cells is kept, the others are drawn from the
    model's prior.

    Args:
        indices: Rows of codes; what stands in cells that are not known does not matter, as long as
            it is a code.
        known: Rows of true and false, as many as the grid has: which cells are kept.
        model: The name of a model that has a prior, such as mnist.
        label: The class to draw, from 0 to the number of classes - 1; none for any.
        alternatives: How many completions, from 1 to 16.
        seed: A whole number; the same one gives the same completions.
        temperature: Below 1 the likely codes become likelier, above 1 the unlikely ones.

    Returns:
        indices: one grid a completion; images: their pictures, PNG as base64.
    """
    import torch

    from vqvae.prior.sampling import inpaint

    checkpoint, prior = vqvae_and_prior(model, settings)
    grid = editing.check_grid(checkpoint.model, indices)
    _check_known(known, *grid.shape)
    number = prior_requests.check_whole(alternatives, 1, MOST_ALTERNATIVES, "alternatives")
    sampling = prior_requests.check_sampling({"temperature": temperature})
    return _drawn(
        checkpoint.model,
        inpaint(
            prior,
            torch.tensor(grid.rows),
            torch.tensor(known),
            label=prior_requests.check_label(label, prior),
            alternatives=number,
            sampling=sampling,
            seed=_seed(seed),
        ),
    )


def _check_known(known: object, h: int, w: int) -> None:
    rows = known if isinstance(known, list) and len(known) == h else [None]
    if not all(
        isinstance(row, list) and len(row) == w and all(isinstance(cell, bool) for cell in row)
        for row in rows
    ):
        raise ApiError(f"known must be {h} rows of {w} times true or false for this model.")


def _seed(value: object) -> int:
    return prior_requests.check_whole(value, 0, prior_requests.MOST_SEED, "seed")


def _drawn(model, indices) -> dict[str, Any]:
    return {
        "indices": indices.tolist(),
        "images": [png_text(pixels) for pixels in editing.decode_all(model, indices)],
    }
