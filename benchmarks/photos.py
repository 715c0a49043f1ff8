"""How many photos of digits are read right: made-up photos of 26 kinds, through the app's own door,
read by a judge.

`python benchmarks/photos.py --data-dir DIR [--kinds felt pencil ...] [--count 20] [--seed 0]
[--side 1600]` prints one JSON line a kind (the share read right, and how many inputs were blank or
refused) and one for all of them. The digits are MNIST's test digits, which the judge
(`classifier.py`) has not seen. `--save DIR` keeps the photos and the inputs.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

sys.path.insert(0, str(Path(__file__).parents[1]))

import sheets
from figures import processor, report
from running import run

WHITE, CREAM, GREY = (0.93, 0.93, 0.92), (0.9, 0.87, 0.8), (0.75, 0.75, 0.74)
BLACK, BLUE, RED, GREEN = (0.07, 0.07, 0.08), (0.1, 0.16, 0.5), (0.72, 0.1, 0.13), (0.08, 0.4, 0.2)
GRAPHITE = (0.33, 0.33, 0.35)

SIDES = ((280, 0.1), (480, 0.1), (900, 0.2), (1280, 0.25), (1600, 0.2), (2048, 0.1), (4032, 0.05))
"""Longest sides of the photos, pixels, and how often each comes."""
LARGEST = 4032
"""Longest side of a photo of 12 megapixels."""
UNTOUCHED = 720 * 1024
"""The page sends a file of up to so many bytes as it is, and makes a larger one so small."""


class Photo:
    """One photo while it is made: a sheet, where its digit lies, and what the camera will do."""

    def __init__(self, rng, digit: np.ndarray, least: int, most: int) -> None:
        self.rng, self.digit = rng, digit
        sides, shares = zip(*((s, p) for s, p in SIDES if least <= s <= most), strict=True)
        side = int(rng.choice(sides, p=np.array(shares) / sum(shares)))
        ratio = rng.choice([0.75, 0.75, 0.5625, 1.0])
        full = (side, round(side * ratio)) if rng.random() < 0.5 else (round(side * ratio), side)
        self.size = full
        shrink = min(
            1, 1600 / side
        )  # the sheet of a large photo is drawn smaller: no lens resolves every pixel
        self.height, self.width = round(full[0] * shrink), round(full[1] * shrink)
        self.plain = (
            rng.random() < 0.4
        )  # as a scanner or a drawing program gives it: even paper, no grain, no tilt
        tone = (
            (1, 1, 1)
            if self.plain and rng.random() < 0.7
            else rng.choice([WHITE, WHITE, CREAM, GREY])
        )
        self.sheet = sheets.paper(
            rng, self.height, self.width, tone, 0 if self.plain else rng.uniform(0.003, 0.015)
        )
        self.light = np.ones((self.height, self.width), np.float32)
        self.turn, self.depth, self.beyond, self.quality = 0.0, 0.0, None, None
        self.camera = {"cast": 0.0, "noise": 0.0, "blur": 0.4}
        if not self.plain:
            self.light *= sheets.falling_off(
                rng, self.height, self.width, rng.uniform(0.75, 1)
            ) * rng.uniform(0.65, 1)
            self.turn, self.depth, self.quality = (
                rng.uniform(-5, 5),
                0.08,
                int(rng.integers(70, 96)),
            )
            self.camera = {
                "cast": 0.06,
                "noise": rng.uniform(0.004, 0.016),
                "blur": rng.uniform(0.4, 1.2),
            }

    def write(
        self, *, pen=(0.08, 0.14), ink=None, share=(0.35, 0.7), grain=0.05, strength=1.0, where=None
    ) -> None:
        """Write the digit: `pen` and `share` are ranges, of the line's width to the digit and of it
        to the photo."""
        rng = self.rng
        width = (
            None if pen is None or (rng.random() < 0.25 and pen[1] > 0.07) else rng.uniform(*pen)
        )
        mask = sheets.written(self.digit, width)
        scale = (
            rng.uniform(*share)
            * min(self.height, self.width if share[1] > 0.3 else self.height)
            / mask.shape[0]
        )
        scale = min(scale, 0.85 * self.width / mask.shape[1])
        mask = np.clip(
            sheets.resized(
                mask,
                max(8, round(mask.shape[0] * scale)),
                max(3, round(mask.shape[1] * scale)),
                Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX,
            ),
            0,
            1,
        )
        if scale > 1.2 and width is not None:  # a pen has an edge, whatever it was enlarged from
            mask = np.clip((mask - 0.5) * scale + 0.5, 0, 1)
        tall, wide = mask.shape
        room_y, room_x = self.height - tall, self.width - wide
        y, x = where if where else rng.uniform(0.25, 0.75, 2)
        self.box = (round(room_y * y), round(room_x * x), tall, wide)
        self.pen = (width or 0.12) * tall
        self.ink, self.mask = self.inks() if ink is None else ink, mask
        sheets.lay(self.sheet, sheets.textured(rng, mask, grain), *self.box[:2], self.ink, strength)

    def inks(self):
        return (BLACK, BLACK, BLUE)[self.rng.integers(3)]

    def file(self) -> bytes:
        beyond = self.beyond if self.beyond is not None else self.sheet[0, 0]
        picture = sheets.tilted(self.rng, self.sheet, self.turn, self.depth, beyond)
        size = None if self.size == (self.height, self.width) else self.size
        pixels = sheets.photographed(self.rng, picture, self.light, size=size, **self.camera)
        return (
            sheets.saved(pixels, "JPEG", quality=self.quality)
            if self.quality
            else sheets.saved(pixels, "PNG")
        )


# -- the kinds: each takes a photo that is begun, and finishes it --


def felt(p):
    p.write(pen=(0.08, 0.18))


def ballpoint(p):
    p.write(pen=(0.022, 0.045), ink=(BLACK, BLUE, BLUE)[p.rng.integers(3)], grain=0.12)


def thin(p):
    p.write(pen=(0.009, 0.02), ink=(BLACK, BLUE)[p.rng.integers(2)], grain=0.05)


def pencil(p):
    p.write(pen=(0.03, 0.06), ink=GRAPHITE, grain=0.3, strength=p.rng.uniform(0.6, 0.95))


def coloured(p):
    inks = [
        RED,
        GREEN,
        BLUE,
        (0.9, 0.45, 0.08),
        (0.5, 0.15, 0.55),
        (0.1, 0.55, 0.65),
        (0.85, 0.3, 0.5),
    ]
    p.write(pen=(0.04, 0.13), ink=inks[p.rng.integers(len(inks))])


def vignette(p):
    p.light = p.light * sheets.vignette(p.rng, p.height, p.width, p.rng.uniform(0.2, 0.5))
    p.write()


def blackboard(p):
    board = [(0.1, 0.16, 0.13), (0.08, 0.08, 0.09), (0.15, 0.2, 0.17)][p.rng.integers(3)]
    p.sheet = sheets.paper(p.rng, p.height, p.width, board, 0.08)
    p.sheet += (
        0.03 * np.clip(sheets.cloud(p.rng, p.height, p.width, 4), 0, 3)[..., None]
    )  # what was wiped away
    p.write(ink=(0.85, 0.85, 0.8), grain=0.22, pen=(0.05, 0.13), strength=0.9)


def low_contrast(p):
    tone = p.rng.uniform(0.45, 0.9)
    p.sheet = sheets.paper(p.rng, p.height, p.width, (tone, tone, tone), 0.004)
    p.write(ink=np.full(3, tone * p.rng.uniform(0.6, 0.8)))
    p.camera["noise"] = min(p.camera["noise"], 0.008)


def off_centre(p):
    y, x = p.rng.choice([0.06, 0.94], 2)
    if p.rng.random() < 0.4:
        y = p.rng.uniform(0.1, 0.9)
    p.turn, p.depth = 0.4 * p.turn, 0.25 * p.depth
    p.write(share=(0.25, 0.45), where=(y, x))


def light_falloff(p):
    p.light = sheets.falling_off(p.rng, p.height, p.width, p.rng.uniform(0.12, 0.4))
    p.write(pen=(0.04, 0.14))


def hand_shadow(p):
    p.light = p.light * sheets.hand(p.rng, p.height, p.width, p.rng.uniform(0.3, 0.65))
    p.write(pen=(0.05, 0.14))


def frame(p):
    p.write(share=(0.3, 0.5), where=(0.5, 0.5))
    top, left, tall, wide = p.box
    gap = p.rng.uniform(0.12, 0.5) * tall
    y0, x0, y1, x1 = top - gap, left - gap, top + tall + gap, left + wide + gap
    if p.rng.random() < 0.4:
        y0, x0, y1, x1 = (p.rng.uniform(0.02, 0.06, 4) * p.height) * (1, 1, -1, -1) + (
            0,
            0,
            p.height,
            p.width,
        )
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    p.turn *= 0.5
    sheets.stroke(p.sheet, p.rng, corners, max(2, p.pen * p.rng.uniform(0.4, 1.0)), p.ink)


def desk(p):
    rng = p.rng
    colour = np.array(
        [(0.35, 0.24, 0.15), (0.16, 0.13, 0.12), (0.55, 0.4, 0.26), (0.25, 0.3, 0.36)][
            rng.integers(4)
        ]
    )
    under = sheets.paper(rng, p.height, p.width, colour, 0.04)
    if rng.random() < 0.6:  # the grain of wood
        under *= (
            1
            + 0.12 * sheets.resized(rng.standard_normal((p.height // 8 + 2, 3)), p.height, p.width)
        )[..., None]
    p.write(share=(0.25, 0.45), where=tuple(rng.uniform(0.42, 0.58, 2)))
    top, left, bottom, right = rng.uniform(0.05, 0.17, 4) * (p.height, p.width, p.height, p.width)
    if rng.random() < 0.4:
        bottom = -p.height * 0.2  # the sheet goes on past the photo
    image = Image.new("L", (p.width, p.height))
    ImageDraw.Draw(image).rectangle((left, top, p.width - right, p.height - bottom), 255)
    mask = (np.asarray(image, np.float32) / 255)[..., None]
    p.sheet = p.sheet * mask + under * (1 - mask)
    p.beyond, p.turn, p.depth = colour, rng.uniform(-9, 9), 0.18


def underlined(p):
    p.write(share=(0.3, 0.55), where=(p.rng.uniform(0.3, 0.5), p.rng.uniform(0.35, 0.65)))
    top, left, tall, wide = p.box
    reach = p.rng.uniform(0.1, 0.8) * tall
    y = top + tall * p.rng.uniform(1.1, 1.35)
    slope = p.rng.uniform(-0.05, 0.05) * tall
    for k in range(p.rng.integers(1, 3)):
        drop = k * tall * 0.12
        points = [(left - reach, y + drop), (left + wide + reach, y + slope + drop)]
        sheets.stroke(p.sheet, p.rng, points, max(1.5, p.pen * p.rng.uniform(0.6, 1)), p.ink)


def caption(p):
    p.write(share=(0.35, 0.6), where=(p.rng.uniform(0.3, 0.5), 0.5))
    for _ in range(p.rng.integers(1, 4)):
        size = max(9, round(p.rng.uniform(0.022, 0.045) * p.height))
        top = (
            p.box[0] + p.box[2] + p.rng.uniform(0.06, 0.3) * p.box[2]
            if p.rng.random() < 0.7
            else p.rng.uniform(0.02, 0.3) * p.box[0]
        )
        sheets.caption(
            p.sheet, p.rng, round(top), round(p.rng.uniform(0.05, 0.6) * p.width), size, BLACK
        )


def dust(p):
    p.write()
    image = Image.new("L", (p.width, p.height))
    draw, side = ImageDraw.Draw(image), min(p.height, p.width)
    for _ in range(p.rng.integers(5, 60)):
        x, y, r = (
            p.rng.uniform(0, p.width),
            p.rng.uniform(0, p.height),
            side * p.rng.uniform(0.001, 0.008),
        )
        if p.rng.random() < 0.8:
            draw.ellipse((x - r, y - r, x + r, y + r), int(p.rng.integers(120, 256)))
        else:  # a hair
            angle = p.rng.uniform(0, 6.3)
            draw.line(
                (x, y, x + 9 * r * np.cos(angle), y + 9 * r * np.sin(angle)),
                160,
                max(1, round(r / 3)),
            )
    sheets.lay(p.sheet, np.asarray(image, np.float32) / 255, 0, 0, BLACK)


def ruled(p):
    sheets.lines(p.sheet, p.rng, ruled=True, squared=False)
    p.write(pen=(0.04, 0.13))


def squared(p):
    sheets.lines(p.sheet, p.rng, ruled=False, squared=True)
    p.write(pen=(0.04, 0.13))


def sixth(p):
    p.write(share=(0.15, 0.18), pen=(0.05, 0.14))


def tenth(p):
    p.write(share=(0.09, 0.11), pen=(0.06, 0.14))


def blurred(p):
    p.write(pen=(0.06, 0.14))
    p.camera |= {
        "noise": p.rng.uniform(0.015, 0.05),
        "blur": p.rng.uniform(0.001, 0.005) * max(p.size),
    }
    p.quality = int(p.rng.integers(8, 35))


def rotated(p):
    p.write(share=(0.3, 0.55), pen=(0.04, 0.14))
    p.turn, p.depth = p.rng.choice([-1, 1]) * p.rng.uniform(6, 14), 0.25


def crumpled(p):
    p.write(pen=(0.05, 0.14))
    folds = sum(
        np.abs(sheets.cloud(p.rng, p.height, p.width, cells)) / cells for cells in (4, 7, 12)
    )
    p.light = p.light * np.clip(1.1 - p.rng.uniform(0.4, 0.9) * folds, 0.3, 1.1)


def whiteboard(p):
    p.sheet = sheets.paper(p.rng, p.height, p.width, (0.8, 0.82, 0.84), 0.002)
    p.write(pen=(0.05, 0.11), ink=(BLACK, RED, BLUE, GREEN)[p.rng.integers(4)])
    y, x = np.mgrid[0 : 1 : p.height * 1j, 0 : 1 : p.width * 1j]
    at = p.rng.uniform(0, 1, 2)
    p.light = p.light + 0.35 * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 0.03)


def neighbours(p):
    """Other writing is cut by the photo's edges."""
    p.write(share=(0.35, 0.6), where=(0.5, 0.5), pen=(0.05, 0.12))
    digit, box = p.digit, p.box
    for _ in range(p.rng.integers(1, 4)):
        mask = sheets.written(np.roll(digit, 0), 0.09)
        scale = box[2] / mask.shape[0]
        mask = np.clip(
            sheets.resized(mask, round(box[2]), max(3, round(mask.shape[1] * scale))), 0, 1
        )
        side, along = p.rng.integers(4), p.rng.uniform(0, 1)
        tall, wide = mask.shape
        top, left = [
            (-0.7 * tall, along * p.width),
            (p.height - 0.3 * tall, along * p.width),
            (along * p.height, -0.7 * wide),
            (along * p.height, p.width - 0.3 * wide),
        ][side]
        apart = max(
            abs(top + tall / 2 - box[0] - box[2] / 2) / (tall + box[2]),
            abs(left + wide / 2 - box[1] - box[3] / 2) / (wide + box[3]),
        )
        if apart > 0.55:
            sheets.lay(p.sheet, mask, round(top), round(left), p.ink)


