"""HEIC files made here: as phones write them, and put together by hand as nobody should."""

import io
import struct
from functools import cache

import pillow_heif
from PIL import Image

FAST = {"preset": "ultrafast"}
"""A copy of it for each picture: pillow_heif writes into it."""
TURNED = 6
_ORIENTATION = 0x0112
ALPHA = b"urn:mpeg:hevc:2015:auxid:1\0"

Item = tuple[bytes, bytes, list[bytes]]
"""Its kind, its content, its properties."""
Reference = tuple[bytes, int, list[int]]
"""Its kind, from which item, to which."""


def heic(image: Image.Image, **options) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, enc_params=dict(FAST), **options)
    return buffer.getvalue()


def deep_heic(size: tuple[int, int]) -> bytes:
    """10 bits a channel, colour at full resolution: the dearest kind."""
    buffer, (width, height) = io.BytesIO(), size
    image = pillow_heif.from_bytes("RGB;16", size, b"\0\x80" * (3 * width * height))
    image.save(buffer, chroma=444, enc_params=dict(FAST))
    return buffer.getvalue()


def photo(image: Image.Image, **options) -> bytes:
    """As a phone held upright writes it: tiles of 512 pixels, turned."""
    exif = Image.Exif()
    exif[_ORIENTATION] = TURNED
    return heic(image, tile_size=512, exif=exif.tobytes(), **options)


# -- boxes ---------------------------------------------------------------------------------------


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def size(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def cropped_to(width: int, height: int) -> bytes:
    return box(b"clap", struct.pack(">8I", width, 1, height, 1, 0, 1, 0, 1))


def is_alpha() -> bytes:
    return full(b"auxC", ALPHA)


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """The content of an item that puts tiles together."""
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)


def coded(file: bytes) -> tuple[bytes, bytes]:
    """The box hvcC and the content of the one coded item of a file."""
    top = dict(_boxes(file))
    meta = dict(_boxes(top[b"meta"][4:]))
    properties = dict(_boxes(dict(_boxes(meta[b"iprp"]))[b"ipco"]))
    return box(b"hvcC", properties[b"hvcC"]), top[b"mdat"]


@cache
def tile() -> tuple[bytes, bytes]:
    """640 x 480 black pixels."""
    return coded(heic(Image.new("RGB", (640, 480))))


def put_together(
    items: dict[int, Item], references: tuple[Reference, ...] = (), *, extents: int = 1
) -> bytes:
    """A file of these items, the first of them its picture. Each lies in it once, and is told of
    `extents` times."""
    known = list(dict.fromkeys(prop for _, _, some in items.values() for prop in some))
    of_items = b"".join(
        struct.pack(">HB", number, len(some)) + bytes(known.index(prop) + 1 for prop in some)
        for number, (_, _, some) in items.items()
    )
    told = full(b"ipma", struct.pack(">I", len(items)), of_items)
    properties = box(b"iprp", box(b"ipco", *known), told)
    entries = [
        full(b"infe", struct.pack(">HH4s", number, 0, kind), b"\0", version=2)
        for number, (kind, _, _) in items.items()
    ]
    kinds = full(b"iinf", struct.pack(">H", len(entries)), *entries)
    refers = (
        full(
            b"iref",
            *(
                box(kind, struct.pack(f">HH{len(to)}H", source, len(to), *to))
                for kind, source, to in references
            ),
        )
        if references
        else b""
    )
    brands = box(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def head(at: int) -> bytes:
        places = b""
        for number, (_, content, _) in items.items():
            places += struct.pack(">HHH", number, 0, extents)
            places += extents * struct.pack(">II", at, len(content))
            at += len(content)
        where = full(b"iloc", struct.pack(">HH", 0x4400, len(items)), places)
        main = full(b"pitm", struct.pack(">H", next(iter(items))))
        handler = full(b"hdlr", bytes(4), b"pict", bytes(13))
        return brands + full(b"meta", handler, main, where, kinds, refers, properties)

    data = box(b"mdat", *(content for _, content, _ in items.values()))
    return head(len(head(0)) + 8) + data


def _boxes(content: bytes):
    at = 0
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at + 8 : at + length]
        at += length


