"""Where on a photo a digit stands: candidates at several strengths of ink, weighed by what
handwriting looks like.

A digit is one connected thing of thin strokes with sharp edges on even paper. Shadows have soft
edges, rules and underlines are long and flat, frames go round something else, desks and cut writing
reach the picture's edge, dust and print are small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.pictures.sheet import Sheet

LEVELS = (0.07, 0.12, 0.19, 0.28, 0.4, 0.54, 0.7)
"""Contrasts at which the ink is cut into connected things."""

LEAST = 0.035
"""Smallest height or width of a digit, as a share of the picture's longer side."""

ENOUGH = 0.03
"""Weight from which something stands out at all."""


FAR_LESS = 0.1
"""Share of the likeliest thing's weight from which another one may be meant as well."""


@dataclass(frozen=True)
class Found:
    """Something that may be a digit, in pixels of the searched picture."""

    box: tuple[int, int, int, int]
    """top, left, bottom, right."""
    mask: np.ndarray
    """bool (h, w) of the box: what belongs to it."""
    dark: bool
    """Dark ink on paper, or light ink on a board."""
    cut: float
    """Contrast at which it was cut from what lies around it."""
    level: float
    """Contrast of its ink, 0 to 1."""
    weight: float
    """How much it looks like a digit, 0 to about 1."""


def find(sheet: Sheet, most: int = 8) -> list[Found]:
    """What may be a digit, the likeliest first; nothing where nothing stands out."""
    chosen = []
    for thing in _candidates(sheet)[:24]:
        if thing.weight < ENOUGH or len(chosen) == most:
            break
        if any(_shared(thing.box, other.box) > 0.2 for other in chosen) or not _on_paper(
            sheet, thing
        ):
            continue
        chosen.append(_with_parts(sheet.ink(thing.dark), thing))
    return [thing for thing in chosen if thing.weight > FAR_LESS * chosen[0].weight]


def _candidates(sheet: Sheet) -> list[Found]:
    """Connected things of both kinds of ink at all levels, the heaviest first."""
    found = []
    for dark in (True, False):
        ink = sheet.ink(dark)
        for level in LEVELS:
            if level > 2.5 * sheet.noise:
                found += _at_level(ink, level, dark)
    return sorted(found, key=lambda thing: -thing.weight)


def _at_level(ink: np.ndarray, level: float, dark: bool) -> list[Found]:
    from scipy import ndimage

    labels, count = ndimage.label(ink > level, np.ones((3, 3)))
    if not count:
        return []
    places = ndimage.find_objects(labels)
    long = max(ink.shape)
    sides = np.array([max(y.stop - y.start, x.stop - x.start) for y, x in places])
    large = [i for i in np.argsort(-sides)[:16] if sides[i] >= max(8, LEAST * long)]
    found = [_weighed(ink, labels, i + 1, places[i], dark, level) for i in large]
    found = [thing for thing in found if thing is not None]
    return [_unless_a_frame(thing, found) for thing in found]


def _weighed(
    ink: np.ndarray, labels: np.ndarray, number: int, place, dark: bool, cut: float
) -> Found | None:
    rows, columns = place
    box = top, left, bottom, right = rows.start, columns.start, rows.stop, columns.stop
    pad = 4
    y0, x0 = max(0, top - pad), max(0, left - pad)
    near = slice(y0, bottom + pad), slice(x0, right + pad)
    mask, here = labels[near] == number, ink[near]
    step, stroke = _edge(mask, here)
    weight = max(step, 0.0) * _of_size(box, ink.shape) * _of_shape(box, int(mask.sum()), stroke)
    if weight < ENOUGH:
        return None
    inner = mask[top - y0 : bottom - y0, left - x0 : right - x0]
    weight *= _of_holes(inner)
    middle = np.hypot((top + bottom) / 2 / len(ink) - 0.5, (left + right) / 2 / ink.shape[1] - 0.5)
    level = float(np.quantile(here[mask], 0.7))
    return Found(box, inner, dark, cut, level, weight * (1 - 0.35 * middle))


def _edge(mask: np.ndarray, ink: np.ndarray) -> tuple[float, float]:
    """(by how much the ink falls from a thing's rim to what lies around it, width of its strokes
    in pixels)."""
    from scipy import ndimage

    square = np.ones((3, 3), bool)
    core = ndimage.binary_erosion(mask, square, 1)
    rim = mask & ~ndimage.binary_erosion(core, square, 1)
    around = ndimage.binary_dilation(mask, square, 3) & ~ndimage.binary_dilation(mask, square, 1)
    outside = float(ink[around].mean()) if around.any() else 0.0
    area = int(mask.sum())
    return float(ink[rim].mean()) - outside, 2 * area / max(area - int(core.sum()), 1)


def _of_size(box: tuple[int, int, int, int], picture: tuple[int, ...]) -> float:
    """Less for what is small, and for what the picture's edge may have cut off."""
    top, left, bottom, right = box
    long, short = max(bottom - top, right - left), min(picture)
    weight = min(1.0, long / (0.1 * short)) * (long / short) ** 0.25
    cut_off = top <= 1 or left <= 1 or bottom >= picture[0] - 1 or right >= picture[1] - 1
    return weight * 0.12 if cut_off else weight


def _of_shape(box: tuple[int, int, int, int], area: int, stroke: float) -> float:
    """Less for rules and underlines, for hairs, for filled patches, for strokes too thick."""
    tall, wide = box[2] - box[0], box[3] - box[1]
    weight = 1.0
    if wide > 1.6 * tall:
        weight *= 0.03 if wide > 3.5 * tall else 0.25
    if tall > 16 * wide:
        weight *= 0.2
    if area > 0.72 * tall * wide and tall < 2.2 * wide:
        weight *= 0.1
    if stroke > 0.4 * max(tall, wide):
        weight *= 0.2
    return weight


