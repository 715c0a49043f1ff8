"""Files written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

LEFTOVER_SECONDS = 60.0
"""A temporary file that nobody has written to for so long belongs to a process that was killed."""


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary name beside it, to the disk, then renamed
    over it.

    What a killed process left of an earlier attempt is removed.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            _sweep(path, os.fstat(file.fileno()).st_mtime)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sweep(path: Path, now: float) -> None:
    """Remove old temporary files of `path`; `now` is by the clock of the disk, which need not be
    this machine's."""
    for left in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            if now - left.stat().st_mtime > LEFTOVER_SECONDS:
                left.unlink()
