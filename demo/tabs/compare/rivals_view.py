"""Quantizers side by side as HTML: a table, a point each in the rate plot, and what each gains and
gives up.

Pure functions of figures as demo.runs.measuring.measure_quantizer has them: of a visitor's own
plan, or recorded.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from demo.charts.rate_plot import rate_html
from demo.runs.plans.making import PRIOR_STEPS, RIVALS
from demo.runs.plans.plan import ENOUGH_STEPS, Part
from demo.text import figure, term

FIGURES = (
    "codebook_size",
    "embedding_dim",
    "bits",
    "coded_bits",
    "mse",
    "psnr",
    "usage",
    "perplexity",
    "step_ms",
)
NAMES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
SERIES = "quantizer"
PICTURES = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/]+=*")
SHOWN = (
    '<p class="vq-note">Top: unseen test pictures. Middle: their reconstructions. Bottom: a code '
    "drawn at random for each cell by itself, as often as it occurs there. A "
    f"{term('prior')} does better.</p>"
)
PRIOR = (
    f"Prior bits: what a small prior needs after the same {PRIOR_STEPS} steps on the codes of each "
    "quantizer. It predicts a cell from its place and from the other cells; coded bits only count "
    "how often each code is chosen."
)


class Rivals(NamedTuple):
    """What is shown: figures, and where they are from."""

    entries: Sequence[Mapping[str, Any]]
    """Of one seed; where there are several, `errors` has the mse of each."""
    note: str
    """In a sentence, plain text."""


def recorded(path: Path) -> Rivals:
    """The stored figures; none where they are absent or are not figures."""
    try:
        value = json.loads(path.read_text("utf-8"))
        found = [
            entry
            for entry in value["done"]
            if entry["name"] in RIVALS and all(figure(entry[name]) is not None for name in FIGURES)
        ]
        steps, images = (int(value[name]) for name in ("steps", "images"))
        seeds = [int(seed) for seed in value["seeds"]]
        dataset = NAMES[value["dataset"]]
        entries = [
            {**e, "errors": [o["mse"] for o in found if o["name"] == e["name"]]}
            for e in found
            if e["seed"] == seeds[0]
        ]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return Rivals([], "")
    said = f"Recorded: {steps:,} steps of {dataset} each, on {images:,} test images. "
    if len(seeds) == 1:
        return Rivals(entries, f"{said}One seed ({seeds[0]}): small differences mean nothing.")
    return Rivals(
        entries,
        f"{said}Errors of seeds {' / '.join(map(str, seeds))}, the rest of seed {seeds[0]}: "
        "differences no larger than theirs mean nothing.",
    )


def own(parts: Sequence[Part], results: dict) -> Rivals:
    """Those of a visitor's plan that are measured."""
    entries = [entry for entry in results.get("done", []) if entry.get("name") in RIVALS]
    if not entries:
        return Rivals([], "")
    asked = {part.name: part.training.steps or 0 for part in parts}
    cut = [
        f"{RIVALS[e['name']].title} after {e['steps']:,}"
        for e in entries
        if e["steps"] < asked.get(e["name"], 0)
    ]
    return Rivals(
        entries,
        f"Yours: {max(asked.values()):,} steps each, on {entries[0]['images']:,} test images. One "
        "seed: small differences mean nothing."
        + (f" Ended early: {', '.join(cut)}." if cut else ""),
    )


def plot_html(rivals: Rivals) -> str:
    """A point for each quantizer: the bits that its codes need against PSNR."""
    bits, how = needed(rivals.entries)
    return rate_html(
        [
            {
                "series": SERIES,
                "label": RIVALS[e["name"]].title,
                "bits": e[bits],
                "psnr": e["psnr"],
                "about": f"Perplexity {e['perplexity']:,.0f}. {RIVALS[e['name']].about}",
            }
            for e in rivals.entries
        ],
        note=f"Bits that the codes of a picture take {how}." if rivals.entries else "",
    )


