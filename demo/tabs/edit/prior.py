"""What the page of the Edit tab asks a model's prior: fill around locked cells, rank a cell's
codes, surprise, polish.

Questions as in demo.tabs.edit.questions: each checks all it is given, and bounds what it costs.
`label` is a class (0..classes - 1) or None for any; `locked` lists the positions that keep their
codes, whatever else.
"""

from typing import TYPE_CHECKING

from demo.as_text import encoded
from demo.door import Question
from demo.models import editing
from demo.models.editing import EditError
from demo.models.library import get_checkpoint, get_prior, has_prior, prior_pending
from demo.settings import Settings
from demo.tabs.edit.answers import Odds, Polished, PriorInfo, Surprise, Ways
from demo.tabs.edit.requests import DrawRequest, GridRequest, OddsRequest, SurpriseRequest

if TYPE_CHECKING:
    import torch

    from vqvae import VQVAE
    from vqvae.grids.codes import IndexGrid
    from vqvae.prior.model import Prior

ALTERNATIVES = 4
STEPS = 8
"""Parallel steps of a fill: it shall be there at once, and the locked cells decide much already."""
MOST_CELLS = 1_024
"""Largest grid asked about, 32 x 32: beyond it an answer takes many seconds of a core."""

NO_PRIOR = (
    "This model has no prior, so nothing here knows which codes go together. Train one in the "
    "Train tab, under \u201cTrain a prior\u201d."
)
PRIOR_AWAITED = (
    "The prior of this model is not trained to its end, so nothing here knows yet which codes go "
    "together. The Train tab shows how far it is; reload this page when it is done."
)


def prior_info(model_id: str, model: "VQVAE", settings: Settings) -> PriorInfo:
    """What the page must know of a model's prior."""
    from vqvae import CheckpointError

    if not has_prior(model_id, settings):
        return {
            "prior": None,
            "why": PRIOR_AWAITED if prior_pending(model_id, settings) else NO_PRIOR,
        }
    try:
        _check_size(model)
        prior = get_prior(model_id, settings)
    except (CheckpointError, EditError) as error:
        return {"prior": None, "why": str(error)}
    count = prior.config.classes
    names = model.config.classes if len(model.config.classes) == count else range(count)
    return {"prior": {"classes": [str(name) for name in names]}}


def prior_fill(request: DrawRequest, settings: Settings) -> Ways:
    """ALTERNATIVES grids with the cells that are not locked drawn anew, and their pictures."""
    from vqvae.prior.sampling import Sampling, inpaint

    model, prior, grid = _subject(request, settings)
    known, label = _locked(model, request.locked), _label(prior, request.label)
    filled = inpaint(
        prior,
        _tensor(grid),
        known,
        label=label,
        alternatives=ALTERNATIVES,
        sampling=Sampling(steps=STEPS),
        seed=request.seed,
    )
    pixels = editing.decode_all(model, filled)
    return {"indices": filled.tolist(), "pixels": encoded(pixels)}


def prior_odds(request: OddsRequest, settings: Settings) -> Odds:
    """How likely each code is in the cell, given all the others."""
    from vqvae.prior.scoring import cell_probabilities

    model, prior, grid = _subject(request, settings)
    [(row, column)] = editing.check_cells(model, [request.cell], most=1)
    label = _label(prior, request.label)
    p = cell_probabilities(prior, _tensor(grid), row, column, label)
    return {"cell": request.cell, "probabilities": encoded(p.float().numpy())}


def prior_surprise(request: SurpriseRequest, settings: Settings) -> Surprise:
    """-log2 of how likely each cell's code is, given all the others."""
    import math

    import torch

    from vqvae.prior.scoring import surprise

    _, prior, grid = _subject(request, settings)
    label = _label(prior, request.label)
    nats = surprise(prior, _tensor(grid)[None], None if label is None else torch.tensor([label]))[0]
    return {"bits": encoded((nats.float() / math.log(2)).clamp(min=0).numpy())}


def prior_polish(request: DrawRequest, settings: Settings) -> Polished:
    """The grid with its least likely cells drawn anew."""
    from vqvae.prior.sampling import polish

    model, prior, grid = _subject(request, settings)
    locked, label = _locked(model, request.locked), _label(prior, request.label)
    polished = polish(prior, _tensor(grid), locked=locked, label=label, seed=request.seed)
    pixels = editing.decode_all(model, polished[None])[0]
    return {"indices": polished.tolist(), "pixels": encoded(pixels)}


PRIOR_QUESTIONS: tuple[Question, ...] = (prior_fill, prior_odds, prior_surprise, prior_polish)


def _subject(request: GridRequest, settings: Settings) -> "tuple[VQVAE, Prior, IndexGrid]":
    """Model, prior and grid of a request, checked."""
    model_id = request.model
    checkpoint = get_checkpoint(model_id, settings)
    if checkpoint.config.kind != "vqvae":
        raise EditError("This model has no codebook, so it can have no prior: choose a VQ-VAE.")
    if not has_prior(model_id, settings):
        raise EditError(NO_PRIOR)
    _check_size(checkpoint.model)
    grid = editing.check_grid(checkpoint.model, request.indices)
    return checkpoint.model, get_prior(model_id, settings), grid


def _check_size(model: "VQVAE") -> None:
    h, w = model.config.grid
    if h * w > MOST_CELLS:
        raise EditError(
            f"The grid of this model has {h} × {w} cells; a prior is asked here about up to "
            f"{MOST_CELLS:,} of them. The Generate tab samples it whole."
        )


def _locked(model: "VQVAE", cells: object) -> "torch.Tensor":
    """bool (h, w), True where a cell keeps its code."""
    import torch

    known = torch.zeros(model.config.grid, dtype=torch.bool)
    if cells != []:
        for row, column in editing.check_cells(model, cells):
            known[row, column] = True
    return known


def _label(prior: "Prior", label: object) -> int | None:
    classes = prior.config.classes
    if label is None:
        return None
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < classes:
        raise EditError(
            f"The class must be a number from 0 to {classes - 1}, or none for any."
            if classes
            else "This prior knows no classes: ask for any."
        )
    return label


def _tensor(grid: "IndexGrid") -> "torch.Tensor":
    import torch

    return torch.tensor(grid.rows)
