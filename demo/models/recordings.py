"""Recorded runs that come with the app: what the Train tab shows to those who have not trained yet.

A recording is a folder `demo/recordings/<name>/` with the files of a run (demo.runs.files), so that
whatever draws a run draws a recording too. It holds no model and lies outside the folder of runs:
nobody can resume, use or delete it. Two of its files a run has not:

    moments.json    when test pictures were reconstructed: seconds, step and mse of each moment,
                    and where codes and latents lay
    moments.png     these pictures in the first row, then a row of their reconstructions a moment

`benchmarks/recordings.py` makes them. Standard library only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from demo.runs import files as runfiles
from demo.runs.status import Status, read_status
from demo.settings import PROJECT

FOLDER = PROJECT / "demo" / "recordings"
MOMENTS, SHEET = "moments.json", "moments.png"
ROUTE = "recordings"
"""First part of the addresses of their pictures."""


@dataclass(frozen=True)
class Recording:
    """One recorded run and what it is to teach."""

    name: str
    title: str
    preset: str
    """The preset of the form that it was trained with (demo.runs.presets)."""
    look: str
    """What to look at in it, in a sentence or two."""

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def status(self) -> Status:
        """As of a run that is over."""
        return read_status(self.folder)

    @property
    def pictures(self) -> int:
        """How many test pictures a row of the sheet has."""
        return runfiles.read_json(self.folder / MOMENTS).get("pictures") or 0

    @property
    def moments(self) -> list[dict[str, Any]]:
        """{elapsed, step, mse, map} of each moment, oldest first; map: see demo.charts.cloud."""
        return runfiles.read_json(self.folder / MOMENTS).get("moments") or []


RECORDINGS = {
    one.name: one
    for one in (
        Recording(
            "healthy",
            "Healthy",
            "minute",
            "Look at usage and perplexity: both stay high from the first second, because k-means "
            "places the codes and unused ones are restarted, and the lower row sharpens.",
        ),
        Recording(
            "plain",
            "Collapsed: the plain recipe",
            "plain",
            "Look at usage: it falls within seconds and never recovers, because a code that nobody "
            "chooses gets no gradient. Perplexity stays near the bottom, and the lower row stays "
            "blurred.",
        ),
        Recording(
            "shrink",
            "Collapsed: commitment far too strong",
            "shrink",
            "Look at usage: it falls within seconds and stays there, because the encoder keeps to "
            "the few codes it has, and nothing restarts the others. The lower row can still be "
            "read: a codebook may collapse while the pictures only look a little rough.",
        ),
    )
}
FIRST = "healthy"


@cache
def present() -> dict[str, Recording]:
    """Those whose files are here, by name."""
    return {
        name: one
        for name, one in RECORDINGS.items()
        if (one.folder / SHEET).is_file() and one.moments
    }


def find(name: object) -> Recording | None:
    """The recording of this name; of any other the healthy one, or None where there is none."""
    return present().get(name if isinstance(name, str) else FIRST) or present().get(FIRST)


@cache
def sheets() -> dict[str, bytes]:
    """The sheet of pictures of each recording by its address, which stands for its content."""
    found = {}
    for one in present().values():
        content = (one.folder / SHEET).read_bytes()
        found[f"{ROUTE}/{hashlib.sha256(content).hexdigest()[:16]}/{one.name}.png"] = content
    return found


def address(recording: Recording) -> str:
    """Where the page gets the sheet of a recording, relative to the page itself."""
    return next(address for address in sheets() if address.endswith(f"/{recording.name}.png"))
