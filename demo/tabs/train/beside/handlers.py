"""What the buttons of two runs side by side do: both at once, whatever each of them is at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gradio as gr

from demo.page.events import Update
from demo.page.picker import refilled
from demo.page.run_head import problem_html
from demo.runs import files as runfiles
from demo.runs import pairs
from demo.runs.jobs import JobError, Jobs
from demo.runs.settings import RunSettings, SettingsError
from demo.runs.status import Phase
from demo.settings import Settings
from demo.tabs.train.bar import CUSTOM
from demo.tabs.train.beside import drawing, pair_card, sides, state
from demo.tabs.train.beside.sides import MISSING, Side
from demo.tabs.train.form import NAMES
from demo.tabs.train.handlers import checked, title_of

HELD = (Phase.TRAINING, Phase.STARTING)
"""What can be paused."""


class Shown(NamedTuple):
    """What a handler sends to the page, in the order of its components."""

    seen: Any
    """What the page shows already: what has not changed is not sent again."""
    head: Any
    view: Any
    charts: Any
    hold: Any
    step: Any
    stop: Any
    timer: Any
    done: Any
    """A timer that tells the page, once, that the list of models has changed."""
    problem: Any


def show(
    jobs: Jobs,
    visitor: str | None,
    a: object,
    b: object,
    seen: dict | None,
    problem: str | None = None,
) -> Shown:
    """A and B as they are, with gr.skip() for what the page shows already. problem: a sentence, ""
    to take one away, None to leave what there is."""
    found = [side for ident in (a, b) if (side := sides.find(jobs, visitor, ident))]
    now = {
        "ids": [a, b],
        "phases": [side.phase for side in found],
        "texts": [side.live.status.text if side.live.status else "" for side in found],
        "drawn": [side.live.drawn for side in found],
        "sizes": [[side.live.size, side.step] for side in found],
    }
    before = seen or {}
    fresh = before.get("ids") != now["ids"]
    changed = fresh or before.get("phases") != now["phases"]
    active = any(phase.active for phase in now["phases"])
    models = (
        not fresh
        and changed
        and any(side.live.status and side.live.status.has_model for side in found)
    )
    return Shown(
        now,
        gr.skip() if before == now else state.head_html(found),
        drawing.html(found)
        if any(before.get(name) != now[name] for name in ("ids", "phases", "texts", "drawn"))
        else gr.skip(),
        drawing.charts(found) if fresh or before.get("sizes") != now["sizes"] else gr.skip(),
        *(_buttons(found) if changed else [gr.skip()] * 3),
        gr.skip() if active and not fresh else gr.update(active=active),
        gr.update(active=True) if models else gr.skip(),
        gr.skip() if problem is None else problem_html(problem),
    )


def press_both(
    jobs: Jobs,
    app: Settings,
    visitor: str,
    a: str | None,
    b: str | None,
    seen: dict | None,
    name: Any,
    value: Any,
    steps: Any,
    *form: Any,
) -> tuple:
    """Check both forms and start the two; what cannot be used is named and starts nothing. One pair
    of a visitor trains at a time: the same asked for again is shown, another has to wait."""
    try:
        values, images, options = checked(app, *form)
        pair = pairs.read_pair(values, name, value, steps, **options)
        a_title, b_title = (title_of(values["dataset"], one) for one in pair)
        titles = f"A · {a_title}", f"B · {b_title}"
        if name != "codebook_size":  # which every title has
            titles = titles[0], f"{titles[1]} · {pairs.said(name, value)}"
        under_way = sides.pair_under_way(jobs, visitor)
        if under_way is None:
            under_way = jobs.start_pair(visitor, list(zip(pair, titles, strict=True)), images)
        elif not _is_same(jobs, visitor, under_way, pair):
            raise SettingsError(
                "The earlier A and B are still in training, or wait for their turn: press Stop "
                "both to end them, or let them finish."
            )
    except (SettingsError, JobError) as error:
        return gr.skip(), gr.skip(), *show(jobs, visitor, a, b, seen, str(error))
    listed, (a, b) = sides.choices(jobs, visitor), under_way
    pickers = (gr.update(choices=listed, value=ident) for ident in (a, b))
    return *pickers, *show(jobs, visitor, a, b, None, "")


def press_hold(jobs: Jobs, visitor: str, a: str | None, b: str | None, seen: dict | None) -> Shown:
    """Pause those that train; where none does, resume those that are held."""
    found = _runs(jobs, visitor, a, b)
    if any(side.phase in HELD for side in found.values()):
        chosen = [ident for ident, side in found.items() if side.phase in HELD]
        return _each(jobs, jobs.pause, chosen, visitor, a, b, seen)
    chosen = [ident for ident, side in found.items() if side.phase.resumable]
    return _each(jobs, jobs.resume, chosen, visitor, a, b, seen)


def press_step(jobs: Jobs, visitor: str, a: str | None, b: str | None, seen: dict | None) -> Shown:
    """One step of those that are paused."""
    found = _runs(jobs, visitor, a, b)
    chosen = [ident for ident, side in found.items() if side.phase is Phase.PAUSED]
    return _each(jobs, jobs.step, chosen, visitor, a, b, seen)


def press_stop(jobs: Jobs, visitor: str, a: str | None, b: str | None, seen: dict | None) -> Shown:
    """End both, and keep what they have learned."""
    found = _runs(jobs, visitor, a, b)
    chosen = [
        ident
        for ident, side in found.items()
        if side.phase is Phase.INTERRUPTED or side.phase.active
    ]
    return _each(jobs, jobs.stop, chosen, visitor, a, b, seen)


def press_duplicate(jobs: Jobs, visitor: str, a: str | None) -> tuple:
    """The form with the settings of A."""
    side = sides.find(jobs, visitor, a)
    if side is None:
        return gr.skip(), f'<p class="vq-note">{MISSING}</p>', *[gr.skip()] * len(NAMES)
    own = "" if "dataset" in side.values else " Its images are not among them: choose these again."
    said = f"The settings of A.{own} Choose above how B differs, and press Train both."
    words = f'<p class="vq-note">{said}</p>'
    return CUSTOM, words, *(side.values.get(name, gr.skip()) for name in NAMES)


def make_card(jobs: Jobs, visitor: str, a: str | None, b: str | None) -> list[str]:
    """Both as one picture to keep."""
    found = [side for ident in (a, b) if (side := sides.find(jobs, visitor, ident))]
    return pair_card.card_of(found)


def offer(name: str, value: Any, *fields: Any) -> Update:
    """The values that B can have of a setting; that which is chosen stays where it is one of them,
    else it becomes one that A does not have."""
    listed = pairs.values_of(name)
    if value in [one for _, one in listed]:
        return gr.update(choices=listed)
    form = dict(zip(NAMES, fields, strict=True))
    return gr.update(choices=listed, value=pairs.other_value(name, form))


def offered(name: str, value: Any) -> Update:
    """The values that B can have of a setting, with the one there is chosen, whatever it is."""
    return gr.update(choices=pairs.values_of(name), value=value)


def fill(jobs: Jobs, visitor: str, a: str | None, b: str | None, seen: dict | None) -> tuple:
    """The lists filled again, and both as they are."""
    listed = sides.choices(jobs, visitor)
    pickers = (refilled(listed, ident, otherwise=None) for ident in (a, b))
    return *pickers, *show(jobs, visitor, a, b, seen)


def find(jobs: Jobs, visitor: str, mode: str, a: str | None, b: str | None) -> tuple:
    """When the page opens: what its address names; where it names none, the two that train."""
    under_way = sides.pair_under_way(jobs, visitor) if (a, b) == sides.FIRST else None
    if under_way:
        mode, (a, b) = "two", under_way
    listed = sides.choices(jobs, visitor)
    pickers = (gr.update(choices=listed, value=ident) for ident in (a, b))
    return mode, *pickers, *show(jobs, visitor, a, b, None)


def _is_same(jobs: Jobs, visitor: str, ids: Sequence[str], pair: Sequence[RunSettings]) -> bool:
    """Whether these runs were started with these settings."""
    made = [runfiles.read_json(jobs.folder(visitor, one) / runfiles.JOB) for one in ids]
    asked = [json.loads(json.dumps(one.to_dict())) for one in pair]
    parts = "model", "training"
    return all(
        job.get(part) == one[part] for job, one in zip(made, asked, strict=True) for part in parts
    )


def _runs(jobs: Jobs, visitor: str, a: str | None, b: str | None) -> dict[str, Side]:
    """Those of the two that are runs, by id: a recording takes no command."""
    found = {ident: sides.find(jobs, visitor, ident) for ident in (a, b) if ident}
    return {ident: side for ident, side in found.items() if side and not side.recording}


def _each(
    jobs: Jobs,
    command: Callable[[str, str | None], None],
    chosen: list[str],
    visitor: str,
    a: str | None,
    b: str | None,
    seen: dict | None,
) -> Shown:
    """Give a command to each; that one refuses it does not keep it from the other."""
    said = ""
    for ident in chosen:
        try:
            command(visitor, ident)
        except JobError as error:
            said = str(error)
    return show(jobs, visitor, a, b, seen, said)._replace(timer=gr.update(active=True))


def _buttons(found: list[Side]) -> tuple[Update, Update, Update]:
    """Hold, step and stop."""
    phases = [side.phase for side in found if not side.recording]
    holds = any(phase in HELD for phase in phases)
    resumes = not holds and any(phase.resumable for phase in phases)
    stops = any(
        (phase.active and phase is not Phase.EVALUATING) or phase is Phase.INTERRUPTED
        for phase in phases
    )
    return (
        gr.update(value="Resume both" if resumes else "Pause both", interactive=holds or resumes),
        gr.update(interactive=not holds and Phase.PAUSED in phases),
        gr.update(interactive=stops),
    )
