"""Files that nobody should send, made here: pictures, archives, checkpoints and texts, each by a
name that says what is wrong with it. `test_bad_input.py` puts every one of them through every door
of the app and of the command line."""

import io
import json
import os
import pickle
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from tests.heif_files import heic


class Payload:
    """What a pickle would run if anybody opened it."""

    def __reduce__(self):
        return os.system, ("touch exploded",)


def image(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    """A picture as a file."""
    if form == "HEIF":  # Pillow does not write it
        return heic(picture, **options)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header says width x height and whose data is a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of these members, compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def encrypted(archive: bytes) -> bytes:
    """The zip with the flag "encrypted" set on all its members."""
    data = bytearray(archive)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def link_zip() -> bytes:
    """A zip whose one member is a symbolic link to a file of the machine."""
    member, buffer = zipfile.ZipInfo("link.png"), io.BytesIO()
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "/etc/passwd")
    return buffer.getvalue()


def safetensors(header: bytes, length: int | None = None, numbers: bytes = b"") -> bytes:
    """A safetensors file with this header, or one that lies about its header's `length`."""
    return struct.pack("<Q", len(header) if length is None else length) + header + numbers


def gradient(mode: str = "RGB", side: int = 40) -> Image.Image:
    ramp = np.linspace(0, 255, side)[None].repeat(side, 0).astype(np.uint8)
    return Image.fromarray(np.stack([ramp, ramp[:, ::-1], np.full_like(ramp, 90)], 2)).convert(mode)


def _pictures() -> dict[str, bytes]:
    jpeg, png = image(gradient(side=300), "JPEG"), image(gradient(side=200))
    return {
        "truncated PNG": png[:300],
        "truncated JPEG": jpeg[:900],
        "PNG header only": png[:8],
        "PNG with a wrong checksum": png[:40] + b"\xff" + png[41:],
        "PNG of 16 x 16 kilopixels": png_claiming(16_000, 16_000),
        "PNG of 3.6 gigapixels": png_claiming(60_000, 60_000),
        "PNG of 0 x 0": png_claiming(0, 0),
        "1 x 1 PNG": image(Image.new("RGB", (1, 1))),
        "20000 x 1 PNG": image(Image.new("L", (20_000, 1))),
        "TIFF of NaN": image(Image.fromarray(np.full((9, 9), np.nan, np.float32)), "TIFF"),
        "truncated GIF": image(gradient("P"), "GIF")[:60],
        "truncated WebP": image(gradient(), "WEBP")[:60],
        "truncated BMP": image(gradient(), "BMP")[:500],
        "truncated TIFF": image(gradient(), "TIFF")[:400],
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>',
        "SVG with a prologue": b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg></svg>',
        "HTML": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        "PDF": b"%PDF-1.7\n%",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(60),
        "truncated HEIC": image(gradient(side=200), "HEIF")[:-300],
        "truncated AVIF": image(gradient(side=200), "AVIF")[:-300],
        "text named .png": b"just words",
    }


