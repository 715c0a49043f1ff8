"""What the Compare tab asks the server: a picture through all models, between two pictures,
samples.

See `requests` and `answers`. Nothing of a visitor's is kept.
"""

import math
from collections.abc import Mapping

import numpy as np

from demo.as_text import encoded
from demo.door import RequestError, decoded
from demo.models import sets
from demo.models.sets import NAMES, ModelSet
from demo.pictures.arrays import to_pixels, to_tensor
from demo.pictures.images import read_image
from demo.pictures.input import TakenIn, drawing_to_input, taken_in
from demo.pictures.layout import name_of, pad_size, style_of
from demo.runs.plans.plan import ENOUGH_STEPS
from demo.settings import Settings
from demo.tabs.compare import answers
from demo.tabs.compare.requests import (
    BetweenRequest,
    OfSet,
    PictureRequest,
    SamplesRequest,
    UploadRequest,
)
from demo.text import figure

STEPS = 9
"""Pictures from one end to the other, both included."""
SAMPLES = 10
MAX_PAD_BYTES = 8 * 2**20


def compare_open(request: OfSet, settings: Settings) -> answers.Opened:
    """What the page needs to know of a set once."""
    chosen = _set(request, settings)
    config = chosen.config
    pictures, labels, source = sets.examples(chosen, settings)
    return {
        "set": chosen.id,
        "models": [
            {
                "kind": kind,
                "name": NAMES[kind],
                "kept": _kept(checkpoint),
                "collapsed": _collapsed(checkpoint),
            }
            for kind, checkpoint in chosen.checkpoints.items()
        ],
        "size": [config.height, config.width, config.channels],
        "classes": list(chosen.checkpoints["cvae"].config.classes)
        if "cvae" in chosen.checkpoints
        else [],
        "pad": list(pad_size(config)),
        "style": name_of(chosen.dataset) if style_of(config, chosen.dataset) else None,
        "examples": [
            {"label": label, "pixels": encoded(picture)}
            for label, picture in zip(labels, pictures, strict=True)
        ],
        "examples_from": source,
        "note": chosen.note,
        "untrained": untrained(
            {NAMES[kind]: one.training.get("step") for kind, one in chosen.checkpoints.items()}
        ),
    }


def untrained(steps: Mapping[str, object]) -> str:
    """Why models that have learned for so many steps, by their names, cannot be compared; "" where
    they can be."""
    few = {
        name: count
        for name, count in steps.items()
        if isinstance(count, int) and count < ENOUGH_STEPS
    }
    if not few:
        return ""
    told = ", ".join(f"{name} {count:,} steps" for name, count in few.items())
    return f"Not trained enough to compare ({told}): train them longer, below."


def compare_upload(request: UploadRequest, settings: Settings) -> TakenIn:
    """A picture file for the pad, and the input of the models that it gives."""
    from demo.pictures.images import MAX_BYTES

    data = decoded(request.file, MAX_BYTES, "file")
    chosen = _set(request, settings)
    return taken_in(data, chosen.config, chosen.dataset)


def compare_picture(
    request: PictureRequest, settings: Settings
) -> answers.Picture | answers.NothingToSee:
    """One picture through every model. Where there is nothing to see, a sentence and no figures."""
    import torch

    from vqvae.metrics import mse, psnr, sharpness

    data = decoded(request.image, MAX_PAD_BYTES, "picture")
    chosen = _set(request, settings)
    picture = read_image(data, max_side=2048, max_pixels=2048 * 2048)
    made = drawing_to_input(
        picture.pixels, chosen.config, chosen.dataset, tidy_up=request.tidy, source=request.source
    )
    if made.pixels is None:
        return {"nothing": made.did}
    x, shown = _tensor(made.pixels, chosen.config), {}
    with torch.inference_mode():
        for kind, checkpoint in chosen.checkpoints.items():
            model = checkpoint.model
            labels = _told(request.label, model, x) if kind == "cvae" else None
            if kind == "vqvae":
                x_recon, bits = model.decode(model.encode(x)), model.config.bits_per_image
            else:
                x_recon = model.reconstruct(x, labels)
                bits = (
                    8.0 * model.config.latent_dim
                    if kind == "ae"
                    else model.kl(x, labels).item() / math.log(2)
                )
            answer: answers.Shown = {
                "recon": _pictures(x_recon),
                "error": _pictures((x - x_recon).abs().mean(1, keepdim=True)),
                "mse": mse(x_recon, x).item(),
                "psnr": psnr(x_recon, x).item(),
                "sharpness": sharpness(x_recon, x).item() if x.std() > 0.01 else None,
                "bits": bits,
            }
            if labels is not None:
                answer["label"], answer["guessed"] = (
                    int(labels[0]),
                    _label(request.label, model.classes) < 0,
                )
            shown[kind] = answer
    return {"input": _pictures(x), "did": made.did, "models": shown}


