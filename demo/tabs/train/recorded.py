"""What the Train tab shows of a recorded run, as HTML: drawn like any other."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple

from demo.charts import cloud
from demo.charts.curves import number
from demo.models.recordings import RECORDINGS, Recording, address
from demo.page.run_head import clock, run_head, run_text
from demo.runs import files as runfiles
from demo.runs.presets import DATASETS
from demo.tabs.train import view as train_view
from demo.tabs.train.live import RunLive
from demo.text import term

MODULE = Path(__file__).with_suffix(".js")


class Recorded(NamedTuple):
    """The parts of the view that a recording fills."""

    status: str
    said: str
    pictures: str
    charts: str


@cache
def parts(name: str) -> Recorded:
    """The view of a recording; it is the same for everybody, and never changes."""
    recording = RECORDINGS[name]
    live = RunLive(recording.folder, recording.status)
    return Recorded(
        status_html(live),
        said_html(recording, live),
        pictures_html(recording),
        f'<div class="vq-recorded">{live.charts()}</div>',
    )


def status_html(live: RunLive) -> str:
    """That it is a recording, and what was trained."""
    record = live.record() or {}
    facts = [
        f"<b>{clock(record.get('elapsed'))}</b> trained",
        f"<b>{number(record.get('images_per_second'))}</b> images/s",
        f"step <b>{record.get('step', 0):,}</b>",
    ]
    return run_head("Recorded run", facts, 1.0, style="vq-is-recorded")


def said_html(recording: Recording, live: RunLive) -> str:
    """Of what it is a recording, and what it shows."""
    record, job = live.record() or {}, runfiles.read_json(recording.folder / runfiles.JOB)
    took = clock(record.get("elapsed"))
    titles = {value: title.partition(" (")[0] for title, value in DATASETS}
    dataset = titles.get((job.get("training") or {}).get("dataset"), "images")
    said = (
        f"A recording, not a run of yours: this app trained it on {dataset} in {took}, on "
        f"{job.get('processor')}. Press Train to start your own."
    )
    figures = live.figures()
    text = " ".join(
        filter(None, [said, train_view.verdict(figures) if figures else "", recording.look])
    )
    return run_text(text, "vq-is-recorded")


def pictures_html(recording: Recording) -> str:
    """Test pictures above what the model made of them in the end, or at the moment that the slider
    below them is at."""
    model = runfiles.read_json(recording.folder / runfiles.JOB)["model"]
    told = [
        [
            clock(one["elapsed"]),
            train_view.psnr(one["mse"]),
            one["elapsed"],
            cloud.paths(one["map"]),
        ]
        for one in recording.moments
    ]
    count, last = recording.pictures, len(told)
    pairs = train_view.pairs_html(
        f"url({address(recording)})",
        (model["height"], model["width"]),
        count,
        rows=last + 1,
        label=f"{count} test images above their reconstructions, recorded",
    )
    return (
        f'{pairs}<div class="vq-replay" data-moments="{escape(json.dumps(told))}">'
        '<button type="button">Play</button>'
        f'<input type="range" min="1" max="{last}" value="{last}" '
        'aria-label="Moment of the recorded training">'
        f"<output>{told[-1][0]}, {told[-1][1]}</output></div>"
        '<p class="vq-pictures-note"><span>Top: unseen test images. Bottom: their reconstructions '
        f"at this moment of the training, with their {term('PSNR')}.</span></p>"
        f"{cloud.cloud_html(recording.moments[-1]['map'])}"
    )