def written(mode: str = "RGB", side: int = 40, paper: int = 235) -> Image.Image:
    """A stroke on paper: what a door of a model of digits finds something in."""
    sheet = Image.new("L", (side, side), paper)
    sheet.paste(0, (side // 2 - 3, side // 5, side // 2 + 2, side - side // 5))
    return sheet.convert("RGB").convert(mode)


def _odd_pictures() -> dict[str, bytes]:
    """Unusual, and right: a door for pictures takes them."""
    turned, frames = Image.Exif(), [written(paper=paper) for paper in (235, 200)]
    turned[0x0112] = 6
    grey = np.asarray(written("L"))
    return {
        "16-bit PNG": image(Image.fromarray(grey.astype(np.uint16) * 257)),
        "palette PNG": image(written("P")),
        "CMYK JPEG": image(written("CMYK"), "JPEG"),
        "1-bit PNG": image(written("1")),
        "PNG with alpha": image(written("RGBA")),
        "JPEG turned by Exif": image(written(), "JPEG", exif=turned),
        "animated GIF": image(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "HEIC of a phone": image(written(), "HEIF"),
        "AVIF of a phone": image(written(), "AVIF"),
        "floating-point TIFF": image(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"),
    }


def _archives() -> dict[str, bytes]:
    png = image(gradient())
    two = zipped({"a.png": png, "b.png": png})
    return {
        "empty zip": zipped({}),
        "truncated zip": two[:-30],
        "zip bomb": zipped({"bomb.png": bytes(80 << 20)}),
        "zip with climbing paths": zipped(
            {"../a.png": png, "a/../../b.png": png, "..\\c.png": png}
        ),
        "zip with absolute names": zipped({"/a.png": png, "C:\\b.png": png}),
        "zip of a link": link_zip(),
        "zip in a zip": zipped({"inner.zip": two}),
        "encrypted zip": encrypted(two),
        "zip of a damaged member": two[:60] + b"\xff\xff" + two[62:],
        "zip of a damaged table": zipped({"a.png": b"words", "metadata.csv": b"label"}).replace(
            zlib.crc32(b"label").to_bytes(4, "little"), bytes(4)
        ),
        "zip of no pictures": zipped({"a.png": b"words", "b.png": b"<html>"}),
        "gzip": b"\x1f\x8b\x08\x00" + bytes(40),
        "tar": b"a.png" + bytes(252) + b"ustar" + bytes(300),
    }


def _checkpoints(good: dict[str, bytes]) -> dict[str, bytes]:
    """Zips of a checkpoint folder, `good` with one file spoilt."""
    from safetensors.numpy import load, save

    weights, config = load(good["model.safetensors"]), json.loads(good["config.json"])
    marked = {"format": "pt", "vqvae_format": "1"}
    name = next(n for n, value in weights.items() if value.dtype == np.float32 and value.ndim == 4)

    def model(**changed: bytes) -> bytes:
        return zipped(
            {**good, **{file.replace("__", "."): content for file, content in changed.items()}}
        )

    def with_weights(tensors: dict, metadata: dict | None = None) -> bytes:
        return model(model__safetensors=save(tensors, metadata or marked))

    def with_config(**changes) -> bytes:
        return model(config__json=json.dumps({**config, **changes}).encode())

    whole, sizes = good["model.safetensors"], (config["codebook_size"], config["embedding_dim"])
    gallery = {
        "indices": np.zeros((1, 7, 7), np.uint8),
        "counts": np.zeros(sizes[:1], np.int32),
        "position_counts": np.zeros((49, *sizes[:1]), np.int32),
        "latents": np.zeros((1, *sizes[1:]), np.float16),
        "latent_indices": np.array(3, np.uint8),
        "latent_positions": np.zeros(1, np.uint8),
    }
    return {
        "model: pickle": model(model__safetensors=pickle.dumps(Payload())),
        "model: pickled config": model(config__json=pickle.dumps(Payload())),
        "model: truncated weights": model(model__safetensors=whole[:-9]),
        "model: truncated header": model(model__safetensors=whole[:50]),
        "model: empty weights": model(model__safetensors=b""),
        "model: header of 2^62 bytes": model(model__safetensors=safetensors(b"{}", 2**62)),
        "model: header is no JSON": model(model__safetensors=safetensors(b"{{{{")),
        "model: overlapping tensors": model(
            model__safetensors=safetensors(
                json.dumps(
                    {
                        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                        "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
                    }
                ).encode(),
                numbers=bytes(12),
            )
        ),
        "model: a wrong shape": with_weights({**weights, name: weights[name][:1]}),
        "model: another dtype": with_weights({**weights, name: weights[name].astype(np.int32)}),
        "model: NaN weights": with_weights({**weights, name: np.full_like(weights[name], np.nan)}),
        "model: a foreign key": with_weights({**weights, "evil": np.zeros(1, np.float32)}),
        "model: a missing key": with_weights({k: v for k, v in weights.items() if k != name}),
        "model: weights of another program": with_weights(weights, {"format": "pt"}),
        "model: weights from the future": with_weights(weights, {**marked, "vqvae_format": "99"}),
        "model: config from the future": with_config(format=99),
        "model: config without a format": with_config(format=None),
        "model: config with a foreign key": with_config(evil=1),
        "model: config of a billion codes": with_config(codebook_size=10**9),
        "model: config of NaN": with_config(ema_decay=float("nan")),
        "model: config of text": with_config(embedding_dim="64"),
        "model: config nested deeply": model(config__json=b"[" * 100_000),
        "model: config is a list": model(config__json=b"[1]"),
        "model: gallery with a number for a list": model(
            gallery__safetensors=save(gallery, marked)
        ),
        "model: damaged metrics": model(metrics__json=b"{"),
        "model: no weights": zipped({"config.json": good["config.json"]}),
        "model: climbing paths": zipped({f"../{k}": v for k, v in good.items()}),
        "model: two in one": zipped({f"{d}/{k}": v for d in "ab" for k, v in good.items()}),
        "model: encrypted": encrypted(zipped(good)),
    }


TEXTS = {
    "empty": b"",
    "spaces": b" \n\t ",
    "zeros": bytes(4096),
    "random bytes": bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)),
    "a pickle": pickle.dumps(Payload()),
    "a grid text cut short": b"AQcHAf8A",
    "a grid text of version 9": b"CQcHAf8AAAAA",
    "a long text": b"A" * 60_000,
    "JSON": b"{}",
    "nested JSON": b"[" * 100_000,
    "an encoded file of version 9": b"VQC\x09" + bytes(80),
    "an encoded file cut short": b"VQC\x01" + bytes(6),
    "an encoded file with a wrong checksum": b"VQC\x01"
    + bytes(4)
    + b"\x07\x07\x01\xff"
    + bytes(60),
    "a NUL in a name": b"../../etc/passwd\x00.png",
}


def checkpoint_parts(folder: Path) -> dict[str, bytes]:
    """The files of a checkpoint folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def corpus(checkpoint: Path) -> dict[str, bytes]:
    """Every file by its name. `checkpoint` is a good one, of which the spoilt ones are made."""
    return {
        **TEXTS,
        **_pictures(),
        **_odd_pictures(),
        **_archives(),
        **_checkpoints(checkpoint_parts(checkpoint)),
    }


ODD_PICTURES = frozenset(_odd_pictures())
