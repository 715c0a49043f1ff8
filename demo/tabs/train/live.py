"""What a run has learned so far, read from its files and drawn as HTML: the model's part and the
prior's part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demo.charts.cloud import cloud_html
from demo.runs import files as runfiles
from demo.runs.presets import DEFAULTS
from demo.runs.status import Status
from demo.tabs.train import prior_view
from demo.tabs.train import view as train_view
from demo.text import figure

FILES = {
    "model": (runfiles.RECORDS, runfiles.LIVE, runfiles.PREVIEW),
    "prior": (runfiles.PRIOR_RECORDS, runfiles.PRIOR_LIVE, runfiles.SAMPLES),
}
"""Curve, latest figures and pictures of each stage."""


class RunLive:
    """The files of one run at one moment; without a run (None, None), what the page shows before
    there is one."""

    def __init__(self, folder: Path | None, status: Status | None) -> None:
        self.folder, self.status = folder, status
        self.stage = status.stage if status else "model"
        self._records, live, self._pictures = FILES[self.stage]
        self.live = runfiles.read_json(folder / live) if folder else {}
        self.drawn: int = self.live.get("drawn", 0)
        self.size = _size(folder / self._records) if folder else -1
        """Bytes of the curve: it grows when there is something new to draw."""

    def record(self) -> dict[str, float] | None:
        """The newest step: the last line of the curve or the latest figures."""
        curve = runfiles.read_records(self.folder, self._records)[-1:] if self.folder else []
        latest = self.live.get("record")
        candidates: list[dict[str, Any]] = [*curve, latest] if latest else curve
        return max(candidates, key=lambda one: one.get("step", 0), default=None)

    def figures(self) -> train_view.Figures | None:
        """Use of the codebook: as the Codebook tab has it once the model is measured, before that
        of the last steps."""
        if self.folder is None:
            return None
        measured = runfiles.read_json(self.folder / runfiles.CHECKPOINT / "metrics.json")
        known = measured if "usage" in measured else self.record() or {}
        size = (runfiles.read_json(self.folder / runfiles.JOB).get("model") or {}).get(
            "codebook_size"
        )
        usage, perplexity = figure(known.get("usage")), figure(known.get("perplexity"))
        if usage is None or perplexity is None or not size:
            return None
        psnr = figure(measured.get("psnr"))
        if psnr is None and (
            mse := figure(runfiles.read_json(self.folder / runfiles.LIVE).get("mse"))
        ):
            psnr = train_view.decibels(mse)
        return train_view.Figures(usage, perplexity, size, psnr, known is measured)

    def charts(self) -> str:
        """The curves of the stage; under those of a prior the ones of its model, where the run
        trained that too."""
        job = runfiles.read_json(self.folder / runfiles.JOB) if self.folder else {}
        size = (job.get("model") or {}).get("codebook_size", DEFAULTS["codebook_size"])
        seconds = (job.get("training") or {}).get("seconds") or (
            None if job else DEFAULTS["seconds"]
        )
        records = runfiles.read_records(self.folder) if self.folder else []
        live = runfiles.read_json(self.folder / runfiles.LIVE) if self.folder else {}
        model = (
            train_view.charts_html(records, live.get("counts") or [], size, seconds)
            if records or self.stage == "model"
            else ""
        )
        if self.stage == "model" or self.folder is None or self.status is None:
            return model
        curve = runfiles.read_records(self.folder, self._records)
        return prior_view.charts_html(curve, self.live, self.status.seconds) + model

    def pictures(self) -> str:
        """Reconstructions of the model, samples of the prior."""
        if not self.folder:
            return train_view.pictures_html(b"", (28, 28), 0, None)
        model = runfiles.read_json(self.folder / runfiles.JOB).get("model") or {}
        shape = (model.get("height", 28), model.get("width", 28))
        try:
            sprite = (self.folder / self._pictures).read_bytes()
        except OSError:
            sprite = b""
        if self.stage == "prior":
            return prior_view.pictures_html(sprite, shape, self.live)
        return train_view.pictures_html(
            sprite, shape, self.live.get("pictures", 0), self.live.get("mse")
        )

    def code_map(self) -> str:
        """Where codes and latents lie, while the model is what is trained; "" where that is not
        known."""
        packed = self.live.get("map") if self.stage == "model" else None
        return cloud_html(packed) if isinstance(packed, str) else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
