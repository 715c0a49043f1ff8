"""What the Compare tab asks the server: a picture through all models, between two pictures, samples.

One JSON object in, one out, answered by demo.reconstruction.answer: {"ok": true, ...} or {"ok": false, "error": ...}.
Nothing of a visitor's is kept. Pictures travel as base64 of raw uint8, row by row, H x W x C; several of them one after
the other. Every request names its `set` (demo.comparison_models) and the `model` at the top of the page.
"""

from __future__ import annotations

import math

import numpy as np

from demo import comparison_models as sets
from demo.comparison_models import NAMES, Set
from demo.digits import STYLES
from demo.images import read_image
from demo.layout import lay_out, pad_size, to_input
from demo.models import DATASET_NAMES
from demo.reconstruction import RequestError, _base64, _text
from demo.settings import Settings

STEPS = 9
"""Pictures from one end to the other, both included."""
SAMPLES = 10
MAX_PAD_BYTES = 8 * 2**20


def compare_open(request: dict, settings: Settings) -> dict:
    """request {set, model} -> what the page needs to know of a set once.

    `models` [{kind, name, kept, prior}], `size` [H, W, C], `classes` names, `pad` [height, width], `style` the data
    set's name where a drawing can be laid out like it, `examples` [{label, pixels}], `examples_from`, `note`.
    """
    chosen = _set(request, settings)
    config = chosen.config
    pictures, labels, source = sets.examples(chosen, settings)
    style = STYLES.get(chosen.dataset) if config.channels == 1 else None
    return {
        "set": chosen.id,
        "models": [{"kind": kind, "name": NAMES[kind], "kept": _kept(checkpoint),
                    "collapsed": _collapsed(checkpoint)} for kind, checkpoint in chosen.checkpoints.items()],
        "size": [config.height, config.width, config.channels],
        "classes": list(chosen.checkpoints["cvae"].config.classes) if "cvae" in chosen.checkpoints else [],
        "pad": list(pad_size(config)),
        "style": DATASET_NAMES.get(chosen.dataset, chosen.dataset) if style else None,
        "examples": [{"label": label, "pixels": _text(picture)}
                     for label, picture in zip(labels, pictures, strict=True)],
        "examples_from": source,
        "note": chosen.note,
    }


def compare_upload(request: dict, settings: Settings) -> dict:
    """request {set, model, file: base64} -> what `lay_out` gives."""
    from demo.images import MAX_BYTES

    data = _base64(request.get("file"), MAX_BYTES, "file")
    chosen = _set(request, settings)
    return lay_out(read_image(data), chosen.config, chosen.dataset)


def compare_picture(request: dict, settings: Settings) -> dict:
    """request {set, model, image: base64 of a PNG, tidy, source, label} -> one picture through every model.

    `label` is the class that the conditional VAE is told, or -1: it then takes the one that explains the picture best.
    `input` pixels, `did` what was done to make it one, `models` {kind: {recon, error, mse, psnr, sharpness, bits,
    label, guessed}}; `error` H x W, 1/255 of full brightness; `bits` what this very picture takes.
    """
    import torch

    from vqvae.metrics import mse, psnr, sharpness

    data = _base64(request.get("image"), MAX_PAD_BYTES, "picture")
    chosen = _set(request, settings)
    picture = read_image(data, max_side=2048, max_pixels=2048 * 2048)
    pixels, did = to_input(picture.pixels, chosen.config, chosen.dataset, tidy_up=request.get("tidy") is True,
                           source=request.get("source"))
    x, shown = _tensor(pixels, chosen.config), {}
    with torch.inference_mode():
        for kind, checkpoint in chosen.checkpoints.items():
            model, answer = checkpoint.model, {}
            labels = _told(request.get("label"), model, x) if kind == "cvae" else None
            if kind == "vqvae":
                x_recon, answer["bits"] = model.decode(model.encode(x)), model.config.bits_per_image
            else:
                x_recon = model.reconstruct(x, labels)
                answer["bits"] = 8.0 * model.config.latent_dim if kind == "ae" else \
                    model.kl(x, labels).item() / math.log(2)
            if labels is not None:
                answer |= {"label": int(labels[0]), "guessed": _label(request.get("label"), model.classes) < 0}
            shown[kind] = answer | {
                "recon": _pictures(x_recon), "error": _pictures((x - x_recon).abs().mean(1, keepdim=True)),
                "mse": mse(x_recon, x).item(), "psnr": psnr(x_recon, x).item(),
                "sharpness": sharpness(x_recon, x).item() if x.std() > 0.01 else None}
    return {"input": _pictures(x), "did": did, "models": shown}


def compare_between(request: dict, settings: Settings) -> dict:
    """request {set, model, a, b: raw pixels of two inputs, label} -> `models` {kind: {pictures, differ}}: STEPS
    pictures from a to b. Vectors are mixed evenly; of a grid of codes ever more of those that `differ` are b's."""
    import torch

    chosen = _set(request, settings)
    a, b = (_raw(request.get(name), chosen.config) for name in ("a", "b"))
    shares, shown = torch.linspace(0, 1, STEPS), {}
    with torch.inference_mode():
        for kind, checkpoint in chosen.checkpoints.items():
            model, differ = checkpoint.model, None
            if kind == "vqvae":
                grids, differ = _flips(model.encode(a)[0], model.encode(b)[0], shares)
                path = model.decode(grids)
            else:
                ends = [_told(request.get("label"), model, x) if kind == "cvae" else None for x in (a, b)]
                z = [model.encode(x, labels)[0] for x, labels in zip((a, b), ends, strict=True)]
                mixed = None
                if kind == "cvae":  # a mixture of the two classes, in the same shares
                    hot = [torch.nn.functional.one_hot(labels, model.classes)[0].float() for labels in ends]
                    mixed = torch.lerp(hot[0], hot[1], shares[:, None])
                path = model.decode(torch.lerp(z[0], z[1], shares[:, None]), mixed)
            shown[kind] = {"pictures": _pictures(path), "differ": differ}
    return {"models": shown}


