"""What the page of the Edit tab asks the server, one function a question.

Anybody can ask them, so each checks all it is given and bounds what it costs; none keeps anything
of a visitor's.
"""

import io

from demo.as_text import encoded
from demo.door import OfModel, Question
from demo.models import editing, nearest, palette
from demo.models.editing import EditError
from demo.models.library import find_model, get_checkpoint, get_training_codes
from demo.models.weights import for_page
from demo.pictures.images import to_image
from demo.settings import Settings
from demo.tabs.edit import sources as edit_sources
from demo.tabs.edit.answers import Cell, Opened, Picture, Previews, Shared, Start, Votes
from demo.tabs.edit.prior import prior_info
from demo.tabs.edit.requests import CellRequest, GridRequest, OpenRequest, PreviewsRequest
from demo.tabs.edit.sources import PNG_KEY
from vqvae.grids import packing


def edit_model(request: OfModel, settings: Settings) -> Opened:
    """What the page must know of a model once."""
    checkpoint = _checkpoint(request, settings)
    model, config = checkpoint.model, checkpoint.model.config
    h, w = config.grid
    gallery = checkpoint.gallery
    return {
        "model": request.model,
        "fingerprint": model.fingerprint(),
        "h": h,
        "w": w,
        "K": config.codebook_size,
        "D": config.embedding_dim,
        "height": config.height,
        "width": config.width,
        "channels": config.channels,
        "tile": config.downsample,
        "sheet": palette.code_sheet(model),
        "counts": palette.code_counts(gallery),
        **for_page(request.model, config, settings),
        **prior_info(request.model, model, settings),
        "examples": 0 if gallery is None else len(gallery.indices),
        "chunk": editing.preview_chunk(model),
    }


def edit_commit(request: GridRequest, settings: Settings) -> Picture:
    """The picture of a grid, and the grid as text."""
    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.indices)
    return {"pixels": encoded(editing.decode(model, grid)), "text": packing.to_text(grid)}


def edit_previews(request: PreviewsRequest, settings: Settings) -> Previews:
    """One picture per candidate, with the cells set to it."""
    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.indices)
    cells = editing.check_cells(model, request.cells)
    candidates = editing.check_candidates(model, request.candidates)
    return {
        "candidates": candidates,
        "pixels": encoded(editing.previews(model, grid, cells, candidates)),
    }


def edit_cell(request: CellRequest, settings: Settings) -> Cell:
    """The six steps at a cell, and what it can move when asked for."""
    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.indices)
    pixels = editing.check_pixels(model, request.input)
    [(row, column)] = editing.check_cells(model, [request.cell], most=1)
    steps = editing.steps(model, grid, pixels, row, column)
    shown: Cell = {
        "cell": request.cell,
        "z_e": steps.z_e,
        "z_q": steps.z_q,
        "distances": encoded(steps.distances),
        "similarity": encoded(steps.similarity),
        "nearest": steps.nearest,
        "held": steps.held,
        "step": steps.step,
    }
    if request.effect:
        moved = editing.effect(model, grid, row, column)
        shown["effect"] = {
            "map": encoded(moved.map),
            "peak": moved.peak,
            "tried": moved.tried,
            "moved": moved.moved,
        }
    return shown


def edit_open(request: OpenRequest, settings: Settings) -> Start:
    """A grid to start from."""
    checkpoint = _checkpoint(request, settings)
    grid, pixels, about, decoded = edit_sources.open_grid(
        request, checkpoint, find_model(request.model, settings).info
    )
    picture = editing.decode(checkpoint.model, grid)
    return {
        "indices": grid.tolist(),
        "text": packing.to_text(grid),
        "pixels": encoded(picture),
        "about": about,
        "input": encoded(picture if pixels is None else pixels),
        "stand_in": decoded or pixels is None,
    }


def edit_share(request: GridRequest, settings: Settings) -> Shared:
    """A grid in the forms to give away."""
    from PIL.Image import Resampling
    from PIL.PngImagePlugin import PngInfo

    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.indices)
    pixels, text = editing.decode(model, grid), packing.to_text(grid)
    scale = max(1, 224 // max(pixels.shape[:2]))
    image = to_image(pixels)
    image = image.resize((image.width * scale, image.height * scale), Resampling.NEAREST)
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text(PNG_KEY, text)
    image.save(buffer, "PNG", pnginfo=info)
    return {
        "text": text,
        "json": packing.to_json(grid, model=request.model),
        "png": encoded(buffer.getvalue()),
        "size": [image.height, image.width],
    }


def edit_votes(request: GridRequest, settings: Settings) -> Votes:
    """What a grid shows, by the training pictures nearest to it."""
    import torch

    from vqvae import CheckpointError

    model = _checkpoint(request, settings).model
    grid = editing.check_grid(model, request.indices)
    nothing: Votes = {"votes": None, "voters": nearest.VOTERS}
    try:
        training = get_training_codes(request.model, settings)
    except CheckpointError:
        return nothing
    if training.labels is None:
        return nothing
    grid_codes = torch.tensor(grid.rows)
    found = nearest.votes(model.codebook, training.indices, training.labels, grid_codes).tolist()
    named = zip(training.classes, found, strict=False)
    return {**nothing, "votes": {str(name): n for name, n in named if n}}


QUESTIONS: tuple[Question, ...] = (
    edit_model,
    edit_commit,
    edit_previews,
    edit_cell,
    edit_open,
    edit_share,
    edit_votes,
)


def _checkpoint(request: OfModel, settings: Settings):
    # By its id alone: a commit reads no file.
    checkpoint = get_checkpoint(request.model, settings)
    if checkpoint.config.kind != "vqvae":
        raise EditError(
            "This model has no codebook, so there are no codes to edit: choose a VQ-VAE."
        )
    return checkpoint
