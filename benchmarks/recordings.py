"""The recorded runs of the Train tab: `python benchmarks/recordings.py [--only healthy ...]`.

Trains each of them as the app does when somebody presses Train, with the preset that it is to show
and for 30 seconds, and writes what the page needs of it to `demo/recordings/`: the curves, the
figures, and eight test pictures with their reconstructions and a map of the codebook at moments
that grow further apart. No model is kept. Prints one JSON line per figure. Some 2 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import hardware, processor, report  # noqa: E402 (beside this file)
from running import run  # noqa: E402

from demo.models.recordings import FOLDER, MOMENTS, RECORDINGS, SHEET, Recording  # noqa: E402
from demo.runs import files as runfiles  # noqa: E402

SECONDS = 30
CODES, LATENTS = 128, 80
"""Of the map of a moment."""
MAX_BYTES = 450_000
"""All recordings together."""
DIGITS = 5
"""Of a figure in the curves: more cannot be told apart."""
MODEL = ("channels", "height", "width", "codebook_size")
FIGURES = ("mse", "psnr", "usage", "perplexity")


def main() -> None:
    """Train, keep what is shown, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=RECORDINGS, default=list(RECORDINGS))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each (default: 30)")
    parser.add_argument("--dataset", choices=("mnist", "synthetic"), default="mnist")
    parser.add_argument("--output", type=Path, default=FOLDER)
    parser.add_argument(
        "--data-dir", type=Path, default=Path(os.environ.get("VQVAE_DATA_DIR") or "data"),
        help="where MNIST lies (default: $VQVAE_DATA_DIR, else data/)",
    )  # fmt: skip
    args = parser.parse_args()
    for name in args.only:
        with tempfile.TemporaryDirectory() as runs:
            run_dir = train(RECORDINGS[name], Path(runs), args)
            keep(run_dir, args.output / name)
        figures = runfiles.read_json(args.output / name / runfiles.CHECKPOINT / "metrics.json")
        command = f"python benchmarks/recordings.py --only {name}"
        report(f"recording_{name}_usage", figures["usage"], "of all codes", "", command)
        report(f"recording_{name}_perplexity", figures["perplexity"], "codes", "", command)
    size = sum(file.stat().st_size for file in args.output.rglob("*") if file.is_file())
    if size > MAX_BYTES:
        raise SystemExit(f"{args.output} has {size:,} bytes; at most {MAX_BYTES:,} are meant.")


def train(recording: Recording, runs: Path, args: argparse.Namespace) -> Path:
    """A run of the app, from its start to its end: the folder it leaves."""
    from demo.runs.jobs import Jobs
    from demo.runs.presets import DEFAULTS, preset_values
    from demo.runs.settings import read_form
    from demo.session import new_token

    form = {**DEFAULTS, **preset_values(recording.preset), "dataset": args.dataset,
            "seconds": args.seconds}  # fmt: skip
    jobs, visitor = Jobs(runs, slots=1), new_token()
    try:
        settings = read_form(form, data_dir=args.data_dir.resolve())
        run_id = jobs.start(visitor, settings, recording.title)
        print(f"{recording.name}: {args.seconds:g} s", file=sys.stderr)
        while (status := jobs.status(visitor, run_id)).active:
            time.sleep(0.5)
        if status.phase != "finished":
            raise SystemExit(f"{recording.name} {status.phase}: {status.text}")
        return jobs.folder(visitor, run_id)
    finally:
        jobs.close(wait=20)


def keep(run_dir: Path, output: Path) -> None:
    """Write a recording from the folder of a run."""
    (output / runfiles.CHECKPOINT).mkdir(parents=True, exist_ok=True)
    job = runfiles.read_json(run_dir / runfiles.JOB)
    runfiles.write_atomic(
        output / runfiles.JOB,
        {
            "title": job["title"],
            "created": job["created"],
            "date": date.today().isoformat(),
            "hardware": hardware(),
            "processor": processor(),
            "model": {name: job["model"][name] for name in MODEL},
            "training": {name: job["training"][name] for name in ("dataset", "seconds")},
        },
    )
    runfiles.write_atomic(output / runfiles.STATE, {"phase": "finished"})
    records = [json.dumps(rounded(one)) for one in runfiles.read_records(run_dir)]
    runfiles.write_atomic(output / runfiles.RECORDS, "\n".join(records) + "\n")
    live = runfiles.read_json(run_dir / runfiles.LIVE)
    runfiles.write_atomic(
        output / runfiles.LIVE,
        {
            "record": rounded(live["record"]),
            "drawn": 1,
            "counts": [round(count, 2) for count in live["counts"]],
        },
    )
    metrics = runfiles.read_json(run_dir / runfiles.CHECKPOINT / "metrics.json")
    runfiles.write_atomic(
        output / runfiles.CHECKPOINT / "metrics.json", {name: metrics[name] for name in FIGURES}
    )
    keep_moments(run_dir, output)


def keep_moments(run_dir: Path, output: Path) -> None:
    """The test pictures and what became of them, as one sheet."""
    import numpy as np
    from PIL import Image

    from demo.runs.reporter import code_map
    from demo.runs.snapshots import read_snapshot, snapshot_files
    from vqvae.analysis.plane import MovingPlane

    snapshots = [snapshot for file in snapshot_files(run_dir) if (snapshot := read_snapshot(file))]
    x = snapshots[-1]["x"]
    moments, plane = [], MovingPlane()
    for snapshot in snapshots:
        mse = (snapshot["x_recon"].float() - x.float()).div(255).square().mean().item()
        when = {name: snapshot[name] for name in ("elapsed", "step")}
        parts = (snapshot["codebook"], snapshot["dead"], snapshot["latents"])
        placed = code_map(plane, *parts, codes=CODES, points=LATENTS)
        moments.append(rounded({**when, "mse": mse, "map": placed}))
    runfiles.write_atomic(output / MOMENTS, {"pictures": len(x), "moments": moments})
    rows = [
        pictures[:, 0].permute(1, 0, 2).flatten(1).numpy()
        for pictures in (x, *(snapshot["x_recon"] for snapshot in snapshots))
    ]
    Image.fromarray(np.concatenate(rows)).save(output / SHEET, optimize=True)


def rounded(record: dict) -> dict:
    """A step of the curve in as many digits as a curve shows."""
    return {
        name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
        for name, value in record.items()
    }


if __name__ == "__main__":
    run(main)
