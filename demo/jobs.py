"""Training in the background: start, queue, pause, resume, stop, and find again.

`Jobs` owns the processes of one app. A run's truth is in its folder (demo.runfiles), so the status of a run can be read
after a reload, by a second app process, or after a crash; only the queue and the pipes live here. One idle worker is
kept warm, with torch imported, so that pressing Train costs no import.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from functools import cache
from pathlib import Path

from demo import runfiles
from demo.run_folders import make_folder
from demo.run_settings import RunSettings
from demo.run_status import ACTIVE, RUNNING, Status, lost, read_status
from demo.session import is_token
from demo.storage import StorageError, check_room

PROJECT = Path(__file__).resolve().parent.parent
MAX_PENDING = 4
"""Most runs of one visitor that are not over."""
MAX_ALL = 32
"""Most runs of all visitors together that train, are held or wait."""
MOMENT = 2.0
"""The same run asked for twice within so many seconds was asked for once, with a hasty hand."""
MAX_RUNS = 40
"""Most runs of one visitor kept on disk."""
_RUN_ID = re.compile(r"[0-9a-f]{16}")


NOTHING_KEPT = "Stopped before the first step: there is no model to keep."
MODEL_KEPT = "Stopped before the prior’s first step: the model is kept without one."
EXIT_IDLE = 75
"""Exit code of a warm worker that was never given a run."""


class JobError(ValueError):
    """A command cannot be carried out; its text is one sentence for the page."""


@cache
def shared_jobs(runs: Path) -> Jobs:
    """The one owner of the runs in a folder, for every tab that trains: one queue, one warm worker."""
    return Jobs(runs)


def default_slots() -> int:
    """How many runs train at once: a run uses every core it gets, so one until there are many."""
    return max(1, min(4, (os.cpu_count() or 1) // 4))


class Jobs:
    """All training of one app. Methods are safe to call from any thread."""

    def __init__(self, runs: Path, *, slots: int | None = None, command: list[str] | None = None) -> None:
        """`slots` runs train at once, the others wait. `command` starts a worker (another one in tests)."""
        self.runs = runs
        self.slots = slots or default_slots()
        self._command = command or [sys.executable, "-m", "demo.worker"]
        self._guard = threading.RLock()
        self._processes: dict[Path, subprocess.Popen] = {}
        self._paused: set[Path] = set()
        self._queue: deque[tuple[Path, str]] = deque()
        self._standby: subprocess.Popen | None = None
        self._starting = threading.Lock()
        self._latest: dict[str, tuple[tuple, float, str]] = {}
        self._closed = False
        atexit.register(self.close)

    # -- commands -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Start the warm worker if there is none and nothing trains; returns at once."""
        with self._guard:
            busy = any(run not in self._paused for run in self._processes)
            if not self._closed and not busy and (self._standby is None or self._standby.poll() is not None):
                self._standby = self._spawn(subprocess.DEVNULL)

    def start(self, visitor: str, settings: RunSettings, title: str = "", images: Path | None = None,
              source: Path | None = None) -> str:
        """Make a run and train it, or queue it. Returns its id. Raises JobError when the visitor has too many.

        `images` is an uploaded zip to train on; it is copied into the run, so that a resume finds it again. `source`
        is the checkpoint folder of the model that the run trains a prior for; it is copied, never written to.
        """
        if not is_token(visitor):
            raise JobError("This page has no visitor token yet; reload it and press Train again.")
        asked = (settings, title, images, source)
        with self._starting:  # one at a time: two clicks may come on two threads
            now = time.monotonic()
            self._latest = {who: last for who, last in self._latest.items() if now - last[1] < MOMENT}
            last, _, run_id = self._latest.get(visitor, (None, 0.0, ""))
            if last == asked and self._status(self.runs / visitor / run_id).active:
                return run_id
            self._check_places(visitor)
            if len(self._folders(visitor)) >= MAX_RUNS:
                raise JobError(f"You have {MAX_RUNS} runs, the most that are kept; delete one of them first.")
            try:
                check_room(self.runs, visitor, images.stat().st_size if images else 0)
            except (StorageError, OSError) as error:
                raise JobError(str(error)) from error
            run_id = secrets.token_hex(8)
            try:
                make_folder(self.runs / visitor / run_id, settings, title, images, source)
            except OSError as error:
                raise JobError(f"The run's folder cannot be written ({error.strerror}); free some space under "
                               f"{self.runs} or start the app with another --runs folder.") from error
            self._enqueue(self.runs / visitor / run_id)
            self._latest[visitor] = asked, time.monotonic(), run_id
        return run_id

    def _check_places(self, visitor: str) -> None:
        """JobError when the visitor, or all visitors together, have as many runs under way as there may be."""
        if sum(status.active for status in self.list(visitor)) >= MAX_PENDING:
            raise JobError(f"{MAX_PENDING} of your runs are waiting or training already; stop one of them first.")
        with self._guard:
            under_way = len(self._queue) + len(self._processes)
        if under_way >= MAX_ALL:
            raise JobError(f"{under_way} runs of all visitors are waiting or training here, and no more are taken; "
                           "try again when some of them have ended.")

    def pause(self, visitor: str, run_id: str) -> None:
        """Hold a training run; its place goes to the next one in the queue."""
        run_dir = self._find(visitor, run_id)
        with self._guard:
            if run_dir in self._processes and run_dir not in self._paused:
                self._paused.add(run_dir)
                self._send(run_dir, "pause")
                self._pump()

    def resume(self, visitor: str, run_id: str) -> None:
        """Go on with a paused or interrupted run, from its process or its last save, when there is a free place."""
        run_dir = self._find(visitor, run_id)
        with self._guard:
            waiting = any(queued == run_dir for queued, _ in self._queue)
            status = self._status(run_dir)
            if not status.active and not status.resumable:
                raise JobError("This run is over and cannot go on; press Train to start a new one.")
            if not waiting and (run_dir not in self._processes or run_dir in self._paused):
                if not status.active:
                    self._check_places(visitor)
                self._enqueue(run_dir)

    def stop(self, visitor: str, run_id: str) -> None:
        """End a run and keep what it has learned so far as a model."""
        run_dir = self._find(visitor, run_id)
        with self._guard:
            queued = any(waiting == run_dir for waiting, _ in self._queue)
            self._queue = deque(entry for entry in self._queue if entry[0] != run_dir)
            process = self._processes.get(run_dir)
            if process and self._status(run_dir).phase == "starting" and not (run_dir / runfiles.SAVE).exists():
                process.kill()  # it may be waiting for a slow download, and there is nothing to save
                process.wait(10)
                self._write_state(run_dir, "stopped", self._kept(run_dir))
            elif process:
                self._paused.discard(run_dir)
                self._send(run_dir, "stop")
            elif (run_dir / runfiles.SAVE).exists():
                self._queue.appendleft((run_dir, "stop"))
                self._pump()
            elif queued or self._status(run_dir).phase in ACTIVE:
                self._write_state(run_dir, "stopped", self._kept(run_dir))

    def delete(self, visitor: str, run_id: str) -> None:
        """Remove a run that is over, and its model."""
        run_dir = self._find(visitor, run_id)
        with self._guard:
            if run_dir in self._processes or self._status(run_dir).active:
                raise JobError("This run is not over; stop it before deleting it.")
            shutil.rmtree(run_dir, ignore_errors=True)

    def close(self, wait: float = 0.0) -> None:
        """Let every worker save and end: they see the end of their standard input, as they would if the app died.
        Waits at most `wait` seconds for each."""
        with self._guard:
            self._closed = True
            processes = [*self._processes.values(), *([self._standby] if self._standby else [])]
            self._standby = None
            for process in processes:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        for process in processes if wait else ():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait)

    # -- what the page shows ------------------------------------------------------------------------------------------

    def status(self, visitor: str, run_id: str) -> Status:
        """Raises JobError for an id that names no run of this visitor."""
        return self._status(self._find(visitor, run_id))

    def list(self, visitor: str) -> list[Status]:
        """The visitor's runs, newest first; uploaded models are no runs and are left out."""
        return sorted(map(self._status, self._folders(visitor)), key=lambda status: -status.created)

    def folder(self, visitor: str, run_id: str) -> Path:
        """The run's folder, for reading its files. Raises JobError as `status` does."""
        return self._find(visitor, run_id)

    def _folders(self, visitor: str) -> list[Path]:
        if not is_token(visitor):
            return []
        try:
            folders = [f for f in (self.runs / visitor).iterdir() if _RUN_ID.fullmatch(f.name)]
        except OSError:
            return []
        return [f for f in folders if (f / runfiles.JOB).is_file()]

    def _find(self, visitor: str, run_id: str) -> Path:
        if not is_token(visitor) or not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id) \
                or not (self.runs / visitor / run_id / runfiles.JOB).is_file():
            raise JobError("This run is not here any more; press Train to start a new one.")
        return self.runs / visitor / run_id

    def _status(self, run_dir: Path) -> Status:
        with self._guard:
            place = next((i for i, (queued, _) in enumerate(self._queue, 1) if queued == run_dir), 0)
            ours = run_dir in self._processes
        return read_status(run_dir, place=place, ours=ours)

    # -- processes ----------------------------------------------------------------------------------------------------

    def _enqueue(self, run_dir: Path, command: str = "") -> None:
        with self._guard:
            self._queue.append((run_dir, command))
            self._pump()

    def _pump(self) -> None:
        """Give free places to the first in the queue."""
        while self._queue and len(self._processes.keys() - self._paused) < self.slots and not self._closed:
            run_dir, command = self._queue.popleft()
            if run_dir in self._processes:
                self._paused.discard(run_dir)
                self._send(run_dir, command or "resume")
            else:
                self._launch(run_dir, command)

    def _launch(self, run_dir: Path, command: str) -> None:
        # At once, not when the process has imported torch: a page that still saw "interrupted" would stop looking.
        self._write_state(run_dir, "starting",
                          "Going on from its last save" if (run_dir / runfiles.SAVE).exists() else "Starting")
        process, self._standby = self._standby, None
        if process is None or process.poll() is not None:
            process = self._spawn(subprocess.DEVNULL)
        self._processes[run_dir] = process
        self._send(run_dir, str(run_dir.resolve()))
        if command:
            self._send(run_dir, command)
        threading.Thread(target=self._wait, args=(run_dir, process), daemon=True).start()

    def _spawn(self, output: int) -> subprocess.Popen:
        return subprocess.Popen(self._command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=output, stderr=output,
                                start_new_session=True)

    def _send(self, run_dir: Path, line: str) -> None:
        process = self._processes[run_dir]
        with contextlib.suppress(OSError, ValueError):  # it just ended: _wait sees that
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()

    def _wait(self, run_dir: Path, process: subprocess.Popen) -> None:
        code = process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
        with self._guard:
            self._processes.pop(run_dir, None)
            self._paused.discard(run_dir)
            if code == EXIT_IDLE:  # the warm worker went home in the very moment it was given this run
                self._queue.appendleft((run_dir, ""))
                self._pump()
                return
            if run_dir.exists() and runfiles.read_json(run_dir / runfiles.STATE).get("phase") in RUNNING:
                self._write_state(run_dir, "interrupted", lost(run_dir))
            self._pump()
        self.prepare()

    def _kept(self, run_dir: Path) -> str:
        return MODEL_KEPT if self._status(run_dir).has_model else NOTHING_KEPT

    def _write_state(self, run_dir: Path, phase: str, text: str) -> None:
        with contextlib.suppress(OSError):
            stage = runfiles.read_json(run_dir / runfiles.STATE).get("stage", "model")
            runfiles.write_atomic(run_dir / runfiles.STATE, {"phase": phase, "text": text, "stage": stage})
