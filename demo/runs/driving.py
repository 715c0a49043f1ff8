"""A run on its way: trained to its end, saved now and then, paused, stopped, or left when the app
ends.

What the process of a model (demo.runs.worker) and that of a prior (demo.runs.prior_worker) have in
common.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from demo.runs import files as runfiles
from demo.runs.reporter import Reporter
from demo.runs.status import Command, Phase, resuming

PAUSE_SECONDS = 600.0
"""A run paused for this long is saved and its process ends; resuming starts a new one."""
AUTOSAVE_SECONDS = 8.0
AHEAD = 10
"""Steps that one of two runs side by side may be ahead of the other."""
PACE_SECONDS = 0.2
"""Time between two words of a run to the other on its step."""
WAIT_SECONDS = 0.02
"""How long it waits before it looks again."""


class Commands:
    """Lines of standard input, read by a thread so that training never waits for them."""

    def __init__(self, stream) -> None:
        self._queue: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream) -> None:
        for line in stream:
            self._queue.put(line.strip())
        self._queue.put(Command.END)

    def get(self, timeout: float | None = None) -> str:
        """The next command; "" when there is none within `timeout` seconds (None: do not wait)."""
        try:
            return self._queue.get_nowait() if timeout is None else self._queue.get(timeout=timeout)
        except queue.Empty:
            return ""


class Pace:
    """Keeps two runs that were started together at about the same step, so that what is seen of
    both at any moment can be compared: the one ahead waits for the other, while that trains."""

    def __init__(self, run_dir: Path) -> None:
        other = runfiles.read_json(run_dir / runfiles.JOB).get("beside")
        self._own, self._other = run_dir, run_dir.with_name(other) if other else None
        self._told = -math.inf

    def is_ahead(self, step: int) -> bool:
        """Whether to wait at this step. What the other knows of this one is never older than a
        wait, so that the two never wait for each other."""
        if self._other is None:
            return False
        now = time.monotonic()
        behind = step > _step_of(self._other) + AHEAD and _is_under_way(self._other)
        if behind or now - self._told >= PACE_SECONDS:
            self._told = now
            with contextlib.suppress(OSError):
                runfiles.write_atomic(self._own / runfiles.PACE, str(step))
        return behind


def _step_of(run_dir: Path) -> int:
    """What a run has said of its step."""
    try:
        return int((run_dir / runfiles.PACE).read_text())
    except (OSError, ValueError):
        return 0


def _is_under_way(run_dir: Path) -> bool:
    """Whether a run trains, or is about to: it has no lock yet then, and the app says so when its
    process is lost."""
    phase = Phase.read(runfiles.read_json(run_dir / runfiles.STATE).get("phase"))
    return phase is Phase.STARTING or (phase is Phase.TRAINING and runfiles.is_locked(run_dir))


class Driven(NamedTuple):
    """How a training came to its end."""

    record: Any | None
    """Of the last step; None before the first."""
    suspended: bool
    """The process ends and the run does not: it is saved and can be resumed."""
    problem: str
    """What went wrong, a sentence for the page; "" when nothing did."""


def run_until_done(
    training,
    observe,
    run_dir: Path,
    reporter: Reporter,
    commands: Commands,
    most_seconds: float = math.inf,
) -> Driven:
    """Train until the budget or `most_seconds` are spent or a command ends it;
    `observe(record, last=)` is told of every step."""
    from vqvae.training.loop import TrainingDiverged

    reporter.state(Phase.TRAINING)
    record, saved, stepping, pace = None, time.monotonic(), False, Pace(run_dir)
    try:
        for record in training.steps():
            observe(record)
            if time.monotonic() - saved >= AUTOSAVE_SECONDS:
                before = reporter.unsaved
                autosave(training, run_dir, reporter)
                if reporter.unsaved != before:
                    reporter.state(Phase.TRAINING)
                saved = time.monotonic()
            if record.elapsed >= most_seconds and not training.finished:
                reporter.add_note(
                    f"Ended after {most_seconds:g} seconds, the most that this app takes."
                )
                break
            command = commands.get() or (Command.PAUSE if stepping else Command.NONE)
            while not command and pace.is_ahead(record.step):
                command = commands.get(WAIT_SECONDS)
            if command == Command.PAUSE:
                command = wait_while_paused(training, record, observe, run_dir, reporter, commands)
                saved = time.monotonic()
            stepping = command == Command.STEP
            if command == Command.STOP:
                break
            if command in (Command.END, Command.LEAVE):
                save_for_later(training, run_dir, reporter, paused=command == Command.LEAVE)
                return Driven(record, True, "")
    except TrainingDiverged as error:
        return Driven(record, False, str(error))
    return Driven(record, False, "")


def autosave(training, run_dir: Path, reporter: Reporter) -> bool:
    """Save the run so that it can go on; a full disk must not end the training. Whether it is
    saved: what stands in the way is `reporter.unsaved`, until a later save succeeds."""
    from vqvae.checkpoints.checkpoint import CheckpointError

    with contextlib.suppress(OSError):  # met again, with its sentence, by the save itself
        (run_dir / runfiles.SAVE).mkdir(exist_ok=True)
    try:
        training.save(run_dir / runfiles.SAVE)
    except CheckpointError as error:
        reporter.unsaved = f"This run could not be saved: {error}"
        return False
    reporter.unsaved = ""
    return True


def wait_while_paused(
    training, record, observe, run_dir: Path, reporter: Reporter, commands: Commands
) -> Command:
    """Wait while paused. Returns NONE to go on, STEP to come back after a step, STOP, or LEAVE when
    the wait was long or the app is gone."""
    autosave(training, run_dir, reporter)
    observe(record, last=True)
    reporter.state(Phase.PAUSED)
    while True:
        command = commands.get(PAUSE_SECONDS)
        if command == Command.RESUME:
            reporter.state(Phase.TRAINING)
            return Command.NONE
        if command in (Command.STEP, Command.STOP):
            return Command(command)
        if command in (Command.NONE, Command.END):
            return Command.LEAVE


def save_for_later(training, run_dir: Path, reporter: Reporter, *, paused: bool) -> None:
    """End the process but not the run."""
    saved = autosave(training, run_dir, reporter)
    what_then = "Resume goes on from where it was." if saved else resuming(run_dir)
    if paused:
        reporter.state(Phase.PAUSED, "" if saved else what_then)
    else:
        reporter.state(Phase.INTERRUPTED, f"The app was closed while this run trained. {what_then}")
