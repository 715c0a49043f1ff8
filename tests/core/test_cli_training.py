"""Runs of the command line that are stopped, resumed, killed, diverge or replace another; settings
from a file."""

import os
import signal
from dataclasses import replace

import pytest
import torch
from PIL import Image

import vqvae
from vqvae import distributed
from vqvae.__main__ import main
from vqvae.checkpoints.files import read_tensors
from vqvae.cli import train_start
from vqvae.nn import losses
from vqvae.training.runs import read_run


def stop_at(monkeypatch, step: int, number: int):
    """Let this process receive a signal once `step` steps are done."""
    steps = vqvae.Training.steps

    def interrupted(self):
        for record in steps(self):
            if record.step == step:
                os.kill(os.getpid(), number)
            yield record

    monkeypatch.setattr(vqvae.Training, "steps", interrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_a_resumed_run_ends_as_if_never_stopped(
    cli_train, tmp_path, monkeypatch, capsys, trained, number
):
    handler = signal.getsignal(number)
    with monkeypatch.context() as patch:
        stop_at(patch, 3, number)
        assert cli_train(tmp_path / "a", "--steps", "8") == 128 + number
    assert signal.getsignal(number) is handler
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert f"Stopped by {number.name} after 3 steps" in sentence
    assert sentence.endswith(f"python -m vqvae train --resume {tmp_path / 'a'}")
    assert vqvae.load_checkpoint(tmp_path / "a").training["finished"] is False
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    ours, straight = (
        read_tensors(path / "model.safetensors") for path in (tmp_path / "a", trained[0])
    )
    assert all(torch.equal(ours[name], straight[name]) for name in straight)


def test_resume_takes_a_new_budget_and_drops_what_belonged_to_older_weights(
    cli_train, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as patch:
        stop_at(patch, 2, signal.SIGINT)
        cli_train(tmp_path / "a", "--seconds", "500")
    for name in ("metrics.json", "prior.safetensors"):
        (tmp_path / "a" / name).write_text("{}")
    with monkeypatch.context() as patch:
        stop_at(patch, 4, signal.SIGINT)
        assert main(["train", "--resume", str(tmp_path / "a"), "--steps", "9"]) == 130
    assert (
        not (tmp_path / "a" / "metrics.json").exists()
        and not (tmp_path / "a" / "prior.safetensors").exists()
    )
    assert main(["train", "--resume", str(tmp_path / "a"), "--steps", "4"]) == 2
    assert "has spent 4 steps already" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    assert vqvae.read_info(tmp_path / "a")["training"]["step"] == 9


def test_a_finished_run_is_trained_further_and_measured_again(cli_train, tmp_path, capsys):
    assert cli_train(tmp_path / "a", "--steps", "3") == 0
    first = vqvae.load_checkpoint(tmp_path / "a")
    (tmp_path / "a" / "prior.safetensors").write_bytes(b"of the weights of before")
    assert (
        main(
            [
                "train",
                "--resume",
                str(tmp_path / "a"),
                "--steps",
                "6",
                "--output",
                str(tmp_path / "b"),
            ]
        )
        == 0
    )
    assert vqvae.load(tmp_path / "a").fingerprint() == first.model.fingerprint(), (
        "the first is left as it was"
    )
    assert "3 steps are done" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "a"), "--steps", "6"]) == 0
    assert "The prior belongs to the earlier weights and is removed" in capsys.readouterr().err
    ours, other = (vqvae.load_checkpoint(tmp_path / name) for name in "ab")
    assert (
        ours.training["step"] == 6
        and ours.training["finished"]
        and ours.metrics["mse"] != first.metrics["mse"]
    )
    assert ours.model.fingerprint() == other.model.fingerprint() != first.model.fingerprint()
    assert not (tmp_path / "a" / "training.safetensors").exists()


