"""What machines do to a run: kills, disks that refuse, clocks that jump. Cut writes are in
test_checkpoint.py and test_training.py, cut downloads in test_data.py, leftovers in
test_storage.py."""

import errno
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

import pytest
import torch

import vqvae
from demo.runs import driving, worker
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.places import JobError
from demo.runs.settings import RunSettings
from demo.session import new_token
from demo.settings import PROJECT
from demo.web.rates import Buckets
from tests.stand_in import SETTINGS, STAND_IN, until
from vqvae.checkpoints import atomic
from vqvae.checkpoints.checkpoint import save_checkpoint
from vqvae.checkpoints.files import CheckpointError

DAY = 86_400.0
LOST_AT_MOST = 10.0
"""Seconds of training that a kill may cost: what is promised."""
REFUSALS = [
    (errno.EROFS, "Read-only file system"),
    (errno.EACCES, "Permission denied"),
    (errno.ENOSPC, "No space"),
]
TINY = vqvae.ModelConfig(
    channels=1,
    height=16,
    width=16,
    hidden_channels=8,
    residual_blocks=0,
    embedding_dim=4,
    codebook_size=8,
)


class Silent:
    """Commands that never come, and a reporter that tells nobody."""

    note = unsaved = ""

    def get(self, timeout=None):
        return ""

    def state(self, phase, text=""):
        pass


class Clocked:
    """A training whose steps and saves take given seconds of a clock that only they move."""

    def __init__(self, step_seconds, save_seconds, clock):
        self.step_seconds, self.save_seconds, self.clock = step_seconds, save_seconds, clock
        self.trained = self.saved = 0.0

    def steps(self):
        while self.trained < 120:
            self.clock[0] += self.step_seconds
            self.trained += self.step_seconds
            yield SimpleNamespace(step=0, elapsed=self.trained)

    def save(self, path):
        self.clock[0] += self.save_seconds
        self.saved = self.trained


