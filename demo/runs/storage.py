"""Room on the disk: caps with a sentence, what a crash left lying about, and runs of visitors who
have not come back.

Only the folder of runs and the temporary files of this program are ever touched; a run that is
training never is.
"""

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.errors import PageError
from demo.runs.files import is_locked
from demo.session import is_token
from demo.settings import Settings

log = logging.getLogger(__name__)

UPLOADS = "uploads"
"""Folder below the runs for what is on its way in or out; emptied by Gradio when the app starts,
ends, and by age."""
MAPS = "codebook-maps"
"""Folder below the runs for the maps of codebooks, which take long to work out; the newest stay."""
LEFTOVER_SECONDS = 3600.0
"""A temporary file this old belongs to a process that was killed."""
SWEEP_SECONDS = 3600.0
CLOCK_JUMP_SECONDS = 300.0
DAY = 86_400.0


class StorageError(PageError):
    """There is no room; the text is one sentence for the page."""


@dataclass(frozen=True)
class Caps:
    """How much is kept, bytes."""

    total: int = 20 * 2**30
    """All runs, models and uploads together."""
    visitor: int = 2 * 2**30
    """Runs and models of one visitor."""
    free: int = 2**29
    """What stays free on the disk."""


CAPS = Caps()


def check_room(runs: Path, visitor: str, need: int = 0, caps: Caps = CAPS) -> None:
    """StorageError when the visitor, all visitors or the disk have no room for `need` more
    bytes."""
    mine = folder_bytes(runs / visitor)
    if mine + need > caps.visitor:
        raise StorageError(
            f"Your runs and models take {size(mine)} and may take {size(caps.visitor)}: delete "
            "some in the Train tab first."
        )
    if folder_bytes(runs) + need > caps.total:
        raise StorageError(
            f"The app keeps at most {size(caps.total)} of runs and models, and that much is here: "
            "delete some in the Train tab, or ask whoever runs this app."
        )
    free = free_bytes(runs)
    if free is not None and free - need < caps.free:
        raise StorageError(
            f"The disk has {size(free)} left and {size(caps.free)} must stay free: make room, or "
            "ask whoever runs this app."
        )


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; 0 where there is none."""
    total = 0
    for file in _walk(folder):
        with contextlib.suppress(OSError):
            total += file.stat(follow_symlinks=False).st_size
    return total


def free_bytes(folder: Path) -> int | None:
    """Bytes free on the disk of a folder (or of the first one above it that exists); None where
    nobody can say."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return None


def size(count: int) -> str:
    """`640 MB`, `2.0 GB`."""
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"


# -- tidying up ------------------------------------------------------------------------------------


def seen(settings: Settings, visitor: str) -> None:
    """Note that a visitor is here, on the folder of their runs, if they have one."""
    with contextlib.suppress(OSError):
        os.utime(settings.runs / visitor)


def sweep(settings: Settings, now: float | None = None) -> list[Path]:
    """Remove what killed processes left, and with `settings.keep_days` the runs of visitors away
    for longer.

    Returns what was removed. Never fails: what cannot be removed stays.
    """
    now = time.time() if now is None else now
    gone = [path for path in _leftovers(settings) if now - _modified(path) > LEFTOVER_SECONDS]
    if settings.keep_days is not None:
        gone += [
            home
            for home in _homes(settings.runs)
            if now - _last_seen(home) > settings.keep_days * DAY
            and not any(map(is_locked, _folders(home)))
        ]
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    if gone:
        log.info("Tidied up: %s", ", ".join(path.name for path in gone))
    return gone


def keep_tidy(
    settings: Settings,
    stop: threading.Event,
    every: float = SWEEP_SECONDS,
    clocks: Callable[[], tuple[float, float]] = lambda: (time.time(), time.monotonic()),
) -> None:
    """Sweep now and every hour until `stop`. When the clock has jumped every age is wrong: that
    sweep is left out, and all visitors count as seen now. `clocks`: the time of day, which may
    jump, and one that does not."""
    wall, steady = clocks()
    while True:
        then, (wall, steady) = wall - steady, clocks()
        jump = abs(wall - steady - then)
        if jump < CLOCK_JUMP_SECONDS:
            sweep(settings)
        else:
            log.warning("The clock jumped by %.0f s; nothing is tidied up this time.", jump)
            for home in _homes(settings.runs):
                seen(settings, home.name)
        if stop.wait(every):
            return


def _leftovers(settings: Settings) -> Iterator[Path]:
    """Temporary files of this program: beside what they were to replace, and half downloads."""
    for home in _homes(settings.runs):
        runs = _folders(home)
        for folder in (home, *runs, *(inner for run in runs for inner in _folders(run))):
            yield from (path for path in _list(folder) if path.name.startswith("."))
    data = settings.data_dir
    for folder in (
        data,
        data / "cache",
        *(data / name / "raw" for name in ("MNIST", "FashionMNIST")),
    ):
        yield from (path for path in _list(folder) if path.suffix == ".part")


def _last_seen(home: Path) -> float:
    """When a visitor was here, or a run of theirs last wrote something."""
    return max(
        map(_modified, (home, *_folders(home), *(run / "state.json" for run in _folders(home))))
    )


def _homes(runs: Path) -> list[Path]:
    return [home for home in _folders(runs) if is_token(home.name)]


def _folders(folder: Path) -> list[Path]:
    return [path for path in _list(folder) if path.is_dir() and not path.is_symlink()]


def _list(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _walk(folder: Path) -> Iterator[Path]:
    for root, _, files in os.walk(folder):
        yield from (Path(root, name) for name in files)


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
