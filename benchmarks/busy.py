"""Training on a busy machine: `python benchmarks/busy.py [--rounds N] [--seconds S]`.

Prints one JSON line per figure: the steps of a training with default settings beside processes that
keep a core busy each, as a share of the steps of the same on one thread; and two trainings at once,
in images per second of both, as a share of one alone. Runs that are compared follow each other,
round after round, because a virtual machine may change its speed from one minute to the next.
Synthetic digits.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from figures import report
from running import ROOT, end, run

SPIN = "while True: pass"
TARGETS = {0: ">= 1", 1: ">= 0.95", 2: ">= 0.9"}


def trainings(count: int, seconds: float, threads: int | None = None) -> float:
    """Images per second of so many trainings together; evaluation and start not counted."""
    environment = {**os.environ, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        started = []
        for number in range(count):
            command = [
                sys.executable,
                "-m",
                "vqvae",
                "train",
                "--dataset",
                "synthetic",
                "--device",
                "cpu",
                "--seconds",
                f"{seconds:g}",
                "--output",
                f"{folder}/{number}",
            ]
            started.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            stack.callback(end, started[-1])
        for process in started:
            if process.wait():
                raise SystemExit(f"A training ended with exit code {process.returncode}.")
        speed = 0.0
        for number in range(count):
            training = json.loads((Path(folder) / str(number) / "training.json").read_text())
            speed += (
                training["step"] * training["config"]["batch_size"] / training["elapsed_seconds"]
            )
        return speed


@contextlib.contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """So many processes that compute and never wait."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.callback(subprocess.Popen([sys.executable, "-c", SPIN]).kill)
        yield


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind (default: 3)")
    parser.add_argument(
        "--seconds", type=float, default=10, help="seconds of each run (default: 10)"
    )
    parser.add_argument(
        "--busy", type=int, nargs="*", default=list(TARGETS), help="busy cores (default: 0 1 2)"
    )
    args = parser.parse_args()
    command = f"python benchmarks/busy.py --rounds {args.rounds} --seconds {args.seconds:g}"
    for count in args.busy:
        pairs = []
        with busy_cores(count):
            for _ in range(args.rounds):
                pairs.append((trainings(1, args.seconds), trainings(1, args.seconds, 1)))
        ratios = [chosen / one for chosen, one in pairs]
        report(
            f"beside_{count}_busy_cores_against_one_thread",
            statistics.median(ratios),
            "ratio",
            TARGETS.get(count, ""),
            f"{command} --busy {count}",
            runs=[[round(n) for n in pair] for pair in pairs],
        )
    pairs = [(trainings(2, args.seconds), trainings(1, args.seconds)) for _ in range(args.rounds)]
    report(
        "two_trainings_against_one",
        statistics.median(two / one for two, one in pairs),
        "ratio",
        ">= 0.95",
        command,
        runs=[[round(n) for n in pair] for pair in pairs],
    )


if __name__ == "__main__":
    run(main)
