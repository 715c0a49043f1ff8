"""Keeps loaded checkpoints: each once, read-only, at most a few at a time."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

import vqvae

if TYPE_CHECKING:
    from vqvae import Checkpoint


class CheckpointCache:
    """Loaded checkpoints by folder and file times, least recently used first; safe to ask from many threads.

    Each key has its own lock, so that two requests for one model load it once and two models load side by side.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[tuple, threading.Lock] = {}
        self._loaded: OrderedDict[tuple, Checkpoint] = OrderedDict()

    def get(self, path: Path, limit: int) -> "Checkpoint":
        """The checkpoint in `path`, read again when its files have changed; at most `limit` are kept.

        Raises vqvae.CheckpointError where the files are damaged.
        """
        key = version(path)
        with self._guard:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._loaded:
                    return self._loaded[key]
            try:
                _one_thread_a_request()
                checkpoint = vqvae.load_checkpoint(path)
                checkpoint.model.eval().requires_grad_(False)
                with self._guard:
                    # A run that trains on is saved again and again: only its newest weights are kept.
                    for old in [k for k in self._loaded if k[0] == key[0]]:
                        del self._loaded[old]
                    self._loaded[key] = checkpoint
                    while len(self._loaded) > limit:
                        self._loaded.popitem(last=False)
                return checkpoint
            finally:
                with self._guard:
                    self._locks.pop(key, None)


def _one_thread_a_request() -> None:
    """PyTorch on one thread in this process, from the first model on.

    The page's requests are small and come side by side, with a training beside them: threads that wait for each other
    on taken cores made a reconstruction of 8 ms last 70. Training has a process of its own, with all the threads.
    """
    import torch

    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)


def version(path: Path) -> tuple:
    """What changes when the files of a checkpoint do."""
    files = sorted(f for f in path.iterdir() if f.suffix in (".safetensors", ".json"))
    return (str(path.resolve()), *((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files))
