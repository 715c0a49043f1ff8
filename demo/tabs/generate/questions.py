"""What the page of the Generate tab asks the server, one function a question.

Each takes one JSON object and gives one back: {"ok": true, ...} or {"ok": false, "error": one
sentence}. Anybody can call them, so each checks all it is given and bounds what it costs; none
keeps anything of a visitor's. Grids travel as base64 of uint16, pictures as sprites in PNG files.
The request's number `n` comes back with its answer.
"""

from dataclasses import asdict, replace

from demo.aside import aside
from demo.door import OfModel, Question, answer
from demo.models import generating, nearest
from demo.models.generating import (
    CANDIDATES,
    MOST_PICTURES,
    OPENING,
    SHEET_COLUMNS,
    Samples,
    sprite,
)
from demo.models.library import (
    ModelError,
    find_model,
    get_checkpoint,
    get_prior,
    get_training_codes,
    has_prior,
    prior_pending,
)
from demo.models.palette import code_sheet
from demo.models.prior_requests import (
    MOST_STEPS,
    GenerateError,
    check_codes,
    check_label,
    check_sampling,
    check_whole,
)
from demo.settings import Settings
from demo.tabs.generate import answers
from demo.tabs.generate.requests import (
    CellRequest,
    ContinueRequest,
    FilmRequest,
    NearRequest,
    ReferenceRequest,
    SampleRequest,
    StopRequest,
)
from demo.tabs.generate.sheets import draw_sheet, jobs
from demo.text import figure

WARM_AFTER = 3.0
"""Seconds after a page was opened until the tab's first sheet is drawn: the page itself goes
first."""
REFERENCES = 5


def generate_open(request: OfModel, settings: Settings) -> answers.Opened | answers.NoPrior:
    """{model} -> what the page must know once; `prior` is false where the model has none, and the
    rest is left out but for `awaited`, whether its run is still at it."""
    entry = find_model(request.model, settings)
    if entry.info["kind"] != "vqvae":
        raise GenerateError(
            "This model has no codebook, so there is nothing a prior could learn: choose a VQ-VAE."
        )
    if not has_prior(entry.id, settings):
        return {"model": entry.id, "prior": False, "awaited": prior_pending(entry.id, settings)}
    from vqvae.prior.sampling import Sampling

    checkpoint, prior = _loaded(request, settings)
    model, config = checkpoint.model, checkpoint.config
    h, w = config.grid
    names = [str(name) for name in config.classes[: prior.config.classes]]
    names += [str(n) for n in range(len(names), prior.config.classes)]
    return {
        "model": entry.id,
        "prior": True,
        "h": h,
        "w": w,
        "K": config.codebook_size,
        "height": config.height,
        "width": config.width,
        "channels": config.channels,
        "tile": config.downsample,
        "sheet": code_sheet(model),
        "classes": names,
        "opening": {**asdict(Sampling()), **OPENING},
        "columns": SHEET_COLUMNS,
        "most_steps": min(MOST_STEPS, h * w),
        "film": generating.film_frames(model),
        "bits": _bits(entry.info, prior),
    }


def generate_sample(
    request: SampleRequest, settings: Settings
) -> answers.Samples | answers.SamplesSoFar | answers.UnderWay:
    """{model, label, count, seed, temperature, top_k, top_p, guidance, steps, job} -> the samples.

    `indices`, `when`: uint16 (count, h, w); `labels`; `steps`; `pictures`: sprite of SHEET_COLUMNS
    columns. What takes longer than PATIENCE comes as it is by then, with `job` and `done`, the step
    it has reached: ask again with that `job`, or stop it with `generate_stop`.
    """
    checkpoint, prior = _loaded(request, settings)
    label = check_label(request.label, prior)
    sampling = check_sampling(request.settings())
    labels = generating.sheet_labels(label, request.count, prior.config.classes)
    sheet = draw_sheet(prior, labels, sampling, request.seed, request.job)
    drawn = _sheet(checkpoint.model, prior, sheet.drawn) if sheet.drawn else None
    if sheet.ticket is None:
        assert drawn is not None, "a sheet without a ticket is whole"
        return drawn
    under_way: answers.UnderWay = {"job": sheet.ticket, "done": sheet.step}
    return {**under_way, **drawn} if drawn else under_way


