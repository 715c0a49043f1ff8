"""A model as one html file (vqvae.export.html) that is sent while it is made: one block of its
weights is in memory, and its length is known before its first byte.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from demo.models.zip_stream import blocks, version_of

BLOCK = 3 * 2**14
"""Bytes of a file read at a time; a whole number of groups of three, which base64 makes four of."""


class HtmlStream:
    """The bytes of a page, as an iterable to be gone through once.

    Args:
        pieces: text, and files whose bytes stand there in base64, which are not open before their
            turn.

    `size` is the length in bytes; `etag` changes with the content. Raises OSError where a file
    cannot be read, and, while it is gone through, ChangedError where one was replaced since.
    """

    def __init__(self, pieces: Sequence[str | Path]) -> None:
        contents = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
        self._parts = [(content, version_of(content)) for content in contents]
        self.size = sum(
            version.size if isinstance(content, bytes) else -(-version.size // 3) * 4
            for content, version in self._parts
        )
        versions = [version for _, version in self._parts]
        self.etag = f'"{hashlib.sha256(repr(versions).encode()).hexdigest()[:32]}"'

    def __iter__(self) -> Iterator[bytes]:
        for content, version in self._parts:
            if isinstance(content, bytes):
                yield content
            else:
                yield from map(base64.b64encode, blocks(content, version, BLOCK))
