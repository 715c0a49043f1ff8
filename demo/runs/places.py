"""How much may be under way: of a visitor, of an address, of everybody, and how long one run."""

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from demo.asker import ADDRESS
from demo.errors import PageError
from demo.runs.plans.plan import Plan
from demo.runs.settings import RunSettings

MAX_PENDING = 4
"""Most runs of one visitor that are not over."""
MAX_ALL = 64
"""Most runs of all visitors together that train, are held or wait."""
MAX_ADDRESS = 32
"""Most of these from one network address. A class of thirty may share one; others find room."""


class JobError(PageError):
    """A command cannot be carried out; its text is one sentence for the page."""


def default_slots() -> int:
    """How many runs train at once: a run uses every core it gets, so one until there are many."""
    return max(1, min(4, (os.cpu_count() or 1) // 4))


def within_budget(settings: RunSettings | Plan, most_seconds: float) -> RunSettings | Plan:
    """The settings of a run that ends after `most_seconds`, its prior included, however long its
    steps take. JobError where it is to train for longer."""
    parts = settings.to_dict()
    seconds = sum(parts[name]["seconds"] or 0 for name in ("training", "prior") if name in parts)
    if seconds > most_seconds:
        steps = isinstance(settings, Plan) and settings.parts[0].training.steps
        up_to, less = ("up to ", "fewer steps") if steps else ("", "less time")
        raise JobError(
            f"This would train for {up_to}{seconds:g} seconds in all, and this app takes "
            f"{most_seconds:g}: give it {less}, or run the app on your own machine."
        )
    if isinstance(settings, Plan) or math.isinf(most_seconds):
        return settings
    prior = settings.prior.seconds or 0 if settings.prior else 0
    return replace(settings, most_seconds=max(1.0, most_seconds - prior))


def check_places(mine: int, under_way: Mapping[Path, str], wanted: int = 1) -> None:
    """JobError where there is no place for as many more runs as are wanted.

    Args:
        mine: how many runs of the visitor are not over.
        under_way: every run that trains, is held or waits, and the address that asked for it.
    """
    if mine + wanted > MAX_PENDING:
        need = f", and {wanted} more would pass the {MAX_PENDING} that are taken" * (wanted > 1)
        raise JobError(
            f"{mine} of your runs are waiting or training already{need}; stop one of them first."
        )
    address = ADDRESS.get()
    near = list(under_way.values()).count(address)
    if address and near + wanted > MAX_ADDRESS:
        raise JobError(
            f"{near} runs from your network address are waiting or training already, and no more "
            "are taken from it; try again when some of them have ended."
        )
    if len(under_way) + wanted > MAX_ALL:
        raise JobError(
            f"{len(under_way)} runs of all visitors are waiting or training here, and no more are "
            "taken; try again when some of them have ended."
        )