def compare_samples(request: dict, settings: Settings) -> dict:
    """request {set, model, seed, label} -> `rows` [{kind, pictures}]: SAMPLES pictures of each model's own prior; of
    the VQ-VAE codes drawn evenly, and where it has a learned prior those too, else `missing` says what to do."""
    import torch

    chosen = _set(request, settings)
    seed = request.get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise RequestError("The seed of the samples is not a whole number; reload the page.")
    rows, missing = [], ""
    with torch.inference_mode():
        for kind, checkpoint in chosen.checkpoints.items():
            model, generator = checkpoint.model, torch.Generator().manual_seed(seed)
            if kind == "vqvae":
                grids = torch.randint(model.config.codebook_size, (SAMPLES, *model.config.grid), generator=generator)
                rows.append(("random", model.decode(grids)))
                prior, missing = sets.prior_of(chosen, settings)
                rows += [("prior", model.decode(_of_prior(prior, request, seed)))] if prior is not None else []
                continue
            labels = None
            if kind == "cvae":
                label = _label(request.get("label"), model.classes)
                labels = torch.arange(SAMPLES) % model.classes if label < 0 else torch.full((SAMPLES,), label)
            rows.append((kind, model.sample(SAMPLES, labels, generator)))
    return {"rows": [{"kind": kind, "pictures": _pictures(x)} for kind, x in rows], "missing": missing}


# -- parts ------------------------------------------------------------------------------------------------------------


def _of_prior(prior, request: dict, seed: int):
    """Grids of a learned prior: int64 (SAMPLES, h, w)."""
    import torch

    from vqvae import Sampling, sample

    label, classes = _label(request.get("label"), prior.config.classes), prior.config.classes
    labels = (torch.arange(SAMPLES) % classes if label < 0 else torch.full((SAMPLES,), label)) if classes else None
    return sample(prior, SAMPLES, labels, Sampling(steps=8), seed=seed)


def _flips(a, b, shares):
    """Grids int64 (steps, h, w) from grid a to grid b, one code after the other in a fixed order, and how many."""
    import torch

    order = torch.randperm(a.numel(), generator=torch.Generator().manual_seed(0)).view(a.shape)
    differ = a != b
    count = int(differ.sum())
    # Rank among the cells that differ: cell of rank r is b's once r + 1 of them are.
    rank = torch.where(differ, order, a.numel()).flatten().argsort().argsort().view(a.shape)
    flipped = (shares * count).round()[:, None, None]
    return torch.where(rank[None] < flipped, b, a), count


def _kept(checkpoint) -> str:
    """What a model keeps of a picture, in words, and what weighs on it."""
    config = checkpoint.config
    if config.kind == "vqvae":
        return f"{config.grid[0]} × {config.grid[1]} codes of {config.codebook_size:,}"
    words = f"{config.latent_dim} numbers" + (" and the class" if config.kind == "cvae" else "")
    weight = (checkpoint.training.get("config") or {}).get("kl_weight", 1)
    heavy = config.kind != "ae" and isinstance(weight, (int, float)) and weight != 1
    return f"{words}; KL weight {weight:g}" if heavy else words


def _collapsed(checkpoint) -> bool:
    """Whether the posterior of a VAE has collapsed: its measured KL is next to nothing."""
    kl = checkpoint.metrics.get("kl_nats")
    return isinstance(kl, (int, float)) and kl < 0.5


def _set(request: dict, settings: Settings) -> Set:
    return sets.open_set(request.get("set"), request.get("model"), settings)


def _label(value: object, classes: int) -> int:
    """A class, or -1 for any; RequestError for what is neither."""
    if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value < max(classes, 1):
        raise RequestError("That is none of the classes; choose one of the list.")
    return value


def _told(value: object, model, x):
    """The class a conditional VAE is told of x (1, C, H, W): int64 (1,)."""
    import torch

    label = _label(value, model.classes)
    return model.guess(x) if label < 0 else torch.tensor([label])


def _tensor(pixels: np.ndarray, config):
    """uint8 (H, W[, C]) -> float (1, C, H, W) in [0, 1]."""
    import torch

    shaped = pixels.reshape(config.height, config.width, config.channels)
    return torch.from_numpy(shaped.copy()).permute(2, 0, 1)[None].float() / 255


def _raw(value: object, config):
    """An input that this page was sent before, as float (1, C, H, W)."""
    size = config.height * config.width * config.channels
    data = _base64(value, size, "picture")
    if len(data) != size:
        raise RequestError("One of the two pictures has another size than the models take; choose it again.")
    return _tensor(np.frombuffer(data, np.uint8), config)


def _pictures(x) -> str:
    """(N, C, H, W) in [0, 1] -> base64 of uint8, N times H x W x C."""
    return _text((x.permute(0, 2, 3, 1) * 255).round().byte().contiguous().numpy())
