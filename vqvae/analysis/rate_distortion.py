"""Bits per image against its error: what a VQ-VAE is measured beside.

Two things that need no network. k-means on raw patches is a VQ-VAE whose encoder and decoder do
nothing: it shows what the networks add. JPEG and WebP are what everybody uses; on pictures this
small their headers outweigh the rest, so that only the coded payload is counted here, which
flatters them.

A point is one of `Point`; N images, C channels, H x W pixels, K codes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from vqvae.metrics import mse, psnr
from vqvae.nn.quantizers.search import kmeans, nearest_rows

PATCHES = 60_000
"""Raw patches that k-means learns from."""
WEBP_FRAME_HEADER = 10
"""Bytes of a lossy WebP's frame before its first partition (RFC 6386, section 9.1)."""


@dataclass(frozen=True)
class Point:
    """One place in the plane of rate and distortion."""

    series: str
    """What it belongs to, such as "JPEG"."""
    label: str
    """What sets it apart in its series, such as "quality 20"."""
    bits: float
    """Mean bits per image."""
    psnr: float
    """dB, mean of the pictures' own."""
    mse: float
    """Mean over all pixels, in [0, 1]."""

    def to_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


def measured(series: str, label: str, bits: float, x_recon: Tensor, x: Tensor) -> Point:
    """The point of reconstructions of x, both float (N, C, H, W) in [0, 1]."""
    return Point(series, label, bits, psnr(x_recon, x).mean().item(), mse(x_recon, x).mean().item())


def patch_kmeans(
    train: Tensor,
    test: Tensor,
    side: int,
    codebook_size: int,
    *,
    seed: int = 0,
    iterations: int = 12,
) -> Point:
    """k-means on raw `side` x `side` patches: train, test uint8 (N, C, H, W), H and W divisible by
    `side`.

    Each patch is kept as the number of its nearest centre, log2 K bits, and shown as that centre.
    """
    generator = torch.Generator().manual_seed(seed)
    points = _patches(train[torch.randperm(len(train), generator=generator)[:8_000]], side)
    points = points[torch.randperm(len(points), generator=generator)[:PATCHES]]
    centres, _ = kmeans(points, codebook_size, iterations, generator)
    n, c, h, w = test.shape
    recon = centres[nearest_rows(_patches(test, side), centres)].clamp(0, 1)
    recon = (
        recon.view(n, h // side, w // side, c, side, side)
        .permute(0, 3, 1, 4, 2, 5)
        .reshape(n, c, h, w)
    )
    bits = (h // side) * (w // side) * math.log2(codebook_size)
    return measured(
        "k-means on patches",
        f"{side} × {side} pixels, K {codebook_size}",
        bits,
        recon,
        test.float() / 255,
    )


def image_format(test: Tensor, form: str, qualities: tuple[int, ...]) -> Iterator[Point]:
    """JPEG or WEBP of test uint8 (N, C, H, W) at each quality: payload bits, headers and tables not
    counted."""
    from PIL import Image

    pixels = test.permute(0, 2, 3, 1).numpy()
    for quality in qualities:
        bits, shown = 0, []
        for picture in pixels:
            file = io.BytesIO()
            image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
            image.save(file, form, quality=quality)
            bits += 8 * payload_bytes(file.getvalue())
            back = np.asarray(Image.open(file).convert("L" if picture.shape[-1] == 1 else "RGB"))
            shown.append(back.reshape(picture.shape))
        recon = torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2).float() / 255
        yield measured(
            {"WEBP": "WebP"}.get(form, form),
            f"quality {quality}",
            bits / len(pixels),
            recon,
            test.float() / 255,
        )


def payload_bytes(data: bytes) -> int:
    """Bytes of the coded picture in a JPEG (its scans) or a lossy WebP (its partitions), without
    headers and tables. ValueError for another file."""
    if data[:2] == b"\xff\xd8":
        at = 2
        while data[at : at + 1] == b"\xff":
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if (
                data[at + 1] == 0xDA
            ):  # start of scan: what follows its header, up to the end marker, is the picture
                return len(data) - (at + 2 + length) - 2
            at += 2 + length
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8 ":
        return int.from_bytes(data[16:20], "little") - WEBP_FRAME_HEADER
    raise ValueError("the payload is known of baseline JPEG and of lossy WebP files only")


def references(train: Tensor, test: Tensor) -> Iterator[Point]:
    """k-means on patches, JPEG and WebP for images uint8 (N, C, H, W), where their sizes allow."""
    for side, sizes in ((4, (4, 16, 64, 256, 1024)), (2, (4, 16, 64))):
        if test.shape[2] % side == 0 and test.shape[3] % side == 0:
            for codebook_size in sizes:
                yield patch_kmeans(train, test, side, codebook_size)
    yield from image_format(test, "JPEG", (5, 15, 30, 50, 70, 85))
    yield from image_format(test, "WEBP", (1, 10, 30, 50, 70, 85))


def _patches(images: Tensor, side: int) -> Tensor:
    """uint8 (N, C, H, W) -> float (N * h * w, C * side * side) in [0, 1], row by row of each
    image."""
    n, c, h, w = images.shape
    parts = images.view(n, c, h // side, side, w // side, side).permute(0, 2, 4, 1, 3, 5)
    return parts.reshape(-1, c * side * side).float() / 255