def test_a_run_starts_from_another_model(trained, tmp_path, capsys):
    before = vqvae.load_checkpoint(trained[0])
    call = [
        "train",
        "--dataset",
        "synthetic",
        "--init",
        str(trained[0]),
        "--device",
        "cpu",
        "--batch-size",
        "32",
    ]
    assert (
        main(
            [
                *call,
                "--steps",
                "1",
                "--learning-rate",
                "1e-8",
                "--ema-decay",
                "0.99",
                "--restart-threshold",
                "0",
                "--output",
                str(tmp_path / "a"),
            ]
        )
        == 0
    )
    after = vqvae.load_checkpoint(tmp_path / "a")
    assert after.training["started_from"] == trained[0].name and after.training["step"] == 1
    assert after.config == replace(before.config, ema_decay=0.99, restart_threshold=0.0)
    torch.testing.assert_close(
        after.model.encoder.state_dict(), before.model.encoder.state_dict(), rtol=0, atol=1e-5
    )
    assert main([*call, "--steps", "1", "--size", "32x24", "--output", str(tmp_path / "b")]) == 0
    assert vqvae.load(tmp_path / "b").config.grid == (8, 6), "a VQ-VAE takes any size"


def test_a_run_interrupted_while_measured_is_measured_by_resuming(
    cli_train, tmp_path, monkeypatch, capsys
):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(vqvae, "evaluate", interrupted)
        assert cli_train(tmp_path / "a", "--steps", "2") == 130
    assert "Measure it with: python -m vqvae train --resume" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    assert vqvae.read_info(tmp_path / "a")["metrics"]["images"] == 60


@pytest.fixture
def save_at_each_step(monkeypatch):
    config = train_start.new_configs
    monkeypatch.setattr(
        train_start,
        "new_configs",
        lambda *a: (config(*a)[0], replace(config(*a)[1], autosave_seconds=0.0)),
    )


def test_the_run_is_saved_on_the_way(cli_train, tmp_path, monkeypatch, save_at_each_step):
    """A process that is killed has lost at most the time since the last save."""
    save, saved = vqvae.Training.save, []

    def noted(self, path, **options):
        save(self, path, **options)
        saved.append(read_run(path)["step"])

    monkeypatch.setattr(vqvae.Training, "save", noted)
    assert cli_train(tmp_path / "a", "--steps", "3") == 0
    assert saved[:3] == [1, 2, 3]


def test_a_full_disk_on_the_way_is_told_and_training_goes_on(
    cli_train, tmp_path, monkeypatch, capsys, save_at_each_step
):
    save = vqvae.Training.save

    def failing(self, path, **options):
        if self.step == 1:
            raise vqvae.CheckpointError("The checkpoint could not be written: no space.")
        save(self, path, **options)

    monkeypatch.setattr(vqvae.Training, "save", failing)
    assert cli_train(tmp_path / "a", "--steps", "3") == 0
    assert "no space" in capsys.readouterr().err


def test_a_run_that_diverges_keeps_the_good_weights_and_says_why(
    cli_train, tmp_path, monkeypatch, capsys
):
    finite, calls = losses.is_finite, []
    monkeypatch.setattr(
        losses, "is_finite", lambda *v: (calls.append(1), len(calls) < 4 and finite(*v))[1]
    )
    assert cli_train(tmp_path / "a", "--steps", "20") == 1
    err = capsys.readouterr().err
    assert (
        "learning rate is too high" in err
        and f"They are in {tmp_path / 'a'}." in err
        and "Traceback" not in err
    )
    assert vqvae.load(tmp_path / "a").config.codebook_size == 16


def test_a_run_that_has_lost_another_process_is_saved_and_goes_on(
    cli_train, tmp_path, monkeypatch, capsys
):
    average, calls = distributed.average, []

    def lost(*given):
        calls.append(1)
        if len(calls) == 4:
            raise distributed.ProcessLost("Another process has ended.")
        return average(*given)

    with monkeypatch.context() as patch:
        patch.setattr(distributed, "average", lost)
        assert cli_train(tmp_path / "a", "--steps", "6") == 1
    err = capsys.readouterr().err
    assert "Another process has ended. Everything up to step 3 is saved in" in err
    assert read_run(tmp_path / "a")["step"] == 3
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    assert vqvae.read_info(tmp_path / "a")["training"]["step"] == 6