@pytest.mark.parametrize(("step", "save"), [(0.05, 0.1), (0.7, 1.0), (1.9, 0.0)])
def test_a_kill_at_any_moment_costs_ten_seconds_of_training_at_most(
    tmp_path, monkeypatch, step, save
):
    clock = [0.0]
    monkeypatch.setattr(driving, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    training, lost = Clocked(step, save, clock), []
    driving.run_until_done(
        training,
        lambda record: lost.append(record.elapsed - training.saved),
        tmp_path,
        Silent(),
        Silent(),
    )
    assert 0 < max(lost) <= LOST_AT_MOST and training.saved > 100


def test_a_killed_app_leaves_a_run_that_the_next_one_finds_and_no_process(tmp_path):
    visitor = new_token()
    app = (
        "import sys, time\nfrom pathlib import Path\nfrom demo.runs.jobs import Jobs\nfrom "
        "tests.stand_in import *\n"
        f"jobs = Jobs(Path({str(tmp_path)!r}), slots=1, command=[sys.executable, '-c', STAND_IN])\n"
        f"print(jobs.start({visitor!r}, SETTINGS), flush=True)\ntime.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", app], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    run = process.stdout.readline().strip()
    folder = tmp_path / visitor / run
    until(lambda: runfiles.read_json(folder / runfiles.STATE).get("phase") == "training")
    trainer = runfiles.read_json(folder / runfiles.STATE)["pid"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    until(
        lambda: not runfiles.is_locked(folder)
    )  # it reads the end of its standard input, saves, and ends
    until(lambda: not _alive(trainer))
    after = Jobs(tmp_path, slots=1, command=[sys.executable, "-c", STAND_IN])
    try:
        assert [(status.run_id, status.phase) for status in after.list_runs(visitor)] == [
            (run, "interrupted")
        ]
        after.resume(visitor, run)
        until(lambda: after.status(visitor, run).phase == "training")
    finally:
        after.close(wait=10)


def _alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("number", "words"), REFUSALS)
def test_a_folder_that_takes_no_files_is_a_sentence_and_keeps_what_it_holds(
    tmp_path, monkeypatch, number, words
):
    model = vqvae.build_model(TINY)
    save_checkpoint(tmp_path / "model", model)
    before = {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    data = vqvae.ImageSet("x", "train", torch.zeros(4, 1, 16, 16, dtype=torch.uint8))
    training = vqvae.Training(model, data, vqvae.TrainingConfig(dataset="x", steps=2, device="cpu"))

    def refuse(*args, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    for write in (
        lambda: save_checkpoint(tmp_path / "model", model),
        lambda: training.save(tmp_path / "model"),
    ):
        with pytest.raises(
            CheckpointError, match=f"could not be .* to .*model: {words}.*choose another folder"
        ):
            write()
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == before
    with pytest.raises(JobError, match=f"The run's folder cannot be written .{words}.*--runs"):
        Jobs(tmp_path / "runs", command=["false"]).start(new_token(), SETTINGS)
    assert not [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]


def test_a_folder_below_a_file_is_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    from vqvae.__main__ import main

    code = main(
        [
            "train",
            "--dataset",
            "synthetic",
            "--steps",
            "1",
            "--output",
            str(tmp_path / "file" / "model"),
        ]
    )
    assert (
        code in (1, 2)
        and "Traceback" not in (told := capsys.readouterr().err)
        and str(tmp_path / "file") in told
    )
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("number", "words"), REFUSALS)
def test_a_run_that_the_disk_ends_can_go_on_when_there_is_room_again(tmp_path, number, words):
    error = OSError(number, os.strerror(number))
    assert worker.outcome(error, tmp_path)[0] == "failed", "there is nothing to go on from"
    (tmp_path / runfiles.SAVE).mkdir()
    (tmp_path / runfiles.SAVE / "training.safetensors").write_bytes(b"")
    full = CheckpointError("The checkpoint could not be written.")
    full.__cause__ = error
    for told in (error, full):
        phase, text = worker.outcome(told, tmp_path)
        assert phase == "interrupted" and text.endswith(
            "press Resume: it goes on from the last save."
        )
    assert words in worker.explain(error)
    assert worker.outcome(KeyError("x"), tmp_path)[0] == "failed"


def test_a_clock_that_jumps_a_day_at_every_look_changes_no_figure(tmp_path, monkeypatch):
    real, jumps = time.time, itertools.cycle((DAY, -DAY, 0.0))
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    data = vqvae.ImageSet("x", "train", torch.zeros(32, 1, 16, 16, dtype=torch.uint8))
    config = vqvae.TrainingConfig(dataset="x", seconds=0.3, batch_size=8, device="cpu")
    records = list(vqvae.Training(vqvae.build_model(TINY), data, config).steps())
    assert 0 < records[-1].elapsed < 60 and records[-1].images_per_second > 0
    assert all(0 <= record.remaining <= 0.3 for record in records)

    buckets = Buckets(0.001, 1.0)
    assert buckets.take("a") == 0 and all(buckets.take("a") > 0 for _ in range(6)), (
        "no jump fills a bucket"
    )

    jobs, visitor = Jobs(tmp_path, slots=1, command=[sys.executable, "-c", STAND_IN]), new_token()
    try:
        first = jobs.start(visitor, SETTINGS, "first")
        assert jobs.start(visitor, SETTINGS, "first") == first, "a moment is a moment"
        second = jobs.start(visitor, RunSettings(TINY, SETTINGS.training), "second")
        until(lambda: jobs.status(visitor, first).phase == "training")
        jobs.stop(visitor, first)
        until(lambda: jobs.status(visitor, second).phase == "training")
    finally:
        jobs.close(wait=10)


def test_what_a_killed_save_left_goes_with_the_next_one_and_nothing_else(tmp_path):
    model = vqvae.build_model(TINY)
    save_checkpoint(tmp_path, model)
    names = sorted(path.name for path in tmp_path.iterdir())
    old, fresh, other = (
        tmp_path / name for name in (".model.safetensors.a1", ".model.safetensors.b2", ".mine")
    )
    for path in (old, fresh, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (1e9, time.time() - 2 * atomic.LEFTOVER_SECONDS))
    save_checkpoint(tmp_path, model)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*names, fresh.name, other.name]
    )
