"""Several processes as one run, on PyTorch's own engine: `python -m vqvae train --processes N`, and
on several machines `torchrun ... -m vqvae train ...`.

Each process takes its share of every batch; what depends on the whole batch is added up over all of
them: gradients, the counts and sums that move the codebook, the vectors that dead codes are put on.
All processes therefore hold the same weights and the same codebook, and N of them do what one would
with the same batch. Every function is a plain identity where there is one process, and must be
called by all where there are several.

W processes (the world), each with a rank 0..W-1; N vectors of a process, D numbers in a vector.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn

from vqvae.config import ConfigError
from vqvae.errors import VqvaeError
from vqvae.shared_memory import CAPACITY, SharedMemory, share_memory

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun (or any other launcher) puts into the environment of each process."""
_shared: SharedMemory | None = None
"""Of processes that run on the CPU of one machine."""


class ProcessLost(VqvaeError, RuntimeError):
    """Another process of the run has ended, or cannot be reached any more. The model is as the last
    step left it."""


@contextlib.contextmanager
def process_group(device: str = "auto") -> Generator[None]:
    """Inside, this process is one of those that the launcher started, or alone where no launcher
    did.

    On the CPU they talk by gloo and, on one machine, add up in shared memory; on GPUs by NCCL, one
    GPU a process. ConfigError when there are fewer GPUs than that. Joining again inside changes
    nothing. Leaving and joining anew is not for one process: the launcher's store still holds the
    addresses of the first time.
    """
    global _shared
    if world_size() > 1 or not started_by_launcher():
        yield
        return
    gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if gpu:
        local = int(os.environ.get("LOCAL_RANK", os.environ["RANK"]))
        if local >= torch.cuda.device_count():
            raise ConfigError(
                f"Process {local} of this machine has no GPU of its own (there are "
                f"{torch.cuda.device_count()}); start as many processes as GPUs, or use --device "
                f"cpu."
            )
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if gpu else "gloo")
    _shared = None if gpu else share_memory()
    try:
        yield
    finally:
        if _shared:
            _shared.close()
        _shared = None
        dist.destroy_process_group()


def started_by_launcher() -> bool:
    """Whether this process is one of several that torchrun (or its like) has started."""
    return all(name in os.environ for name in VARIABLES) and int(os.environ["WORLD_SIZE"]) > 1


def world_size() -> int:
    """W, how many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is."""
    return dist.get_rank() if world_size() > 1 else 0


def is_main() -> bool:
    """Whether this is the process that logs, saves and evaluates."""
    return rank() == 0


@contextlib.contextmanager
def main_first() -> Generator[None]:
    """The main process goes through the block before the others enter it: what it downloads and
    caches, they find."""
    if world_size() > 1 and not is_main():
        dist.barrier()
    try:
        yield
    finally:
        if world_size() > 1 and is_main():
            dist.barrier()


def shard(rows: Tensor) -> Tensor:
    """This process's equal part of the rows (B, ...) of a batch, in the order of ranks."""
    each = len(rows) // world_size()
    return rows[rank() * each : (rank() + 1) * each]


def broadcast_state(module: nn.Module) -> None:
    """Give all processes the weights and buffers of rank 0."""
    if world_size() > 1:
        for value in module.state_dict().values():
            dist.broadcast(value, 0)


def all_reduce_sum(*tensors: Tensor) -> list[Tensor]:
    """Each tensor summed over the processes, in one exchange: floats, or counts below 2^24, of any
    shapes. ProcessLost when one does not answer."""
    if world_size() == 1:
        return list(tensors)
    flat = torch.cat([t.flatten().float() for t in tensors])
    try:
        if _shared and len(flat) <= CAPACITY:
            flat = _shared.sum(flat)
        else:
            dist.all_reduce(flat)
    except (ConnectionError, RuntimeError) as error:
        raise ProcessLost(
            "Another process of this run has ended, or cannot be reached any more."
        ) from error
    parts = flat.split([t.numel() for t in tensors])
    return [part.view(t.shape).to(t.dtype) for part, t in zip(parts, tensors, strict=True)]


def of_main(values: Tensor) -> Tensor:
    """What the main process has in `values`, which has the same shape and type on all; in place."""
    if world_size() > 1:
        dist.broadcast(values, 0)
    return values


def gather(rows: Tensor) -> Tensor:
    """The rows (N, D) of all processes, as many of each, in the order of ranks: (W * N, D)."""
    if world_size() == 1:
        return rows
    out = [
        torch.empty_like(rows, memory_format=torch.contiguous_format) for _ in range(world_size())
    ]
    dist.all_gather(out, rows.contiguous())
    return torch.cat(out)


def select_rows(rows: Tensor, which: Tensor) -> Tensor:
    """Rows by their number in `gather(rows)`, which int64 (M,) the same on all, without gathering:
    (M, D)."""
    if world_size() == 1:
        return rows[which]
    local = which - rank() * len(rows)
    mine = (local >= 0) & (local < len(rows))
    return all_reduce_sum(rows[local.clamp(0, len(rows) - 1)] * mine[:, None])[0]


def average(
    parameters: Iterable[nn.Parameter], values: dict[str, Tensor], sums: Sequence[Tensor] = ()
) -> tuple[dict[str, Tensor], Sequence[Tensor]]:
    """Average the gradients over the processes, in place, and the scalars `values`, and add up
    `sums`; both are returned. All that a step has to agree on goes in one exchange: each costs the
    wait for the slowest process."""
    if world_size() == 1:
        return values, sums
    gradients = [p.grad for p in parameters if p.grad is not None]
    added = all_reduce_sum(*gradients, *values.values(), *sums)
    count = len(gradients) + len(values)
    means = torch._foreach_div(added[:count], world_size())
    torch._foreach_copy_(gradients, means[: len(gradients)])
    return dict(zip(values, means[len(gradients) :], strict=True)), added[count:]
