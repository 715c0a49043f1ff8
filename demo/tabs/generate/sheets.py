"""Sheets of samples as jobs: drawn in a thread, watched while they grow, stopped when nobody wants
them any more.

What was drawn is kept for a while under the prior and the settings it came from, so that the same
question, such as the one that opens the tab, is answered at once. Nothing of a visitor's is in it.
"""

import secrets
import weakref
from typing import TYPE_CHECKING, NamedTuple

from demo.background import Computations
from demo.models import generating
from demo.models.generating import Samples
from demo.models.prior_requests import GenerateError

if TYPE_CHECKING:
    from vqvae import Prior
    from vqvae.prior.sampling import Sampling

PATIENCE = 0.7
"""Seconds a request waits for its samples; after that it is told how far they are, and asks
again."""

jobs = Computations()
_under_way: dict[tuple, Samples] = {}
_names: "weakref.WeakKeyDictionary[Prior, str]" = weakref.WeakKeyDictionary()


class Drawing(NamedTuple):
    """Samples, whole or under way."""

    drawn: Samples | None
    """None where nothing is there yet."""
    ticket: str | None
    """To ask for the rest with, or to stop it; None when all is there."""
    step: int
    """The step it has reached."""


def draw_sheet(
    prior: "Prior", labels: list[int], sampling: "Sampling", seed: int, ticket: str | None
) -> Drawing:
    """The samples of a request, as far as they are after PATIENCE; `ticket`: the one given for the
    same before.

    BusyError when too many others are drawing, GenerateError when the drawing has failed or was
    stopped.
    """
    key = "sheet", _name(prior), tuple(labels), sampling, seed
    drawn = jobs.result(key)
    if drawn is not None:
        return Drawing(drawn, None, drawn.steps)

    def work(progress):
        def on_step(step: int, so_far: Samples) -> None:
            _under_way[key] = so_far
            progress(step, so_far.steps, "")

        try:
            return generating.draw(prior, labels, sampling, seed, on_step=on_step)
        finally:
            _under_way.pop(key, None)

    job = jobs.job(ticket)
    if job is None or job.key != key:
        ticket = jobs.start(key, work)
        job = jobs.job(ticket)
        assert job is not None, "just started"
    if not job.wait(PATIENCE):
        return Drawing(_under_way.get(key), ticket, job.done)
    jobs.stop(ticket)
    if job.error:
        raise GenerateError(job.error)
    return Drawing(job.result, None, job.result.steps)


def _name(prior: "Prior") -> str:
    """A name for a prior as it is in memory, so that what was drawn from older weights is not taken
    for its own."""
    return _names.setdefault(prior, secrets.token_hex(8))
