"""The past of a run of one's own: where its codes and latents were at each snapshot, on one map with fixed axes."""

import base64
import re
from pathlib import Path

import numpy as np

from demo.images import encode_png
from demo.models import resolve
from demo.settings import Settings
from demo.snapshots import read_snapshot, snapshot_files

_OWN = re.compile(r"run:[0-9a-f]{32}/.+")
DEAD_SHARE = 0.01
"""A code whose smoothed use is below this share of the mean counts as dead at that moment."""
MOST_CODES = 4_096


def snapshots(model_id: object, settings: Settings) -> list[Path]:
    """The snapshot files of a run of one's own; [] for every other model."""
    if not isinstance(model_id, str) or not _OWN.fullmatch(model_id):
        return []
    folder = resolve(model_id, settings)
    return snapshot_files(folder.parent if folder.name == "checkpoint" else folder)


def answer(model_id: object, settings: Settings) -> dict:
    """{frames, K, M, ranges, sheets}: everything the slider shows, so that moving it asks nothing.

    A frame: {elapsed, step, codes: base64 float32 (K, 2), latents: base64 float32 (M, 2), dead: [index], sheet: PNG of
    N pictures above their reconstructions}. The axes are the principal components of the last snapshot.
    """
    from vqvae.projection import fit

    read = [s for s in map(read_snapshot, snapshots(model_id, settings)) if s is not None]
    shapes = {(s["codebook"].shape, s["latents"].shape) for s in read[-1:]}
    read = [s for s in read if (s["codebook"].shape, s["latents"].shape) in shapes]
    if len(read) < 2:
        return {"frames": []}
    last = read[-1]
    fitted = fit(np.concatenate([last["codebook"].numpy(), last["latents"].numpy()]))
    K = min(MOST_CODES, len(last["codebook"]))
    frames, reach = [], 0.0
    for s in read:
        codes_at, latents_at = fitted.place(s["codebook"][:K].numpy()), fitted.place(s["latents"].numpy())
        # Outliers of the first moments must not shrink all that follows to a dot.
        reach = max(reach, float(np.percentile(np.abs(latents_at), 99.5)))
        usage = s["usage"][:K].numpy()
        dead = np.flatnonzero(usage < DEAD_SHARE * max(float(s["usage"].mean()), 1e-9)).tolist()
        frames.append({"elapsed": s["elapsed"], "step": s["step"], "codes": _floats(codes_at),
                       "latents": _floats(latents_at), "dead": dead, "sheet": _sheet(s["x"].numpy(),
                                                                                    s["x_recon"].numpy())})
    n, _, height, width = last["x"].shape
    return {"frames": frames, "K": K, "M": len(last["latents"]), "reach": 1.08 * reach,
            "explained": [round(share, 4) for share in fitted.explained],
            "pictures": n, "height": height, "width": width}


def _floats(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4")).decode()


def _sheet(x: np.ndarray, x_recon: np.ndarray) -> str:
    """PNG: pictures uint8 (N, C, H, W) in the upper row, reconstructions in the lower one."""
    rows = [row.transpose(2, 0, 3, 1).reshape(row.shape[2], -1, row.shape[1]) for row in (x, x_recon)]
    sheet = np.concatenate(rows)
    return base64.b64encode(encode_png(np.ascontiguousarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet))).decode()
