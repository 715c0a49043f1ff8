"""What the Compare tab shows of a plan (demo.runs.plans.plan), in training and after: HTML, pure
functions of its files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from demo.charts.curves import Curve, line_chart
from demo.page.run_head import PHASES, clock, run_head
from demo.runs.plans.plan import ENOUGH_STEPS, Part, PriorPart
from demo.runs.status import Phase, Status
from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
COLLAPSED = 0.5
"""A VAE whose KL divergence is below this, nats per image, says nothing of the picture."""
STYLES = "abcd"
AXES = {"seconds": "s", "steps": "steps"}
"""How the x axis of a chart counts a budget."""
NEVER = {
    "four": "Press Train all four: they learn one after another, each with the same budget.",
    "sweep": (
        "Press Sweep to measure your own points on this machine; each model gets the same budget."
    ),
    "quantizers": (
        "Press Train quantizers to measure your own on this machine; each gets the same steps."
    ),
}
OVER = {
    "four": (
        "Done: they are chosen at the top of this tab, and every picture there goes through them."
    ),
    "sweep": "Done: your points are in the plot.",
    "quantizers": "Done: the table and the plot are yours.",
}


def status_html(
    kind: str, status: Status | None, parts: Sequence[Part], records: dict[str, list], results: dict
) -> str:
    """Phase, progress over all parts, and one sentence."""
    if status is None:
        return run_head("No run yet", [], 0.0, NEVER[kind])
    done = {entry["name"] for entry in results.get("done", [])}
    unit, along = unit_of(parts)
    spent = sum(
        part.budget if part.name in done else _last(records.get(part.name), along) for part in parts
    )
    total = sum(part.budget for part in parts) or 1.0
    share = 1.0 if status.phase is Phase.FINISHED else min(1.0, spent / total)
    models = {part.name for part in parts if not isinstance(part, PriorPart)}
    facts = [f"<b>{len(done & models)}</b> of {len(models)} measured"]
    if status.phase.running and status.phase is not Phase.QUEUED:
        left = total - spent
        if unit == "steps":
            facts.append(f"<b>{spent:,.0f}</b> of {total:,.0f} steps")
        else:
            facts.append(
                f"about <b>{clock(left)}</b> of training left" if left >= 1 else "finishing"
            )
    sentence = status.text
    if status.phase.ended:
        sentence = collapse(results) or (
            OVER[kind] if done else "Stopped before anything could be measured."
        )
    return run_head(
        PHASES.get(status.phase, status.phase), facts, share, sentence, f"vq-is-{status.phase}"
    )


def unit_of(parts: Sequence[Part]) -> tuple[str, str]:
    """What the parts have a budget in, steps or seconds, and how a record counts it."""
    in_steps = bool(parts) and parts[0].training.seconds is None
    return ("steps", "step") if in_steps else ("seconds", "elapsed")


def hasty(results: dict) -> str:
    """The sentence on models that have hardly begun to learn, or ""."""
    steps = [entry["steps"] for entry in results.get("done", []) if "mse" in entry]
    fewest = min(steps, default=ENOUGH_STEPS)
    if fewest >= ENOUGH_STEPS:
        return ""
    return (
        f"Not trained enough to compare: {fewest:,} steps are too few. Give each at least "
        f"{ENOUGH_STEPS}. "
    )


def collapse(results: dict) -> str:
    """The sentence on the posterior collapse of those that have collapsed, or ""."""
    fallen = [
        entry
        for entry in results.get("done", [])
        if isinstance(entry.get("kl_nats"), (int, float)) and entry["kl_nats"] < COLLAPSED
    ]
    if not fallen:
        return ""
    names = " and ".join(entry["title"] for entry in fallen)
    return (
        f"Posterior collapse: the KL divergence of the {names} is "
        f"{max(e['kl_nats'] for e in fallen):.2f} nats, so the vector carries nothing of the "
        "picture and the decoder draws the same for all. Look at the reconstructions above. A "
        "lower KL weight, or bits that are free, prevents it."
    )


def curves_html(parts: Sequence[Part], records: dict[str, list]) -> str:
    """The error of all four over seconds, or over steps where these are the budget, in one plot,
    and the KL divergence of those that have one in another."""
    # The curve of a prior is in bits, of other things.
    parts = [part for part in parts if not isinstance(part, PriorPart)]
    # One axis for all: each line ends with its own training, and the longest one says where the
    # axis does.
    unit, key = unit_of(parts)
    end = max((part.budget for part in parts), default=1.0)
    own = [records.get(part.name, []) for part in parts]
    xs = sorted({r.get(key) or 0.0 for found in own for r in found})
    lines = {
        name: [_along(found, xs, name, key) for found in own]
        for name in ("reconstruction_loss", "kl")
    }
    error = [
        Curve(part.title, ys, style)
        for part, ys, style in zip(parts, lines["reconstruction_loss"], STYLES, strict=False)
    ]
    kl = [
        Curve(part.title, ys, style)
        for part, ys, style in zip(parts, lines["kl"], STYLES, strict=False)
        if part.model.kind in ("vae", "cvae")
    ]
    waiting = "The curves start with the first steps."
    return (
        '<div class="vq-charts">'
        + line_chart(
            f"{term('reconstruction loss', 'Error (mse)')} of a batch, log scale",
            xs,
            error,
            x_max=end,
            log=True,
            note=waiting,
            along=AXES[unit],
        )
        + line_chart(
            f"{term('KL divergence')}, nats per image",
            xs,
            kl,
            x_max=end,
            note=waiting,
            along=AXES[unit],
        )
        + "</div>"
    )


def table_html(results: dict) -> str:
    """The figures of every part that is measured, on the test images; those of a prior in a
    sentence."""
    rows = [entry for entry in results.get("done", []) if "mse" in entry]
    if not rows:
        return ""
    priors = "".join(
        f'<p class="vq-note">With its {term("prior")} the VQ-VAE keeps a test picture in '
        f"{entry['prior_bits']:,.0f} bits instead of {entry['nominal_bits']:,.0f}, and invents "
        "pictures above.</p>"
        for entry in results["done"]
        if entry.get("prior_bits")
    )
    head = (
        f"<tr><th>Model</th><th>{term('rate', 'Size')}, "
        f"bits</th><th>{term('mse')}</th><th>{term('PSNR')}, dB</th>"
        f"<th>{term('SSIM')}</th><th>Steps</th></tr>"
    )
    body = "".join(
        f"<tr><td>{escape(str(r['title']))}</td><td>{r['bits']:,.0f}</td><td>{r['mse']:.4f}</td>"
        f"<td>{r['psnr']:.1f}</td><td>{r['ssim']:.3f}</td><td>{r['steps']:,}</td></tr>"
        for r in rows
    )
    said = f'<p class="vq-note">{hasty(results)}</p>' if hasty(results) else ""
    return f'{said}<div class="vq-plan-table"><table>{head}{body}</table></div>{priors}'


def _last(records: list | None, name: str) -> float:
    return float(records[-1].get(name) or 0.0) if records else 0.0


def _along(
    records: list[dict[str, Any]], xs: list[float], name: str, key: str
) -> list[float | None]:
    """A value at each x, which is a record's `key`: the latest one up to there; None before the
    first and after the last one."""
    ys, at = [], -1
    for x in xs:
        while at + 1 < len(records) and (records[at + 1].get(key) or 0.0) <= x:
            at += 1
        known = at >= 0 and x <= (records[-1].get(key) or 0.0)
        ys.append(records[at].get(name) if known else None)
    return ys
