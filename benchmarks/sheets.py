"""What the made-up photos of benchmarks/photos.py are put together from: handwriting, paper, light
and a camera.

Pictures are float32, reflectance or brightness from 0 to 1, (H, W) or (H, W, 3); a mask is float32
(H, W), 1 where the pen was. `rng` decides everything: the same state gives the same picture.
"""

from __future__ import annotations

import io
import itertools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

GLYPH = 320
"""Side of the square in which a digit is drawn before it is laid on a sheet, pixels."""


def resized(
    values: np.ndarray, height: int, width: int, method=Image.Resampling.BICUBIC
) -> np.ndarray:
    """(H, W) at another size."""
    return np.asarray(
        Image.fromarray(np.asarray(values, np.float32)).resize((width, height), method)
    )


def thinned(mask: np.ndarray) -> np.ndarray:
    """The centre lines of a mask, bool (H, W): T. Y. Zhang and C. Y. Suen, "A fast parallel
    algorithm for thinning digital patterns", 1984."""
    image = np.pad(mask.astype(np.uint8), 1)
    while True:
        before = image.sum()
        for turn in range(2):
            n, ne, e, se, s, sw, w, nw = (
                np.roll(image, shift, (0, 1))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            )
            round_ = (n, ne, e, se, s, sw, w, nw, n)
            steps = sum((a == 0) & (b == 1) for a, b in itertools.pairwise(round_))
            around = sum(part.astype(int) for part in round_[:-1])
            open_ = (
                ((n * e * s == 0) & (e * s * w == 0))
                if turn == 0
                else ((n * e * w == 0) & (n * s * w == 0))
            )
            image[(image == 1) & (around >= 2) & (around <= 6) & (steps == 1) & open_] = 0
        if image.sum() == before:
            return image[1:-1, 1:-1].astype(bool)


