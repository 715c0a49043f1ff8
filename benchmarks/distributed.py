"""What a second process costs: `python benchmarks/distributed.py [--pairs N] [--seconds S]
[--batch-size N]`.

Prints one JSON line per figure: images per second of one process with two threads, of two processes
with one thread each (gloo) at the same global batch, and their ratio: medians over pairs of runs
that follow each other, because a virtual machine may change its speed by a third from one minute to
the next. Synthetic digits.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from figures import report
from running import call, run


def speed(processes: int, seconds: float, batch: int) -> float:
    """Images per second of `train` with default settings, evaluation and start not counted."""
    with tempfile.TemporaryDirectory() as folder:
        call(
            "train",
            "--dataset",
            "synthetic",
            "--device",
            "cpu",
            "--seconds",
            f"{seconds:g}",
            "--batch-size",
            str(batch),
            "--output",
            f"{folder}/model",
            "--processes",
            str(processes),
            environment={"OMP_NUM_THREADS": str(2 // processes)},
        )
        training = json.loads((Path(folder) / "model" / "training.json").read_text())
    assert training["processes"] == processes
    return training["step"] * batch / training["elapsed_seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=4, help="runs of each kind (default: 4)")
    parser.add_argument(
        "--seconds", type=float, default=12, help="seconds of each run (default: 12)"
    )
    parser.add_argument("--batch-size", type=int, default=64, help="global batch (default: 64)")
    args = parser.parse_args()
    speeds = [[speed(n, args.seconds, args.batch_size) for n in (1, 2)] for _ in range(args.pairs)]
    one, two = ([round(pair[n]) for pair in speeds] for n in (0, 1))
    ratios, command = [pair[1] / pair[0] for pair in speeds], "python benchmarks/distributed.py"
    report("one_process_two_threads", statistics.median(one), "images/s", "", command, runs=one)
    report("two_processes_one_thread", statistics.median(two), "images/s", "", command, runs=two)
    report(
        "two_processes_over_one",
        statistics.median(ratios),
        "ratio",
        ">= 0.9",
        command,
        batch_size=args.batch_size,
        runs=[round(r, 2) for r in ratios],
    )


if __name__ == "__main__":
    run(main)
