"""`reconstruct --whole` and `--tiles`: pictures at their own size, up to a limit."""

from __future__ import annotations

from pathlib import Path

from vqvae.cli import coding


def reconstruct_whole(model, sources: tuple[Path, ...], output: Path, *, tiled: bool) -> None:
    """Write the sheet of whole pictures and print a line of figures for each."""
    from PIL import Image

    from vqvae.photos import MAX_PHOTO_SIDE, code_photo

    coding.with_codes(model)
    rows = []
    for source in sources:
        photo = code_photo(model, coding.read_image(source, model.config, whole=MAX_PHOTO_SIDE), tiled=tiled)
        scaled = coding.scaled_down(source, MAX_PHOTO_SIDE)
        error = coding.colour((photo.x_recon - photo.x).abs().mean(0)[None])[0]
        rows.append([coding.to_picture(photo.x), coding.to_picture(photo.x_recon), Image.fromarray(error)])
        (height, width), (h, w) = photo.x.shape[1:], photo.indices.shape
        print(f"{source}: {height} x {width} pixels{scaled} as {h} x {w} codes, {photo.bits:,.0f} bits, "
              f"{photo.ratio:.1f} times smaller; psnr {photo.psnr:.2f} dB  ssim {photo.ssim:.4f}")
    titles = ("input", "reconstruction", f"error 0 to {coding.ERROR_SCALE}")
    coding.save_png(coding.sheet(rows, titles), output)
    how = f"cut into tiles of {model.config.height} x {model.config.width}" if tiled else "each coded whole"
    print(f"{output}: input, reconstruction and absolute error (dark 0, bright {coding.ERROR_SCALE} or more), {how}")
