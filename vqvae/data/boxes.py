"""The boxes of a HEIF file, read without decoding anything: which items there are, what belongs to
them, and where their bytes lie. ISO/IEC 14496-12 (boxes) and ISO/IEC 23008-12 (items).

Nothing here trusts the file: every length is checked against what surrounds it, and an item that is
told of twice is refused, since two readers could take two different ones.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from vqvae.errors import VqvaeError

DAMAGED = "cut off or damaged"
UNUSUAL = "stored in an unusual way that is not read here, so export it as JPEG or PNG"

_MOST_BYTES = 256 * 1024  # of the box `meta`; that of a phone's photo has 5 kB
_MOST_ITEMS = 1000  # as libheif has it
_MINIMIZED = b"mini"  # another way to say what `meta` says, which nobody writes yet


class BoxError(VqvaeError, ValueError):
    """The boxes give no picture; the text goes on from "The file is"."""


@dataclass
class Items:
    """What the box `meta` of a file says, by the numbers of its items."""

    primary: int
    """The main picture."""
    kinds: dict[int, bytes]
    """Four letters: b"hvc1", b"grid", b"Exif", ..."""
    properties: dict[int, list[tuple[bytes, bytes]]]
    """Kind and content."""
    references: list[tuple[bytes, int, tuple[int, ...]]]
    """Kind, from which item, to which items."""
    extents: dict[int, list[tuple[int, int, int]]]
    """Where from (0 the file, 1 `inside`, 2 another item), at which byte, how many."""
    inside: bytes
    """The box `idat`."""

    def to(self, kind: bytes, number: int) -> list[int]:
        """The items that `number` refers to, with repetitions."""
        return [
            end
            for of, source, ends in self.references
            if (of, source) == (kind, number)
            for end in ends
        ]

    def length(self, number: int) -> int:
        """Bytes of an item."""
        return sum(length for _, _, length in self.extents.get(number, ()))

    def content(self, number: int, data: bytes) -> bytes | None:
        """The bytes of an item of the file `data`; None where they are those of other items."""
        parts = self.extents.get(number, ())
        if any(where > 1 for where, _, _ in parts):
            return None
        return b"".join(
            (self.inside if where else data)[at : at + length] for where, at, length in parts
        )


def read_items(data: bytes) -> Items:
    """The items of a file. Raises BoxError."""
    try:
        return _items(data)
    except (struct.error, IndexError) as error:
        raise BoxError(DAMAGED) from error


def _items(data: bytes) -> Items:
    top: list[tuple[bytes, bytes]] = list(_boxes(data, whole=False))
    if any(kind == _MINIMIZED for kind, _ in top):
        raise BoxError(UNUSUAL)
    content = _one(top, b"meta")
    if len(content) > _MOST_BYTES:
        raise BoxError(UNUSUAL)
    meta = list(_boxes(content[4:]))
    reader = _Reader(_one(meta, b"pitm"))
    primary = reader.number(4 if reader.head()[0] else 2)
    kinds = _kinds(_one(meta, b"iinf"))
    references = [one for kind, content in meta if kind == b"iref" for one in _references(content)]
    iprp = list(_boxes(_one(meta, b"iprp")))
    known = list(_boxes(_one(iprp, b"ipco")))
    properties: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for kind, content in iprp:
        if kind == b"ipma":
            for number, index in _associations(content):
                if index:  # 0 is none
                    properties[number].append(known[index - 1])
    extents = _extents(_one(meta, b"iloc"), len(data))
    inside = _one(meta, b"idat") if any(kind == b"idat" for kind, _ in meta) else b""
    return Items(primary, kinds, properties, references, extents, inside)


def _boxes(data: bytes, *, whole: bool = True) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box. Without `whole`, the last one may be cut off, and other bytes
    may follow."""
    at = 0
    while at < len(data):
        if not whole and len(data) - at < 8:
            return
        (length, kind), head = struct.unpack_from(">I4s", data, at), 8
        if length == 1:
            length, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        length = length or len(data) - at
        if length < head or (whole and at + length > len(data)):
            if whole:
                raise BoxError(DAMAGED)
            return
        yield kind, data[at + head : at + length]
        at += length


def _one(boxes: list[tuple[bytes, bytes]], kind: bytes) -> bytes:
    found = [content for one, content in boxes if one == kind]
    if len(found) != 1:
        raise BoxError(DAMAGED)
    return found[0]


class _Reader:
    """Numbers of a full box, one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 4

    def head(self) -> tuple[int, int]:
        """Version and flags."""
        (both,) = struct.unpack_from(">I", self.content)
        return both >> 24, both & 0xFFFFFF

    def number(self, size: int) -> int:
        """The next `size` bytes as a number, 0 of none."""
        if self.at + size > len(self.content):
            raise BoxError(DAMAGED)
        self.at += size
        return int.from_bytes(self.content[self.at - size : self.at])


def _kinds(content: bytes) -> dict[int, bytes]:
    version, kinds = content[0], {}
    for kind, entry in _boxes(content[6 if version == 0 else 8 :]):
        if kind != b"infe" or entry[0] not in (2, 3):
            raise BoxError(DAMAGED)
        reader = _Reader(entry)
        number = reader.number(2 if entry[0] == 2 else 4)
        of, strings = entry[reader.at + 2 : reader.at + 6], entry[reader.at + 6 :].split(b"\0")
        if number in kinds:
            raise BoxError(DAMAGED)
        if of == b"mime" and len(strings) > 2 and strings[2]:
            raise BoxError(UNUSUAL)  # compressed
        kinds[number] = of
    if len(kinds) > _MOST_ITEMS:
        raise BoxError(UNUSUAL)
    return kinds


def _references(content: bytes) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    size = 4 if content[0] else 2
    for kind, entry in _boxes(content[4:]):
        reader = _Reader(entry)
        reader.at = 0
        source, count = reader.number(size), reader.number(2)
        yield kind, source, tuple(reader.number(size) for _ in range(count))


def _associations(content: bytes) -> Iterator[tuple[int, int]]:
    """Number of an item, and place of its property, from 1."""
    reader = _Reader(content)
    version, flags = reader.head()
    for _ in range(reader.number(4)):
        number = reader.number(4 if version else 2)
        for _ in range(reader.number(1)):
            yield number, (reader.number(2) & 0x7FFF) if flags & 1 else (reader.number(1) & 0x7F)


def _extents(content: bytes, whole: int) -> dict[int, list[tuple[int, int, int]]]:
    reader = _Reader(content)
    version, found = reader.head()[0], {}
    sizes = reader.number(2)
    of_offset, of_length, of_base = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    of_index = sizes & 15 if version else 0
    for _ in range(reader.number(4 if version == 2 else 2)):
        number = reader.number(4 if version == 2 else 2)
        where = reader.number(2) & 15 if version else 0
        if reader.number(2):
            raise BoxError(UNUSUAL)  # in another file
        base, parts = reader.number(of_base), []
        for _ in range(reader.number(2)):
            reader.number(of_index)
            at, length = base + reader.number(of_offset), reader.number(of_length)
            parts.append((where, at, length or whole))  # a length of 0 is all there is
        if number in found:
            raise BoxError(DAMAGED)
        found[number] = parts
    return found
