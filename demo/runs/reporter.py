"""What a training process tells the page: phases, curves, pictures. Written for demo.runs.worker;
files of demo.runs.files."""

from __future__ import annotations

import json
import time
from pathlib import Path

from demo.charts import cloud
from demo.pictures.arrays import tiled, to_pixels
from demo.pictures.images import encode_png
from demo.runs import files as runfiles
from demo.runs.status import Phase
from vqvae.analysis.plane import MovingPlane

RECORD_SECONDS = 0.25
"""Time between two points of the curves in the first minutes of a run."""
PREVIEW_SECONDS = 1.0
PREVIEW_SHARE = 0.02
"""Largest share of the time that pictures and figures for the page may take."""
PREVIEWS = 10
"""Test images whose reconstructions are shown during training."""
MAP_CODES, MAP_LATENTS = 512, 300
"""Most codes and latents on the map of the codebook."""


class Reporter:
    """Writes what the page shows, and keeps what that costs below `share` of the time."""

    stage = "model"
    """What is trained: the model, or its prior (see demo.runs.prior_worker)."""
    files = (runfiles.RECORDS, runfiles.LIVE)
    share = PREVIEW_SHARE

    def __init__(self, run_dir: Path) -> None:
        self._dir = run_dir
        self._records = (run_dir / self.files[0]).open("a", encoding="utf-8")
        self._next_progress = self._next_record = self._next_preview = 0.0
        self._drawn = runfiles.read_json(run_dir / self.files[1]).get("drawn", 0)
        self._plane = MovingPlane()
        self.note = ""
        """Sentences that stay beside every phase, such as what was skipped."""
        self.unsaved = ""
        """Why the run could not be saved, as long as that is so."""

    def state(self, phase: Phase, text: str = "", *, offline: bool = False) -> None:
        """`offline`: it ended because its data set could not be downloaded."""
        runfiles.write_atomic(
            self._dir / runfiles.STATE,
            {
                "phase": phase,
                "text": text,
                "note": " ".join(filter(None, [self.note, self.unsaved])),
                "stage": self.stage,
                **({"offline": True} if offline else {}),
            },
        )

    def add_note(self, sentence: str) -> None:
        """One more sentence for the note."""
        self.note = " ".join(filter(None, [self.note, sentence]))

    def progress(self, done: int, total: int, text: str, phase: Phase = Phase.STARTING) -> None:
        """What load_dataset reports, several times per second."""
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + RECORD_SECONDS
            share = f" ({100 * done // total} %)" if total else ""
            self.state(phase, f"{text[:1].upper()}{text[1:]}{share}")

    def record(self, record, model, samples=None, *, last: bool = False) -> None:
        """Note a step when one is due; `samples` are the pictures to draw again. Long runs note
        fewer: the lines grow with the logarithm of the time."""
        now = time.monotonic()
        if last or now >= self._next_record:
            self._next_record = now + max(RECORD_SECONDS, record.elapsed / 400)
            self._records.write(f"{json.dumps(record.to_dict())}\n")
            self._records.flush()
        if last or now >= self._next_preview:
            self._draw(record, model, samples)
            took = time.monotonic() - now
            self._next_preview = time.monotonic() + max(PREVIEW_SECONDS, took / self.share)

    def _draw(self, record, model, samples) -> None:
        from vqvae.nn.modes import eval_mode
        from vqvae.nn.quantizers.base import vectors_of

        with eval_mode(model):
            z_e = model.latents(samples)
            x_recon = model.decode(model.encode(samples))
        runfiles.write_atomic(self._dir / runfiles.PREVIEW, sprite(samples, x_recon))
        self._drawn += 1
        runfiles.write_atomic(
            self._dir / runfiles.LIVE,
            {
                "record": record.to_dict(),
                "drawn": self._drawn,
                "pictures": len(samples),
                "counts": [round(count, 4) for count in model.quantizer.usage_counts.tolist()],
                "mse": (samples - x_recon).square().mean().item(),
                "map": code_map(
                    self._plane, model.codebook, model.quantizer.dead_codes(), vectors_of(z_e)
                ),
            },
        )

    def close(self) -> None:
        self._records.close()


def code_map(
    plane: MovingPlane, codebook, dead, latents, codes: int = MAP_CODES, points: int = MAP_LATENTS
) -> str:
    """Where a codebook (K, D) and latents (M, D) lie on the plane now, dead bool (K,): as
    demo.charts.cloud packs it, with every n-th of them so that at most `codes` and `points` are
    left."""
    every = -(-len(codebook) // codes)
    placed, among = plane.place(
        codebook[::every].detach().float().cpu().numpy(),
        latents[:: -(-len(latents) // points)].detach().float().cpu().numpy(),
    )
    return cloud.pack(placed, dead[::every].cpu().numpy(), among)


def sprite(x, x_recon) -> bytes:
    """PNG with the images x (N, C, H, W) in [0, 1] side by side in the upper row and x_recon in the
    lower one."""
    import torch

    return encode_png(tiled(to_pixels(torch.cat([x, x_recon]).clamp(0, 1)), len(x)))


def pick(data):
    """uint8 (N, C, H, W): PREVIEWS images of a set, one of each class first."""
    import torch

    rows = []
    if data.labels is not None:
        firsts = [
            (data.labels == label).nonzero()[:1, 0]
            for label in range(min(len(data.classes), PREVIEWS))
        ]
        rows = torch.cat(firsts).tolist() if firsts else []
    rows += [row for row in range(len(data)) if row not in rows][: PREVIEWS - len(rows)]
    return data.images[torch.tensor(rows)]


def skipped(data) -> str:
    """What should be known of how the images were read, in sentences; "" where all went as one
    expects."""
    return " ".join([*([_left_out(data)] if data.skipped else ()), *data.notes])


def _left_out(data) -> str:
    named = "; ".join(f"{file.name} ({file.reason})" for file in data.skipped[:3])
    more = f"; and {len(data.skipped) - 3:,} more" if len(data.skipped) > 3 else ""
    files = "1 file" if len(data.skipped) == 1 else f"{len(data.skipped):,} files"
    return f"{len(data):,} images read, {files} skipped: {named}{more}."