# -- files that nobody should send ---------------------------------------------------------------


@cache
def _large() -> tuple[bytes, bytes]:
    return coded(heic(Image.new("RGB", (8000, 6000)), quality=20))


def _tiled(*more: bytes, told: tuple[int, int] = (7680, 5760)) -> dict[int, Item]:
    config, content = tile()
    return {
        1: (b"grid", grid(12, 12, 7680, 5760), [size(*told), *more]),
        2: (b"hvc1", content, [config, size(640, 480)]),
    }


_TILES: Reference = (b"dimg", 1, [2] * 144)


def cropped_from_far_more() -> bytes:
    """44 megapixels, of which 100 x 100 are shown."""
    return put_together(_tiled(cropped_to(100, 100)), (_TILES,))


def transparency_of_far_more() -> bytes:
    """640 x 480 pixels whose layer of transparency has 48 megapixels."""
    (config, content), (large, much) = tile(), _large()
    items: dict[int, Item] = {
        1: (b"hvc1", content, [config, size(640, 480)]),
        2: (b"hvc1", much, [large, size(8000, 6000), is_alpha()]),
    }
    return put_together(items, ((b"auxl", 2, [1]),))


def tile_of_far_more() -> bytes:
    """A grid of 640 x 480 pixels, cut out of tiles of 48 megapixels."""
    config, content = _large()
    items: dict[int, Item] = {
        1: (b"grid", grid(1, 2, 640, 480), [size(640, 480)]),
        2: (b"hvc1", content, [config, size(8000, 6000)]),
    }
    return put_together(items, ((b"dimg", 1, [2, 2]),))


def of_two_sizes() -> bytes:
    """48 megapixels that tell both their size and a small one, which is the one that is shown."""
    config, content = _large()
    return put_together({1: (b"hvc1", content, [config, size(8000, 6000), size(640, 480)])})


def lying() -> bytes:
    """48 megapixels that call themselves 640 x 480 pixels."""
    config, content = _large()
    return put_together({1: (b"hvc1", content, [config, size(640, 480)])})


def lying_grid() -> bytes:
    """A grid of 44 megapixels that calls itself 640 x 480 pixels."""
    return put_together(_tiled(told=(640, 480)), (_TILES,))


@cache
def nested() -> bytes:
    """Twenty grids of 12 megapixels, one in the other."""
    config, content = coded(heic(Image.new("RGB", (4000, 3000)), quality=20))
    items: dict[int, Item] = {
        n: (b"grid", grid(1, 1, 4000, 3000), [size(4000, 3000)]) for n in range(1, 21)
    }
    items[21] = (b"hvc1", content, [config, size(4000, 3000)])
    return put_together(items, tuple((b"dimg", n, [n + 1]) for n in range(1, 21)))


@cache
def lying_colour() -> bytes:
    """24 megapixels of the cheapest kind by their head; what is coded is of the dearest."""
    (config, content), cheap = coded(deep_heic((5712, 4284))), tile()[0]
    sets, at = b"", 8 + 23
    for _ in range(config[8 + 22]):
        length = int.from_bytes(config[at + 3 : at + 5])
        sets += struct.pack(">I", length) + config[at + 5 : at + 5 + length]
        at += 5 + length
    return put_together({1: (b"hvc1", sets + content, [cheap, size(5712, 4284)])})


def metadata_many_times() -> bytes:
    """4 MB of metadata for a small picture, told of thirty times."""
    config, content = tile()
    return put_together(
        {1: (b"hvc1", content, [config, size(640, 480)]), 2: (b"Exif", bytes(4 * 2**20), [])},
        ((b"cdsc", 2, [1]),),
        extents=30,
    )


BOMBS = (
    cropped_from_far_more,
    transparency_of_far_more,
    tile_of_far_more,
    of_two_sizes,
    lying,
    lying_grid,
    nested,
    lying_colour,
    metadata_many_times,
)
