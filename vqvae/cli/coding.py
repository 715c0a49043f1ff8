"""`reconstruct`, `encode` and `decode`: pictures through a checkpoint, and as compact files of indices."""

from __future__ import annotations

import io
import math
from pathlib import Path

from vqvae.cli.parsing import Failure, add_checkpoint, checkpoint_folder, input_file, output_file
from vqvae.codes import MAX_SIDE

CELL = 196
"""Pixels that a picture of the sheet takes at least, where a whole scale allows it."""
GAP, HEADER = 8, 22
ERROR_SCALE = 0.5
"""Error shown as the brightest colour of the error picture; larger ones are as bright."""
CIVIDIS = ("00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838")
"""Stops of the colour scale cividis (doi:10.1371/journal.pone.0199239), dark to bright."""
MAX_ENCODED_BYTES = 40_000
"""More than any encoded file has."""


def add_reconstruct(subparsers) -> None:
    """`reconstruct CHECKPOINT IMAGE... --output FILE.png`."""
    parser = subparsers.add_parser("reconstruct", help="pictures, what comes back of them, and the error, as one PNG",
                                   description="Write a sheet with a row for each picture: as the model sees it, its "
                                   "reconstruction, and the error.")
    add_checkpoint(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="picture files; they are cropped to the middle and "
                        "resized to the model's size, and otherwise shown to it as they are (digits of MNIST are "
                        "white on black)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--whole", action="store_true", help="take each picture at its own size, up to 1024 pixels a "
                      "side: the model is convolutional, and 256 x 256 pixels become 64 x 64 codes")
    size.add_argument("--tiles", action="store_true", help="the same, cut into tiles of the model's size")
    parser.add_argument("--output", required=True, metavar="FILE.png", help="the sheet")
    parser.set_defaults(run=reconstruct)


def add_encode(subparsers) -> None:
    """`encode CHECKPOINT IMAGE --output FILE`."""
    parser = subparsers.add_parser("encode", help="a picture into a compact file of indices",
                                   description="The file holds log2 K bits an index and 16 bytes of version, model "
                                   "fingerprint, sizes and checksum.")
    add_checkpoint(parser)
    parser.add_argument("image", metavar="IMAGE", help="a picture file")
    parser.add_argument("--whole", action="store_true", help="take all of the picture, not cropped and resized to the "
                        f"model's size; scaled down where it would have more than {MAX_SIDE} rows or columns of codes")
    parser.add_argument("--output", required=True, metavar="FILE", help="the file of indices")
    parser.set_defaults(run=encode)


def add_decode(subparsers) -> None:
    """`decode CHECKPOINT FILE --output IMAGE.png`."""
    parser = subparsers.add_parser("decode", help="a file of indices back into a picture")
    add_checkpoint(parser)
    parser.add_argument("file", metavar="FILE", help="a file that `encode` wrote, with the same checkpoint")
    parser.add_argument("--output", required=True, metavar="IMAGE.png", help="the picture")
    parser.set_defaults(run=decode)


def reconstruct(args) -> None:
    """Write the sheet and print a line of figures for each picture."""
    folder, sources = checkpoint_folder(args.checkpoint), tuple(input_file(path) for path in args.images)
    output = output_file(args.output, suffix=".png", inputs=sources)
    import torch
    from PIL import Image

    from vqvae import load, metrics

    model = load(folder)
    if args.whole or args.tiles:
        from vqvae.cli.whole import reconstruct_whole

        return reconstruct_whole(model, sources, output, tiled=args.tiles)
    x = torch.stack([read_image(source, model.config) for source in sources])
    through = (lambda part: model.decode(model.encode(part))) if model.config.kind == "vqvae" else model.reconstruct
    x_recon = torch.cat([through(part) for part in x.split(64)])
    error = colour((x_recon - x).abs().mean(1))
    rows = [[to_picture(x[i]), to_picture(x_recon[i]), Image.fromarray(error[i])] for i in range(len(x))]
    save_png(sheet(rows, ("input", "reconstruction", f"error 0 to {ERROR_SCALE}")), output)
    figures = zip(sources, metrics.mse(x_recon, x), metrics.psnr(x_recon, x), metrics.ssim(x_recon, x), strict=True)
    for source, mse, psnr, ssim in figures:
        print(f"{source}: mse {mse:.5f}  psnr {psnr:.2f} dB  ssim {ssim:.4f}")
    kept = f"{model.config.bits_per_image:.0f} bits a picture" if model.config.kind == "vqvae" else \
        f"{model.config.latent_dim} numbers a picture"
    print(f"{output}: input, reconstruction and absolute error (dark 0, bright {ERROR_SCALE} or more), {kept}")


