"""What the page of the Edit tab asks a model's prior: fill around locked cells, rank a cell's codes, surprise, polish.

Questions as in demo.edit_requests: one JSON object in, one out; each checks all it is given, and bounds what it costs.
`label` is a class (0..classes - 1) or None for any; `locked` lists the positions that keep their codes, whatever else.
"""

import base64
import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from demo import editing
from demo.editing import EditError
from demo.models import awaits_prior, get_checkpoint, get_prior, has_prior
from demo.settings import Settings

if TYPE_CHECKING:
    import torch

    from vqvae import VQVAE
    from vqvae.codes import IndexGrid
    from vqvae.prior import Prior

ALTERNATIVES = 4
STEPS = 8
"""Parallel steps of a fill: it shall be there at once, and the locked cells decide much already."""
MOST_CELLS = 1_024
"""Largest grid asked about, 32 x 32: beyond it an answer takes many seconds of a core."""
PATIENCE = 20.0
"""Seconds that a question waits for the ones before it."""

_turn = threading.Semaphore(2)

NO_PRIOR = ("This model has no prior, so nothing here knows which codes go together. Train one in the Train tab, "
            "under \u201cTrain a prior\u201d.")
PRIOR_AWAITED = ("The prior of this model is not trained to its end, so nothing here knows yet which codes go "
                 "together. The Train tab shows how far it is; reload this page when it is done.")


def prior_info(model_id: str, model: "VQVAE", settings: Settings) -> dict:
    """What the page must know of a model's prior: {prior: {classes: names} or None, why: a sentence where there is
    none}."""
    from vqvae import CheckpointError

    if not has_prior(model_id, settings):
        return {"prior": None, "why": PRIOR_AWAITED if awaits_prior(model_id, settings) else NO_PRIOR}
    try:
        _check_size(model)
        prior = get_prior(model_id, settings)
    except (CheckpointError, EditError) as error:
        return {"prior": None, "why": str(error)}
    count = prior.config.classes
    names = model.config.classes if len(model.config.classes) == count else range(count)
    return {"prior": {"classes": [str(name) for name in names]}}


def prior_fill(request: dict, settings: Settings) -> dict:
    """{model, indices, locked, label, seed} -> {indices, pixels}: ALTERNATIVES grids with the cells that are not
    locked drawn anew, and their pictures."""
    from vqvae.sampling import Sampling, fill

    model, prior, grid = _subject(request, settings)
    known, label, seed = _locked(model, request), _label(prior, request), _seed(request)
    with _one_at_a_time():
        filled = fill(prior, _tensor(grid), known, label=label, alternatives=ALTERNATIVES,
                      sampling=Sampling(steps=STEPS), seed=seed)
        pixels = editing.decode_all(model, filled)
    return {"indices": filled.tolist(), "pixels": _base64(pixels)}


def prior_odds(request: dict, settings: Settings) -> dict:
    """{model, indices, cell, label} -> {cell, probabilities}: float32 (K,), how likely each code is in the cell, given
    all the others."""
    from vqvae.sampling import cell_probabilities

    model, prior, grid = _subject(request, settings)
    [(row, column)] = editing.check_cells(model, [request.get("cell")], most=1)
    label = _label(prior, request)
    with _one_at_a_time():
        p = cell_probabilities(prior, _tensor(grid), row, column, label)
    return {"cell": request["cell"], "probabilities": _base64(p.float().numpy())}


def prior_surprise(request: dict, settings: Settings) -> dict:
    """{model, indices, label} -> {bits}: float32 (h * w), -log2 of how likely each code is, given all the others."""
    import math

    import torch

    from vqvae.sampling import surprise

    _, prior, grid = _subject(request, settings)
    label = _label(prior, request)
    with _one_at_a_time():
        nats = surprise(prior, _tensor(grid)[None], None if label is None else torch.tensor([label]))[0]
    return {"bits": _base64((nats.float() / math.log(2)).clamp(min=0).numpy())}


def prior_polish(request: dict, settings: Settings) -> dict:
    """{model, indices, locked, label, seed} -> {indices, pixels}: the grid with its least likely cells drawn anew."""
    from vqvae.sampling import polish

    model, prior, grid = _subject(request, settings)
    locked, label, seed = _locked(model, request), _label(prior, request), _seed(request)
    with _one_at_a_time():
        polished = polish(prior, _tensor(grid), locked=locked, label=label, seed=seed)
        pixels = editing.decode_all(model, polished[None])[0]
    return {"indices": polished.tolist(), "pixels": _base64(pixels)}


PRIOR_QUESTIONS: tuple[Callable[[dict, Settings], dict], ...] = (prior_fill, prior_odds, prior_surprise, prior_polish)


def _subject(request: dict, settings: Settings) -> "tuple[VQVAE, Prior, IndexGrid]":
    """Model, prior and grid of a request, checked."""
    model_id = request.get("model")
    checkpoint = get_checkpoint(model_id, settings)
    if checkpoint.config.kind != "vqvae":
        raise EditError("This model has no codebook, so it can have no prior: choose a VQ-VAE.")
    if not has_prior(model_id, settings):
        raise EditError(NO_PRIOR)
    _check_size(checkpoint.model)
    grid = editing.check_grid(checkpoint.model, request.get("indices"))
    return checkpoint.model, get_prior(model_id, settings), grid


def _check_size(model: "VQVAE") -> None:
    h, w = model.config.grid
    if h * w > MOST_CELLS:
        raise EditError(f"The grid of this model has {h} × {w} cells; a prior is asked here about up to {MOST_CELLS:,} "
                        "of them. The Generate tab samples it whole.")


def _locked(model: "VQVAE", request: dict) -> "torch.Tensor":
    """bool (h, w), True where a cell keeps its code."""
    import torch

    known, cells = torch.zeros(model.config.grid, dtype=torch.bool), request.get("locked")
    if cells != []:
        for row, column in editing.check_cells(model, cells):
            known[row, column] = True
    return known


def _label(prior: "Prior", request: dict) -> int | None:
    label, classes = request.get("label"), prior.config.classes
    if label is None:
        return None
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < classes:
        raise EditError(f"The class must be a number from 0 to {classes - 1}, or none for any." if classes else
                        "This prior knows no classes: ask for any.")
    return label


def _seed(request: dict) -> int:
    seed = request.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise EditError("The seed must be a whole number from 0 to 4294967295.")
    return seed


@contextlib.contextmanager
def _one_at_a_time():
    """Anybody can ask, and each question takes a core for a while: the others wait, but not for ever."""
    if not _turn.acquire(timeout=PATIENCE):
        raise EditError("The prior is busy with other questions; try again in a moment.")
    try:
        yield
    finally:
        _turn.release()


def _tensor(grid: "IndexGrid") -> "torch.Tensor":
    import torch

    return torch.tensor(grid.rows)


def _base64(values) -> str:
    return base64.b64encode(values.tobytes()).decode()