def written(digit: np.ndarray, pen: float | None) -> np.ndarray:
    """A digit of MNIST, uint8 (28, 28), as a mask with a margin of nothing around it cut away.

    `pen` is the width of the line as a share of the digit's height; None keeps the strokes as they
    are, enlarged smoothly.
    """
    large = np.clip(resized(digit / 255, GLYPH, GLYPH), 0, 1)
    if pen is None:
        mask = np.clip((large - 0.25) * 2, 0, 1)
    else:
        lines = thinned(resized(digit / 255, 140, 140) > 0.45)
        lines = np.kron(lines, np.ones((2, 2))) > 0
        distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(~lines), 2.5) - 1.5
        distance = (
            resized(distance, GLYPH * 2, GLYPH * 2)[: GLYPH * 2, : GLYPH * 2] * 2 * GLYPH / 280
        )
        tall = np.ptp(np.flatnonzero((resized(digit / 255, GLYPH * 2, GLYPH * 2) > 0.4).any(1))) + 1
        mask = np.clip(pen * tall / 2 - distance + 0.5, 0, 1)
    rows, columns = np.flatnonzero((mask > 0.1).any(1)), np.flatnonzero((mask > 0.1).any(0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def cloud(rng, height: int, width: int, cells: float) -> np.ndarray:
    """Smooth noise of mean 0 and deviation 1, with about `cells` waves along the longer side."""
    small = (
        max(2, round(cells * height / max(height, width)) + 1),
        max(2, round(cells * width / max(height, width)) + 1),
    )
    return resized(rng.standard_normal(small), height, width)


def lay(
    sheet: np.ndarray, mask: np.ndarray, top: int, left: int, ink, strength: float = 1.0
) -> None:
    """Draw a mask on a sheet (H, W, 3) in place, with the ink's reflectance (3,); what lies outside
    is cut off."""
    height, width = sheet.shape[:2]
    y0, y1, x0, x1 = (
        max(0, top),
        min(height, top + mask.shape[0]),
        max(0, left),
        min(width, left + mask.shape[1]),
    )
    if y0 < y1 and x0 < x1:
        part = (mask[y0 - top : y1 - top, x0 - left : x1 - left] * strength)[..., None]
        sheet[y0:y1, x0:x1] = sheet[y0:y1, x0:x1] * (1 - part) + np.asarray(ink, np.float32) * part


def textured(rng, mask: np.ndarray, grain: float) -> np.ndarray:
    """A mask with a pen's texture: pressure that varies slowly, and the paper's grain that the pen
    leaves open."""
    slow = 1 + 0.6 * grain * cloud(rng, *mask.shape, 5)
    fine = 1 + grain * cloud(rng, *mask.shape, 90)
    return np.clip(mask * np.clip(slow, 0.55, 1.2) * np.clip(fine, 0.25, 1.3), 0, 1)


def paper(rng, height: int, width: int, colour, grain: float = 0.01) -> np.ndarray:
    """A sheet (H, W, 3) of a colour (3,), with blotches and fibres."""
    tone = 1 + grain * cloud(rng, height, width, 9) + grain * cloud(rng, height, width, 250)
    return np.asarray(colour, np.float32) * tone[..., None].astype(np.float32)


def lines(sheet: np.ndarray, rng, *, ruled: bool, squared: bool) -> None:
    """Print rules or squares on a sheet, in place."""
    height, width = sheet.shape[:2]
    step = rng.uniform(0.045, 0.11) * height
    thick = max(1, round(rng.uniform(0.0015, 0.004) * height))
    colour = [(0.55, 0.68, 0.86), (0.62, 0.62, 0.64), (0.5, 0.72, 0.62), (0.72, 0.6, 0.75)][
        rng.integers(4)
    ]
    strength = rng.uniform(0.4, 1.6)
    line = np.asarray(colour, np.float32)
    for at in np.arange(rng.uniform(0, step), height, step) if ruled or squared else ():
        y = round(at)
        sheet[y : y + thick] += (line - sheet[y : y + thick]) * strength
    for at in np.arange(rng.uniform(0, step), width, step) if squared else ():
        x = round(at)
        sheet[:, x : x + thick] += (line - sheet[:, x : x + thick]) * strength
    if ruled and rng.random() < 0.5:  # the red line of the margin
        x = round(rng.uniform(0.05, 0.16) * width)
        sheet[:, x : x + thick] += (
            np.asarray((0.9, 0.5, 0.5), np.float32) - sheet[:, x : x + thick]
        ) * strength


def caption(sheet: np.ndarray, rng, top: int, left: int, size: int, ink) -> None:
    """A line of print on a sheet, in place."""
    words = [
        "Fig. 3",
        "sample no. 12",
        "written by hand",
        "name:",
        "page 7 of 9",
        "test digit",
        "2026-03-14",
        "(a)",
    ]
    image = Image.new("L", (size * 14, size * 2))
    ImageDraw.Draw(image).text(
        (size // 2, size // 4), words[rng.integers(len(words))], 255, ImageFont.load_default(size)
    )
    mask = np.asarray(image, np.float32) / 255
    columns = np.flatnonzero(mask.any(0))
    lay(sheet, mask[:, columns[0] : columns[-1] + 1], top, left, ink)


def stroke(sheet: np.ndarray, rng, points, width: float, ink, strength: float = 1.0) -> None:
    """A line drawn by hand through points (x, y), a little wavy, on a sheet in place."""
    height, total = sheet.shape[0], sheet.shape[1]
    path = np.asarray(points, float)
    place = np.linspace(0, len(path) - 1, 40 * (len(path) - 1) + 1)
    shake = rng.uniform(0, 0.004) * height
    xs = (
        np.interp(place, range(len(path)), path[:, 0])
        + shake * resized(rng.standard_normal((1, 6)), 1, len(place))[0]
    )
    ys = (
        np.interp(place, range(len(path)), path[:, 1])
        + shake * resized(rng.standard_normal((1, 6)), 1, len(place))[0]
    )
    image = Image.new("L", (total, height))
    draw, radius = ImageDraw.Draw(image), width / 2
    draw.line(list(zip(xs, ys, strict=True)), 255, max(1, round(width)), joint="curve")
    for x, y in ((xs[0], ys[0]), (xs[-1], ys[-1])):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    lay(
        sheet,
        np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), np.float32) / 255,
        0,
        0,
        ink,
        strength,
    )


def tilted(rng, picture: np.ndarray, degrees: float, depth: float, beyond) -> np.ndarray:
    """A sheet (H, W, 3) seen from a hand-held camera: turned by `degrees` and in perspective;
    `beyond` (3,) fills."""
    height, width = picture.shape[:2]
    angle, zoom = np.deg2rad(degrees), 1.0 + abs(np.deg2rad(degrees))
    a, b, c, d = (
        np.cos(angle) / zoom,
        np.sin(angle) / zoom,
        -np.sin(angle) / zoom,
        np.cos(angle) / zoom,
    )
    g, h = rng.uniform(-depth, depth) / width, rng.uniform(-depth, depth) / height
    cx, cy = width / 2, height / 2
    # x' = cx + (a (x - cx) + b (y - cy)) / (1 + g (x - cx) + h (y - cy)), Pillow's eight
    k = 1 - g * cx - h * cy
    data = (
        a + cx * g,
        b + cx * h,
        cx * k - a * cx - b * cy,
        c + cy * g,
        d + cy * h,
        cy * k - c * cx - d * cy,
        g,
        h,
    )
    data = tuple(value / k for value in data)
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    fill = tuple(round(255 * float(part)) for part in beyond)
    turned = image.transform(
        image.size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC, fillcolor=fill
    )
    return np.asarray(turned, np.float32) / 255


def falling_off(rng, height: int, width: int, least: float) -> np.ndarray:
    """Light (H, W) that is 1 on one side and `least` on the other."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    along = (x * np.cos(angle) + y * np.sin(angle)) / (abs(np.cos(angle)) + abs(np.sin(angle)))
    return 1 - (1 - least) * (0.5 + 0.5 * along) ** rng.uniform(0.8, 2)


def vignette(rng, height: int, width: int, least: float) -> np.ndarray:
    """Light (H, W) that is 1 in the middle and `least` in the corners."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return 1 - (1 - least) * ((x**2 + y**2) / 2) ** rng.uniform(0.8, 1.8)


def hand(rng, height: int, width: int, depth: float) -> np.ndarray:
    """Light (H, W) with the shadow of a hand, an arm and its fingers, that comes in from an
    edge."""
    image = Image.new("L", (width, height))
    draw, scale = ImageDraw.Draw(image), max(height, width)
    start = np.array([rng.uniform(0.2, 0.8) * width, height * 1.05])
    palm = np.array([rng.uniform(0.3, 0.7) * width, rng.uniform(0.45, 0.8) * height])
    draw.line([*start, *palm], 255, round(scale * rng.uniform(0.12, 0.22)))
    radius = scale * rng.uniform(0.1, 0.17)
    draw.ellipse((*(palm - radius), *(palm + radius)), 255)
    for angle in np.deg2rad(
        rng.uniform(-15, 15) + np.array([-130, -108, -88, -68, -35])[: rng.integers(2, 6)]
    ):
        tip = palm + np.array([np.cos(angle), np.sin(angle)]) * radius * rng.uniform(1.6, 2.6)
        draw.line([*palm, *tip], 255, round(scale * rng.uniform(0.035, 0.055)))
    if rng.random() < 0.5:
        image = image.rotate(int(rng.choice([90, 180, 270])), expand=False)
    blurred = image.filter(ImageFilter.GaussianBlur(scale * rng.uniform(0.002, 0.02)))
    return 1 - depth * np.asarray(blurred, np.float32) / 255


def photographed(
    rng,
    picture: np.ndarray,
    light: np.ndarray,
    *,
    cast: float = 0.05,
    noise: float = 0.012,
    blur: float = 0.6,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """uint8 (H, W, 3): a sheet under light as a phone takes it; `size` (H, W) enlarges it before
    the noise."""
    tint = 1 + rng.uniform(-cast, cast, 3).astype(np.float32)
    values = np.clip(picture * light[..., None].astype(np.float32) * tint, 0, 1)
    image = Image.fromarray(np.rint(values * 255).astype(np.uint8))
    if size:
        image = image.resize(size[::-1], Image.Resampling.BICUBIC)
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    values += rng.standard_normal(values.shape[:2], np.float32)[..., None] * (255 * noise)
    return np.clip(values, 0, 255).astype(np.uint8)


def saved(pixels: np.ndarray, form: str = "JPEG", **options) -> bytes:
    """The file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()
