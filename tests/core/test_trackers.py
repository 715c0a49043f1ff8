"""Runs that are followed: TensorBoard, Weights & Biases and trackio get losses, the codebook, and
pictures with their originals; the last two in their offline modes, with no other host asked."""

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import vqvae
from vqvae.__main__ import main
from vqvae.training import trackers
from vqvae.training.trackers import sheet

ROOT = Path(__file__).parents[2]
CURVES = {
    "loss/total",
    "loss/reconstruction",
    "loss/codebook",
    "loss/commitment",
    "codebook/perplexity",
    "codebook/usage",
    "codebook/restarted",
    "run/learning_rate",
}
SMALL = [
    "--codebook-size",
    "16",
    "--hidden-channels",
    "8",
    "--residual-blocks",
    "1",
    "--embedding-dim",
    "4",
    "--batch-size",
    "32",
    "--device",
    "cpu",
    "--steps",
    "12",
]


def test_tensorboard_gets_curves_pictures_and_the_codebook(cli_train, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert cli_train(tmp_path / "model", "--steps", "12", "--track", "tensorboard") == 0
    events = EventAccumulator(str(tmp_path / "model" / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert CURVES | {"test/mse"} <= set(tags["scalars"])
    assert {"pictures/test", "pictures/reconstruction"} <= set(tags["images"])
    assert tags["distributions"] == ["codebook/smoothed_usage"]
    assert [e.step for e in events.Scalars("loss/total")] == [1, 10]
    metrics = vqvae.read_info(tmp_path / "model")["metrics"]
    assert events.Scalars("test/mse")[0].value == pytest.approx(metrics["mse"])
    [vectors] = tmp_path.glob("model/tensorboard/*/codebook/tensors.tsv")
    table = [[float(v) for v in line.split("\t")] for line in vectors.read_text().splitlines()]
    torch.testing.assert_close(
        torch.tensor(table), vqvae.load(tmp_path / "model").codebook, atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("kind", ["vae", "ae"])
def test_a_model_without_a_codebook_is_followed_too(cli_train, tmp_path, kind):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert (
        cli_train(
            tmp_path / "model",
            "--kind",
            kind,
            "--steps",
            "2",
            "--tensorboard",
            str(tmp_path / "board"),
        )
        == 0
    )
    events = EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    assert {"pictures/test", "pictures/reconstruction"} <= set(events.Tags()["images"])
    assert "codebook/usage" not in events.Tags()["scalars"]


def test_a_board_that_cannot_be_written_is_a_wrong_call(cli_train, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("")
    assert (
        cli_train(
            tmp_path / "model", "--steps", "1", "--tensorboard", str(tmp_path / "file" / "in")
        )
        == 2
    )
    assert "--tensorboard" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["wandb", "trackio", "tensorboard"])
def test_a_package_that_is_not_there_is_a_sentence(cli_train, tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda package: None)
    assert cli_train(tmp_path / "model", "--steps", "1", "--track", name) == 1
    assert (
        f"needs the package {name}, which is not installed; run `pip install {name}`"
        in capsys.readouterr().err
    )
    assert (
        main(
            ["train", "--dataset", "synthetic", "--output", str(tmp_path / "a"), "--track", "paper"]
        )
        == 2
    )
    assert "choose from 'tensorboard', 'wandb', 'trackio'" in capsys.readouterr().err


def followed(name: str, output: Path, **environment: str) -> subprocess.CompletedProcess:
    """`train --track NAME` in a process of its own: the trackers keep threads and settings for the
    life of one."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"needs {name}: pip install -r requirements-dev.txt")
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom vqvae.data import datasets\n"
        "datasets.SYNTHETIC_COUNTS = {'train': 100, 'test': 30}\n"
        "from vqvae.__main__ import script\nscript()"
    )
    arguments = [
        "train",
        "--dataset",
        "synthetic",
        *SMALL,
        "--track",
        name,
        "--output",
        str(output),
    ]
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=250,
        env={**os.environ, **environment},
    )


def test_weights_and_biases_offline_gets_curves_pictures_and_the_codebook(tmp_path):
    done = followed(
        "wandb", tmp_path / "model", WANDB_MODE="offline", WANDB_DIR="", HOME=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("\n") == 1 and "saved in" in done.stdout
    [run] = (tmp_path / "model" / "wandb").glob("offline-run-*")
    [log] = run.glob("run-*.wandb")
    content = log.read_bytes()
    for curve in (*CURVES, "test/mse", "codebook/smoothed_usage", "codebook/codes"):
        assert curve.encode() in content, curve
    pictures = {path.name.split("_")[0] for path in run.glob("files/media/images/**/*.png")}
    assert pictures == {"pictures", "codes"}
    assert b"data_dir" not in content, "where the data lies is nobody else's business"


def test_trackio_on_this_machine_gets_curves_pictures_and_the_codebook(tmp_path):
    done = followed(
        "trackio",
        tmp_path / "model",
        TRACKIO_DIR=str(tmp_path / "trackio"),
        HF_HUB_OFFLINE="1",
        TRACKIO_PROJECT="tried",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("\n") == 1 and "saved in" in done.stdout
    [database] = (tmp_path / "trackio").glob("tried*.db")
    with sqlite3.connect(database) as connection:
        rows = [
            (step, json.loads(values))
            for step, values in connection.execute("select step, metrics from metrics")
        ]
    connection.close()
    told = {name for _, values in rows for name in values}
    assert CURVES | {"test/mse", "pictures", "codebook/smoothed_usage", "codebook/codes"} <= told
    assert {step for step, values in rows if "loss/total" in values} == {1, 10}
    assert list((tmp_path / "trackio").glob("media/**/*.png"))


def test_a_sheet_is_rows_of_pictures_below_each_other():
    x, y = torch.zeros(3, 1, 4, 5), torch.ones(3, 1, 4, 5)
    made = sheet(x, y)
    assert made.shape == (8, 15) and made[:4].max() == 0 and made[4:].min() == 255
    assert sheet(torch.rand(2, 3, 4, 5)).shape == (4, 10, 3)
