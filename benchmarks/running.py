"""How the benchmarks run: themselves, the command line and the app, all ended by one Ctrl-C."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
INTERRUPTED = 128 + signal.SIGINT
"""The exit code after Ctrl-C, as of the verbs of `python -m vqvae`."""
END_SECONDS = 60.0
"""What a process may need to put away what it holds."""


def run(main: Callable[[], int | None]) -> NoReturn:
    """Call `main` as the whole process: Ctrl-C and a package that is not there are a sentence."""
    try:
        code = main()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        code = INTERRUPTED
    except ModuleNotFoundError as error:
        print(
            f"The package {error.name} is not installed; run `pip install -r` with the file that "
            "benchmarks/README.md names for this command.",
            file=sys.stderr,
        )
        code = 1
    sys.exit(code)


def call(*arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """What `python -m vqvae ...` printed, with these variables changed; its progress goes to our
    standard error. SystemExit where it failed."""
    command = [sys.executable, "-m", "vqvae", *arguments]
    with start(command, {**os.environ, **environment}) as process:
        try:
            printed, _ = process.communicate()
        except BaseException:
            end(process)
            raise
    if process.returncode:
        said = f"`python -m vqvae {shlex.join(arguments)}` ended with exit code"
        raise SystemExit(f"{said} {process.returncode}.")
    return printed


@contextmanager
def app_running(*options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The real app on a free port of this machine: its process and its address. It is ended
    afterwards, whatever happened. SystemExit where it did not start."""
    command = [sys.executable, "app.py", "--port", "0", *options]
    with start(command) as app:
        try:
            found = (re.search(r"http://\S+", line) for line in app.stdout or ())
            address = next(filter(None, found), None)
            if address is None:
                raise SystemExit("The app ended before it was ready; `python app.py` shows why.")
            yield app, address[0]
        finally:
            end(app)


def start(command: list[str], environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A process in a group of its own: Ctrl-C reaches the benchmark alone, which hands it on
    once."""
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, process_group=0
    )


def end(process: subprocess.Popen[str]) -> None:
    """End a process as Ctrl-C does, and wait for it."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
