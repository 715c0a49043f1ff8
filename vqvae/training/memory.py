"""How much memory a process may take: the machine's, or less where a container sets a limit.
Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
# Version 2 of control groups, then version 1: what is allowed, what is taken.
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def total_bytes() -> int:
    """Memory of this machine or container; 0 where nobody tells."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
    limit, _ = container_limit()
    return min(total, limit) if limit else total


def free_bytes() -> int:
    """Memory left for a new process on this machine or in this container; 4 GB where nobody
    tells."""
    free = 0
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(
            int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        free = total_bytes() // 2 or 4 * 2**30
    limit, taken = container_limit()
    return max(0, min(free, limit - taken)) if limit else free


def container_limit(root: Path = _CGROUP) -> tuple[int, int]:
    """(what a container may take, what it has taken), bytes; (0, 0) without a limit."""
    for most, now in _LIMITS:
        try:
            limit, taken = int((root / most).read_text()), int((root / now).read_text())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        if 0 < limit < 2**60:  # version 1 writes a huge number for "none"
            return limit, taken
    return 0, 0
