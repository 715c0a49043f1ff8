"""The processes that train: one for each run that is under way, and one kept warm, with torch
imported, so that pressing Train costs no import."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from demo.runs.status import Command
from demo.settings import PROJECT


class Processes:
    """By the folder of its run. A process reads the folder and then commands, a line each, from its
    standard input; at the end of it, as when the app dies, it saves and ends.

    Whoever owns this calls it under a lock of its own; `on_end(run_dir, process)` is called without
    one, from a thread, and has to call `remove`.
    """

    def __init__(
        self, command: list[str], on_end: Callable[[Path, subprocess.Popen], None]
    ) -> None:
        self._command, self._on_end = command, on_end
        self._of_runs: dict[Path, subprocess.Popen] = {}
        self._told: dict[Path, Command] = {}
        """The last command to each, for one that went home without reading it."""
        self._warm: subprocess.Popen | None = None

    def __contains__(self, run_dir: Path) -> bool:
        return run_dir in self._of_runs

    def __iter__(self) -> Iterator[Path]:
        return iter(self._of_runs)

    def warm_up(self) -> int:
        """Keep one process ready; its id."""
        if self._warm is None or self._warm.poll() is not None:
            self._warm = self._spawn()
        return self._warm.pid

    def launch(self, run_dir: Path, command: Command) -> None:
        """Give a run to the warm process, or to a new one, with the first command to it."""
        process, self._warm = self._warm, None
        if process is None or process.poll() is not None:
            process = self._spawn()
        self._of_runs[run_dir] = process
        _write(process, str(run_dir.resolve()))
        if command:
            self.send(run_dir, command)
        threading.Thread(target=self._wait, args=(run_dir, process), daemon=True).start()

    def send(self, run_dir: Path, command: Command) -> None:
        self._told[run_dir] = command
        _write(self._of_runs[run_dir], command)

    def let_go(self, run_dir: Path) -> None:
        """Let a run's process save and end."""
        _close(self._of_runs[run_dir])

    def kill(self, run_dir: Path) -> None:
        process = self._of_runs[run_dir]
        process.kill()
        process.wait(10)

    def remove(self, run_dir: Path) -> Command:
        """Forget a process that has ended; the last command that it was sent."""
        self._of_runs.pop(run_dir, None)
        return self._told.pop(run_dir, Command.NONE)

    def close(self) -> list[subprocess.Popen]:
        """Let all of them save and end; those to wait for."""
        processes = [*self._of_runs.values(), *([self._warm] if self._warm else [])]
        self._warm = None
        for process in processes:
            _close(process)
        return processes

    def _spawn(self) -> subprocess.Popen:
        return subprocess.Popen(
            self._command,
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _wait(self, run_dir: Path, process: subprocess.Popen) -> None:
        process.wait()
        _close(process)
        self._on_end(run_dir, process)


def _write(process: subprocess.Popen, line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # it just ended, which is noticed elsewhere
        _input(process).write(f"{line}\n".encode())
        _input(process).flush()


def _close(process: subprocess.Popen) -> None:
    with contextlib.suppress(OSError):
        _input(process).close()


def _input(process: subprocess.Popen) -> IO[bytes]:
    assert process.stdin is not None, "started with a pipe"
    return process.stdin
