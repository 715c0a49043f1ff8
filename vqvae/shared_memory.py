"""Sums over the processes of one machine, through memory that they share.

gloo passes even a few bytes through threads of its own. Where every core is computing, these wait
for their turn, and what all processes wait for takes two to four milliseconds of a step of 25. Here
each process writes its numbers where the others read them and says so over a socket, which blocks
without a thread: a fifth of a millisecond.

W processes (the world).
"""

from __future__ import annotations

import contextlib
import mmap
import os
import socket
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

ROOT = Path("/dev/shm")
"""Files here live in memory. Where there is no such folder, nothing is shared."""
CAPACITY = 2**20
"""Most numbers that a sum can have. Larger ones take gloo long for their size, not for its
threads."""


class SharedMemory:
    """Memory of W processes, and a line from the first of them to each other. `share_memory` makes
    it."""

    def __init__(self, memory: Tensor, lines: list[socket.socket]) -> None:
        self._memory, self._lines, self._half = memory, lines, 0

    def sum(self, flat: Tensor) -> Tensor:
        """The sum over the processes of float32 (N,), N up to CAPACITY: new, and the same bits on
        all. To be called by all of them; ConnectionError when one has ended."""
        # Who is ahead writes into one half while the others may still read the other.
        self._half = 1 - self._half
        rows = self._memory[self._half, :, : len(flat)]
        rows[dist.get_rank()] = flat
        self._barrier()
        return rows.sum(0)

    def _barrier(self) -> None:
        """Return when all processes have come here; what each wrote before, the others then see."""
        first = dist.get_rank() == 0
        for say in (not first, first):
            for line in self._lines:
                if say:
                    line.send(b".")
                elif not line.recv(1):
                    raise ConnectionError("Another process of this run has ended.")

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()


def share_memory() -> SharedMemory | None:
    """Memory for all processes of the group, each of which has to call this; None for all of them
    when they run on several machines, or this one has too little. Nothing stays in the file
    system."""
    first = dist.get_rank() == 0
    with contextlib.ExitStack() as cleanup:
        listener = _offer(cleanup) if first else None
        address = [listener.getsockname() if listener else None]
        dist.broadcast_object_list(address, 0)
        memory: Tensor | None = None
        lines: list[socket.socket] = []
        with contextlib.suppress(OSError):  # it is not there: this process runs on another machine
            if address[0]:
                if not first:
                    lines = [socket.socket(socket.AF_UNIX)]
                    lines[0].connect(address[0])
                memory = _map(Path(address[0]).parent)
        everywhere = torch.tensor(float(memory is not None))
        dist.all_reduce(everywhere, dist.ReduceOp.MIN)
        if memory is None or not everywhere:
            for line in lines:
                line.close()
            return None
        if listener:
            lines = [listener.accept()[0] for _ in range(dist.get_world_size() - 1)]
        return SharedMemory(memory, lines)


def _offer(cleanup: contextlib.ExitStack) -> socket.socket | None:
    """A folder with the memory and a socket that listens in it, until `cleanup`; None where that
    cannot be had."""
    try:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="vqvae-", dir=ROOT)))
        with open(folder / "memory", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 2 * dist.get_world_size() * CAPACITY * 4)
        listener = cleanup.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(folder / "line"))
        listener.listen(dist.get_world_size())
    except (
        OSError,
        AttributeError,
    ):  # no such folder, too little room; a system without these calls
        return None
    return listener


def _map(folder: Path) -> Tensor:
    """float32 (2, W, CAPACITY); OSError when there is no such folder."""
    with open(folder / "memory", "r+b") as file:
        return torch.frombuffer(mmap.mmap(file.fileno(), 0), dtype=torch.float32).view(
            2, -1, CAPACITY
        )
