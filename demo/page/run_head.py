"""The lines above a run, on every tab that trains: its phase, how far it is, how fast, and one
sentence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from demo.runs.status import Phase

CSS_PATH = Path(__file__).with_suffix(".css")
PHASES = {
    Phase.QUEUED: "Waiting",
    Phase.STARTING: "Starting",
    Phase.TRAINING: "Training",
    Phase.PAUSED: "Paused",
    Phase.EVALUATING: "Measuring",
    Phase.FINISHED: "Finished",
    Phase.STOPPED: "Stopped",
    Phase.FAILED: "Failed",
    Phase.INTERRUPTED: "Interrupted",
}


def run_head(
    phase: str, facts: Sequence[str], share: float, sentence: str | None = None, style: str = ""
) -> str:
    """HTML of a run's head; its sentence may be said elsewhere, by `run_text`.

    facts: short pieces of HTML, already escaped. share: how much is done, 0 to 1. phase, sentence:
    plain text. style: a class that tells the phases apart.
    """
    said = "".join(f"<span>{fact}</span>" for fact in facts)
    text = "" if sentence is None else _sentence(sentence)
    return (
        f'<div class="vq-run {escape(style)}"><div class="vq-run-head">'
        f'<b class="vq-phase" role="status">{escape(phase)}</b>'
        f'<span class="vq-run-facts">{said}</span></div>'
        '<div class="vq-progress" role="progressbar" aria-label="Training" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * share:.0f}">'
        f'<i style="width:{100 * share:.1f}%"></i></div>'
        f"{text}</div>"
    )


def run_text(sentence: str, style: str = "") -> str:
    """HTML of a run's sentence apart from its head."""
    return f'<div class="vq-run-said {escape(style)}">{_sentence(sentence)}</div>'


def _sentence(text: str) -> str:
    return f'<p class="vq-run-text">{escape(text)}</p>'


def problem_html(sentence: str) -> str:
    """HTML of what stands in the way, said at once; "" takes it away."""
    return f'<p class="vq-bad" role="alert">{escape(sentence)}</p>' if sentence else ""


def clock(seconds: float | None) -> str:
    """`9.4 s`, `42 s`, `3 min 05 s`, `1 min`, `2 h 07 min`; of None `no time limit`."""
    if seconds is None:
        return "no time limit"
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60:02} s" if whole % 60 else "")
    minutes = whole % 3600 // 60
    return f"{whole // 3600} h" + (f" {minutes:02} min" if minutes else "")
