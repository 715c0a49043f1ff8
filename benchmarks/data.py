"""How fast data is read, drawn and cached: ``python benchmarks/data.py [ZIP]``; prints one JSON
line a figure.

ZIP is a zip of images (the figure in the project's table is for 60,000 of 32 x 32). Progress goes
to standard error as the command line shows it. Processor seconds stand beside the seconds on the
clock, because another program on the same cores doubles the latter.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import processor, report
from running import run

COMMAND = "python benchmarks/data.py"


def timed(work):
    """(result, seconds on the clock, processor seconds)"""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    from vqvae.cli.progress import ProgressLine
    from vqvae.data.datasets import load_dataset
    from vqvae.data.synthetic import synthetic_digits

    machine = processor()
    synthetic_digits(512)  # fills the table of shapes
    _, wall, cpu = timed(lambda: synthetic_digits(10_240))
    report(
        "synthetic_digits_drawn",
        10_240 / wall,
        "images/s",
        "",
        COMMAND,
        machine=machine,
        per_processor_second=round(10_240 / cpu),
    )
    if len(sys.argv) < 2:
        return
    calls = [0]

    def load():
        with ProgressLine() as line:

            def progress(done: int, total: int, text: str) -> None:
                calls[0] += 1
                line.count(done, total, text)

            return sum(
                len(load_dataset(sys.argv[1], split, data_dir=folder, progress=progress))
                for split in ("train", "test")
            )

    with tempfile.TemporaryDirectory() as folder:
        for name, target in (("zip_first_load", "<= 25"), ("zip_cached_load", "")):
            calls[0] = 0
            count, wall, cpu = timed(load)
            report(
                f"{name}_s",
                wall,
                "s",
                target,
                f"{COMMAND} ZIP",
                machine=machine,
                images=count,
                processor_seconds=round(cpu, 2),
                progress_calls=calls[0],
            )


if __name__ == "__main__":
    run(main)
