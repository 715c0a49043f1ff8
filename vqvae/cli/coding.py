"""`reconstruct`, `encode` and `decode`: pictures through a checkpoint, and as compact files of
indices."""

from __future__ import annotations

import math

from vqvae.cli.files import Input, Output, inputs
from vqvae.cli.parsing import Failure, add_checkpoint, checkpoint_folder
from vqvae.cli.pictures import (
    ERROR_SCALE,
    colour,
    read_image,
    save_png,
    scaled_down,
    sheet,
    to_picture,
)
from vqvae.grids.codes import MAX_SIDE

MAX_ENCODED_BYTES = 40_000
"""More than any encoded file has."""


def add_reconstruct(subparsers) -> None:
    """`reconstruct CHECKPOINT IMAGE... --output FILE.png`."""
    parser = subparsers.add_parser(
        "reconstruct",
        help="pictures, what comes back of them, and the error, as one PNG",
        description="Write a sheet with a row for each picture: as the model sees it, its "
        "reconstruction, and the error.",
    )
    add_checkpoint(parser)
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGE",
        help="picture files, - for standard "
        "input; they are cropped to the middle and "
        "resized to the model's size, and otherwise shown to it as they are (digits of MNIST are "
        "white on black)",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--whole",
        action="store_true",
        help="take each picture at its own size, up to 1024 pixels a "
        "side: the model is convolutional, and 256 x 256 pixels become 64 x 64 codes",
    )
    size.add_argument(
        "--tiles", action="store_true", help="the same, cut into tiles of the model's size"
    )
    parser.add_argument(
        "--output", required=True, metavar="FILE.png", help="the sheet; - for standard output"
    )
    parser.set_defaults(run=reconstruct)


def add_encode(subparsers) -> None:
    """`encode CHECKPOINT IMAGE --output FILE`."""
    parser = subparsers.add_parser(
        "encode",
        help="a picture into a compact file of indices",
        description="The file holds log2 K bits per index and 16 bytes of version, model "
        "fingerprint, sizes and checksum.",
    )
    add_checkpoint(parser)
    parser.add_argument("image", metavar="IMAGE", help="a picture file; - for standard input")
    parser.add_argument(
        "--whole",
        action="store_true",
        help="take all of the picture, not cropped and resized to the "
        f"model's size; scaled down where it would have more than {MAX_SIDE} rows or columns of "
        f"codes",
    )
    parser.add_argument(
        "--output", required=True, metavar="FILE", help="the file of indices; - for standard output"
    )
    parser.set_defaults(run=encode)


def add_decode(subparsers) -> None:
    """`decode CHECKPOINT FILE --output IMAGE.png`."""
    parser = subparsers.add_parser("decode", help="a file of indices back into a picture")
    add_checkpoint(parser)
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a file that `encode` wrote, with the same checkpoint; - for standard input",
    )
    parser.add_argument(
        "--output", required=True, metavar="IMAGE.png", help="the picture; - for standard output"
    )
    parser.set_defaults(run=decode)


def reconstruct(args) -> None:
    """Write the sheet and print a line of figures for each picture."""
    folder, sources = checkpoint_folder(args.checkpoint), inputs(args.images)
    output = Output(args.output, suffix=".png", inputs=sources)
    import torch
    from PIL import Image

    from vqvae import load_checkpoint, metrics
    from vqvae.nn.batches import images_at_once

    checkpoint = load_checkpoint(folder)
    model = checkpoint.model
    if args.whole or args.tiles:
        return reconstruct_whole(checkpoint.with_codes().model, sources, output, tiled=args.tiles)
    x = torch.stack([read_image(source, model.config) for source in sources])
    at_once = images_at_once(model.config, model.config.height, model.config.width, 64)
    x_recon = torch.cat([model.reconstruct(part) for part in x.split(at_once)])
    error = colour((x_recon - x).abs().mean(1))
    rows = [
        [to_picture(x[i]), to_picture(x_recon[i]), Image.fromarray(error[i])] for i in range(len(x))
    ]
    save_png(sheet(rows, ("input", "reconstruction", f"error 0 to {ERROR_SCALE}")), output)
    figures = zip(
        sources,
        metrics.mse(x_recon, x),
        metrics.psnr(x_recon, x),
        metrics.ssim(x_recon, x),
        strict=True,
    )
    for source, mse, psnr, ssim in figures:
        output.tell(f"{source}: mse {mse:.5f}  psnr {psnr:.2f} dB  ssim {ssim:.4f}")
    kept = (
        f"{model.config.bits_per_image:.0f} bits per picture"
        if model.config.kind == "vqvae"
        else f"{model.config.latent_dim} numbers per picture"
    )
    output.tell(
        f"{output}: input, reconstruction and absolute error (dark 0, bright {ERROR_SCALE} or "
        f"more), {kept}"
    )