def test_force_leaves_nothing_of_the_old_checkpoint_beside_the_new_one(
    cli_train, tmp_path, monkeypatch
):
    def failing(*_, **__):
        raise vqvae.CheckpointError("The checkpoint could not be written: no space.")

    assert cli_train(tmp_path / "a", "--steps", "1") == 0
    monkeypatch.setattr(vqvae.Training, "save", failing)
    assert cli_train(tmp_path / "a", "--steps", "1", "--force") == 1
    assert not vqvae.list_checkpoints(tmp_path)


def test_force_replaces_a_checkpoint_and_what_belongs_to_it(cli_train, tmp_path, capsys):
    assert cli_train(tmp_path / "a", "--steps", "1") == 0
    (tmp_path / "a" / "prior.safetensors").write_bytes(b"of the old weights")
    assert cli_train(tmp_path / "a", "--steps", "1") == 2
    assert "already holds a checkpoint; use --force to overwrite it" in capsys.readouterr().err
    assert cli_train(tmp_path / "a", "--steps", "2", "--force") == 0
    assert not (tmp_path / "a" / "prior.safetensors").exists()
    assert vqvae.read_info(tmp_path / "a")["training"]["step"] == 2


# -- settings from a file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, text",
    [
        (
            "a.toml",
            'dataset = "synthetic"\nsteps = 50\ncodebook-size = 8\nhidden_channels = '
            "8\nno-kmeans-start = true",
        ),
        (
            "a.json",
            '{"dataset": "synthetic", "steps": 50, "codebook_size": 8, "--hidden-channels": 8, '
            '"kmeans-start": false, "force": false}',
        ),
        (
            "a.yaml",
            "dataset: synthetic  # drawn here\nsteps: 50\ncodebook-size: 8\nhidden_channels: 8\n"
            "learning-rate: 1e-3\n"
            "kmeans_start: no\n",
        ),
    ],
)
def test_a_config_file_stands_behind_the_command_line(small_sets, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert (
        main(
            [
                "train",
                "--config",
                str(tmp_path / name),
                "--output",
                str(tmp_path / "a"),
                "--epochs",
                "0.1",
                "--codebook-size",
                "4",
            ]
        )
        == 0
    )
    info = vqvae.read_info(tmp_path / "a")
    assert (info["codebook_size"], info["hidden_channels"], info["kmeans_start"]) == (4, 8, False)
    assert (
        info["training"]["config"]["epochs"] == 0.1 and info["training"]["config"]["steps"] is None
    )


@pytest.mark.parametrize(
    "name, text, sentence",
    [
        ("a.txt", "", "it must be a .yaml, .toml or .json file"),
        ("a.yaml", "steps: [3", "is no valid YAML"),
        ("a.yml", "", "must hold one object of settings"),
        ("a.toml", "steps = = 3", "is no valid TOML"),
        ("a.json", "{", "is no valid JSON"),
        ("a.json", "[1]", "must hold one object of settings"),
        ("a.json", '{"codebok-size": 3}', "'codebok_size' is no setting"),
        ("a.json", '{"config": "b.json"}', "'config' is no setting"),
        (
            "a.json",
            '{"steps": [3]}',
            "'steps' is [3]; a setting is a text, a number, true or false",
        ),
        ("a.json", '{"steps": "many"}', "'many' is not a whole number"),
        ("a.json", '{"steps": 1, "epochs": 1}', "not allowed with argument"),
        ("missing.json", None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_bad_config_file_is_refused(tmp_path, capsys, name, text, sentence):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert main(["train", "--config", str(tmp_path / name)]) == 2
    err = capsys.readouterr().err
    assert sentence in err and str(tmp_path / name) in err and err.count("\n") == 1


@pytest.fixture
def large_pictures(tmp_path):
    """A folder of pictures of 72 x 88 pixels."""
    folder = tmp_path / "large"
    folder.mkdir()
    for n in range(6):
        Image.new("RGB", (88, 72), (n, 0, 0)).save(folder / f"{n}.png")
    return folder


def test_large_pictures_are_told_and_auto_takes_the_largest_size(
    large_pictures, tmp_path, capsys, monkeypatch
):
    small = ["--steps", "1", "--hidden-channels", "8", "--codebook-size", "16", "--batch-size", "2"]
    call = ["train", "--dataset", str(large_pictures), "--data-dir", str(tmp_path), *small]
    assert main([*call, "--output", str(tmp_path / "plain")]) == 0
    assert "are 72 x 88 pixels and are taken at 32 x 32: give a size" in capsys.readouterr().err
    assert main([*call, "--size", "auto", "--output", str(tmp_path / "auto")]) == 0
    assert "72 x 72 colour" in capsys.readouterr().err
    monkeypatch.setattr("vqvae.training.memory.free_bytes", lambda: 2**20)
    assert main([*call, "--size", "auto", "--output", str(tmp_path / "tight")]) == 0
    said = capsys.readouterr().err
    assert "8 x 8 colour" in said and "72 x 72" not in said


def telling(secret, folder) -> list[str]:
    """The files below a folder that hold a path."""
    return [
        file.name
        for file in folder.rglob("*")
        if file.is_file() and str(secret).encode() in file.read_bytes()
    ]


def test_no_file_of_a_model_tells_where_its_images_lay(large_pictures, tmp_path, capsys):
    """Neither a finished model nor its record; whoever goes on with it says where they are."""
    small = ["--hidden-channels", "8", "--codebook-size", "16", "--batch-size", "2", "--size", "16"]
    model = tmp_path / "given away"
    call = [
        "train",
        "--dataset",
        str(large_pictures),
        "--data-dir",
        str(tmp_path / "data"),
        "--output",
        str(model),
    ]
    assert main([*call, *small, "--steps", "2"]) == 0
    assert telling(tmp_path, model) == []
    assert vqvae.load_checkpoint(model).training["config"]["dataset"] == "large"
    capsys.readouterr()
    for verb in (["evaluate", str(model)], ["train", "--resume", str(model), "--steps", "3"]):
        assert main(verb) == 2
        assert (
            "was trained on large and does not tell where that lies; give --dataset"
            in capsys.readouterr().err
        )
        assert main([*verb, "--dataset", str(large_pictures)]) == 0


def test_nothing_made_of_a_model_tells_where_its_images_lay(large_pictures, tmp_path):
    """One that went on from another, its prior, its figures, its grids, its page and its tables."""
    small = ["--hidden-channels", "8", "--codebook-size", "16", "--size", "16"]
    data = ["--dataset", str(large_pictures), "--data-dir", str(tmp_path / "data")]
    steps = ["--steps", "2", "--batch-size", "2"]
    first, model, made = tmp_path / "first", tmp_path / "model", tmp_path / "made"
    made.mkdir()
    prior = ["--channels", "16", "--layers", "1", "--heads", "1"]
    for call in (
        ["train", *data, *steps, *small, "--output", str(first)],
        ["train", *data, *steps, "--size", "16", "--init", str(first), "--output", str(model)],
        ["train-prior", str(model), *data, *steps, *prior],
        ["evaluate", str(model), *data],
        ["encode", str(model), str(large_pictures / "0.png"), "--output", str(made / "grid.vq")],
        ["export", str(model), "--output", str(made / "model.html")],
        ["codebook", str(model), "--output", str(made / "book")],
    ):
        assert main(call) == 0, call
    assert (model / "prior.safetensors").is_file() and (made / "book").is_dir()
    assert telling(tmp_path, model) + telling(tmp_path, made) == []