def generate_continue(request: ContinueRequest, settings: Settings) -> answers.Samples:
    """{model, indices, when, step, label, seed, settings...} -> one sample that goes on from a
    step.

    `indices` and `when` are one grid; cells with when <= step stay as they are, all others are
    drawn anew in the steps that are left. `when` of the answer counts on from `step`.
    """
    checkpoint, prior = _loaded(request, settings)
    indices, when, step = _grid(request, prior)
    label = check_label(request.label, prior)
    sampling = check_sampling(request.settings())
    known = when <= step
    left = replace(sampling, steps=max(1, sampling.steps - step))
    drawn = generating.draw(
        prior, [-1 if label is None else label], left, request.seed, given=(indices, known)
    )
    later = when.where(known, drawn.when + step)
    return _sheet(checkpoint.model, prior, replace(drawn, when=later, steps=step + drawn.steps))


def generate_film(request: FilmRequest, settings: Settings) -> answers.Film:
    """{model, indices, when, steps} -> {film}: what the decoder makes of every step, a row of the
    sprite a sample."""
    checkpoint, prior = _loaded(request, settings)
    steps = request.steps
    most = max(1, min(MOST_PICTURES, generating.film_frames(checkpoint.model) // (steps + 1)))
    indices = check_codes(
        request.indices, "indices", prior, most=most, limit=prior.config.codebook_size
    )
    when = check_codes(request.when, "when", prior, most=most, limit=steps + 1)
    if len(when) != len(indices):
        raise GenerateError("indices and when must hold equally many grids.")
    pictures = generating.film(checkpoint.model, prior, indices, when, steps)
    return {
        "film": sprite(pictures.reshape(-1, *pictures.shape[2:]), steps + 1),
        "steps": steps,
        "count": len(indices),
    }


def generate_cell(request: CellRequest, settings: Settings) -> answers.Candidates:
    """{model, indices, when, step, label, cell} -> the CANDIDATES likeliest codes of a cell given
    the known others.

    {codes, probabilities, held, pictures: sprite of one row}.
    """
    checkpoint, prior = _loaded(request, settings)
    indices, when, step = _grid(request, prior)
    cell = divmod(
        check_whole(request.cell, 0, prior.config.positions - 1, "The cell"), prior.config.width
    )
    label = check_label(request.label, prior)
    found = generating.candidates(checkpoint.model, prior, indices[0], when[0] <= step, cell, label)
    return {
        "codes": found.codes,
        "probabilities": found.probabilities,
        "held": found.held,
        "pictures": sprite(found.pictures, CANDIDATES),
        "cell": request.cell,
    }


def generate_reference(request: ReferenceRequest, settings: Settings) -> answers.References:
    """{model, seed, label} -> {pictures: {random, marginal, gaussian, prior}}, REFERENCES of each
    from one seed."""
    from vqvae.prior import naive

    checkpoint, prior = _loaded(request, settings)
    label = check_label(request.label, prior)
    grids = {
        "random": naive.random_codes(prior, REFERENCES, request.seed),
        "marginal": naive.marginal_codes(prior, REFERENCES, request.seed),
        "gaussian": naive.gaussian_codes(prior, REFERENCES, request.seed),
        "prior": generating.draw(
            prior,
            [-1 if label is None else label] * REFERENCES,
            check_sampling({}),
            request.seed,
        ).indices,
    }
    return {
        "pictures": {
            name: sprite(_pictures(checkpoint.model, prior, grid), REFERENCES)
            for name, grid in grids.items()
        },
        "count": REFERENCES,
    }


def generate_near(request: NearRequest, settings: Settings) -> answers.Near:
    """{model, indices} -> the training pictures nearest to one grid: {near: [{number, distance,
    equal, label}],
    pictures: sprite of one row, usual, training}, or {near: None} where the checkpoint keeps no
        training codes."""
    from vqvae import CheckpointError

    checkpoint, prior = _loaded(request, settings)
    grid = check_codes(request.indices, "indices", prior, most=1, limit=prior.config.codebook_size)[
        0
    ]
    try:
        training = get_training_codes(request.model, settings)
    except CheckpointError:
        return {"near": None}
    model, gallery = checkpoint.model, checkpoint.gallery
    indices, labels, names = training.indices, training.labels, training.classes
    found = nearest.nearest(model.codebook, indices, grid)
    pictures = _pictures(model, prior, indices[[near.number for near in found]].long())
    said = [None if labels is None else int(labels[near.number]) for near in found]
    return {
        "near": [
            {
                "number": near.number,
                "distance": near.distance,
                "equal": near.equal,
                "label": None if n is None else str(names[n]),
            }
            for near, n in zip(found, said, strict=True)
        ],
        "pictures": sprite(pictures, len(found)),
        "training": len(indices),
        "usual": nearest.usual_distance(
            model, indices, None if gallery is None else gallery.indices
        ),
    }


def generate_stop(request: StopRequest, settings: Settings) -> answers.Nothing:
    """{job} -> {}: the drawing ends unless somebody else waits for the same."""
    jobs.stop(request.job)
    return {}


QUESTIONS: tuple[Question, ...] = (
    generate_open,
    generate_continue,
    generate_film,
    generate_cell,
    generate_reference,
    generate_near,
)
JOB_QUESTIONS: tuple[Question, ...] = (generate_sample, generate_stop)
"""These compute in a job, or nothing: they wait for nobody."""


def warm_up(model_id: str | None, settings: Settings) -> None:
    """Draw the sheet that the tab opens with, in a thread, once the page has been served."""

    def work() -> None:
        try:
            if model_id and has_prior(model_id, settings):
                answer(generate_sample, {"model": model_id}, settings)
        except ModelError:
            return

    aside(work, "generate warm-up", after=WARM_AFTER)


# -- parts -----------------------------------------------------------------------------------------


def _loaded(request: OfModel, settings: Settings):
    """The checkpoint and the prior of a request."""
    model_id = request.model
    if not has_prior(model_id, settings):
        raise GenerateError("This model has no prior: train one in the Train tab.")
    return get_checkpoint(model_id, settings), get_prior(model_id, settings)


def _grid(request: ContinueRequest | CellRequest, prior):
    """(indices, when, step) of a request for one sample, (1, h, w) each."""
    indices = check_codes(
        request.indices, "indices", prior, most=1, limit=prior.config.codebook_size
    )
    return (
        indices,
        check_codes(request.when, "when", prior, most=1, limit=2 * MOST_STEPS),
        request.step,
    )


def _pictures(model, prior, indices):
    import torch

    return generating.decode_partial(
        model, prior, indices, torch.ones_like(indices, dtype=torch.bool)
    )


def _sheet(model, prior, drawn: Samples) -> answers.Samples:
    pictures = generating.decode_partial(model, prior, drawn.indices, drawn.when <= drawn.steps)
    return {
        "indices": generating.packed(drawn.indices),
        "when": generating.packed(drawn.when),
        "steps": drawn.steps,
        "labels": drawn.labels,
        "count": len(drawn.labels),
        "columns": SHEET_COLUMNS,
        "pictures": sprite(pictures, SHEET_COLUMNS),
    }


def _bits(info: dict, prior) -> answers.Bits:
    """Bits per picture, of test pictures where they were measured: nominal, of independent
    positions (else the entropy of the training set's), and the prior's bound (else None)."""
    measured = info["prior"].get("metrics", {})
    independent = figure(measured.get("marginal_bits"))
    return {
        "nominal": info["bits_per_image"],
        "prior": figure(measured.get("bits_per_image")),
        "independent": generating.independent_bits(prior) if independent is None else independent,
    }
