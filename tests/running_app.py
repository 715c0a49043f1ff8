"""`python app.py` in a process of its own, for tests that meet it as a visitor or an attacker
would."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Where data sets lie on this machine, the folder beside the checkout included."""
    beside = ROOT.parent / "shared" / "data"
    return Path(os.environ.get("VQVAE_DATA_DIR") or (beside if beside.is_dir() else "data"))


class App:
    """`python app.py` in a process of its own. `url` is where it answers, `lines` what it has
    printed. `prefix`: a program that starts it, such as one that sets limits."""

    def __init__(self, runs: Path, *options: str, prefix: Sequence[str] = ()) -> None:
        command = [*prefix, sys.executable, "app.py", "--port", "0", "--runs", str(runs), *options]
        self.runs = runs
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(180)
        found = re.search(r"http://\S+", "\n".join(self.lines))
        if not found:
            self.stop()
            pytest.fail("The app did not start:\n" + "\n".join(self.lines))
        self.url = found[0]

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if "ready:" in line:
                self._ready.set()
        self._ready.set()

    def stop(self) -> int:
        """End the app as Ctrl-C does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()
        return status
