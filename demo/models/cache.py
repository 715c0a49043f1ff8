"""Keeps what is loaded from checkpoint folders: each once, read-only, at most a few at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vqvae
from demo.models.palette import draw_ahead

if TYPE_CHECKING:
    from vqvae import Checkpoint, Prior

PRIOR_FILES = ("prior.safetensors", "model.safetensors", "config.json")
"""What a prior depends on: its own file, and the VQ-VAE it belongs to."""
CODES_FILES = ("indices.safetensors", "model.safetensors", "config.json")


def load_checkpoint(path: Path) -> "Checkpoint":
    """The checkpoint of a folder, ready to be shared."""
    checkpoint = vqvae.load_checkpoint(path)
    checkpoint.model.eval().requires_grad_(False)
    draw_ahead(checkpoint.model)
    return checkpoint


def load_prior(path: Path) -> "Prior":
    """The prior of a folder, ready to be shared."""
    return vqvae.load_prior(path).eval().requires_grad_(False)


class FolderCache:
    """What `load` makes of folders, by folder and file times, least recently used first; safe to
    ask from many threads.

    Each key has its own lock, so that two requests for one model load it once and two models load
    side by side.
    """

    def __init__(
        self, load: Callable[[Path], Any] = load_checkpoint, files: tuple[str, ...] | None = None
    ) -> None:
        """`files`: those whose change makes it read again; None for all of a checkpoint but what
        its prior adds."""
        self._load, self._files = load, files
        self._guard = threading.Lock()
        self._locks: dict[tuple, threading.Lock] = {}
        self._loaded: OrderedDict[tuple, Any] = OrderedDict()

    def get(self, path: Path, limit: int) -> Any:
        """What is loaded from `path`, read again when its files have changed; at most `limit` are
        kept.

        Raises vqvae.CheckpointError where the files are damaged.
        """
        key = version(path, self._files)
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
                loaded = self._load(path)
                with self._guard:
                    # A run that trains on is saved again and again: only its newest weights are
                    # kept.
                    for old in [k for k in self._loaded if k[0] == key[0]]:
                        del self._loaded[old]
                    self._loaded[key] = loaded
                    while len(self._loaded) > limit:
                        self._loaded.popitem(last=False)
                return loaded
            finally:
                with self._guard:
                    self._locks.pop(key, None)


def _one_thread_a_request() -> None:
    """PyTorch on one thread in this process, from the first model on.

    The page's requests are small and come side by side, with a training beside them: threads that
    wait for each other on taken cores made a reconstruction of 8 ms last 70. Training has a process
    of its own, with all the threads.
    """
    import torch

    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)


def version(path: Path, files: tuple[str, ...] | None = None) -> tuple[object, ...]:
    """What changes when these files of a folder do; without `files`, those of a checkpoint without
    its prior."""
    found = sorted(f for f in path.iterdir() if (f.name in files if files else _of_checkpoint(f)))
    return (str(path.resolve()), *((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in found))


def _of_checkpoint(file: Path) -> bool:
    # A prior in training is saved again and again; the model it belongs to stays as it is.
    return file.suffix in (".safetensors", ".json") and not file.name.startswith(
        ("prior", "indices")
    )
