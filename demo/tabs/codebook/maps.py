"""Maps of a codebook for the page: fitted in a thread when that takes long, with one picture
dropped onto them."""

import json
from typing import TYPE_CHECKING

import numpy as np

from demo.as_text import PNG
from demo.background import Key
from demo.tabs.codebook import answers
from demo.tabs.codebook.requests import MapRequest
from demo.tabs.codebook.subject import InspectedModel, MapSettings, QuestionError, jobs

if TYPE_CHECKING:
    from vqvae.analysis.projection import Projection
    from vqvae.analysis.statistics import UsageCounts


def answer(
    subject: InspectedModel, use: "UsageCounts", request: MapRequest
) -> answers.Map | answers.Begun:
    """The figure, or the job that makes its map (or places a picture on it, which takes the
    fit)."""
    from demo.charts.map_plot import COLOURS, map_figure

    settings = read_settings(request)
    colour = request.colour if request.colour in COLOURS else "usage"
    found = subject.ready_map(settings)
    picture = read_picture(subject, request.picture)
    placed = None
    if found is not None and picture is not None:
        placed = _placed(subject, settings, found, picture)
    if found is None or (picture is not None and placed is None):
        return {"job": jobs.start(*_work(subject, settings, found, picture))}
    K = subject.config.codebook_size
    figure = map_figure(
        found.coordinates[:K],
        found.coordinates[K:],
        scene_of(subject, use),
        colour=colour,
        axes=axes(found),
        revision=f"{subject.fingerprint} {settings}",
        picture=placed,
        picture_codes=None if picture is None else picture[1],
    )
    return {
        "figure": json.loads(figure.to_json()),
        "codes": found.coordinates[:K].round(5).tolist(),
        "method": found.method,
        "dimensions": settings.dimensions,
        "note": found.note,
        "explained": [round(share, 4) for share in found.explained],
        "trust": round(subject.trust(settings, found), 3),
        "placed": None if placed is None else len(placed),
        "points": len(found.coordinates),
    }


def scene_of(subject: InspectedModel, use: "UsageCounts"):
    """What a map of this model shows, with the counts of `use`."""
    from demo.charts.map_plot import Scene

    gallery = subject.gallery
    labels = (
        None if gallery is None or gallery.latent_labels is None else gallery.latent_labels.numpy()
    )
    by_class = use.class_counts
    code_classes = None
    if by_class is not None and len(by_class):
        # Share of its class's cells, so that a frequent class does not own every code.
        shares = by_class.double() / by_class.double().sum(1, keepdim=True).clamp_min(1)
        code_classes = np.where(use.counts.numpy() > 0, shares.argmax(0).numpy(), -1)
    names = list(subject.config.classes or use.classes)
    highest = -1 if labels is None or not len(labels) else int(labels.max())
    shown = max(highest + 1, 0 if by_class is None else len(by_class))
    names += [
        str(i) for i in range(len(names), shown)
    ]  # a checkpoint may know labels and no names for them
    return Scene(
        use.counts.numpy(),
        np.zeros(0, np.int64) if gallery is None else gallery.latent_indices.numpy(),
        labels,
        code_classes,
        subject.clusters,
        tuple(names),
    )


def read_settings(request: MapRequest) -> MapSettings:
    """The settings of a request, checked."""
    from vqvae.analysis.projection import METHODS

    method, dimensions, seed = request.method, request.dimensions, request.seed
    if method not in METHODS or dimensions not in (2, 3):
        raise QuestionError(f"A map is made by {', '.join(METHODS)}, in 2 or 3 dimensions.")
    # PCA has no chance in it: every seed is the same map.
    return MapSettings(method, dimensions, 0 if method == "pca" else seed)


def axes(found: "Projection") -> tuple[str, ...]:
    """Titles of a map's axes."""
    if found.explained:
        # In a space long titles run into each other.
        of = " of the variance" if found.dimensions == 2 else ""
        return tuple(
            f"PC {i + 1} · {100 * share:.0f} %{of}" for i, share in enumerate(found.explained)
        )
    from vqvae.analysis.projection import TITLES

    return tuple(f"{TITLES[found.method]} {i + 1}" for i in range(found.dimensions))


def read_picture(subject: InspectedModel, request: object) -> tuple[np.ndarray, np.ndarray] | None:
    """{input: PNG data URL}, {indices: grid} or {stored: number} -> latents float32 (P, D) and the
    codes int64 (P,) they snap to; None when no picture is meant.

    Of a grid without its input the picture is decoded and encoded again: its latents then lie near
    their codes.
    """
    import torch

    from demo.pictures.arrays import to_tensor
    from demo.pictures.images import fit, read_address, to_channels
    from vqvae import IndexGrid

    if not isinstance(request, dict):
        return None
    config, model = subject.config, subject.model
    source, indices, stored = request.get("input"), request.get("indices"), request.get("stored")
    if isinstance(source, str) and source.startswith(PNG):
        pixels = to_channels(read_address(source), config.channels)
        pixels = fit(pixels, config.height, config.width)
        pixels = pixels.reshape(config.height, config.width, config.channels)
        x = to_tensor(pixels)
    elif (
        isinstance(stored, int)
        and subject.gallery is not None
        and 0 <= stored < len(subject.gallery.indices)
    ):
        x = model.decode(subject.gallery.indices[stored][None])
    elif isinstance(indices, list):
        grid = IndexGrid.of(indices, config.codebook_size)
        if grid.shape != tuple(config.grid):
            raise QuestionError(
                "That picture belongs to a model with another grid; choose its model at the top."
            )
        x = model.decode(torch.tensor(grid.rows)[None])
    else:
        return None
    with torch.inference_mode():
        z_e = model.latents(x)[0].flatten(1).T.contiguous()
        return z_e.numpy(), model.quantizer.nearest(z_e).numpy()


def _placed_key(subject: InspectedModel, settings: MapSettings, picture) -> Key:
    import hashlib

    return (
        "placed",
        *subject.map_key(settings)[1:],
        hashlib.sha256(picture[0].tobytes()).hexdigest(),
    )


def _placed(
    subject: InspectedModel, settings: MapSettings, found: "Projection", picture
) -> np.ndarray | None:
    """Where the picture's latents lie, when that is known or quick (PCA); else None."""
    known = jobs.result(_placed_key(subject, settings, picture))
    if known is None and found.method == "pca" and found.can_place:
        known = found.place(picture[0])
    return known


def _work(subject: InspectedModel, settings: MapSettings, found: "Projection | None", picture):
    """(key, work) of the job that makes the map, and then places the picture on it."""
    if picture is None:
        return subject.map_key(settings), lambda progress: subject.fit_map(settings, progress)

    def work(progress):
        fitted = found
        if (
            fitted is None or not fitted.can_place
        ):  # from disk: only the fit itself can place, so it is made again
            fitted = subject.fit_map(settings, progress)
            jobs.keep(subject.map_key(settings), fitted)
        progress(1, 1, "Placing the picture")
        return fitted.place(picture[0])

    return _placed_key(subject, settings, picture), work
