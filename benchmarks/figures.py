"""What the benchmarks share: one JSON line a figure, always with the same fields (see
README.md)."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path


def processor() -> str:
    """The processor and the cores this process may use, in words."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        name = next(
            (
                line.split(":")[1].strip()
                for line in cpuinfo.read_text().splitlines()
                if line.startswith("model name")
            ),
            name,
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {name}"


def hardware() -> str:
    """The machine in words, with what torch uses of it."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{processor()}, {gpu}, torch {torch.__version__} with {torch.get_num_threads()} threads"


def report(
    name: str,
    value: float,
    unit: str,
    target: str = "",
    command: str = "",
    *,
    machine: str | None = None,
    **more,
) -> None:
    """Print a figure. `machine` stands in for `hardware()` where torch is not part of what was
    measured; `more` are fields of one benchmark's own."""
    print(
        json.dumps(
            {
                "name": name,
                "value": float(f"{value:.4g}"),
                "unit": unit,
                "target": target,
                "hardware": machine or hardware(),
                "command": command,
                **more,
            }
        ),
        flush=True,
    )
