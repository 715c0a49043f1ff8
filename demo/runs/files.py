"""The files of one training run, shared by the page (demo.runs.jobs) and the process that trains
(demo.runs.worker).

A run is a folder `runs/<visitor>/<run id>/`. Everything the two sides say to each other, apart from
the commands on the worker's standard input, is a file in it, so a reload, a second browser or a
restarted app finds the run as it is:

    job.json        what to train: written once by the page
    state.json      phase and one sentence: replaced by the worker whenever it changes
    records.jsonl   one step record a line, appended by the worker
    live.json       the latest record, the codebook's use and how many pictures were drawn: replaced
                    about once a second
    preview.png     the fixed test images (upper row) and their reconstructions (lower row)
    prior.jsonl     like records.jsonl, of the prior that is trained after the model
    prior.json      like live.json: the latest record, what the bits are compared with
    samples.png     two rows of pictures drawn from the prior, always from the same noise
    worker.lock     locked by the worker for as long as it lives
    worker.log      what the worker printed
    pace            of one of two runs that were started together: its step, for the other
    save/           the training state of the last autosave; gone when the run is over
    source/         a copy of the model that the run trains a prior for; it becomes checkpoint/ with
                    that prior
    checkpoint/     the model it ended with, listed in the model picker

Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

JOB, STATE, RECORDS, LIVE, PREVIEW = (
    "job.json",
    "state.json",
    "records.jsonl",
    "live.json",
    "preview.png",
)
PRIOR_RECORDS, PRIOR_LIVE, SAMPLES, SOURCE = "prior.jsonl", "prior.json", "samples.png", "source"
LOCK, LOG, SAVE, CHECKPOINT = "worker.lock", "worker.log", "save", "checkpoint"
PACE = "pace"
MAX_RECORDS_BYTES = 8 * 2**20
"""Only so many bytes of the file's end are read; the worker thins what it writes and stays far
below."""


def write_atomic(path: Path, data: bytes | str | dict) -> None:
    """Replace `path` in one step, so that a reader (or a kill) sees the old content or the new,
    never half of one."""
    if isinstance(data, dict):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; {} when it is absent or damaged: the page then shows the run without
    it."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_records(run_dir: Path, name: str = RECORDS) -> list[dict[str, Any]]:
    """Every whole record written so far, oldest first. A line cut by a kill is skipped.

    A resumed run goes back to its last save, so records may repeat a stretch: of the same step the
    later one counts.
    """
    try:
        with (run_dir / name).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - MAX_RECORDS_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return []
    records: list[dict[str, Any]] = []
    for line in lines:
        try:
            record = json.loads(line)
            step = record["step"]
        except (ValueError, TypeError, KeyError):
            continue
        while records and records[-1]["step"] >= step:
            records.pop()
        records.append(record)
    return records


def is_saved(run_dir: Path) -> bool:
    """Whether there is a training state to go on from; a failed save may leave an empty folder."""
    return any((run_dir / SAVE).glob("*.safetensors"))


class Lock:
    """An exclusive lock on a run that the system frees when its holder dies, however it dies."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / LOCK
        self._file = None

    def take(self, wait: float = 0.0) -> bool:
        """Try for `wait` seconds; True when the lock is held."""
        deadline = time.monotonic() + wait
        while True:
            file = self._path.open("ab")
            if _lock(file):
                self._file = file
                return True
            file.close()
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)

    def free(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def is_locked(run_dir: Path) -> bool:
    """True while some process trains this run. Those who look do not take each other for one: they
    share the lock."""
    if not (run_dir / LOCK).exists():
        return False
    try:
        with _looking, (run_dir / LOCK).open("ab") as file:
            return not _lock(file, shared=True)
    except OSError:
        return False


_looking = threading.Lock()
"""Windows knows no shared locks: there one thread looks at a time."""


def _lock(file, *, shared: bool = False) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # ty: ignore[missing-attribute]: Windows
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
