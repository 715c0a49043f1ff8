"""What the app reads and writes stays below its folders; one it cannot use stops the start."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from demo.models import sets as comparison_models
from demo.models.library import ModelError, list_models, resolve
from demo.roots import RootError, open_runs
from demo.runs.jobs import JobError, Jobs
from demo.settings import Settings
from tests.names import own_id

ROOT = Path(__file__).resolve().parents[2]
VISITOR, RUN = "ab" * 16, "0123456789abcdef"


@pytest.mark.parametrize("kind", ["a file", "below a file", "not to be made", "a link to a file"])
def test_runs_that_cannot_be_used_are_refused_with_a_sentence(kind, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    runs = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "runs",
        "not to be made": Path("/proc/runs"),
        "a link to a file": tmp_path / "link",
    }[kind]
    with pytest.raises(RootError, match=r"^--runs .*may write to[^\n]*$"):
        open_runs(runs, ["uploads"])


def test_runs_that_cannot_be_used_stop_the_start(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RootError) as refused:
        open_runs(tmp_path / "file", ["uploads"])
    ended = subprocess.run(
        [sys.executable, "app.py", "--port", "0", "--runs", str(tmp_path / "file")],
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (1, f"{refused.value}\n")
    assert "ready" not in ended.stdout


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_folders_that_were_open_are_closed(tmp_path):
    home = tmp_path / "runs" / VISITOR
    home.mkdir(parents=True)
    for folder in (home, home.parent):
        folder.chmod(0o777)
    assert open_runs(home.parent, ["uploads"]) == ""
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (home, home.parent)} == {0o700}


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_a_folder_with_other_things_in_it_keeps_its_mode_and_is_warned_of(tmp_path):
    for folder in (tmp_path, tmp_path / "photos", tmp_path / VISITOR):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    assert "other users of this machine" in open_runs(tmp_path, ["uploads"])
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, *tmp_path.iterdir())
    }
    assert modes == {tmp_path.name: 0o755, "photos": 0o755, VISITOR: 0o700, "uploads": 0o700}


LINKS = {
    "a shipped model": lambda s, away: (s.checkpoints / "away").symlink_to(away),
    "a run": lambda s, away: (s.runs / VISITOR / RUN).symlink_to(away),
    "a visitor": lambda s, away: (
        (s.runs / VISITOR).rmdir(),
        (away.parent / "home").mkdir(),
        shutil.copytree(away, away.parent / "home" / RUN),
        (s.runs / VISITOR).symlink_to(away.parent / "home"),
    ),
    "the checkpoint of a run": lambda s, away: (
        (s.runs / VISITOR / RUN).mkdir(),
        (s.runs / VISITOR / RUN / "checkpoint").symlink_to(away),
    ),
    "the weights alone": lambda s, away: (
        shutil.copytree(away, s.runs / VISITOR / RUN),
        (s.runs / VISITOR / RUN / "model.safetensors").unlink(),
        (s.runs / VISITOR / RUN / "model.safetensors").symlink_to(away / "model.safetensors"),
    ),
}


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_that_leads_out_is_neither_listed_nor_loaded(kind, tmp_path):
    away = tmp_path / "away"
    shutil.copytree(ROOT / "checkpoints" / "mnist", away)
    settings = Settings(
        checkpoints=tmp_path / "checkpoints", runs=tmp_path / "runs", data_dir=tmp_path
    )
    settings.checkpoints.mkdir()
    (settings.runs / VISITOR).mkdir(parents=True)
    LINKS[kind](settings, away)
    assert list_models(settings, VISITOR, kinds=None) == []
    for name in ("away", own_id(settings.runs, VISITOR, RUN)):
        with pytest.raises(ModelError, match="not here any more"):
            resolve(name, settings)


def test_a_link_inside_the_root_is_listed(tmp_path):
    settings = Settings(checkpoints=tmp_path, runs=tmp_path / "runs", data_dir=tmp_path)
    shutil.copytree(ROOT / "checkpoints" / "mnist", tmp_path / "mnist")
    (tmp_path / "again").symlink_to(tmp_path / "mnist")
    assert {entry.id for entry in list_models(settings)} == {"mnist", "again"}


def test_runs_and_sets_behind_a_link_are_not_there(tmp_path):
    away, settings = (
        tmp_path / "away",
        Settings(checkpoints=tmp_path / "none", runs=tmp_path / "runs"),
    )
    shutil.copytree(ROOT / "checkpoints" / "mnist", away / "models" / "vqvae")
    (away / "job.json").write_text("{}")
    (settings.runs / VISITOR).mkdir(parents=True)
    (settings.runs / VISITOR / RUN).symlink_to(away)
    jobs = Jobs(settings.runs, command=[sys.executable, "-c", ""])
    assert jobs.list_runs(VISITOR) == [] and comparison_models.list_sets(settings, VISITOR) == []
    with pytest.raises(JobError, match="not here any more"):
        jobs.status(VISITOR, RUN)
    with pytest.raises(ModelError, match="not here any more"):
        comparison_models.open_set(own_id(settings.runs, VISITOR, RUN), None, settings)
