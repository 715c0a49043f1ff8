"""Snapshots of a codebook while it is trained, one small file each, written by the worker and read
by the page.

A snapshot holds where the codes and a fixed sample of latents were, which codes were dead, and what
became of a few test pictures. They are taken at moments that grow further apart, so that a run of a
minute and one of a day have about as many. Letters: K codes, D embedding_dim, M latents, N
pictures. Standard library at import.
"""

from __future__ import annotations

import math
from pathlib import Path

from demo.runs.files import write_atomic

FOLDER = "snapshots"
FIRST_SECONDS = 0.5
GROWTH = 1.22
"""From one snapshot to the next the time of training grows by this factor: 24 in a minute, 35 in
ten."""
MOST = 60
LATENTS = 400
PICTURES = 8
MAX_BYTES = 2 * 2**20
"""A codebook larger than this in half precision is not written down: sixty of them would fill the
disk."""


class Recorder:
    """Takes the snapshots of one run."""

    def __init__(self, run_dir: Path) -> None:
        self._folder = Path(run_dir) / FOLDER
        taken = [_elapsed(path) for path in snapshot_files(run_dir)]
        self._count = len(taken)
        self._next = max([FIRST_SECONDS, *(GROWTH * t for t in taken)])

    def take_when_due(self, model, x, record) -> None:
        """`take`, when the time has come; cheap enough to be called at every step."""
        if record.elapsed >= self._next and self._count < MOST:
            self.take(model, x, record)

    def take(self, model, x, record) -> None:
        """Write one snapshot of a model in training; `x` float (B, C, H, W) in [0, 1], always the
        same pictures, `record` the StepRecord of this moment.

        The model is left as it was. An error of the disk is passed over: training goes on without
        the snapshot. So it does for a model without a codebook, or with one too large to be written
        down many times.
        """
        import torch
        from safetensors.torch import save

        from vqvae.nn.modes import eval_mode

        self._next = max(self._next, record.elapsed) * GROWTH
        codebook = getattr(model, "codebook", None)
        if codebook is None or codebook.numel() * 2 > MAX_BYTES:
            self._count = MOST
            return
        with torch.no_grad(), eval_mode(model):
            z_e = model.latents(x)
            flat = z_e.movedim(1, -1).reshape(-1, z_e.shape[1])
            flat = flat[:: max(1, math.ceil(len(flat) / LATENTS))][:LATENTS]
            x_recon = model.decode(model.encode(x[:PICTURES]))
        tensors = {
            "codebook": codebook.detach().half(),
            "dead": model.quantizer.dead_codes().to(torch.uint8),
            "latents": flat.half(),
            "x": (x[:PICTURES] * 255).round().to(torch.uint8),
            "x_recon": (x_recon * 255).round().to(torch.uint8),
        }
        data = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"{round(record.elapsed * 1000):012d}-{record.step}.safetensors"
            write_atomic(self._folder / name, data)
            self._count += 1
        except OSError:
            self._count = MOST


def snapshot_files(run_dir: Path) -> list[Path]:
    """The snapshots of a run, oldest first; [] when it has none."""
    return sorted((Path(run_dir) / FOLDER).glob("[0-9]*-[0-9]*.safetensors"))


def read_snapshot(path: Path) -> dict | None:
    """{elapsed, step, codebook (K, D), dead bool (K,), latents (M, D), x, x_recon uint8
    (N, C, H, W)}, or None."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(path.read_bytes())
        floats = {name: tensors[name].float() for name in ("codebook", "latents")}
        if not all(value.isfinite().all() for value in floats.values()):
            return None
        return {
            "elapsed": _elapsed(path),
            "step": int(path.stem.partition("-")[2]),
            **floats,
            "dead": tensors["dead"].bool(),
            "x": tensors["x"],
            "x_recon": tensors["x_recon"],
        }
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def _elapsed(path: Path) -> float:
    return int(path.stem.partition("-")[0]) / 1000
