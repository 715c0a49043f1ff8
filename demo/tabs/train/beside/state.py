"""How far A and B are, and what came of the two: pure functions of their files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.page.run_head import PHASES, clock, run_head
from demo.runs import files as runfiles
from demo.runs.plans.plan import ENOUGH_STEPS
from demo.runs.status import Phase
from demo.tabs.train.beside.sides import Side
from demo.text import figure

EVEN = 0.1
"""Decibels: two that are nearer to each other than this are alike."""


def head_html(sides: Sequence[Side]) -> str:
    """Phase, steps and time left of both in a line (HTML)."""
    if len(sides) < 2:
        return run_head("No pair", [], 0.0)
    if all(side.recording for side in sides):
        return run_head("Two recorded runs", [_steps(sides)], 1.0, style="vq-is-recorded")
    phases = [side.phase for side in sides]
    told = [PHASES.get(phase, str(phase)) for phase in phases]
    said = told[0] if told[0] == told[1] else f"A {told[0].lower()}, B {told[1].lower()}"
    facts = [_steps(sides)] if any(side.step for side in sides) else []
    left = max(
        ((side.live.record() or {}).get("remaining") or 0.0) * (not _over(side)) for side in sides
    )
    if left and Phase.TRAINING in phases:
        facts.append(f"about <b>{clock(left)}</b> left")
    share = sum(map(_share, sides)) / len(sides)
    running = next((phase for phase in phases if phase.active), phases[0])
    return run_head(said, facts, share, style=f"vq-is-{running}")


def verdict(sides: Sequence[Side]) -> str:
    """What came of the two once both are over, in plain text; "" before."""
    if len(sides) < 2 or not all(map(_over, sides)):
        return ""
    a, b = (side.step for side in sides)
    if min(a, b) < ENOUGH_STEPS:
        return (
            f"Not trained enough to compare: A has {a:,} steps and B {b:,}; give each at least "
            f"{ENOUGH_STEPS}."
        )
    return " ".join(filter(None, [_alike(sides) if a == b else _apart(sides), _batches(sides)]))


def _alike(sides: Sequence[Side]) -> str:
    """The verdict on two that trained for as many steps."""
    a, b = (_psnr(side) for side in sides)
    if a is None or b is None:
        return _apart(sides)
    said = f"After {sides[0].step:,} steps each, on test images: A {a:.1f} dB, B {b:.1f} dB"
    if abs(a - b) < EVEN:
        return f"{said}. That is no difference to speak of."
    return f"{said}. {'A' if a > b else 'B'} is {abs(a - b):.1f} dB nearer to the pictures."


def _apart(sides: Sequence[Side]) -> str:
    """The verdict on two that did not: the last step that both have had."""
    a, b = (side.step for side in sides)
    last = min(a, b)
    losses = [_loss(side, last) for side in sides]
    if None in losses:
        return f"A has {a:,} steps and B {b:,}."
    return (
        f"A has {a:,} steps and B {b:,}. At step {last:,} the reconstruction loss of a batch is "
        f"{losses[0]:.3g} in A and {losses[1]:.3g} in B."
    )


def _batches(sides: Sequence[Side]) -> str:
    """What a step is, where it is not the same in both."""
    a, b = (side.values.get("batch_size") for side in sides)
    return "" if a == b or not a or not b else f"A step is {a:,} images in A and {b:,} in B."


def _over(side: Side) -> bool:
    return side.phase.ended or side.phase is Phase.FAILED


def _share(side: Side) -> float:
    if _over(side) or side.phase is Phase.EVALUATING:
        return 1.0
    record: dict[str, Any] = side.live.record() or {}
    if steps := side.values.get("steps"):
        return min(1.0, side.step / steps)
    elapsed, remaining = record.get("elapsed") or 0.0, record.get("remaining") or 0.0
    return elapsed / (elapsed + remaining) if elapsed + remaining else 0.0


def _steps(sides: Sequence[Side]) -> str:
    """HTML."""
    a, b = (f"<b>{side.step:,}</b>" for side in sides)
    planned = {side.values.get("steps") or 0 for side in sides}
    of = f" of {planned.pop():,}" if len(planned) == 1 and all(planned) else ""
    return f"step {a}{of} each" if a == b else f"step {a} in A, {b} in B{of and f',{of}'}"


def _psnr(side: Side) -> float | None:
    """On the test images, decibels."""
    folder = side.live.folder
    if folder is None:
        return None
    return figure(runfiles.read_json(folder / runfiles.CHECKPOINT / "metrics.json").get("psnr"))


def _loss(side: Side, step: int) -> float | None:
    """Of the newest record up to a step."""
    records = runfiles.read_records(side.live.folder) if side.live.folder else []
    found = [one.get("reconstruction_loss") for one in records if (one.get("step") or 0) <= step]
    return figure(found[-1]) if found else None