def encode(args) -> None:
    """Write the indices of a picture."""
    folder, source = checkpoint_folder(args.checkpoint), input_file(args.image)
    output = output_file(args.output, inputs=(source,))
    from vqvae import load
    from vqvae.atomic import replace_file
    from vqvae.packing import to_bytes

    model, scaled = with_codes(load(folder)), ""
    if args.whole:
        from vqvae.photos import MAX_PHOTO_SIDE, code_photo

        side = min(MAX_PHOTO_SIDE, MAX_SIDE * model.config.downsample)
        indices = code_photo(model, read_image(source, model.config, whole=side)).indices
        scaled = scaled_down(source, side)
    else:
        indices = model.encode(read_image(source, model.config))
    content = to_bytes(indices, model.config.codebook_size, model.fingerprint())
    replace_file(output, content)
    h, w = indices.shape
    print(f"{output}: {h} x {w} codes of {model.config.codebook_size}{scaled}, "
          f"{h * w * math.log2(model.config.codebook_size):,.0f} bits, {len(content):,} bytes with head and checksum")


def decode(args) -> None:
    """Write the picture of indices that this very model has made; Failure for another model's."""
    folder, source = checkpoint_folder(args.checkpoint), input_file(args.file)
    output = output_file(args.output, suffix=".png", inputs=(source,))
    import torch

    from vqvae import CodesError, load
    from vqvae.packing import check_fit, from_bytes

    with source.open("rb") as file:
        content = file.read(MAX_ENCODED_BYTES + 1)
    if len(content) > MAX_ENCODED_BYTES:
        raise Failure(f"{source} is no file of indices: it is larger than {MAX_ENCODED_BYTES:,} bytes. "
                      "Give a file that `encode` wrote.")
    try:
        grid, fingerprint = from_bytes(content)
    except CodesError as error:
        raise Failure(f"{source}: {error}") from error
    model = with_codes(load(folder))
    if fingerprint != model.fingerprint():
        raise Failure(f"{source} was encoded by another model (fingerprint {fingerprint}; {args.checkpoint} has "
                      f"{model.fingerprint()}). Decode it with the checkpoint that encoded it.")
    check_fit(grid, None, model.config.codebook_size)
    x_recon = model.decode(torch.tensor(grid.tolist()))
    save_png(to_picture(x_recon), output)
    print(f"{output}: {x_recon.shape[-2]} x {x_recon.shape[-1]} pixels from {len(content)} bytes")


def with_codes(model):
    """The model; Failure when it has no codes to write into a file."""
    if model.config.kind != "vqvae":
        raise Failure(f"This checkpoint is of kind {model.config.kind}, which has no codes to write to a file or to "
                      "read from one. Give a checkpoint of kind vqvae; `reconstruct` works with this one.")
    return model


# -- pictures ---------------------------------------------------------------------------------------------------------

def read_image(path: Path, config, whole: int = 0):
    """A picture file as the model takes it, or with `whole` all of it, at most so many pixels a side: float (C, H, W)
    in [0, 1]. Failure with the reason when it is none."""
    import torch

    from vqvae.pictures import PictureError, read_picture, read_whole_picture

    try:
        with path.open("rb") as file:
            pixels = read_whole_picture(file, config.channels, whole) if whole else \
                read_picture(file, (config.height, config.width), config.channels)
    except PictureError as error:
        raise Failure(f"{path}: {error}. Give a PNG or JPEG picture.") from error
    return torch.from_numpy(pixels.copy()).float().div(255)


def scaled_down(path: Path, side: int) -> str:
    """Words for a picture file whose long side was brought down to so many pixels, else ""."""
    from PIL import Image

    with Image.open(path) as image:
        longest = max(image.size)
    return f" (scaled down from {longest} to {side} pixels on the long side)" if longest > side else ""


def to_picture(x):
    """float (C, H, W) in [0, 1] -> an 8-bit Pillow image."""
    from PIL import Image

    pixels = x.clamp(0, 1).mul(255).round().byte().movedim(0, -1).numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def colour(error):
    """float (N, H, W), 0..1 -> uint8 (N, H, W, 3) on cividis, ERROR_SCALE and more being the brightest."""
    import numpy as np

    stops = np.array([list(bytes.fromhex(stop)) for stop in CIVIDIS], dtype=float)
    at = np.clip(error.numpy() / ERROR_SCALE, 0, 1) * (len(stops) - 1)
    return np.stack([np.interp(at, range(len(stops)), stops[:, c]) for c in range(3)], -1).round().astype("uint8")


def sheet(rows: list[list], titles: tuple[str, ...]):
    """One RGB image: the titles over the columns of pictures, enlarged by a whole factor where they are small."""
    from PIL import Image, ImageDraw

    width, height = (max(row[0].size[side] for row in rows) for side in (0, 1))
    scale = max(1, -(-CELL // max(width, height)))
    step_x, step_y = width * scale + GAP, height * scale + GAP
    canvas = Image.new("RGB", (len(titles) * step_x + GAP, HEADER + len(rows) * step_y + GAP), "white")
    draw = ImageDraw.Draw(canvas)
    for column, title in enumerate(titles):
        draw.text((GAP + column * step_x, 6), title, fill="black")
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            large = picture.convert("RGB").resize((picture.width * scale, picture.height * scale),
                                                  Image.Resampling.NEAREST)
            canvas.paste(large, (GAP + c * step_x, HEADER + GAP + r * step_y))
    return canvas


def save_png(picture, path: Path) -> None:
    """Write a Pillow image as PNG, whole or not at all."""
    from vqvae.atomic import replace_file

    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    replace_file(path, file.getvalue())
