"""What the Reconstruct tab asks the server: open a model, open an upload, pass a picture through the model.

Each function takes one JSON object from the page and gives one back: {"ok": true, ...} or {"ok": false, "error": one
sentence}. They keep nothing of a visitor's: what a request needs is in it, and everything in it is checked.
Pictures travel as base64: raw uint8 pixels, row by row, or PNG files. H x W pixels, h x w cells, K codes.
"""

import base64
import binascii
import logging
import math
import threading
from collections.abc import Callable

import numpy as np

from demo.comparison_models import EXAMPLES as TEST_DIGITS
from demo.images import MAX_BYTES, ImageError, encode_png, read_image, to_channels
from demo.layout import lay_out, pad_size, style_of, to_input
from demo.models import DATASET_NAMES, ModelError, find_model, get_checkpoint
from demo.palette import code_sheet
from demo.sample_photos import SOURCE, sample_photos
from demo.settings import Settings

log = logging.getLogger(__name__)

EXAMPLES = 10

WHOLE_SIDE = 512
"""Longest side at which a photo is coded whole, pixels: as much work as a batch of 256 pictures of 32 x 32."""

_MAX_PAD_BYTES = 8 * 2**20
_slots = threading.BoundedSemaphore(2)


class RequestError(ValueError):
    """A request that no page of ours sends, or one for a model this tab cannot show."""


def answer(handler: Callable[[dict, Settings], dict], request: object, settings: Settings) -> dict:
    """Run a handler; whatever goes wrong comes back as {"ok": false, "error": one sentence}."""
    from vqvae import CheckpointError

    if not isinstance(request, dict):
        return {"ok": False, "error": "The request is not a JSON object; reload the page."}
    number = request.get("n")
    reply = {"n": number if isinstance(number, int) and not isinstance(number, bool) else None}
    if not _slots.acquire(timeout=20):
        return {**reply, "ok": False, "error": "The server is busy; it will be tried again.", "again": True}
    try:
        return {**reply, "ok": True, **handler(request, settings)}
    except (RequestError, ImageError, ModelError, CheckpointError) as error:
        return {**reply, "ok": False, "error": str(error)}
    except Exception:
        log.exception("A request of the Reconstruct tab failed")
        return {**reply, "ok": False, "error": "The server failed on this picture; its log says why. Try another one."}
    finally:
        _slots.release()


def open_model(request: dict, settings: Settings) -> dict:
    """request {model} -> what the page needs to know about it once.

    `size` [H, W, C], `grid` [h, w], `codebook_size` K, `pad` [height, width] of the drawing pad, `style` name of the
    data set whose layout a picture can be given, or None; `codes` the sprite of all codes, {png, columns, rows};
    `examples` [{label, pixels}], raw pixels H x W x C, and where they come from;
    `bits_before`, `bits_after` of one picture.
    """
    checkpoint, dataset = _checkpoint(request, settings)
    config = checkpoint.model.config
    examples, examples_from = _examples(checkpoint, dataset)
    return {
        "model": request["model"],
        "size": [config.height, config.width, config.channels],
        "grid": list(config.grid),
        "codebook_size": config.codebook_size,
        "pad": list(pad_size(config)),
        "style": DATASET_NAMES.get(dataset, dataset) if style_of(config, dataset) else None,
        "codes": code_sheet(checkpoint.model),
        "examples": examples,
        "examples_from": examples_from,
        "bits_before": config.height * config.width * config.channels * 8,
        "bits_after": config.bits_per_image,
    }


def open_upload(request: dict, settings: Settings) -> dict:
    """request {model, file: base64, whole: bool} -> what `lay_out` gives; `whole` keeps all of it, with margins."""
    data = _base64(request.get("file"), MAX_BYTES, "file")
    checkpoint, dataset = _checkpoint(request, settings)
    return lay_out(read_image(data), checkpoint.model.config, dataset, whole=request.get("whole") is True)


def code_whole(request: dict, settings: Settings) -> dict:
    """request {model, file: base64} -> the whole photo and what comes back of it, at up to 512 pixels a side.

    `original`, `recon`: PNG; `size` [H, W] of them, `full` [H, W] of the file; `grid` [h, w], `bits_before`,
    `bits_after`, `ratio` of the two, `psnr` in dB, `ssim`.
    """
    import torch

    from vqvae.photos import code_photo

    data = _base64(request.get("file"), MAX_BYTES, "file")
    checkpoint, _ = _checkpoint(request, settings)
    config = checkpoint.model.config
    picture = read_image(data, max_side=WHOLE_SIDE)
    pixels = to_channels(picture.pixels, config.channels)
    pixels = pixels.reshape(*pixels.shape[:2], config.channels)
    with torch.inference_mode():
        photo = code_photo(checkpoint.model, torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255)
    recon = (photo.x_recon * 255).round().byte().permute(1, 2, 0).numpy()
    return {
        "original": _text(encode_png(_plain(pixels))),
        "recon": _text(encode_png(_plain(recon))),
        "size": list(pixels.shape[:2]),
        "full": list(picture.full),
        "grid": list(photo.indices.shape),
        "bits_before": pixels.size * 8,
        "bits_after": photo.bits,
        "ratio": photo.ratio,
        "psnr": photo.psnr if math.isfinite(photo.psnr) else None,
        "ssim": photo.ssim if math.isfinite(photo.ssim) else None,
    }


