"""A stand-in for the process that trains, for tests of what starts, stops and loses it."""

import time

from demo.runs.settings import RunSettings
from vqvae.config import ModelConfig, TrainingConfig

# Speaks the worker's protocol: the run's folder on the first line, then commands.
STAND_IN = """
import os, sys
from pathlib import Path
from demo.runs import files as runfiles
line = sys.stdin.readline().strip()
if not line:
    sys.exit(75)
run = Path(line)
lock = runfiles.Lock(run)
assert lock.take(wait=3)
def say(phase):
    runfiles.write_atomic(run / runfiles.STATE, {"phase": phase, "pid": os.getpid()})


say("training")
(run / runfiles.SAVE).mkdir(exist_ok=True)
(run / runfiles.SAVE / "training.safetensors").touch()
for line in sys.stdin:
    command = line.strip()
    if command == "stop":
        say("stopped")
        break
    if command == "die":
        os._exit(9)
    say({"pause": "paused", "step": "paused", "resume": "training"}[command])
else:
    say("interrupted")
"""
SETTINGS = RunSettings(ModelConfig(), TrainingConfig(seconds=5))


def until(condition, seconds=60.0):
    """Wait for what another process does; fails the test when it does not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
