"""Calls about a picture: encode, decode, reconstruct."""

from typing import Any

from demo.api.models import ApiError, vqvae_of
from demo.as_text import bytes_of
from demo.models import editing
from demo.models.library import find_model
from demo.pictures.choosing import Choice, checked_choice
from demo.pictures.images import MAX_BYTES, png_text
from demo.pictures.input import open_picture, picture_to_input
from demo.settings import Settings


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
    checkpoint = vqvae_of(model, settings)
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


def _input(image: object, model: object, choice: Choice, settings: Settings):
    """(checkpoint, uint8 (H, W, C), what was done): a picture as the model takes it, as the
    Reconstruct tab would."""
    checkpoint = vqvae_of(model, settings)
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
