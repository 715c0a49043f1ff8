"""The past of a run of one's own: where its codes and latents were at each snapshot, on one map
with fixed axes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.as_text import encoded
from demo.models.ids import ModelId
from demo.models.library import get_checkpoint, resolve
from demo.pictures.arrays import tiled
from demo.pictures.images import png_text
from demo.runs.snapshots import read_snapshot, snapshot_files
from demo.settings import Settings
from demo.tabs.codebook import answers, libraries

if TYPE_CHECKING:
    from vqvae.analysis.projection import Projection

MOST_CODES = 4_096


def snapshots(model_id: object, settings: Settings) -> list[Path]:
    """The snapshot files of a run of one's own; [] for every other model."""
    parsed = ModelId.parse(model_id)
    if parsed is None or not parsed.share:
        return []
    folder = resolve(model_id, settings)
    return snapshot_files(folder.parent if folder.name == "checkpoint" else folder)


def answer(model_id: object, settings: Settings) -> answers.Past:
    """{frames, K, M, ranges, sheets}: everything the slider shows, so that moving it asks nothing.

    A frame: {elapsed, step, codes: base64 float32 (K, 2), latents: base64 float32 (M, 2), dead:
    [index], sheet: PNG of N pictures above their reconstructions}. The axes are the principal
    components of the last snapshot.
    """
    from vqvae.analysis.projection import fit

    libraries.ready()

    read = [s for s in map(read_snapshot, snapshots(model_id, settings)) if s is not None]
    shapes = {(s["codebook"].shape, s["latents"].shape) for s in read[-1:]}
    read = [s for s in read if (s["codebook"].shape, s["latents"].shape) in shapes]
    if len(read) < 2:
        return {"frames": []}
    last = read[-1]
    fitted = fit(np.concatenate([last["codebook"].numpy(), last["latents"].numpy()]))
    K = min(MOST_CODES, len(last["codebook"]))
    # Outliers of the first moments must not shrink all that follows to a dot.
    reach = max(
        float(np.percentile(np.abs(fitted.place(s["latents"].numpy())), 99.5)) for s in read
    )
    frames = [_frame(s, fitted, K) for s in read]
    # What the run ended with is measured: there, dead are the codes that no test picture chose, as
    # in the verdict.
    gallery = get_checkpoint(str(model_id), settings).gallery
    if gallery is not None and gallery.counts.any():
        frames[-1]["dead"] = np.flatnonzero(gallery.counts[:K].numpy() == 0).tolist()
    n, _, height, width = last["x"].shape
    return {
        "frames": frames,
        "K": K,
        "M": len(last["latents"]),
        "reach": 1.08 * reach,
        "explained": [round(share, 4) for share in fitted.explained],
        "pictures": n,
        "height": height,
        "width": width,
    }


def _frame(snapshot: dict[str, Any], fitted: "Projection", K: int) -> answers.Frame:
    return {
        "elapsed": snapshot["elapsed"],
        "step": snapshot["step"],
        "codes": _floats(fitted.place(snapshot["codebook"][:K].numpy())),
        "latents": _floats(fitted.place(snapshot["latents"].numpy())),
        "dead": np.flatnonzero(snapshot["dead"][:K].numpy()).tolist(),
        "sheet": _sheet(snapshot["x"].numpy(), snapshot["x_recon"].numpy()),
    }


def _floats(values: np.ndarray) -> str:
    return encoded(values.astype("<f4"))


def _sheet(x: np.ndarray, x_recon: np.ndarray) -> str:
    """PNG: pictures uint8 (N, C, H, W) in the upper row, reconstructions in the lower one."""
    return png_text(tiled(np.concatenate([x, x_recon]).transpose(0, 2, 3, 1), len(x)))
