"""Names for visitors' runs that can be given away: a keyed hash of where the run is, so that no
name tells it.

The key is a file beside the runs, readable by the app alone; with it, names outlive a restart.
"""

import contextlib
import hmac
import os
import re
import secrets
import threading
import time
from functools import cache
from pathlib import Path

from demo.models.ids import NAME, ModelId
from demo.roots import is_inside
from demo.session import is_token

SECRET = ".secret"
SECRET_BYTES = 32
LOOK_SECONDS = 2.0
"""All runs are looked through at most once in so many seconds, however many unknown names come."""


class Sharing:
    """Which name belongs to which run of a folder. Safe to ask from any thread."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._guard = threading.Lock()
        self._key = b""
        self._found: dict[str, tuple[str, str]] = {}
        self._looked = -LOOK_SECONDS

    def name(self, visitor: str, run: str) -> ModelId:
        """The name of a visitor's run, whether it is there or not."""
        with self._guard:
            share = self._hash(visitor, run)
            # Only what is there is remembered: names that a visitor makes up cost no memory.
            if (
                is_token(visitor)
                and re.fullmatch(NAME, run)
                and (self._runs / visitor / run).is_dir()
            ):
                self._found[share] = visitor, run
        return ModelId(share=share)

    def find(self, model_id: ModelId | None) -> tuple[str, str] | None:
        """(visitor, run) of a name, None where it names no run that is here."""
        if model_id is None or not model_id.share:
            return None
        with self._guard:
            if (
                model_id.share not in self._found
                and time.monotonic() - self._looked >= LOOK_SECONDS
            ):
                self._found = {self._hash(*run): run for run in self._all()}
                self._looked = time.monotonic()
            return self._found.get(model_id.share)

    def folder(self, model_id: ModelId | None) -> Path | None:
        """The folder of the run that a name stands for; None without one, or where a link leads out
        of the runs."""
        found = self.find(model_id)
        path = self._runs / found[0] / found[1] if found else None
        return path if path is not None and is_inside(path, self._runs) else None

    def is_owner(self, visitor: object, model_id: ModelId | None) -> bool:
        """Whether this is a run of that visitor's."""
        found = self.find(model_id)
        return found is not None and found[0] == visitor

    def _hash(self, visitor: str, run: str) -> str:
        self._key = self._key or read_key(self._runs)
        return hmac.digest(self._key, f"{visitor}/{run}".encode(), "sha256")[:16].hex()

    def _all(self) -> list[tuple[str, str]]:
        homes = [home for home in _names(self._runs) if is_token(home)]
        return [
            (home, run)
            for home in homes
            for run in _names(self._runs / home)
            if re.fullmatch(NAME, run)
        ]


@cache
def sharing_of(runs: Path) -> Sharing:
    """The names of the runs in a folder; one object for the whole app."""
    return Sharing(runs)


def read_key(runs: Path) -> bytes:
    """The key of a folder of runs, made when there is none. Where it cannot be kept, names last
    until the app ends."""
    with contextlib.suppress(OSError):
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Linked into place whole: another app that starts now reads all of it, or none.
        fresh = runs / f"{SECRET}.{secrets.token_hex(8)}"
        if not (runs / SECRET).exists():
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(SECRET_BYTES))
                with contextlib.suppress(FileExistsError):
                    os.link(fresh, runs / SECRET)
            finally:
                fresh.unlink()
        key = (runs / SECRET).read_bytes()
        if len(key) == SECRET_BYTES:
            return key
    return secrets.token_bytes(SECRET_BYTES)


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