def reconstruct(request: dict, settings: Settings) -> dict:
    """request {model, image: base64 of a PNG, tidy: bool, source: str} -> the picture at every stage.

    `source` is "example", "upload" or "drawn": an example has the model's own layout, a drawing grows under the pen.
    `input`, `recon`, `unquantized`, `error`: raw pixels; the first three H x W x C, `error` H x W in 1/255 of full
    brightness, the mean over channels of |input - recon|. `indices` h * w integers, row by row. `psnr` and
    `psnr_unquantized` in dB (None where the pictures are equal), `ssim` up to 1. `did`: what was done to the picture
    to make it an input, a sentence.
    """
    import torch

    from vqvae.metrics import psnr, ssim

    data = _base64(request.get("image"), _MAX_PAD_BYTES, "picture")
    checkpoint, dataset = _checkpoint(request, settings)
    model = checkpoint.model
    config = model.config
    picture = read_image(data, max_side=2048, max_pixels=2048 * 2048)
    tidy_up, source = request.get("tidy") is True, request.get("source")
    pixels, did = to_input(picture.pixels, config, dataset, tidy_up=tidy_up, source=source)
    channels_last = pixels.reshape(config.height, config.width, config.channels)
    with torch.inference_mode():
        x = torch.from_numpy(channels_last.copy()).permute(2, 0, 1)[None].float() / 255
        z_e = model.latents(x)
        indices = model.quantizer(z_e).indices
        x_recon, unquantized = model.decode_latents(torch.cat([model.embed(indices), z_e])).split(1)
        return {
            "input": _text(channels_last),
            "indices": indices.flatten().tolist(),
            "recon": _pixels(x_recon),
            "unquantized": _pixels(unquantized),
            "error": _pixels((x - x_recon).abs().mean(1, keepdim=True)),
            "psnr": _figure(psnr(x, x_recon)),
            "ssim": _figure(ssim(x, x_recon)),
            "psnr_unquantized": _figure(psnr(x, unquantized)),
            "did": did,
        }


def _checkpoint(request: dict, settings: Settings):
    """The checkpoint a request names, and the name of its data set."""
    entry = find_model(request.get("model"), settings)
    if entry.info.get("kind", "vqvae") != "vqvae":
        raise RequestError("This model has no codebook, so there are no codes to show: choose a VQ-VAE.")
    return get_checkpoint(entry.id, settings), str(entry.info.get("dataset") or "")


def _base64(value: object, limit: int, what: str) -> bytes:
    if not isinstance(value, str):
        raise RequestError(f"The request has no {what}; reload the page.")
    if len(value) > limit * 4 // 3 + 4:
        raise ImageError(f"The {what} is larger than {limit // 2**20} MB: make it smaller.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(f"The {what} did not arrive whole; try again.") from None


def _text(data) -> str:
    return base64.b64encode(np.ascontiguousarray(data) if isinstance(data, np.ndarray) else data).decode()


def _pixels(x) -> str:
    """(1, C, H, W) in [0, 1] -> base64 of uint8 H x W x C."""
    return _text((x[0].permute(1, 2, 0) * 255).round().byte().contiguous().numpy())


def _plain(pixels: np.ndarray) -> np.ndarray:
    """(H, W, C) -> as Pillow takes it: (H, W) for grey."""
    return np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _figure(value) -> float | None:
    number = float(value.reshape(-1)[0])
    return number if math.isfinite(number) else None


def _examples(checkpoint, dataset: str) -> tuple[list[dict], str]:
    """Pictures to begin with, and a sentence on where they come from.

    For a model of digits real ones: test digits of MNIST and two synthetic digits, or synthetic digits alone. For the
    photos of CIFAR-10 real ones too. For another model test pictures decoded from the gallery's codes, one of each
    class where it has classes.
    """
    import torch

    config, gallery = checkpoint.model.config, checkpoint.gallery
    examples, sources = [], []
    digits = config.channels == 1 and dataset in ("mnist", "synthetic") and (config.height, config.width) == (28, 28)
    of_photos = config.channels == 3 and dataset.startswith("cifar10")
    photos = sample_photos(config.height, config.width) if of_photos else []
    # What a decoder has made comes back too well, better even than without quantization: real ones where there are any.
    if digits and dataset == "mnist":
        from PIL import Image

        pairs = np.split(np.asarray(Image.open(TEST_DIGITS)), 20, axis=1)  # two of each class
        examples += [{"label": _class_name(config.classes, label), "pixels": _text(pixels)}
                     for label, pixels in enumerate(pairs[::2])]
        sources.append("test pictures of MNIST")
    elif photos:
        examples += [{"label": label, "pixels": _text(pixels)} for label, pixels in photos]
        sources.append(SOURCE)
    elif not digits and gallery is not None and len(gallery.indices):
        chosen = _one_of_each(gallery)
        with torch.inference_mode():
            images = checkpoint.model.decode(gallery.indices[chosen])
        labels = [None if gallery.labels is None else int(gallery.labels[i]) for i in chosen]
        examples += [{"label": _class_name(config.classes, label), "pixels": _pixels(x[None])}
                     for label, x in zip(labels, images, strict=True)]
        sources.append("test pictures as this model draws them from their stored codes, which come back better than "
                       "real ones do")
    if digits:
        from vqvae.synthetic import synthetic_digits

        images, labels = synthetic_digits(2 if examples else EXAMPLES, 0, split="test")
        examples += [{"label": f"synthetic {int(label)}", "pixels": _text(image.numpy())}
                     for image, label in zip(images, labels, strict=True)]
        sources.append("synthetic digits")
    return examples, f"Examples: {' and '.join(sources)}." if sources else ""


def _one_of_each(gallery) -> list[int]:
    """Places in the gallery: the first of each class in the order of the classes, or simply the first ones."""
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
