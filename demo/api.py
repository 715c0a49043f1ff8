"""What programs may call: encode, decode, reconstruct, generate, complete. Nothing else of the app
is public.

    from gradio_client import Client
    client = Client("http://127.0.0.1:7860")
    grid = client.predict(image=base64_of_a_png, model="mnist", api_name="/encode")["indices"]

Pictures are base64 text: PNG out; any file that the page takes in, with or without
`data:image/png;base64,` before it. A grid is a list of rows of whole numbers from 0 to K - 1. The
same five are tools of the optional MCP server (`python app.py --mcp`), which reads these
docstrings. What cannot be answered is one sentence, in a gr.Error.
"""

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Protocol

import gradio as gr

from demo.as_text import bytes_of
from demo.errors import PageError
from demo.models import editing, generating
from demo.models.library import ModelError, find_model, get_checkpoint, get_prior, has_prior
from demo.pictures.choosing import Choice, checked_choice
from demo.pictures.images import MAX_BYTES, ImageError, png_text
from demo.pictures.input import open_picture, picture_to_input
from demo.settings import Settings

log = logging.getLogger(__name__)

MOST_GENERATED = 100
MOST_ALTERNATIVES = 16
CONCURRENCY = 2
"""Calls computed at once, of all five together; the others wait in the queue. One address has one
at most (demo.web.queue), so that a call of half a minute keeps no other address waiting."""


class ApiError(PageError):
    """A call that cannot be answered; its text is one sentence."""


def encode(
    image: str,
    model: str = "mnist",
    box: list[float] | None = None,
    turn: float = 0.0,
    digit: int = 0,
    *,
    settings: Settings,
) -> dict[str, Any]:
    """Turn a picture into a grid of codes.

    Args:
        image: The picture file as base64 text (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC).
        model: The name of a model, such as mnist.
        box: What of the picture goes in: top, left, bottom and right as shares of it, from 0 to 1.
            Without it the digit on a photo is looked for, and of any other picture the middle is
            taken.
        turn: By how many degrees the box or the found digit is turned clockwise, from -180 to 180.
        digit: Which of several digits that are found on a photo, from 0, the likeliest first; not
            with a box.

    Returns:
        indices: rows of codes; text: the same in short, for the Edit tab; codebook_size: K; input:
        the picture as the model took it, PNG as base64; did: what was done to the picture for that.
    """
    from vqvae.grids import packing

    checkpoint, pixels, did = _input(image, model, checked_choice(digit, box, turn), settings)
    grid = editing.encode(checkpoint.model, pixels)
    return {
        "indices": grid.tolist(),
        "text": packing.to_text(grid),
        "codebook_size": grid.codebook_size,
        "input": png_text(pixels),
        "did": did,
    }


def decode(indices: list[list[int]], model: str = "mnist", *, settings: Settings) -> dict[str, Any]:
    """Draw the picture of a grid of codes.

    Args:
        indices: Rows of codes, whole numbers from 0 to K - 1, as many as the model's grid has.
        model: The name of a model, such as mnist.

    Returns:
        image: the picture, PNG as base64.
    """
    checkpoint = _checkpoint(model, settings)
    return {
        "image": png_text(
            editing.decode(checkpoint.model, editing.check_grid(checkpoint.model, indices))
        )
    }


def reconstruct(
    image: str,
    model: str = "mnist",
    box: list[float] | None = None,
    turn: float = 0.0,
    digit: int = 0,
    *,
    settings: Settings,
) -> dict[str, Any]:
    """Pass a picture through a model: encode it, decode it again, and measure what was lost.

    Args:
        image: The picture file as base64 text (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC).
        model: The name of a model, such as mnist.
        box: What of the picture goes in: top, left, bottom and right as shares of it, from 0 to 1.
            Without it the digit on a photo is looked for, and of any other picture the middle is
            taken.
        turn: By how many degrees the box or the found digit is turned clockwise, from -180 to 180.
        digit: Which of several digits that are found on a photo, from 0, the likeliest first; not
            with a box.

    Returns:
        image: the reconstruction, PNG as base64; input: the picture as the model took it; indices:
            rows of codes;
        mse: mean squared error over pixels from 0 to 1; psnr: in dB, null where nothing was lost;
            bits: of the grid.
    """
    import math

    checkpoint, pixels, _ = _input(image, model, checked_choice(digit, box, turn), settings)
    grid = editing.encode(checkpoint.model, pixels)
    drawn = editing.decode(checkpoint.model, grid)
    mse = float(((drawn.astype(float) - pixels) ** 2).mean()) / 255**2
    return {
        "image": png_text(drawn),
        "input": png_text(pixels),
        "indices": grid.tolist(),
        "mse": mse,
        "psnr": -10 * math.log10(mse) if mse else None,
        "bits": checkpoint.config.bits_per_image,
    }


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

    checkpoint, prior = _with_prior(model, settings)
    number = generating.check_whole(count, 1, MOST_GENERATED, "count")
    label, seed = generating.check_label(label, prior), _seed(seed)
    sampling = generating.check_sampling(
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

    checkpoint, prior = _with_prior(model, settings)
    grid = editing.check_grid(checkpoint.model, indices)
    h, w = grid.shape
    if (
        not isinstance(known, list)
        or len(known) != h
        or not all(
            isinstance(row, list) and len(row) == w and all(isinstance(cell, bool) for cell in row)
            for row in known
        )
    ):
        raise ApiError(f"known must be {h} rows of {w} times true or false for this model.")
    number = generating.check_whole(alternatives, 1, MOST_ALTERNATIVES, "alternatives")
    sampling = generating.check_sampling({"temperature": temperature})
    return _drawn(
        checkpoint.model,
        inpaint(
            prior,
            torch.tensor(grid.rows),
            torch.tensor(known),
            label=generating.check_label(label, prior),
            alternatives=number,
            sampling=sampling,
            seed=_seed(seed),
        ),
    )


class Endpoint(Protocol):
    """A function that programs call by its name."""

    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Any]: ...


