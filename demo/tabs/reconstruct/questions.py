"""What the Reconstruct tab asks the server: open a model, open an upload, pass a picture through
the model.

The questions keep nothing of a visitor's: what a request needs is in it. H x W pixels, h x w cells,
K codes.
"""

import math
from collections.abc import Sequence

import numpy as np

from demo.as_text import encoded
from demo.door import OfModel, Question, RequestError, decoded
from demo.models.library import find_model, get_checkpoint, list_models
from demo.models.palette import code_sheet
from demo.models.sets import EXAMPLES as TEST_DIGITS
from demo.models.weights import for_page
from demo.pictures.arrays import to_pixels, to_tensor
from demo.pictures.choosing import checked_choice
from demo.pictures.images import MAX_BYTES, png_text, read_image, to_channels
from demo.pictures.input import Taken, TakenIn, drawing_to_input, taken_again, taken_in
from demo.pictures.layout import name_of, pad_size, style_of
from demo.pictures.sample_photos import SOURCE, sample_photos
from demo.settings import Settings
from demo.tabs.reconstruct.answers import Example, Opened, Stages, WholePhoto
from demo.tabs.reconstruct.requests import (
    ChoiceRequest,
    PictureRequest,
    UploadRequest,
    WholeRequest,
)

EXAMPLES = 10

WHOLE_SIDE = 512
"""Longest side at which a photo is coded whole, pixels: as much work as a batch of 256 pictures of
32 x 32."""

MOST_FLOATS = 65_536
"""Largest codebook, and most numbers of a picture's latents, that the page is given."""
EQUAL = 99.9
"""PSNR in dB from which two pictures are equal: `vqvae.metrics.psnr` ends at 100."""

_MAX_PAD_BYTES = 8 * 2**20


def open_model(request: OfModel, settings: Settings) -> Opened:
    """What the page needs to know about a model once."""
    checkpoint, dataset = _checkpoint(request, settings)
    config = checkpoint.model.config
    examples, examples_from = _examples(checkpoint, dataset)
    style = style_of(config, dataset)
    return {
        "model": request.model,
        "size": [config.height, config.width, config.channels],
        "grid": list(config.grid),
        "codebook_size": config.codebook_size,
        "embedding_dim": config.embedding_dim,
        "codebook": _codebook(checkpoint.model),
        "pad": list(pad_size(config)),
        "style": style and {"name": name_of(dataset), "box": style.box, "by_mass": style.by_mass},
        "photos": style and _model_of_photos(settings),
        **for_page(request.model, config, settings),
        "codes": code_sheet(checkpoint.model),
        "examples": examples,
        "examples_from": examples_from,
        "bits_before": config.height * config.width * config.channels * 8,
        "bits_after": config.bits_per_image,
    }


def open_upload(request: UploadRequest, settings: Settings) -> TakenIn:
    """A picture file for the pad, and the model's input that it gives."""
    data = decoded(request.file, MAX_BYTES, "file")
    checkpoint, dataset = _checkpoint(request, settings)
    return taken_in(data, checkpoint.model.config, dataset, whole=request.whole)


def choose_part(request: ChoiceRequest, settings: Settings) -> Taken:
    """Another part of an upload: another digit, what lies in a box, or either of them turned."""
    choice = checked_choice(request.digit, request.box, request.turn)
    data = decoded(request.file, MAX_BYTES, "file")
    checkpoint, dataset = _checkpoint(request, settings)
    return taken_again(data, checkpoint.model.config, dataset, choice)


def code_whole(request: WholeRequest, settings: Settings) -> WholePhoto:
    """The whole photo and what comes back of it, at up to 512 pixels a side."""
    import torch

    from vqvae.grids.photos import code_photo

    data = decoded(request.file, MAX_BYTES, "file")
    checkpoint, _ = _checkpoint(request, settings)
    config = checkpoint.model.config
    picture = read_image(data, max_side=WHOLE_SIDE)
    pixels = to_channels(picture.pixels, config.channels)
    pixels = pixels.reshape(*pixels.shape[:2], config.channels)
    with torch.inference_mode():
        photo = code_photo(checkpoint.model, to_tensor(pixels)[0])
    return {
        "original": png_text(pixels),
        "recon": png_text(to_pixels(photo.x_recon[None])[0]),
        "size": list(pixels.shape[:2]),
        "full": list(picture.full or pixels.shape[:2]),
        "grid": list(photo.indices.shape),
        "bits_before": pixels.size * 8,
        "bits_after": photo.bits,
        "ratio": photo.ratio,
        "psnr": photo.psnr if math.isfinite(photo.psnr) else None,
        "ssim": photo.ssim if math.isfinite(photo.ssim) else None,
    }


def reconstruct(request: PictureRequest, settings: Settings) -> Stages:
    """The picture at every stage; where there is nothing to see, a sentence and no figures."""
    import torch

    from vqvae.metrics import psnr, ssim

    data = decoded(request.image, _MAX_PAD_BYTES, "picture")
    checkpoint, dataset = _checkpoint(request, settings)
    model = checkpoint.model
    config = model.config
    picture = read_image(data, max_side=2048, max_pixels=2048 * 2048)
    made = drawing_to_input(
        picture.pixels, config, dataset, tidy_up=request.tidy, source=request.source
    )
    if made.pixels is None:
        return {"nothing": made.did}
    channels_last = made.pixels.reshape(config.height, config.width, config.channels)
    with torch.inference_mode():
        x = to_tensor(channels_last)
        z_e = model.latents(x)
        indices = model.quantizer(z_e).indices
        x_recon, unquantized = model.decode_latents(torch.cat([model.embed(indices), z_e])).split(1)
        return {
            "input": encoded(channels_last),
            "indices": indices.flatten().tolist(),
            "latents": _floats(z_e[0].flatten(1).T),
            "recon": encoded(to_pixels(x_recon)),
            "unquantized": encoded(to_pixels(unquantized)),
            "error": encoded(to_pixels((x - x_recon).abs().mean(1, keepdim=True))),
            "psnr": _decibels(psnr(x, _as_shown(x_recon))),
            "ssim": _figure(ssim(x, x_recon)),
            "psnr_unquantized": _decibels(psnr(x, _as_shown(unquantized))),
            "did": made.did,
        }


