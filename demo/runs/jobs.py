"""Training in the background: start, queue, pause, resume, stop, and find again.

`Jobs` owns the processes of one app. A run's truth is in its folder (demo.runs.files), so the
status of a run can be read after a reload, by a second app process, or after a crash; only the
queue lives here, and the processes (demo.runs.processes).
"""

from __future__ import annotations

import atexit
import contextlib
import math
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from demo.asker import ADDRESS
from demo.runs import files as runfiles
from demo.runs.folders import IMAGE_FILES, find_run, folders_of, make_folders, place_of
from demo.runs.line import Line
from demo.runs.places import JobError, check_places, default_slots, within_budget
from demo.runs.plans.plan import Plan
from demo.runs.processes import Processes
from demo.runs.settings import RunSettings
from demo.runs.status import EXIT_IDLE, Command, Phase, Status, lost, read_status
from demo.runs.storage import StorageError, check_room
from demo.runs.upload_room import UploadRoom, upload_room
from demo.session import is_token
from demo.settings import Settings

MAX_HELD = 4
"""Most paused runs whose process stays in memory, to go on at once; the one held longest is saved
and its process ends."""
DOUBLE_CLICK_SECONDS = 2.0
"""The same run asked for twice within so many seconds was asked for once, with a hasty hand."""
MAX_NAME = 40
"""Characters in the name of a run."""
MAX_RUNS = 40
"""Most runs of one visitor kept on disk."""

NOTHING_KEPT = "Stopped before the first step: there is no model to keep."
MODEL_KEPT = "Stopped before the prior’s first step: the model is kept without one."


@cache
def shared_jobs(settings: Settings) -> Jobs:
    """The one owner of the runs in a folder, for every tab that trains: one queue, one warm
    worker."""
    return Jobs(settings.runs, most_seconds=settings.train_seconds, room=upload_room(settings))