def transparent(p) -> bytes:
    """White or light ink on transparency, as a drawing program saves it."""
    p.write(pen=(0.05, 0.14), grain=0)
    alpha = np.zeros((p.height, p.width, 3), np.float32)
    sheets.lay(alpha, p.mask, *p.box[:2], (1, 1, 1))
    image = Image.new(
        "RGB", (p.width, p.height), (255, 255, 255) if p.rng.random() < 0.7 else (225, 225, 225)
    )
    image.putalpha(Image.fromarray(np.rint(alpha[..., 0] * 255).astype(np.uint8)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


KINDS = {
    kind.__name__: kind
    for kind in (
        felt,
        vignette,
        blackboard,
        low_contrast,
        off_centre,
        ballpoint,
        pencil,
        coloured,
        light_falloff,
        hand_shadow,
        frame,
        desk,
        underlined,
        caption,
        dust,
        ruled,
        squared,
        sixth,
        tenth,
        transparent,
        blurred,
        rotated,
        thin,
        crumpled,
        whiteboard,
        neighbours,
    )
}


def photo(kind: str, digit: np.ndarray, rng, most: int = LARGEST, least: int = 0) -> bytes:
    """The file of a photo of a digit, uint8 (28, 28), its longest side from `least` to `most`
    pixels."""
    begun = Photo(rng, digit, least, most)
    return KINDS[kind](begun) or begun.file()


def photos(kind: str, count: int, seed: int, test, most: int, least: int = 0):
    """(file, class) of `count` photos; each digit and its photo hang on the kind, the seed and the
    number alone."""
    for number in range(count):
        rng = np.random.default_rng([seed, list(KINDS).index(kind), number])
        which = int(rng.integers(len(test)))
        yield photo(kind, test.images[which, 0].numpy(), rng, most, least), int(test.labels[which])


def as_sent(file: bytes, side: int) -> bytes:
    """A photo as the page sends it (demo/page/sending.js), its longest side made `side` pixels."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    made = file
    for quality in (90, 75):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP" if picture.mode == "RGBA" else "JPEG", quality=quality)
        made = buffer.getvalue()
        if len(made) <= UNTOUCHED:
            break
    return made


def through_the_app(file: bytes, settings) -> np.ndarray | None:
    """The model's input, uint8 (28, 28), that the app makes of a file; None where it says that it
    found nothing."""
    import base64

    from demo.api import pictures as api

    try:
        answer = api.encode(base64.b64encode(file).decode(), "mnist", settings=settings)
    except ValueError:  # every refusal is a sentence in one
        return None
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["input"]))).convert("L"))


def main() -> None:
    """Make the photos, pass them through the app, and let the judge read what came of them."""
    import torch
    from classifier import KEPT, get_classifier

    from demo.settings import Settings
    from vqvae.data.datasets import load_dataset

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which kinds (default: all)"
    )
    parser.add_argument("--count", type=int, default=20, help="photos of each kind (default: 20)")
    parser.add_argument(
        "--seed", type=int, default=0, help="other photos of the same kinds (default: 0)"
    )
    parser.add_argument(
        "--side", type=int, default=LARGEST, help="no longer side than this, pixels (default: 4032)"
    )
    parser.add_argument(
        "--sent",
        type=int,
        metavar="SIDE",
        help="photos of 12 megapixels alone, made smaller to this longest side as the page does",
    )
    parser.add_argument(
        "--data-dir", help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    parser.add_argument("--judge", type=Path, default=KEPT, help="where the trained judge is kept")
    parser.add_argument(
        "--save", type=Path, help="keep photos and inputs in this folder, named by what was read"
    )
    args = parser.parse_args()
    train, test = (
        load_dataset("mnist", split, data_dir=args.data_dir) for split in ("train", "test")
    )
    judge, _ = get_classifier(train, test, args.judge)
    settings, machine = Settings(), processor()
    command = (
        f"python benchmarks/photos.py --count {args.count} --seed {args.seed} --side {args.side}"
    )
    least = 0
    if args.sent:
        command, least = f"{command} --sent {args.sent}", LARGEST
    if args.save:
        args.save.mkdir(parents=True, exist_ok=True)
    totals, every = np.zeros(4), []
    for kind in args.kinds:
        right = blank = refused = 0
        seconds = []
        for number, (file, label) in enumerate(
            photos(kind, args.count, args.seed, test, args.side, least)
        ):
            file = as_sent(file, args.sent) if args.sent else file
            began = time.perf_counter()
            pixels = through_the_app(file, settings)
            seconds.append(time.perf_counter() - began)
            read = None
            if pixels is None:
                refused += 1
            elif np.ptp(pixels) == 0:
                blank += 1
            else:
                read = int(judge.read(torch.from_numpy(pixels.copy())[None, None].float() / 255))
                right += read == label
            if args.save:
                name = f"{kind}_{number}_{label}_{'none' if read is None else read}"
                Image.open(io.BytesIO(file)).save(args.save / f"{name}.png")
                if pixels is not None:
                    Image.fromarray(pixels).save(args.save / f"{name}_input.png")
        totals += (right, blank, refused, args.count)
        every += seconds
        report(
            f"photos_{kind}_read_right",
            right / args.count,
            "share",
            ">= 0.95",
            f"{command} --kinds {kind}",
            machine=machine,
            blank=blank,
            refused=refused,
            seconds=round(sum(seconds) / len(seconds), 3),
        )
    right, blank, refused, count = totals
    report(
        "photos_read_right",
        right / count,
        "share",
        ">= 0.95",
        command,
        machine=machine,
        blank=int(blank),
        refused=int(refused),
    )
    report(
        "photos_file_to_input",
        1000 * float(np.median(every)),
        "ms, median",
        "<= 400" if args.sent == LARGEST else "",
        command,
        machine=machine,
    )


if __name__ == "__main__":
    run(main)