def reconstruct_whole(model, sources: tuple[Input, ...], output: Output, *, tiled: bool) -> None:
    """Write the sheet of whole pictures and print a line of figures for each."""
    from PIL import Image

    from vqvae.grids.photos import MAX_PHOTO_SIDE, code_photo

    rows = []
    for source in sources:
        photo = code_photo(
            model, read_image(source, model.config, whole=MAX_PHOTO_SIDE), tiled=tiled
        )
        scaled = scaled_down(source, MAX_PHOTO_SIDE)
        error = colour((photo.x_recon - photo.x).abs().mean(0)[None])[0]
        rows.append([to_picture(photo.x), to_picture(photo.x_recon), Image.fromarray(error)])
        (height, width), (h, w) = photo.x.shape[1:], photo.indices.shape
        output.tell(
            f"{source}: {height} x {width} pixels{scaled} as {h} x {w} codes, {photo.bits:,.0f} "
            f"bits, {photo.ratio:.1f} times smaller; psnr {photo.psnr:.2f} dB  ssim "
            f"{photo.ssim:.4f}"
        )
    titles = ("input", "reconstruction", f"error 0 to {ERROR_SCALE}")
    save_png(sheet(rows, titles), output)
    how = (
        f"cut into tiles of {model.config.height} x {model.config.width}"
        if tiled
        else "each coded whole"
    )
    output.tell(
        f"{output}: input, reconstruction and absolute error (dark 0, bright {ERROR_SCALE} or "
        f"more), {how}"
    )


def encode(args) -> None:
    """Write the indices of a picture."""
    folder, source = checkpoint_folder(args.checkpoint), Input(args.image)
    output = Output(args.output, inputs=(source,))
    from vqvae import load_checkpoint
    from vqvae.grids.packing import to_bytes

    model, scaled = load_checkpoint(folder).with_codes().model, ""
    if args.whole:
        from vqvae.grids.photos import MAX_PHOTO_SIDE, code_photo

        side = min(MAX_PHOTO_SIDE, MAX_SIDE * model.config.downsample)
        indices = code_photo(model, read_image(source, model.config, whole=side)).indices
        scaled = scaled_down(source, side)
    else:
        indices = model.encode(read_image(source, model.config))
    content = to_bytes(indices, model.config.codebook_size, model.fingerprint())
    output.write(content)
    h, w = indices.shape
    output.tell(
        f"{output}: {h} x {w} codes of {model.config.codebook_size}{scaled}, "
        f"{h * w * math.log2(model.config.codebook_size):,.0f} bits, {len(content):,} bytes with "
        f"head and checksum"
    )


def decode(args) -> None:
    """Write the picture of indices that this very model has made; Failure for another model's."""
    folder, source = checkpoint_folder(args.checkpoint), Input(args.file)
    output = Output(args.output, suffix=".png", inputs=(source,))
    import torch

    from vqvae import CodesError, load_checkpoint
    from vqvae.grids.packing import check_fit, from_bytes

    with source.open() as file:
        content = file.read(MAX_ENCODED_BYTES + 1)
    if len(content) > MAX_ENCODED_BYTES:
        raise Failure(
            f"{source} is no file of indices: it is larger than {MAX_ENCODED_BYTES:,} bytes. "
            "Give a file that `encode` wrote."
        )
    try:
        grid, fingerprint = from_bytes(content)
    except CodesError as error:
        raise Failure(f"{source}: {error}") from error
    model = load_checkpoint(folder).with_codes().model
    if fingerprint != model.fingerprint():
        raise Failure(
            f"{source} was encoded by another model (fingerprint {fingerprint}; {args.checkpoint} "
            f"has {model.fingerprint()}). Decode it with the checkpoint that encoded it."
        )
    check_fit(grid, None, model.config.codebook_size)
    x_recon = model.decode(torch.tensor(grid.tolist()))
    save_png(to_picture(x_recon), output)
    output.tell(
        f"{output}: {x_recon.shape[-2]} x {x_recon.shape[-1]} pixels from {len(content)} bytes"
    )