def _of_holes(mask: np.ndarray) -> float:
    """Less for what encloses more than the two loops of an 8: words, tables, drawings."""
    from scipy import ndimage

    areas, count = ndimage.label(~np.pad(mask, 1))
    if count <= 3:
        return 1.0
    many = int((np.bincount(areas.ravel())[2:] > 0.002 * mask.size).sum())
    return 1.0 if many <= 2 else 0.5 if many <= 4 else 0.08


def _with_parts(ink: np.ndarray, thing: Found) -> Found:
    """A thing with the strokes beside it that belong to it: the bar of a 5, the open 4, a line the
    pencil skipped."""
    from dataclasses import replace

    from scipy import ndimage

    top, left, bottom, right = thing.box
    long = max(bottom - top, right - left)
    margin = round(0.4 * long)
    y0, x0 = max(0, top - margin), max(0, left - margin)
    here = ink[y0 : bottom + margin, x0 : right + margin]
    own = np.zeros(here.shape, bool)
    own[top - y0 : bottom - y0, left - x0 : right - x0] = thing.mask
    labels, count = ndimage.label((here > thing.cut) & ~own, np.ones((3, 3)))
    if not count:
        return thing
    away = ndimage.distance_transform_edt(~own)
    whole = own.copy()
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        part = labels[place] == number
        rows, columns = place
        box = rows.start + y0, columns.start + x0, rows.stop + y0, columns.stop + x0
        if _belongs(
            thing,
            box,
            part,
            float(away[place][part].min()),
            float(np.quantile(here[place][part], 0.7)),
            ink,
        ):
            whole[place] |= part
    rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    box = rows[0] + y0, columns[0] + x0, rows[-1] + 1 + y0, columns[-1] + 1 + x0
    return replace(
        thing,
        box=tuple(int(side) for side in box),
        mask=whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1],
    )


def _belongs(
    thing: Found, box, part: np.ndarray, gap: float, level: float, ink: np.ndarray
) -> bool:
    top, left, bottom, right = thing.box
    long, tall, wide = max(bottom - top, right - left), box[2] - box[0], box[3] - box[1]
    if box[0] <= 1 or box[1] <= 1 or box[2] >= len(ink) - 1 or box[3] >= ink.shape[1] - 1:
        return False
    if not 0.55 * thing.level < level < 1.6 * thing.level or max(tall, wide) > 1.1 * long:
        return False
    if wide > 2.5 * tall and box[0] > bottom - 0.1 * long:  # a line under it
        return False
    overlap = min(right, box[3]) - max(left, box[1])
    if overlap <= 0 and tall > 0.5 * (bottom - top):  # the next digit
        return False
    share, large = part.sum() / thing.mask.sum(), max(tall, wide) > 0.2 * long
    return (gap < 0.07 * long and share > 0.015) or (
        gap < 0.18 * long and large and share > 0.06 and overlap > 0
    )


def _unless_a_frame(thing: Found, others: list[Found]) -> Found:
    """Less weight for what goes round another thing of some size."""
    from dataclasses import replace

    from scipy import ndimage

    top, left, bottom, right = thing.box
    within = [
        o
        for o in others
        if o is not thing
        and o.box[0] > top
        and o.box[1] > left
        and o.box[2] < bottom
        and o.box[3] < right
        and max(np.ptp(o.box[::2]), np.ptp(o.box[1::2])) > 0.15 * max(bottom - top, right - left)
    ]
    if not within:
        return thing
    filled = ndimage.binary_fill_holes(thing.mask)
    around = any(
        filled[o.box[0] - top : o.box[2] - top, o.box[1] - left : o.box[3] - left].mean() > 0.9
        for o in within
    )
    return replace(thing, weight=thing.weight * (0.03 if around else 0.3))


def _on_paper(sheet: Sheet, thing: Found) -> bool:
    """Whether there is paper round it: the hole of a chalk 0 has the board's brightness, and board
    outside."""
    top, left, bottom, right = thing.box
    ink = sheet.ink(thing.dark)
    margin = max(3, round(0.25 * max(bottom - top, right - left)))
    y0, y1 = max(0, top - margin), min(len(ink), bottom + margin)
    x0, x1 = max(0, left - margin), min(ink.shape[1], right + margin)
    values = _brightness(sheet, y0, y1, x0, x1, thing.dark)
    inside = np.median(values[top - y0 : bottom - y0, left - x0 : right - x0][thing.mask])
    paper = (sheet.above if thing.dark else sheet.below)[top:bottom, left:right].mean(2)
    half = (inside + np.median(paper[thing.mask])) / 2
    rim = np.ones(values.shape, bool)
    rim[
        2 * margin // 3 : -(2 * margin // 3) or None, 2 * margin // 3 : -(2 * margin // 3) or None
    ] = False
    like = values[rim] < half if thing.dark else values[rim] > half
    return float(like.mean()) < 0.5


def _brightness(sheet: Sheet, y0: int, y1: int, x0: int, x1: int, dark: bool) -> np.ndarray:
    paper, ink = (
        (sheet.above if dark else sheet.below)[y0:y1, x0:x1].mean(2),
        sheet.ink(dark)[y0:y1, x0:x1],
    )
    return paper * (1 - ink) if dark else paper / np.maximum(1 - ink, 0.05)


def _shared(a, b) -> float:
    """What two boxes share, as a part of the smaller one."""
    tall, wide = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if tall <= 0 or wide <= 0:
        return 0.0
    return tall * wide / max(1, min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])))
