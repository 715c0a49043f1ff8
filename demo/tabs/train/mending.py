"""What mends a run that went wrong: the settings that let it, and the form with these put right."""

from __future__ import annotations

from html import escape

from demo.models.recordings import Recording
from demo.runs import files as runfiles
from demo.runs.presets import DEFAULTS, PRESETS, SHAPES, FormValues
from demo.tabs.train.live import RunLive
from demo.tabs.train.view import MANY_DEAD, Figures
from vqvae.collapse import collapsed

STRONG = 1.0
"""Above this the commitment loss may hold the encoder back from describing the picture."""
NAMES = {
    "dataset": "synthetic digits",
    "kmeans_start": "k-means start",
    "restart": "restart of dead codes",
    "commitment_weight": f"β = {DEFAULTS['commitment_weight']:g}",
}
"""What is put right, in words."""
REASONS = {
    "dataset": "the app draws them itself, so nothing has to be downloaded",
    "kmeans_start": (
        "the codes begin where the encoder's outputs are, so that each of them is chosen"
    ),
    "restart": "a code that nobody chooses is moved onto an output of the encoder",
    "commitment_weight": (
        "the encoder is free to describe the picture instead of staying at a few codes"
    ),
}


def form_of(live: RunLive) -> FormValues:
    """The values of the form that a run was started with; those that it does not tell are left
    out."""
    job = runfiles.read_json(live.folder / runfiles.JOB) if live.folder else {}
    model, training = job.get("model") or {}, job.get("training") or {}
    found = {
        name: part[name]
        for name in DEFAULTS
        for part in (model, training)
        if part.get(name) is not None
    }
    found.setdefault("steps", 0)
    found["restart"] = model.get("restart_threshold", 1) > 0
    found["prior_seconds"] = (job.get("prior") or {}).get("seconds") or 0
    if found.get("dataset") not in SHAPES:
        found.pop("dataset", None)
    return found


def form_of_preset(recording: Recording | None) -> FormValues:
    """The values of the form that a recorded run was made with."""
    return {**DEFAULTS, **PRESETS[recording.preset].values} if recording else {}


def mends(values: FormValues, figures: Figures | None) -> FormValues:
    """Of a form, the fields to change after a training that ended with these figures, as they
    should be; {} where the codebook is healthy or no setting is to blame."""
    if figures is None or not (
        collapsed(figures.usage, figures.perplexity, figures.codebook_size)
        or figures.usage < MANY_DEAD
    ):
        return {}
    blamed = {
        "kmeans_start": values.get("kmeans_start") is False,
        "restart": values.get("restart") is False,
        "commitment_weight": (values.get("commitment_weight") or 0) > STRONG,
    }
    return {name: DEFAULTS[name] for name, is_blamed in blamed.items() if is_blamed}


def of_run(live: RunLive) -> FormValues:
    """What to change after a run, once it is over."""
    if live.status is not None and live.status.offline and live.stage == "model":
        return {"dataset": "synthetic"}
    over = live.status is not None and live.status.phase.ended
    return mends(form_of(live), live.figures()) if over else {}


def of_recording(recording: Recording | None) -> FormValues:
    """What to change in the preset of a recorded run."""
    live = RunLive(recording.folder, recording.status) if recording else RunLive(None, None)
    return mends(form_of_preset(recording), live.figures())


def label(changes: FormValues) -> str:
    """What the button says; "" where there is nothing to change."""
    return f"Fix it: {', '.join(NAMES[name] for name in changes)}" if changes else ""


def explain(changes: FormValues) -> str:
    """HTML of the sentence under the presets once it is pressed."""
    why = "; ".join(f"{NAMES[name]} ({REASONS[name]})" for name in changes)
    said = f"Changed below: {why}. Press Train and watch usage and perplexity."
    return f'<p class="vq-note">{escape(said)}</p>'
