"""Caps on the disk, what a crash leaves, visitors who do not come back."""

import os
import threading
import time
from dataclasses import replace

import pytest

from demo.models.transfer import TransferError, unpack
from demo.runs import files as runfiles
from demo.runs import storage
from demo.runs.jobs import JobError, Jobs
from demo.runs.settings import RunSettings
from demo.runs.storage import DAY, Caps, StorageError, check_room, folder_bytes, sweep
from demo.settings import Settings
from vqvae.config import ModelConfig, TrainingConfig

HERE, AWAY = "a" * 32, "b" * 32
ROOMY = Caps(total=10_000, visitor=5_000, free=0)


@pytest.fixture
def settings(tmp_path):
    for visitor in (HERE, AWAY):
        run = tmp_path / "runs" / visitor / "0123456789abcdef"
        (run / "checkpoint").mkdir(parents=True)
        (run / "checkpoint" / "model.safetensors").write_bytes(bytes(3_000))
    return Settings(
        checkpoints=tmp_path / "shipped", runs=tmp_path / "runs", data_dir=tmp_path / "data"
    )


def age(path, seconds):
    """Make a file or folder, and all in it, look as old as that."""
    then = time.time() - seconds
    for each in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(each, (then, then))


@pytest.mark.parametrize(
    "caps, sentence",
    [
        (
            {"visitor": 3_500},
            r"Your runs and models take 0 MB and may take 0 MB: delete some in the Train tab",
        ),
        ({"total": 6_500}, r"The app keeps at most 0 MB of runs and models"),
        ({"free": 2**60}, r"The disk has .* left and 1073741824\.0 GB must stay free"),
    ],
)
def test_each_cap_has_its_sentence(settings, caps, sentence):
    check_room(settings.runs, HERE, 1_000, ROOMY)
    with pytest.raises(StorageError, match=sentence):
        check_room(settings.runs, HERE, 1_000, replace(ROOMY, **caps))


def test_a_run_and_an_upload_are_refused_in_words_when_there_is_no_room(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(storage.check_room, "__defaults__", (0, Caps(visitor=100)))
    before = folder_bytes(settings.runs / HERE)
    with pytest.raises(JobError, match="Your runs and models take"):
        Jobs(settings.runs, command=["false"]).start(
            HERE, RunSettings(ModelConfig(), TrainingConfig())
        )
    (tmp_path / "any.zip").write_bytes(b"PK")
    with pytest.raises(TransferError, match="Your runs and models take"):
        unpack(tmp_path / "any.zip", HERE, settings)
    assert folder_bytes(settings.runs / HERE) == before


def test_what_a_killed_process_left_is_swept_and_nothing_else(settings):
    run = settings.runs / HERE / "0123456789abcdef"
    left = [
        run / ".state.json.x1y2",
        run / "checkpoint" / ".model.safetensors.zz",
        settings.runs / HERE / ".upload-1",
        settings.data_dir / "MNIST/raw/train.gz.77.part",
        settings.data_dir / "cache/abc.77.part",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if path.name == ".upload-1" else path.write_text("half")
    (settings.data_dir / "MNIST/raw/train").write_text("whole")
    assert sweep(settings) == []
    for path in left:
        age(path, 2 * storage.LEFTOVER_SECONDS)
    assert sorted(sweep(settings)) == sorted(left)
    assert not any(path.exists() for path in left)
    assert (run / "checkpoint" / "model.safetensors").exists() and (
        settings.data_dir / "MNIST/raw/train"
    ).exists()


def test_runs_of_visitors_who_stay_away_go_after_the_stated_time_only(settings):
    away = settings.runs / AWAY
    age(away, 31 * DAY)
    age(settings.runs / HERE, 31 * DAY)
    assert sweep(settings) == [], "without a stated time nothing is removed"
    storage.seen(settings, HERE)
    stated = replace(settings, keep_days=30)
    lock = runfiles.Lock(away / "0123456789abcdef")
    assert lock.take()
    age(away, 31 * DAY)
    assert sweep(stated) == [], "a run in training is not removed"
    lock.free()
    assert sweep(stated) == [away]
    assert (settings.runs / HERE).exists()


def test_nothing_is_removed_right_after_the_clock_has_jumped(settings, monkeypatch):
    swept, stop = [], threading.Event()
    times = [(100.0, 0.0), (101.0, 1.0), (101.0 + 400 * DAY, 1.5), (102.0 + 400 * DAY, 2.5)]
    monkeypatch.setattr(storage, "sweep", lambda settings: swept.append(settings))
    monkeypatch.setattr(stop, "wait", lambda seconds: not times)
    storage.keep_tidy(settings, stop, clocks=lambda: times.pop(0))
    assert len(swept) == 2 and not times


@pytest.mark.parametrize("jump", [400 * DAY, -400 * DAY])
def test_a_clock_that_jumps_makes_nobody_a_visitor_who_stays_away(settings, monkeypatch, jump):
    now, stop = time.time(), threading.Event()
    age(
        settings.runs / AWAY, jump + 3 * DAY
    )  # seen three days ago, by a clock that has been set since
    times = [(now - jump, 0.0), (now - jump, 0.0), (now + 1, 1.0), (now + 2, 2.0)]
    monkeypatch.setattr(stop, "wait", lambda seconds: not times)
    stated = replace(settings, keep_days=30)
    monkeypatch.setattr(
        storage,
        "sweep",
        lambda settings, real=storage.sweep: real(settings, now=now) if len(times) < 2 else [],
    )
    storage.keep_tidy(stated, stop, clocks=lambda: times.pop(0))
    assert (settings.runs / AWAY).exists() and (settings.runs / HERE).exists()


def test_a_folder_that_cannot_be_read_breaks_nothing(tmp_path):
    nowhere = Settings(
        runs=tmp_path / "no" / "runs", data_dir=tmp_path / "no", checkpoints=tmp_path
    )
    assert sweep(nowhere) == [] and folder_bytes(nowhere.runs) == 0
    check_room(nowhere.runs, HERE, caps=ROOMY)
    storage.seen(nowhere, HERE)
