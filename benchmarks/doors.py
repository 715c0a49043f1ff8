"""Whether a picture gives the same grid whichever way it goes in: the same file through
Reconstruct, Edit, Compare and the API.

`python benchmarks/doors.py --data-dir DIR [--count 20] [--seed 0] [--files FOLDER] [--least 4032]`
makes the photos of digits that `photos.py` makes, of 26 kinds, asks each of the four doors for
them, and prints one JSON line: the share whose grids are equal in all four, a refusal by all of
them included, and the time from a file to its input in the page. `--files` takes the pictures of a
folder instead, `--least 4032` makes photos of 12 megapixels and more alone.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import processor, report
from photos import KINDS, photos
from running import run

MODEL = "mnist"


def through_reconstruct(file: str, settings) -> tuple[list[int] | None, float]:
    """The grid, None where the page says that there is nothing; seconds to the input."""
    from demo.door import answer
    from demo.tabs.reconstruct.questions import open_upload, reconstruct

    began = time.perf_counter()
    taken = answer(open_upload, {"model": MODEL, "file": file}, settings)
    took = time.perf_counter() - began
    if not taken["ok"] or taken["input"] is None:
        return None, took
    picture = {"model": MODEL, "image": taken["input"], "tidy": True, "source": "input"}
    return answer(reconstruct, picture, settings).get("indices"), took


def through_edit(file: str, settings) -> list[int] | None:
    """The grid that Edit opens; None where it says that there is nothing."""
    from demo.door import answer
    from demo.tabs.edit.questions import edit_open

    opened = answer(edit_open, {"model": MODEL, "kind": "picture", "file": file}, settings)
    return np.ravel(opened["indices"]).tolist() if opened["ok"] else None


def through_compare(file: str, settings) -> list[int] | None:
    """The grid of what Compare gives its models; None where it says that there is nothing."""
    import torch

    from demo.door import answer
    from demo.models import sets
    from demo.models.library import get_checkpoint
    from demo.tabs.compare.questions import compare_picture, compare_upload

    base = {"set": sets.SHIPPED, "model": MODEL}
    taken = answer(compare_upload, {**base, "file": file}, settings)
    if not taken["ok"] or taken["input"] is None:
        return None
    picture = {"label": -1, "image": taken["input"], "tidy": True, "source": "input"}
    shown = answer(compare_picture, {**base, **picture}, settings)
    if "input" not in shown:
        return None
    model = get_checkpoint(MODEL, settings).model
    pixels = np.frombuffer(base64.b64decode(shown["input"]), np.uint8).copy()
    x = torch.from_numpy(pixels).float() / 255
    with torch.inference_mode():
        return model.encode(x.view(1, 1, 28, 28)).flatten().tolist()


def through_the_api(file: str, settings) -> list[int] | None:
    """The grid of the API's /encode; None where it refuses."""
    from demo.api import pictures as api

    try:
        return np.ravel(api.encode(file, MODEL, settings=settings)["indices"]).tolist()
    except ValueError:  # every refusal is a sentence in one
        return None


def main() -> None:
    """Take the pictures through all doors, and count."""
    from demo.settings import Settings
    from vqvae.data.datasets import load_dataset

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20, help="photos of each kind (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="other photos (default: 0)")
    parser.add_argument("--side", type=int, default=4032, help="no longer side (default: 4032)")
    parser.add_argument("--least", type=int, default=0, help="no shorter longest side (default: 0)")
    parser.add_argument("--files", type=Path, help="the pictures of this folder instead")
    parser.add_argument(
        "--data-dir", help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)"
    )
    args = parser.parse_args()
    if args.files:
        names = sorted(path for path in args.files.iterdir() if path.suffix in (".png", ".jpg"))
        files = ((path.name, path.read_bytes()) for path in names)
    else:
        test = load_dataset("mnist", "test", data_dir=args.data_dir)
        files = (
            (kind, file)
            for kind in KINDS
            for file, _ in photos(kind, args.count, args.seed, test, args.side, args.least)
        )
    settings = Settings(runs=Path(tempfile.mkdtemp()))
    same, refused, seconds, other = 0, 0, [], []
    for name, content in files:
        file = base64.b64encode(content).decode()
        grid, took = through_reconstruct(file, settings)
        doors = (through_edit, through_compare, through_the_api)
        equal = all(door(file, settings) == grid for door in doors)
        same, refused = same + equal, refused + (grid is None)
        seconds.append(took)
        if not equal:
            other.append(name)
    command = "python benchmarks/doors.py" + (
        " --files FOLDER"
        if args.files
        else f" --count {args.count} --seed {args.seed} --side {args.side} --least {args.least}"
    )
    report(
        "doors_same_grid",
        same / len(seconds),
        "share",
        "1",
        command,
        machine=processor(),
        pictures=len(seconds),
        refused=refused,
        other=other,
        upload_ms=round(1000 * float(np.median(seconds))),
        upload_ms_95=round(1000 * float(np.quantile(seconds, 0.95))),
    )


if __name__ == "__main__":
    run(main)
