"""The plot of rate and distortion: a sweep, what other codecs need, and every measured model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from demo.charts.rate_plot import rate_html
from demo.models.library import list_models
from demo.models.sets import NAMES, list_sets, measured
from demo.runs.plans.plan import Part, each
from demo.settings import Settings
from demo.tabs.compare.plan_view import hasty
from demo.text import figure

STORED = "rates-mnist.json"
"""In the folder of shipped models: a sweep measured beforehand."""
OTHERS = ("JPEG", "WebP", "k-means on patches")
"""Series that a VQ-VAE is held against."""


def plot(settings: Settings, visitor: str | None, parts: Sequence[Part], results: dict) -> str:
    """A visitor's own sweep, or the stored one of MNIST, and every model of that data set as a
    point."""
    dataset, note, points = "mnist", "", []
    if parts and results.get("done"):
        dataset = parts[0].training.dataset
        points = [
            {"series": r["series"], "label": r["title"], "bits": r["bits"], "psnr": r["psnr"]}
            for r in results["done"]
        ] + list(results.get("points", []))
        note = (
            f"Your sweep, {each(parts[0].training)}, on {results['done'][0]['images']:,} test "
            f"images. {hasty(results)}"
        )
    else:
        stored = read_stored(settings.checkpoints / STORED)
        points = list(stored.get("points", []))
        if points:
            note = (
                f"Measured beforehand on {stored['images']:,} test digits of MNIST after "
                f"{stored['steps']:,} steps "
                "each. "
            )
    if not hasty(results):
        note += finding(points)
    if any(point["series"] == "VQ-VAE, D" for point in points):
        note += "D costs no bits, so its points lie above one another. "
    flattered = (
        "JPEG and WebP are counted without their headers, which would outweigh pictures "
        "as small as these."
    )
    points += [
        {"series": "model", "label": title, "bits": bits, "psnr": psnr}
        for title, bits, psnr in model_points(settings, visitor, dataset)
    ]
    return rate_html(points, note=note + flattered if points else "")


def finding(points: Sequence[Mapping[str, Any]]) -> str:
    """What a sweep says, a sentence: the bits that others need for the quality of the best VQ-VAE
    of those with another K. "" where there is nothing to say it of."""
    swept = [point for point in points if point["series"] == "VQ-VAE, K"]
    if not swept:
        return ""
    best = max(swept, key=lambda point: point["psnr"])
    needed = {name: _bits_for(best["psnr"], points, name) for name in OTHERS}
    others = ", ".join(f"{name} {bits:,.0f}" for name, bits in needed.items() if bits)
    if not others:
        return ""
    return (
        f"For {best['psnr']:.1f} dB the VQ-VAE takes {best['bits']:,.0f} bits, {others}: what all "
        "these pictures have in common is in its weights, not in the bits. "
    )


def _bits_for(psnr: float, points: Sequence[Mapping[str, Any]], series: str) -> float | None:
    """The bits at which a series reaches a PSNR, on the line through its points; None where it
    does not."""
    line = sorted((p["psnr"], p["bits"]) for p in points if p["series"] == series)
    for (low, fewer), (high, more) in pairwise(line):
        if low <= psnr <= high and high > low:
            return fewer + (more - fewer) * (psnr - low) / (high - low)
    return None


def model_points(
    settings: Settings, visitor: str | None, dataset: str
) -> list[tuple[str, float, float]]:
    """(title, bits, PSNR) of every measured model of a data set: shipped ones and the visitor's
    own, with those that a plan has trained. A JPEG copy of a data set counts as that set, and says
    so."""
    wanted, found = Path(dataset).name.removesuffix(".zip"), []
    for entry in list_models(settings, visitor, kinds=None):
        if entry.info["dataset"] in (wanted, f"{wanted}-jpeg"):
            note = "" if entry.info["dataset"] == wanted else " (JPEG copy)"
            found.append(
                (
                    f"{'mine' if entry.own else entry.id}, "
                    f"{NAMES.get(entry.info['kind'], '')}{note}",
                    entry.info["metrics"],
                )
            )
    for _, set_id in list_sets(settings, visitor):
        found += [
            (f"mine, {NAMES[kind]}", metrics)
            for kind, name, metrics in measured(set_id, settings)
            if name == wanted
        ]
    points = [(title, figure(m.get("bits_per_image")), figure(m.get("psnr"))) for title, m in found]
    return [(title, bits, psnr) for title, bits, psnr in points if bits and psnr]


def read_stored(path: Path) -> dict:
    """The stored sweep; {} where it is absent or is not one."""
    try:
        value = json.loads(path.read_text("utf-8"))
        ok = isinstance(value["points"], list) and all(
            isinstance(p, dict) and {"series", "label", "bits", "psnr"} <= p.keys()
            for p in value["points"]
        )
        return (
            value
            if ok and isinstance(value["images"], int) and isinstance(value["steps"], int)
            else {}
        )
    except (OSError, ValueError, KeyError, TypeError):
        return {}