ENDPOINTS: tuple[Endpoint, ...] = (encode, decode, reconstruct, generate, complete)


def add_endpoints(settings: Settings) -> None:
    """Make the five callable by name; called inside the gr.Blocks."""
    for endpoint in ENDPOINTS:
        gr.api(
            _bound(endpoint, settings),
            api_name=endpoint.__name__,
            api_description=endpoint.__doc__,
            concurrency_id="api",
            concurrency_limit=CONCURRENCY,
        )


def _bound(endpoint: Endpoint, settings: Settings) -> Callable[..., dict[str, Any]]:
    """The endpoint as Gradio wants it: without `settings`, and with its errors as sentences."""
    import inspect

    @wraps(endpoint)
    def call(*args, **kwargs) -> dict[str, Any]:
        return _answer(partial(endpoint, settings=settings), args, kwargs)

    signature = inspect.signature(endpoint)
    shown = [p for name, p in signature.parameters.items() if name != "settings"]
    setattr(call, "__signature__", signature.replace(parameters=shown))  # noqa: B010, none is declared
    call.__annotations__ = {k: v for k, v in endpoint.__annotations__.items() if k != "settings"}
    del call.__wrapped__  # Gradio would look behind it, and find `settings`
    return call


def _answer(
    call: Callable[..., dict[str, Any]], args: tuple, kwargs: dict[str, Any]
) -> dict[str, Any]:
    from vqvae import CheckpointError
    from vqvae.grids.codes import CodesError

    try:
        return call(*args, **kwargs)
    except (
        ApiError,
        editing.EditError,
        generating.GenerateError,
        CodesError,
        ImageError,
        ModelError,
        CheckpointError,
    ) as error:
        raise gr.Error(str(error), print_exception=False) from error
    except Exception as error:
        log.exception("A call of the API failed")
        raise gr.Error(
            "The server failed on this; its log says why.", print_exception=False
        ) from error


# -- parts -----------------------------------------------------------------------------------------


def _checkpoint(model: object, settings: Settings):
    checkpoint = get_checkpoint(model, settings)
    if checkpoint.config.kind != "vqvae":
        raise ApiError("This model has no codebook, so it has no codes: name a VQ-VAE.")
    return checkpoint


def _with_prior(model: object, settings: Settings):
    checkpoint = _checkpoint(model, settings)
    if not has_prior(model, settings):
        raise ApiError(
            "This model has no prior: train one in the Train tab, or with `python -m vqvae "
            "train-prior`."
        )
    return checkpoint, get_prior(model, settings)


def _input(image: object, model: object, choice: Choice, settings: Settings):
    """(checkpoint, uint8 (H, W, C), what was done): a picture as the model takes it, as the
    Reconstruct tab would."""
    checkpoint = _checkpoint(model, settings)
    if not isinstance(image, str):
        raise ApiError("image must be the picture file as base64 text.")
    text = image.partition(",")[2] if image.startswith("data:") else image
    if len(text) > MAX_BYTES * 4 // 3 + 4:
        raise ApiError(f"The picture is larger than {MAX_BYTES // 2**20} MB: make it smaller.")
    try:
        data = bytes_of(text)
    except ValueError:
        raise ApiError(
            "image is not base64 text: give the bytes of the picture file in base64."
        ) from None
    config, dataset = checkpoint.config, str(find_model(model, settings).info.get("dataset") or "")
    made = picture_to_input(
        open_picture(data, config, dataset).pixels, config, dataset, choice=choice
    )
    if made.pixels is None:
        raise ApiError(made.did)
    return checkpoint, made.pixels.reshape(config.height, config.width, config.channels), made.did


def _seed(value: object) -> int:
    return generating.check_whole(value, 0, generating.MOST_SEED, "seed")


def _drawn(model, indices) -> dict[str, Any]:
    return {
        "indices": indices.tolist(),
        "images": [png_text(pixels) for pixels in editing.decode_all(model, indices)],
    }
