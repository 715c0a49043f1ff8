"""How fast the model in the page is, in node on one thread: `python benchmarks/engine.py`.

For each shipped VQ-VAE, medians of: loading, encoding (the nearest code included) and decoding one
picture, the tiles of all codes, and the previews of all codes in the middle cell; and the longest
time that a slice of these previews held the thread.
"""

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from figures import processor, report
from running import run

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TARGETS = {
    "load": "300",
    "decode_mnist": "3",
    "decode_cifar10": "8.5",
    "decode_cifar10-fine": "13",
    "previews": "1500",
    "slice": "30",
}
"""Milliseconds to stay below, of a figure or of its kind."""


def main() -> int:
    node = shutil.which("node")
    if node is None:
        print("This needs node: install nodejs.", file=sys.stderr)
        return 1
    from vqvae.checkpoints.checkpoint import SHIPPED, list_checkpoints, read_info

    folders = [path for path in list_checkpoints(SHIPPED) if read_info(path)["kind"] == "vqvae"]
    script = ROOT / "benchmarks" / "engine.mjs"
    ran = subprocess.run([node, script, *folders], stdout=subprocess.PIPE, text=True, check=True)
    for line in ran.stdout.splitlines():
        times = json.loads(line)
        model = times.pop("model")
        for kind, values in times.items():
            name = f"{kind}_{model}"
            target = TARGETS.get(name, TARGETS.get(kind, ""))
            report(
                name,
                statistics.median(values),
                "ms",
                target and f"<= {target}",
                "python benchmarks/engine.py",
                machine=f"one of {processor()}, node",
            )
    return 0


if __name__ == "__main__":
    run(main)
