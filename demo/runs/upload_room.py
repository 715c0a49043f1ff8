"""How much of the disk uploads may take: of one address, and beside everything else.

What an address has sent counts as long as it is there: files that wait to be used, zips that a run
trains on, uploaded models. Counted from the start of the app; the oldest file that waits makes room
for a new one.
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

from demo.asker import ADDRESS
from demo.runs.storage import CAPS, UPLOADS, Caps, StorageError, check_room, size
from demo.settings import Settings

BLOCK = 4096
"""Bytes that even an empty file or folder takes."""
AROUND = 3 * BLOCK
"""What an upload takes beside its bytes: its file and the folders around it."""
LOOK_SECONDS = 5.0
"""The room on the disk is looked up at most once in so many seconds: uploads come in bursts."""
NO_ROOM = "There is no room for uploads just now: try again later."


class UploadRoom:
    """What came from each address, and whether more may come. Safe to ask from any thread."""

    def __init__(self, runs: Path, most: int, caps: Caps = CAPS) -> None:
        """`most`: bytes of one address."""
        self._runs, self._most, self._caps = runs, most, caps
        self._guard = threading.Lock()
        self._kept: dict[str, dict[Path, int]] = {}
        """Of each address its files and folders, the oldest first, and their bytes when they
        came."""
        self._coming: dict[str, int] = {}
        """Bytes of each address that are on their way."""
        self._looked, self._full = -LOOK_SECONDS, False

    @contextlib.contextmanager
    def coming(self, need: int) -> Generator[list[Path]]:
        """While up to `need` bytes are on their way. What arrives is put on the list, and counted
        as long as it is there. StorageError where there is no room."""
        address, arrived, need = ADDRESS.get(), [], need + AROUND
        with self._guard:
            self._check_disk()
            self._make_room(need)
            self._coming[address] = self._coming.get(address, 0) + need
        try:
            yield arrived
        finally:
            with self._guard:
                self._coming[address] -= need
                if not self._coming[address]:
                    del self._coming[address]
            for path in arrived:
                self.keep(path)

    def keep(self, path: Path) -> None:
        """Count a file or folder for the address that asks, as long as it is there."""
        if path.exists():
            with self._guard:
                mine = self._kept.setdefault(ADDRESS.get(), {})
                mine[path] = sum(taken for _, taken in _files(path))

    def _check_disk(self) -> None:
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked, self._full = time.monotonic(), False
            try:
                check_room(self._runs, UPLOADS, caps=self._caps)
            except StorageError:
                self._full = True
        if self._full:
            raise StorageError(NO_ROOM)

    def _make_room(self, need: int) -> None:
        address = ADDRESS.get()
        mine, need = self._kept.get(address, {}), need + self._coming.get(address, 0)
        if sum(mine.values()) + need <= self._most:
            return
        held = self._count(mine)
        for path in [path for path in mine if path.is_relative_to(self._runs / UPLOADS)]:
            if held + need <= self._most:
                break
            shutil.rmtree(path, ignore_errors=True)
            held = self._count(mine)
        if not mine:
            self._kept.pop(address, None)
        if held + need > self._most:
            raise StorageError(
                f"What was uploaded from your network address takes {size(held)} and may take "
                f"{size(self._most)}: delete uploaded models or runs, send less, or ask whoever "
                "runs this app."
            )

    @staticmethod
    def _count(mine: dict[Path, int]) -> int:
        """Bytes that are there still: a zip that two folders share is there once."""
        for path in [path for path in mine if not path.exists()]:
            del mine[path]
        return sum({number: taken for path in mine for number, taken in _files(path)}.values())


@cache
def upload_room(settings: Settings) -> UploadRoom:
    """The one account of the uploads to an app."""
    return UploadRoom(settings.runs, settings.upload_room_bytes)


def _files(path: Path) -> Iterator[tuple[tuple[int, int], int]]:
    """What identifies each file and folder at and below a path, and the bytes it takes."""
    below = (
        Path(root, name) for root, folders, files in os.walk(path) for name in (*folders, *files)
    )
    for one in (path, *below):
        try:
            status = one.lstat()
        except OSError:
            continue
        yield (status.st_dev, status.st_ino), max(BLOCK, status.st_size)