QUESTIONS: tuple[Question, ...] = (open_model, open_upload, choose_part, reconstruct, code_whole)


def _checkpoint(request: OfModel, settings: Settings):
    """The checkpoint a request names, and the name of its data set."""
    entry = find_model(request.model, settings)
    if entry.info.get("kind", "vqvae") != "vqvae":
        raise RequestError(
            "This model has no codebook, so there are no codes to show: choose a VQ-VAE."
        )
    return get_checkpoint(entry.id, settings), str(entry.info.get("dataset") or "")


def _codebook(model) -> str | None:
    """A stored table; the page makes one that follows from less."""
    from vqvae.nn.quantizers.base import ImpliedCodebook

    if isinstance(model.quantizer, ImpliedCodebook):
        return None
    return _floats(model.codebook.detach())


def _floats(values) -> str | None:
    """Base64 of little-endian float32, row by row; None where they are too many for a page to wait
    for."""
    if values.numel() > MOST_FLOATS:
        return None
    return encoded(np.ascontiguousarray(values.float().numpy(), "<f4"))


def _as_shown(x):
    """The picture in 8 bits, as the page has it: Edit, which has no other, then says the same."""
    return (x * 255).round() / 255


def _decibels(value) -> float | None:
    """A PSNR; None at its ceiling, where the pictures are equal."""
    number = _figure(value)
    return None if number is None or number >= EQUAL else number


def _figure(value) -> float | None:
    number = float(value.reshape(-1)[0])
    return number if math.isfinite(number) else None


def _examples(checkpoint, dataset: str) -> tuple[list[Example], str]:
    """Pictures to begin with, and a sentence on where they come from.

    For a model of digits real ones: test digits of MNIST and two synthetic digits, or synthetic
    digits alone. For the photos of CIFAR-10 real ones too. For another model test pictures decoded
    from the gallery's codes, one of each class where it has classes.
    """
    config, gallery = checkpoint.model.config, checkpoint.gallery
    shape = config.channels, config.height, config.width
    if shape == (1, 28, 28) and dataset in ("mnist", "synthetic"):
        if dataset == "synthetic":
            return _synthetic(EXAMPLES), "Examples: synthetic digits."
        examples = _real_digits(config.classes) + _synthetic(2)
        return examples, "Examples: test pictures of MNIST and synthetic digits."
    # What a decoder has made comes back too well, better even than without quantization: real ones
    # where there are any.
    of_photos = config.channels == 3 and dataset.startswith("cifar10")
    if of_photos and (photos := sample_photos(config.height, config.width)):
        found: list[Example] = [
            {"label": label, "pixels": encoded(pixels)} for label, pixels in photos
        ]
        return found, f"Examples: {SOURCE}."
    if gallery is None or not len(gallery.indices):
        return [], ""
    return _from_gallery(checkpoint.model, gallery), (
        "Examples: test pictures as this model draws them from their stored codes, which come back "
        "better than real ones do."
    )


def _real_digits(classes: Sequence[str]) -> list[Example]:
    """One test digit of MNIST a class."""
    from PIL import Image

    pairs = np.split(np.asarray(Image.open(TEST_DIGITS)), 20, axis=1)  # two of each class
    return [
        {"label": _class_name(classes, label), "pixels": encoded(pixels)}
        for label, pixels in enumerate(pairs[::2])
    ]


def _synthetic(count: int) -> list[Example]:
    from vqvae.data.synthetic import synthetic_digits

    images, labels = synthetic_digits(count, 0, split="test")
    return [
        {"label": f"synthetic {int(label)}", "pixels": encoded(image.numpy())}
        for image, label in zip(images, labels, strict=True)
    ]


def _from_gallery(model, gallery) -> list[Example]:
    """Test pictures as the model draws them, one of each class where it has classes."""
    import torch

    chosen = _one_of_each(gallery)
    with torch.inference_mode():
        images = model.decode(gallery.indices[chosen])
    labels = [None if gallery.labels is None else int(gallery.labels[i]) for i in chosen]
    return [
        {"label": _class_name(model.config.classes, label), "pixels": encoded(to_pixels(x[None]))}
        for label, x in zip(labels, images, strict=True)
    ]


def _model_of_photos(settings: Settings) -> str | None:
    """The id of the first shipped model that was trained on photos."""
    datasets = ((entry.id, str(entry.info.get("dataset"))) for entry in list_models(settings))
    return next((ident for ident, dataset in datasets if dataset.startswith("cifar10")), None)


def _one_of_each(gallery) -> list[int]:
    """Places in the gallery: the first of each class in the order of the classes, or simply the
    first ones."""
    if gallery.labels is None:
        return list(range(min(EXAMPLES, len(gallery.indices))))
    first: dict[int, int] = {}
    for place, label in enumerate(gallery.labels.tolist()):
        first.setdefault(label, place)
    return [first[label] for label in sorted(first)][:EXAMPLES]


def _class_name(classes, label: int | None) -> str:
    if label is None:
        return "test picture"
    return str(classes[label]) if classes and label < len(classes) else str(label)