def needed(entries: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The figure by which codes are compared in bits, and how it is come by: by a prior, or where
    not all of them have one by entropy coding."""
    if all(figure(e.get("prior_bits")) is not None for e in entries):
        return "prior_bits", "with a small prior"
    return "coded_bits", "after entropy coding"


def tables_html(tables: Sequence[Rivals]) -> str:
    """A table of each, and what each quantizer gains and gives up; "" where there is nothing."""
    names = dict.fromkeys(e["name"] for rivals in tables for e in _ranked(rivals))
    if not names:
        return ""
    about = "".join(
        f"<dt>{escape(RIVALS[name].title)}</dt><dd>{escape(RIVALS[name].about)}</dd>"
        for name in names
    )
    return f'{"".join(map(table_html, tables))}<dl class="vq-rivals">{about}</dl>'


def table_html(rivals: Rivals) -> str:
    """The figures, the lowest error first; then what they say. "" of none."""
    entries = _ranked(rivals)
    if not entries:
        return ""
    by_prior = any(figure(e.get("prior_bits")) is not None for e in entries)
    column = f"<th>{term('prior', 'Prior bits')}</th>" if by_prior else ""
    explained = f'<p class="vq-note">{PRIOR}</p>' if by_prior else ""
    head = (
        "<tr><th>Quantizer</th><th>K</th><th>D</th>"
        f"<th>{term('bits per image', 'Bits')}</th><th>{term('entropy', 'Coded bits')}</th>"
        f"{column}<th>{term('mse')}</th><th>{term('PSNR')}, dB</th>"
        f"<th>{term('usage', 'Usage')}</th><th>{term('perplexity', 'Perplexity')}</th>"
        "<th>ms per step</th></tr>"
    )
    return (
        f'<p class="vq-note">{escape(rivals.note)}</p>'
        '<div class="vq-plan-table" tabindex="0" role="region" aria-label="Figures of the '
        'quantizers"><table>'
        f"{head}{''.join(_row(e, by_prior) for e in entries)}</table></div>"
        f'<p class="vq-note vq-finding">{escape(conclusion(entries))}</p>'
        f"{explained}{pictures_html(entries)}"
    )


def pictures_html(entries: Sequence[Mapping[str, Any]]) -> str:
    """What each makes of the same pictures; "" where nothing was kept."""
    kept = [e for e in entries if PICTURES.fullmatch(str(e.get("pictures") or ""))]
    figures = "".join(
        f'<figure><img src="{e["pictures"]}" alt="Test pictures, their reconstructions, and codes '
        f'drawn by chance"><figcaption>{escape(RIVALS[e["name"]].title)}</figcaption></figure>'
        for e in kept
    )
    return f'<div class="vq-rival-pictures">{figures}</div>{SHOWN}' if kept else ""


def _ranked(rivals: Rivals) -> list[Mapping[str, Any]]:
    """The lowest error first."""
    return sorted(rivals.entries, key=lambda e: e["mse"])


def conclusion(entries: Sequence[Mapping[str, Any]]) -> str:
    """What the figures say, in words; "" of fewer than two."""
    if len(entries) < 2:
        return ""
    fewest = min((e["steps"] for e in entries if "steps" in e), default=ENOUGH_STEPS)
    if fewest < ENOUGH_STEPS:
        return (
            f"Not trained enough to compare: {fewest:,} steps are too few to name a best one. Give "
            f"each at least {ENOUGH_STEPS}."
        )
    best = min(entries, key=lambda e: e["mse"])
    even = max(entries, key=lambda e: e["perplexity"])
    bits, how = needed(entries)
    short = min(entries, key=lambda e: e[bits])
    name = {id(e): RIVALS[e["name"]].title for e in entries}
    said = f"Lowest error: {name[id(best)]}. "
    if even is not best:
        said += (
            f"More codes in use do not make a better picture: {name[id(even)]} has the highest "
            f"perplexity, and {even['mse'] / best['mse']:.1f} times the error. "
        )
    if short is not best:
        said += (
            f"{name[id(short)]} needs the fewest bits {how}, {short[bits]:,.0f} against "
            f"{best[bits]:,.0f}, at {short['mse'] / best['mse']:.1f} times the error."
        )
    return said.strip()


def _row(e: Mapping[str, Any], by_prior: bool) -> str:
    levels = " × ".join(map(str, e.get("levels") or ()))
    size = f"{e['codebook_size']:,}" + (f" ({levels})" if levels else "")
    prior = figure(e.get("prior_bits"))
    cells = (
        escape(RIVALS[e["name"]].title),
        escape(size),
        e["embedding_dim"],
        f"{e['bits']:,.0f}",
        f"{e['coded_bits']:,.0f}",
        *(["–" if prior is None else f"{prior:,.0f}"] if by_prior else []),
        " / ".join(f"{mse:.5f}" for mse in e.get("errors") or [e["mse"]]),
        f"{e['psnr']:.1f}",
        f"{math.floor(100 * e['usage'])} %",
        f"{e['perplexity']:,.0f}",
        f"{e['step_ms']:.0f}",
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
