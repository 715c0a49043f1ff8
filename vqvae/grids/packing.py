"""An index grid written down: short text for links and messages, JSON, and the bytes of an encoded
file.

All three hold the indices as they are. Text and file pack them as one integer in base K, so that a
grid takes log2(K) bits per cell and not a bit more: 49 indices of 512 are 56 bytes. A checksum
tells damage from data.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from typing import Any

from vqvae.config import MAX_CODEBOOK_SIZE
from vqvae.grids.codes import MAX_SIDE, CodesError, IndexGrid

TEXT_VERSION = 1
FILE_VERSION = 1
FILE_MAGIC = b"VQC"
_TEXT_HEADER = struct.Struct(">BBBH")  # version, h, w, K - 1
_FILE_HEADER = struct.Struct(">3sB4sBBH")  # magic, version, fingerprint, h, w, K - 1
_FILE_CHECK = struct.Struct(">I")  # CRC-32 of all that stands before it
_TEXT_CHECK = struct.Struct(">H")  # its lower half: enough for a typo, and three characters shorter
MAX_TEXT = 40_000
"""Characters at most: a grid of 128 x 128 with K = 16,384 takes 38,242."""


def _payload_size(positions: int, codebook_size: int) -> int:
    """Bytes of the largest integer of `positions` digits in base K."""
    return ((codebook_size**positions - 1).bit_length() + 7) // 8


def _pack(grid: IndexGrid) -> bytes:
    number = 0
    for index in grid.flat():
        number = number * grid.codebook_size + index
    return number.to_bytes(_payload_size(len(grid.flat()), grid.codebook_size), "big")


def _unpack(payload: bytes, h: int, w: int, codebook_size: int) -> IndexGrid:
    if not (1 <= h <= MAX_SIDE and 1 <= w <= MAX_SIDE and codebook_size <= MAX_CODEBOOK_SIZE):
        raise CodesError(
            f"It announces a grid of {h} x {w} with {codebook_size} codes; valid are 1 to "
            f"{MAX_SIDE} rows and columns and up to {MAX_CODEBOOK_SIZE} codes."
        )
    expected = _payload_size(h * w, codebook_size)
    if len(payload) != expected:
        what = "cut short" if len(payload) < expected else "too long"
        raise CodesError(
            f"It is {what}: {h} x {w} indices of {codebook_size} take {expected} bytes, and "
            f"{len(payload)} are there. Copy it whole."
        )
    number, flat = int.from_bytes(payload, "big"), []
    for _ in range(h * w):
        number, index = divmod(number, codebook_size)
        flat.append(index)
    if number:
        raise CodesError(
            f"It holds an index out of range; indices run from 0 to {codebook_size - 1}."
        )
    return IndexGrid.from_flat(reversed(flat), (h, w), codebook_size)


def to_text(grid: IndexGrid) -> str:
    """URL-safe text of letters, digits, "-" and "_": 84 characters for 7 x 7 indices of 512."""
    h, w = grid.shape
    body = _TEXT_HEADER.pack(TEXT_VERSION, h, w, grid.codebook_size - 1) + _pack(grid)
    return _text_of_bytes(body + _TEXT_CHECK.pack(binascii.crc32(body) & 0xFFFF))


def from_text(
    text: str, *, shape: tuple[int, int] | None = None, codebook_size: int | None = None
) -> IndexGrid:
    """The grid that `to_text` wrote. White space around and inside it (a wrapped line) is ignored.

    Raises CodesError when the text is no such text, is damaged, or is of another `shape` or
    `codebook_size` than asked for.
    """
    if not isinstance(text, str) or not text.strip():
        raise CodesError(
            "The grid text is empty; paste the text that Share shows, letters, digits, - and _."
        )
    if len(text) > MAX_TEXT:
        raise CodesError(
            f"The grid text has {len(text)} characters; the longest valid one has {MAX_TEXT}."
        )
    packed = "".join(text.split()).rstrip("=")
    data = _bytes_of_text(packed)
    if data[:1] and data[0] != TEXT_VERSION:
        raise CodesError(
            f"This is not a grid text of version {TEXT_VERSION}: it begins with {packed[:4]!r}. "
            "Copy the text that Share shows, from its first character."
        )
    if len(data) < _TEXT_HEADER.size + _TEXT_CHECK.size:
        raise CodesError("The grid text is cut short: not even its head is there. Copy it whole.")
    _, h, w, last = _TEXT_HEADER.unpack_from(data)
    try:
        grid = _unpack(data[_TEXT_HEADER.size : -_TEXT_CHECK.size], h, w, last + 1)
    except CodesError as error:
        raise CodesError(f"The grid text is not valid. {error}") from None
    checked = binascii.crc32(data[:-2]) & 0xFFFF == int.from_bytes(data[-2:], "big")
    if not checked or _text_of_bytes(data) != packed:  # or with bits past the last byte
        raise CodesError(
            "The grid text has a wrong checksum: a character was changed. Copy it again."
        )
    check_fit(grid, shape, codebook_size)
    return grid


def _text_of_bytes(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes_of_text(packed: str) -> bytes:
    strange = next(
        (ch for ch in packed if not (ch.isascii() and (ch.isalnum() or ch in "-_"))), None
    )
    if strange is not None:
        raise CodesError(
            f"The grid text holds {strange!r}; it is written in letters, digits, - and _ only."
        )
    try:
        return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except binascii.Error:
        raise CodesError(
            "The grid text is cut short: a character is missing. Copy it whole."
        ) from None


def check_fit(grid: IndexGrid, shape: tuple[int, int] | None, codebook_size: int | None) -> None:
    """Raises CodesError unless the grid has this shape and codebook size (None: any)."""
    if (shape is not None and grid.shape != tuple(shape)) or (
        codebook_size is not None and grid.codebook_size != codebook_size
    ):
        wanted = f"{shape[0]} x {shape[1]}" if shape is not None else "any size"
        raise CodesError(
            f"This grid is {grid.shape[0]} x {grid.shape[1]} of {grid.codebook_size} codes and the "
            f"model takes {wanted} of {codebook_size}; choose the model that the grid was made "
            "with."
        )


def to_json(grid: IndexGrid, **more: Any) -> str:
    """One JSON object: `codebook_size`, `indices` (rows), and whatever else is given by name (a
    model's name, say)."""
    return json.dumps({**more, "codebook_size": grid.codebook_size, "indices": grid.tolist()})


def from_json(text: str, *, codebook_size: int | None = None) -> IndexGrid:
    """From `to_json`, or from bare rows when `codebook_size` is known. Raises CodesError."""
    if not isinstance(text, str) or len(text) > 8 * MAX_TEXT:
        raise CodesError(f"The JSON is not text of at most {8 * MAX_TEXT} characters.")
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise CodesError(
            f"The JSON cannot be read: {getattr(error, 'msg', 'it is nested too deeply')}."
        ) from None
    except ValueError:  # a number of thousands of digits
        raise CodesError(
            "The JSON cannot be read: it holds a number that is far too long."
        ) from None
    if isinstance(value, dict):
        if "indices" not in value:
            raise CodesError(
                'The JSON has no "indices"; it must be {"codebook_size": K, "indices": [[...], '
                "...]}."
            )
        return IndexGrid.of(value["indices"], value.get("codebook_size", codebook_size))
    if codebook_size is None:
        raise CodesError(
            "The JSON holds bare rows and no codebook_size; write it beside the indices."
        )
    return IndexGrid.of(value, codebook_size)


def to_bytes(indices: Any, codebook_size: int, fingerprint: str) -> bytes:
    """The encoded file: 12 bytes of head, the packed indices, 4 bytes of CRC-32.

    `indices` are (h, w) integers: lists, array, tensor or an IndexGrid; `fingerprint` is the
    model's, 8 hex digits. Raises CodesError.
    """
    grid = IndexGrid.of(indices, codebook_size)
    try:
        mark = bytes.fromhex(fingerprint)
    except (ValueError, TypeError):
        mark = b""
    if len(mark) != 4:
        raise CodesError(f"The fingerprint is {fingerprint!r}; it must be 8 hexadecimal digits.")
    h, w = grid.shape
    body = _FILE_HEADER.pack(FILE_MAGIC, FILE_VERSION, mark, h, w, codebook_size - 1) + _pack(grid)
    return body + _FILE_CHECK.pack(binascii.crc32(body))


def from_bytes(data: bytes) -> tuple[IndexGrid, str]:
    """The grid and the model's fingerprint that `to_bytes` wrote. Any damage raises CodesError."""
    if data[:3] != FILE_MAGIC:
        raise CodesError(
            "This is not an encoded picture: its first bytes are not 'VQC'. `encode` makes one."
        )
    if len(data) < _FILE_HEADER.size + _FILE_CHECK.size:
        raise CodesError(f"The encoded file is cut short: {len(data)} bytes are not even its head.")
    _, version, mark, h, w, last = _FILE_HEADER.unpack_from(data)
    if version != FILE_VERSION:
        raise CodesError(
            f"The encoded file is of version {version}; this program reads version {FILE_VERSION}."
        )
    body, (check,) = data[: -_FILE_CHECK.size], _FILE_CHECK.unpack(data[-_FILE_CHECK.size :])
    if binascii.crc32(body) != check:
        raise CodesError(
            "The encoded file is damaged or cut short: its checksum does not fit its bytes."
        )
    try:
        return _unpack(body[_FILE_HEADER.size :], h, w, last + 1), mark.hex()
    except CodesError as error:
        raise CodesError(f"The encoded file is not valid. {error}") from None