def compare_between(request: BetweenRequest, settings: Settings) -> answers.Between:
    """STEPS pictures from a to b through every model. Vectors are mixed evenly; of a grid of codes
    ever more of those that `differ` are b's."""
    import torch

    chosen = _set(request, settings)
    a, b = (_raw(picture, chosen.config) for picture in (request.a, request.b))
    shares, shown = torch.linspace(0, 1, STEPS), {}
    with torch.inference_mode():
        for kind, checkpoint in chosen.checkpoints.items():
            model, differ = checkpoint.model, None
            if kind == "vqvae":
                grids, differ = _flips(model.encode(a)[0], model.encode(b)[0], shares)
                path = model.decode(grids)
            else:
                ends = [_told(request.label, model, x) if kind == "cvae" else None for x in (a, b)]
                z = [model.encode(x, labels)[0] for x, labels in zip((a, b), ends, strict=True)]
                mixed = None
                if kind == "cvae":  # a mixture of the two classes, in the same shares
                    hot = [
                        torch.nn.functional.one_hot(labels, model.classes)[0].float()
                        for labels in ends
                        if labels is not None
                    ]
                    mixed = torch.lerp(hot[0], hot[1], shares[:, None])
                path = model.decode(torch.lerp(z[0], z[1], shares[:, None]), mixed)
            shown[kind] = {"pictures": _pictures(path), "differ": differ}
    return {"models": shown}


def compare_samples(request: SamplesRequest, settings: Settings) -> answers.Samples:
    """SAMPLES pictures of each model's own prior; of the VQ-VAE codes drawn evenly, and where it
    has a learned prior those too."""
    import torch

    chosen = _set(request, settings)
    seed = request.seed
    rows, missing = [], ""
    with torch.inference_mode():
        for kind, checkpoint in chosen.checkpoints.items():
            model, generator = checkpoint.model, torch.Generator().manual_seed(seed)
            if kind == "vqvae":
                grids = torch.randint(
                    model.config.codebook_size, (SAMPLES, *model.config.grid), generator=generator
                )
                rows.append(("random", model.decode(grids)))
                prior, missing = sets.prior_of(chosen, settings)
                rows += (
                    [("prior", model.decode(_of_prior(prior, request.label, seed)))]
                    if prior is not None
                    else []
                )
                continue
            labels = None
            if kind == "cvae":
                label = _label(request.label, model.classes)
                labels = (
                    torch.arange(SAMPLES) % model.classes
                    if label < 0
                    else torch.full((SAMPLES,), label)
                )
            rows.append((kind, model.sample(SAMPLES, labels, generator)))
    return {
        "rows": [{"kind": kind, "pictures": _pictures(x)} for kind, x in rows],
        "missing": missing,
    }


# -- parts -----------------------------------------------------------------------------------------


def _of_prior(prior, label: int, seed: int):
    """Grids of a learned prior: int64 (SAMPLES, h, w)."""
    import torch

    from vqvae import Sampling, sample

    classes = prior.config.classes
    label = _label(label, classes)
    labels = (
        (torch.arange(SAMPLES) % classes if label < 0 else torch.full((SAMPLES,), label))
        if classes
        else None
    )
    return sample(prior, SAMPLES, labels, Sampling(steps=8), seed=seed)


def _flips(a, b, shares):
    """Grids int64 (steps, h, w) from grid a to grid b, one code after the other in a fixed order,
    and how many."""
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
    weight = figure((checkpoint.training.get("config") or {}).get("kl_weight"))
    heavy = config.kind != "ae" and weight not in (None, 1)
    return f"{words}; KL weight {weight:g}" if heavy else words


def _collapsed(checkpoint) -> bool:
    """Whether the posterior of a VAE has collapsed: its measured KL is next to nothing."""
    kl = checkpoint.metrics.get("kl_nats")
    return isinstance(kl, (int, float)) and kl < 0.5


def _set(request: OfSet, settings: Settings) -> ModelSet:
    return sets.open_set(request.set, request.model, settings)


def _label(value: int, classes: int) -> int:
    """A class, or -1 for any; RequestError for what is neither."""
    if not -1 <= value < max(classes, 1):
        raise RequestError("That is none of the classes; choose one of the list.")
    return value


def _told(value: int, model, x):
    """The class a conditional VAE is told of x (1, C, H, W): int64 (1,)."""
    import torch

    label = _label(value, model.classes)
    return model.guess(x) if label < 0 else torch.tensor([label])


def _tensor(pixels: np.ndarray, config):
    """uint8 (H, W[, C]) -> float (1, C, H, W) in [0, 1]."""
    return to_tensor(pixels.reshape(config.height, config.width, config.channels))


def _raw(value: object, config):
    """An input that this page was sent before, as float (1, C, H, W)."""
    size = config.height * config.width * config.channels
    data = decoded(value, size, "picture")
    if len(data) != size:
        raise RequestError(
            "One of the two pictures is not the size that the models take; choose it again."
        )
    return _tensor(np.frombuffer(data, np.uint8), config)


def _pictures(x) -> str:
    """(N, C, H, W) in [0, 1] -> base64 of uint8, N times H x W x C."""
    return encoded(to_pixels(x))
