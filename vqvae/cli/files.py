"""Files that a call reads and writes: each by its path, or `-` for standard input and output."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from vqvae.cli.parsing import Failure, UsageError

STREAM = "-"
MAX_PIPED_BYTES = 256 * 2**20
"""More than a picture of the most pixels that are read has in any format."""


class Input:
    """A file that exists, or what is piped in; as text, how messages name it."""

    def __init__(self, given: str) -> None:
        """UsageError when there is no such file, or nothing is piped in."""
        self.path = None if given == STREAM else _existing(given)
        self._piped: bytes | None = None
        if self.path is None and sys.stdin.isatty():
            raise UsageError("- means standard input, and nothing is piped into it; use < or |.")

    def __str__(self) -> str:
        return "standard input" if self.path is None else str(self.path)

    def open(self) -> BinaryIO:
        """The content from its beginning, as often as it is asked for. Failure where too much is
        piped in."""
        if self.path is not None:
            return self.path.open("rb")
        if self._piped is None:
            self._piped = sys.stdin.buffer.read(MAX_PIPED_BYTES + 1)
            if len(self._piped) > MAX_PIPED_BYTES:
                raise Failure(f"More than {MAX_PIPED_BYTES:,} bytes are piped in. Give a picture.")
        return io.BytesIO(self._piped)


class Output:
    """A file that can be written, or standard output; as text, how messages name it."""

    def __init__(self, given: str, *, suffix: str = "", inputs: Iterable[Input] = ()) -> None:
        """UsageError unless the file is in a folder that exists, has the `suffix`, and is none of
        the `inputs`; and for standard output where that is a terminal."""
        self.path = None
        if given != STREAM:
            self.path = _writable(given, suffix, inputs)
        elif sys.stdout.isatty():
            raise UsageError("--output - would write a file's bytes to the terminal; use > or |.")

    def __str__(self) -> str:
        return "standard output" if self.path is None else str(self.path)

    def write(self, content: bytes) -> None:
        """A file whole or not at all; into what is no file of its own, such as a pipe, as it is."""
        from vqvae.checkpoints.atomic import replace_file

        if self.path is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        elif self.path.exists() and (self.path.is_symlink() or not self.path.is_file()):
            self.path.write_bytes(content)
        else:
            replace_file(self.path, content)

    def tell(self, sentence: str) -> None:
        """Print a sentence; beside the content, not into it."""
        print(sentence, file=sys.stderr if self.path is None else sys.stdout)


def folder_to_write(given: str) -> Path:
    """The folder of an --output that is one. UsageError for standard output, which is none."""
    if given == STREAM:
        raise UsageError("--output - is standard output, and this writes a folder; give its name.")
    return Path(given)


def inputs(given: list[str]) -> tuple[Input, ...]:
    """Several files. UsageError as of `Input`, and where standard input is given twice."""
    if given.count(STREAM) > 1:
        raise UsageError("- is given more than once, and standard input holds one picture.")
    return tuple(Input(name) for name in given)


def _existing(path: str) -> Path:
    try:
        if Path(path).is_file():
            return Path(path)
        reason = "is a folder, not a file" if Path(path).is_dir() else "does not exist"
    except (OSError, ValueError) as error:
        reason = f"cannot be a file ({error})"
    raise UsageError(f"{path[:200]} {reason}. Give the path of a file.")


def _writable(path: str, suffix: str, inputs: Iterable[Input]) -> Path:
    file, flag = Path(path), f"--output {path[:200]}"
    if file.is_dir():
        raise UsageError(f"{flag} is a folder; give the name of a file.")
    if suffix and file.suffix.lower() != suffix and (file.is_file() or not file.exists()):
        raise UsageError(f"--output is {path[:200]}; it must end in {suffix}.")
    if not file.parent.is_dir():
        raise UsageError(
            f"The folder of --output, {file.parent}, does not exist; make it first, or choose "
            f"another."
        )
    read = [source.path for source in inputs if source.path is not None]
    if any(file.exists() and file.samefile(source) for source in read):
        raise UsageError(f"{flag} is also the input and would be overwritten; choose another name.")
    return file
