"""The folders the app reads and writes: nothing is reached through a link that leads out of them,
and nobody else on this machine reads the folder of runs."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from demo.session import is_token

PRIVATE = 0o700


class RootError(ValueError):
    """A folder that cannot be used; the text is one sentence for the terminal."""


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path, all links followed, is below a root and there."""
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve(strict=True))
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return False


def is_closed(folder: Path, root: Path) -> bool:
    """Whether a folder and every file right in it are below a root, all links followed."""
    if not is_inside(folder, root):
        return False
    with os.scandir(folder) as entries:
        return all(is_inside(Path(entry.path), root) for entry in entries if entry.is_symlink())


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, for this user alone. Raises OSError."""
    for place in (*reversed(folder.parents), folder):
        if not place.is_dir():
            place.mkdir(mode=PRIVATE, exist_ok=True)


def open_runs(runs: Path, inner: Sequence[str]) -> str:
    """Make the folder of runs and the app's own folders `inner` in it ready: there, writable,
    closed to other users.

    Returns "" or a sentence of warning where other users of the machine can look into it all the
    same. Raises RootError, one sentence, where it cannot be used.
    """
    try:
        for folder in (runs, *(runs / name for name in inner)):
            make_private(folder)
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"x")
    except OSError as error:
        raise RootError(
            f"--runs {runs}: visitors' models cannot be kept there ({error.strerror or error}); "
            "give a folder that this user may write to."
        ) from error
    entries = list(runs.iterdir())
    ours = [entry for entry in entries if is_token(entry.name) or entry.name in inner]
    # A folder with other things in it may be anybody's, such as the home of a user: its mode stays.
    whole = [runs] if all(entry in ours or entry.name.startswith(".") for entry in entries) else []
    for folder in (*whole, *(entry for entry in ours if entry.is_dir() and not entry.is_symlink())):
        with contextlib.suppress(OSError):
            folder.chmod(PRIVATE)
    if os.name == "posix" and stat.S_IMODE(runs.stat().st_mode) & 0o077:
        return (
            f"--runs {runs}: other users of this machine can look into it, and so see the tokens "
            "of visitors: give a folder for the app alone, or `chmod 700` this one."
        )
    return ""