class Jobs:
    """All training of one app. Methods are safe to call from any thread."""

    def __init__(
        self,
        runs: Path,
        *,
        slots: int | None = None,
        command: list[str] | None = None,
        most_seconds: float = math.inf,
        room: UploadRoom | None = None,
    ) -> None:
        """`slots` runs train at once, the others wait. `command` starts a worker (another one in
        tests). `most_seconds`: the longest training that is taken. `room` counts uploaded
        images."""
        self.runs = runs
        self.slots = slots or default_slots()
        self.most_seconds = most_seconds
        self._room = room
        self._guard = threading.RLock()
        self._processes = Processes(
            command or [sys.executable, "-m", "demo.runs.worker"], self._ended
        )
        self._paused: dict[Path, None] = {}
        """In the order in which they were paused."""
        self._line = Line()
        self._addresses: dict[Path, str] = {}
        """Who asked for each run that is under way."""
        self._places: dict[Path, Path] = {}
        """As what each of these takes its place: see place_of."""
        self._starting = threading.Lock()
        self._latest: dict[str, tuple[tuple, float, list[str]]] = {}
        self._closed = False
        atexit.register(self.close)

    # -- commands ----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Start the warm worker if there is none and nothing trains; returns at once."""
        with self._guard:
            busy = any(run not in self._paused for run in self._processes)
            if not self._closed and not busy:
                self._processes.warm_up()

    def start(
        self,
        visitor: str,
        settings: RunSettings | Plan,
        title: str = "",
        images: Path | None = None,
        source: Path | None = None,
    ) -> str:
        """Make a run and train it, or queue it. Returns its id. Raises JobError when the visitor
        has too many.

        `images` is an uploaded zip to train on; it is copied into the run, so that a resume finds
        it again. `source` is the checkpoint folder of the model that the run trains a prior for; it
        is copied, never written to.
        """
        return self._begin(visitor, [(settings, title)], images, source)[0]

    def start_pair(
        self,
        visitor: str,
        pair: Sequence[tuple[RunSettings, str]],
        images: Path | None = None,
    ) -> list[str]:
        """Two runs, each with its title, that train at the same time and take one place together:
        the cores are shared. Both or none. Returns their ids; raises JobError as `start` does."""
        return self._begin(visitor, pair, images, None)

    def _begin(
        self,
        visitor: str,
        wanted: Sequence[tuple[RunSettings | Plan, str]],
        images: Path | None,
        source: Path | None,
    ) -> list[str]:
        if not is_token(visitor):
            raise JobError("This page has no visitor token yet; reload it and press Train again.")
        wanted = [(within_budget(one, self.most_seconds), title) for one, title in wanted]
        asked = (wanted, images, source)
        with self._starting:  # one at a time: two clicks may come on two threads
            if ids := self._asked_just_now(visitor, asked):
                return ids
            self._check_room(visitor, len(wanted), images)
            ids = [secrets.token_hex(8) for _ in wanted]
            folders = [self.runs / visitor / run_id for run_id in ids]
            make_folders(folders, wanted, images, source)
            for file in (file for folder in folders for file in folder.iterdir()):
                if self._room and file.suffix in IMAGE_FILES:
                    self._room.keep(file)
            self._enqueue(*folders)
            self._latest[visitor] = asked, time.monotonic(), ids
        return ids

    def _asked_just_now(self, visitor: str, asked: tuple) -> list[str]:
        """The ids of the runs that a double click has begun already; none otherwise."""
        now = time.monotonic()
        self._latest = {
            who: last for who, last in self._latest.items() if now - last[1] < DOUBLE_CLICK_SECONDS
        }
        last, _, ids = self._latest.get(visitor, (None, 0.0, []))
        under_way = any(self._status(self.runs / visitor / one).active for one in ids)
        return ids if last == asked and under_way else []

    def _check_room(self, visitor: str, wanted: int, images: Path | None) -> None:
        self._check_places(visitor, wanted)
        if len(folders_of(self.runs, visitor)) + wanted > MAX_RUNS:
            raise JobError(
                f"You have {MAX_RUNS} runs, the most that are kept; delete one of them first."
            )
        try:
            check_room(self.runs, visitor, images.stat().st_size if images else 0)
        except (StorageError, OSError) as error:
            raise JobError(str(error)) from error

    def _check_places(self, visitor: str, wanted: int = 1) -> None:
        mine = sum(status.active for status in self.list_runs(visitor))
        with self._guard:
            runs = {*self._line, *self._processes}
            self._addresses = {run: self._addresses[run] for run in runs}
            self._places = {run: self._places[run] for run in runs}
            check_places(mine, self._addresses, wanted)

    def pause(self, visitor: str, run_id: str | None) -> None:
        """Hold a training run; its place goes to the next one in the queue."""
        run_dir = find_run(self.runs, visitor, run_id)
        if self._status(run_dir).plan:  # its process would go on, beside the next one's
            raise JobError("Several trainings in one run cannot be paused; stop them instead.")
        with self._guard:
            if run_dir in self._processes and run_dir not in self._paused:
                self._paused[run_dir] = None
                self._processes.send(run_dir, Command.PAUSE)
                self._let_go()
                self._start_waiting()

    def resume(self, visitor: str, run_id: str | None) -> None:
        """Go on with a paused or interrupted run, from its process or its last save, when there is
        a free place."""
        run_dir = find_run(self.runs, visitor, run_id)
        with self._guard:
            status = self._status(run_dir)
            if not status.active and not status.resumable:
                raise JobError("This run is over and cannot go on; press Train to start a new one.")
            trains = run_dir in self._processes and run_dir not in self._paused
            if run_dir not in self._line and not trains:
                if not status.active:
                    self._check_places(visitor)
                self._enqueue(run_dir)

    def step(self, visitor: str, run_id: str | None) -> None:
        """One step of a run that is paused; it stays paused."""
        run_dir = find_run(self.runs, visitor, run_id)
        with self._guard:
            if run_dir not in self._paused or run_dir not in self._processes:
                raise JobError("This run is not held here; press Resume, then Pause, and step.")
            self._processes.send(run_dir, Command.STEP)

    def stop(self, visitor: str, run_id: str | None) -> None:
        """End a run and keep what it has learned so far as a model."""
        run_dir = find_run(self.runs, visitor, run_id)
        with self._guard:
            queued = run_dir in self._line
            self._line.remove(run_dir)
            trains = run_dir in self._processes
            if (
                trains
                and self._status(run_dir).phase is Phase.STARTING
                and not runfiles.is_saved(run_dir)
            ):
                # It may be waiting for a slow download, and there is nothing to save.
                self._processes.kill(run_dir)
                self._write_state(run_dir, Phase.STOPPED, self._kept(run_dir))
            elif trains:
                self._paused.pop(run_dir, None)
                self._processes.send(run_dir, Command.STOP)
            elif runfiles.is_saved(run_dir):
                self._enqueue(run_dir, command=Command.STOP)
            elif queued or self._status(run_dir).active:
                self._write_state(run_dir, Phase.STOPPED, self._kept(run_dir))

    def rename(self, visitor: str, run_id: str | None, name: object) -> None:
        """Call a run by a name of its owner's; an empty one gives it its title back. JobError for a
        name that is none."""
        run_dir = find_run(self.runs, visitor, run_id)
        wanted = " ".join(name.split()) if isinstance(name, str) else ""
        if len(wanted) > MAX_NAME or not wanted.isprintable():
            raise JobError(
                f"The name has {len(wanted):,} characters; up to {MAX_NAME} that can be printed "
                "are taken."
            )
        with self._guard:
            job = runfiles.read_json(run_dir / runfiles.JOB)
            runfiles.write_atomic(run_dir / runfiles.JOB, {**job, "name": wanted})

    def delete(self, visitor: str, run_id: str | None) -> None:
        """Remove a run that is over, and its model."""
        run_dir = find_run(self.runs, visitor, run_id)
        with self._guard:
            if run_dir in self._processes or self._status(run_dir).active:
                raise JobError("This run is not over; stop it before deleting it.")
            shutil.rmtree(run_dir, ignore_errors=True)

    def close(self, wait: float = 0.0) -> None:
        """Let every worker save and end: they see the end of their standard input, as they would if
        the app died. Waits at most `wait` seconds for each."""
        with self._guard:
            self._closed = True
            processes = self._processes.close()
        for process in processes if wait else ():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait)

    # -- what the page shows ---------------------------------------------------------------------

    def status(self, visitor: str, run_id: str | None) -> Status:
        """Raises JobError for an id that names no run of this visitor."""
        return self._status(find_run(self.runs, visitor, run_id))

    def list_runs(self, visitor: str) -> list[Status]:
        """The visitor's runs, newest first; uploaded models are no runs and are left out."""
        return sorted(
            map(self._status, folders_of(self.runs, visitor)), key=lambda status: -status.created
        )

    def folder(self, visitor: str, run_id: str | None) -> Path:
        """The run's folder, for reading its files. Raises JobError as `status` does."""
        return find_run(self.runs, visitor, run_id)

    def _status(self, run_dir: Path) -> Status:
        with self._guard:
            waiting = list(dict.fromkeys(self._places[run] for run in self._line))
            place = waiting.index(self._places[run_dir]) + 1 if run_dir in self._line else 0
            ours = run_dir in self._processes
        return read_status(run_dir, place=place, ours=ours)

    # -- processes ---------------------------------------------------------------------------------

    def _enqueue(self, *folders: Path, command: Command = Command.NONE) -> None:
        with self._guard:
            for run_dir in folders:
                self._addresses[run_dir], self._places[run_dir] = ADDRESS.get(), place_of(run_dir)
                self._line.add(run_dir, ADDRESS.get(), command, first=command is Command.STOP)
            self._start_waiting()

    def _start_waiting(self) -> None:
        """Give free places to those whose turn it is; who trains beside one that has a place shares
        it."""
        while self._line and not self._closed:
            taken = {self._places[run] for run in set(self._processes) - self._paused.keys()}
            shared = next((run for run in self._line if self._places[run] in taken), None)
            if shared is None and len(taken) >= self.slots:
                return
            next_one = self._line.take(shared)
            if next_one.run in self._processes:
                self._paused.pop(next_one.run, None)
                self._processes.send(next_one.run, next_one.command or Command.RESUME)
            else:
                self._launch(next_one.run, next_one.command)

    def _let_go(self) -> None:
        """Of too many held processes, let the one held longest save its run and end."""
        held = [run for run in self._paused if run not in self._line]
        for run_dir in held[:-MAX_HELD]:
            self._processes.let_go(run_dir)

    def _launch(self, run_dir: Path, command: Command) -> None:
        # At once, not when the process has imported torch: a page that still saw "interrupted"
        # would stop looking.
        self._write_state(
            run_dir,
            Phase.STARTING,
            "Going on from its last save" if runfiles.is_saved(run_dir) else "Starting",
        )
        self._processes.launch(run_dir, command)

    def _ended(self, run_dir: Path, process: subprocess.Popen) -> None:
        with self._guard:
            told = self._processes.remove(run_dir)
            # The warm worker went home in the very moment it was given this run.
            if process.returncode == EXIT_IDLE and not self._closed:
                self._launch(run_dir, told)
                return
            self._paused.pop(run_dir, None)
            if (
                run_dir.exists()
                and Phase.read(runfiles.read_json(run_dir / runfiles.STATE).get("phase")).running
            ):
                self._write_state(run_dir, Phase.INTERRUPTED, lost(run_dir))
            self._start_waiting()
        self.prepare()

    def _kept(self, run_dir: Path) -> str:
        return MODEL_KEPT if self._status(run_dir).has_model else NOTHING_KEPT

    def _write_state(self, run_dir: Path, phase: Phase, text: str) -> None:
        with contextlib.suppress(OSError):
            stage = runfiles.read_json(run_dir / runfiles.STATE).get("stage", "model")
            runfiles.write_atomic(
                run_dir / runfiles.STATE, {"phase": phase, "text": text, "stage": stage}
            )
