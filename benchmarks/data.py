"""How fast data is read, drawn and cached: ``python benchmarks/data.py [ZIP]``; prints one JSON line a figure.

ZIP is a zip of images (the figure in the project's table is for 60,000 of 32 x 32). Processor seconds stand beside the
seconds on the clock, because another program on the same cores doubles the latter.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from vqvae.data import load_dataset
from vqvae.synthetic import synthetic_digits


def timed(work):
    """(result, seconds on the clock, processor seconds)"""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - processor


def report(figure: str, value: float, unit: str, **more) -> None:
    print(json.dumps({"figure": figure, "value": round(value, 3), "unit": unit, **more}), flush=True)


def main() -> None:
    synthetic_digits(512)  # fills the table of shapes
    _, wall, processor = timed(lambda: synthetic_digits(10_240))
    report("synthetic digits drawn", 10_240 / wall, "images/s", per_processor_second=round(10_240 / processor))
    if len(sys.argv) < 2:
        return
    with tempfile.TemporaryDirectory() as folder:
        for label in ("first load of a zip", "second load of a zip, from the cache"):
            def load():
                return sum(len(load_dataset(sys.argv[1], split, data_dir=folder)) for split in ("train", "test"))

            count, wall, processor = timed(load)
            report(label, wall, "s", images=count, processor_seconds=round(processor, 2))


if __name__ == "__main__":
    main()
