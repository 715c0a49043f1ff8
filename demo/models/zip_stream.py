"""A zip that is sent while it is made: nothing is written to the disk, one block of it is in
memory, and its length is known before its first byte.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple, cast

BLOCK = 2**16
"""Bytes read at a time; what one visitor who takes an archive slowly keeps in memory."""
_LOCAL, _DESCRIPTOR, _CENTRAL, _END = 30, 16, 46, 22
"""Bytes around the names and contents of a plain zip: before each file, after it, in the directory
at the end, and after that (APPNOTE.TXT 4.3.7, 4.3.9, 4.3.12, 4.3.16)."""


class ChangedError(RuntimeError):
    """A file is not the one that the archive was begun with."""


class Version(NamedTuple):
    """What some content is known by."""

    size: int
    """Bytes."""
    mark: str
    """Changes with the content."""


class ZipStream:
    """The bytes of an archive, as an iterable to be gone through once.

    Args:
        parts: by name in the archive, the content: bytes, or a file, which is not open before its
            turn comes. Files are stored as they are, and below 2 GB, beyond which zips differ.

    `size` is the length in bytes; `etag` changes with the content. Raises OSError where a file
    cannot be read, and, while it is gone through, ChangedError where one was replaced since.
    """

    def __init__(self, parts: Mapping[str, bytes | Path]) -> None:
        self._parts = [(name, content, version_of(content)) for name, content in parts.items()]
        lengths = [(len(name.encode()), version.size) for name, _, version in self._parts]
        self.size = _END + sum(
            _LOCAL + _DESCRIPTOR + _CENTRAL + 2 * name + content for name, content in lengths
        )
        versions = [(name, version) for name, _, version in self._parts]
        self.etag = f'"{hashlib.sha256(repr(versions).encode()).hexdigest()[:32]}"'

    def __iter__(self) -> Iterator[bytes]:
        pipe = _Pipe()
        with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_STORED) as archive:
            for name, content, version in self._parts:
                info = zipfile.ZipInfo(name)  # without a time: the same files, the same archive
                info.file_size, info.external_attr = version.size, 0o600 << 16
                with archive.open(info, "w") as target:
                    for block in blocks(content, version):
                        target.write(block)
                        yield pipe.take()
        yield pipe.take()


class _Pipe:
    """What zipfile writes to. It cannot be sought in, so checksums come after the files."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._waiting = bytes(self._waiting), bytearray()
        return taken


def version_of(content: bytes | Path) -> Version:
    """The length, and what changes with the content."""
    if isinstance(content, bytes):
        return Version(len(content), hashlib.sha256(content).hexdigest())
    return _version_of_file(content.stat())


def _version_of_file(found: os.stat_result) -> Version:
    return Version(found.st_size, f"{found.st_mtime_ns} {found.st_ino}")


def blocks(content: bytes | Path, version: Version, size: int = BLOCK) -> Iterator[bytes]:
    """Content in pieces of `size` bytes. ChangedError for a file that is no longer of that
    version."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        # Files are replaced whole (vqvae.checkpoints.atomic): an open one stays what it is.
        if _version_of_file(os.fstat(file.fileno())) != version:
            raise ChangedError(content.name)
        while block := file.read(size):
            yield block
