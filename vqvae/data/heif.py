"""HEIC photos, as phones store them: opened by libheif, once their boxes have said what they cost.

A picture of HEIF may be put together from others (tiles of a grid, a layer of transparency), be
cropped from a far larger one, and share its bytes with others, all of it in a few kB. Only what
phones and cameras write is read: a picture coded in one piece, or a grid of such pieces. libheif
itself holds the coded pieces to the sizes that the boxes tell. HEVC: ITU-T H.265, section 7.3.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache

from PIL import Image

from vqvae.data.boxes import DAMAGED, UNUSUAL, BoxError, Items, read_items

FORMAT = "HEIF"
DECODED_BYTES = "vqvae_decoded_bytes"
"""Of `Image.info`: bytes that decoding the picture takes, those of all its parts."""

BYTES_PER_PIXEL = 8
"""Measured, of libheif with the copies on the way to Pillow: 7.3 to 8.0 where colour has half the
resolution of brightness."""
_FULL_COLOUR = 16
"""Likewise where it has the same: up to 15.5."""
_AT_ONCE = 4
"""Tiles that are decoded at the same time, each pixel for half of what one of a picture takes."""
_OVERHEAD = 2**20
"""Bytes of properties and metadata that may be told of more than once."""

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_OF_AVIF = (b"avif", b"avis")
_SEQUENCE_SET, _PARAMETER_SETS = 33, (32, 33, 34)  # kinds of NAL units


def is_heif(head: bytes) -> bool:
    """Whether a file that begins like this is HEIF, and not AVIF, which Pillow reads itself."""
    if head[4:8] != b"ftyp" or head[8:12] not in _BRANDS:
        return False  # before the length is believed: of another file it is the whole of it
    brands = head[16 : int.from_bytes(head[:4])]
    return not {brands[n : n + 4] for n in range(0, len(brands), 4)} & set(_OF_AVIF)


def open_heif(data: bytes) -> Image.Image:
    """The main picture of a file, not decoded yet, with DECODED_BYTES. Raises BoxError."""
    cost, plugin = decoded_bytes(read_items(data), data), _plugin()
    try:
        image = plugin(io.BytesIO(data))
    except Exception as error:  # SyntaxError, and whatever libheif has to say of damaged boxes
        raise BoxError(DAMAGED) from error
    image.info[DECODED_BYTES] = cost
    return image


def decoded_bytes(items: Items, data: bytes) -> int:
    """Bytes that decoding the main picture takes at most.

    Raises BoxError for one that is put together in other ways than those of phones, and for a file
    whose parts lie over each other.
    """
    told = sum(map(items.length, items.extents))
    told += sum(
        items.length(source) * len(ends)
        for kind, source, ends in items.references
        if kind == b"cdsc"
    )
    told += sum(len(content) for some in items.properties.values() for _, content in some)
    if told > 2 * len(data) + _OVERHEAD:
        raise BoxError("made of overlapping parts")
    main, parts = _area(items, items.primary, data)
    layers = [_area(items, layer, data) for layer in _transparency(items, {items.primary, *parts})]
    pixels = main + (max(main, sum(area for area, _ in layers)) if layers else 0)
    coded = parts.union(*(some for _, some in layers))
    halved = all(_is_subsampled(items, part, data) for part in coded)
    return pixels * (BYTES_PER_PIXEL if halved else _FULL_COLOUR)


@cache
def _plugin() -> Callable[[io.BytesIO], Image.Image]:
    from pillow_heif import HeifImageFile, options

    for beside in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(options, beside, False)  # nothing but the picture is even listed
    return HeifImageFile


def _area(items: Items, number: int, data: bytes) -> tuple[int, set[int]]:
    """Pixels that count for a picture, and the coded items it is made of."""
    told = _told_area(items, number)
    if items.kinds.get(number) == b"hvc1":
        return told, {number}
    tiles = items.to(b"dimg", number)
    coded = {tile for tile in tiles if items.kinds.get(tile) == b"hvc1"}
    if items.kinds.get(number) != b"grid" or not tiles or coded != set(tiles):
        raise BoxError(UNUSUAL)
    grid = items.content(number, data) or b""
    side = 4 if grid[1:2] == b"\1" else 2
    if int.from_bytes(grid[4 : 4 + side]) * int.from_bytes(grid[4 + side : 4 + 2 * side]) != told:
        raise BoxError(DAMAGED)
    tile = max(_told_area(items, one) for one in coded)
    return told + min(len(tiles), _AT_ONCE) * tile // 2, coded


def _told_area(items: Items, number: int) -> int:
    """Width times height of an item, before any cropping; the largest where there are several."""
    sizes = [content for kind, content in items.properties.get(number, ()) if kind == b"ispe"]
    if not sizes or any(len(content) < 12 for content in sizes):
        raise BoxError(DAMAGED)
    return max(int.from_bytes(content[4:8]) * int.from_bytes(content[8:12]) for content in sizes)


def _transparency(items: Items, parts: set[int]) -> list[int]:
    """The items that are layers of transparency of these."""
    ends = (b"auxid:1", b"auxiliary:alpha")
    layers = [
        layer
        for kind, layer, of in items.references
        if kind == b"auxl"
        for _ in parts.intersection(of)
    ]
    return [
        layer
        for layer in layers
        if any(
            kind == b"auxC" and content[4:].split(b"\0")[0].endswith(ends)
            for kind, content in items.properties.get(layer, ())
        )
    ]


def _is_subsampled(items: Items, number: int, data: bytes) -> bool:
    """Whether a coded item has colour at half the resolution, or none at all. False where it says
    so in an unusual place or way."""
    content = items.content(number, data)
    told = [config for kind, config in items.properties.get(number, ()) if kind == b"hvcC"]
    if content is None or len(told) != 1:
        return False
    sets = [unit for unit in _units_of_config(told[0]) if _kind_of(unit) == _SEQUENCE_SET]
    if any(_kind_of(unit) in _PARAMETER_SETS for unit in _units_of(content)):
        return False
    return bool(sets) and all(_chroma(unit) in (0, 1) for unit in sets)


def _kind_of(unit: bytes) -> int:
    return unit[0] >> 1 & 63 if unit else -1


def _units_of(content: bytes) -> Iterator[bytes]:
    """The heads of the NAL units of a coded item, each after its length in four bytes."""
    at = 0
    while at + 4 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        yield content[at + 4 : at + 4 + min(length, 2)]
        at += 4 + length


def _units_of_config(config: bytes) -> Iterator[bytes]:
    """The NAL units in the box hvcC (ISO/IEC 14496-15, 8.3.3.1)."""
    at = 23
    for _ in range(config[22] if len(config) > 22 else 0):
        count, at = int.from_bytes(config[at + 1 : at + 3]), at + 3
        for _ in range(count):
            length = int.from_bytes(config[at : at + 2])
            yield config[at + 2 : at + 2 + length]
            at += 2 + length


def _chroma(unit: bytes) -> int | None:
    """chroma_format_idc of a sequence parameter set (7.3.2.2): 0 grey, 1 half, 2 and 3 more. None
    where sublayers come before it, which no photo has."""
    plain = unit.replace(b"\0\0\3", b"\0\0")
    if len(plain) < 17 or plain[2] >> 1 & 7:
        return None
    bits = int.from_bytes(plain[15:])  # after 2 bytes of head, 1 byte, 12 of profile_tier_level
    place = (len(plain) - 15) * 8

    def exp_golomb() -> int:
        nonlocal place
        zeros = 0
        while place and not bits >> (place - 1) & 1:
            zeros, place = zeros + 1, place - 1
        place -= zeros + 1
        return (bits >> max(0, place)) % 2 ** (zeros + 1) - 1

    exp_golomb()  # sps_seq_parameter_set_id
    return exp_golomb()
