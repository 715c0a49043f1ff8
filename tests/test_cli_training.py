"""Runs of the command line that are stopped, resumed, killed, diverge or replace another; settings from a file."""

import os
import signal
from dataclasses import replace

import pytest
import torch

import vqvae
from vqvae import losses, metrics
from vqvae.__main__ import main
from vqvae.checkpoint import read_tensors
from vqvae.cli import train as train_verb
from vqvae.runs import read_run


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
        cli_train, tmp_path, monkeypatch, capsys, trained, number):
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
    ours, straight = (read_tensors(path / "model.safetensors") for path in (tmp_path / "a", trained[0]))
    assert all(torch.equal(ours[name], straight[name]) for name in straight)


def test_resume_takes_a_new_budget_and_drops_what_belonged_to_older_weights(cli_train, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        stop_at(patch, 2, signal.SIGINT)
        cli_train(tmp_path / "a", "--seconds", "500")
    for name in ("metrics.json", "prior.safetensors"):
        (tmp_path / "a" / name).write_text("{}")
    with monkeypatch.context() as patch:
        stop_at(patch, 4, signal.SIGINT)
        assert main(["train", "--resume", str(tmp_path / "a"), "--steps", "9"]) == 130
    assert not (tmp_path / "a" / "metrics.json").exists() and not (tmp_path / "a" / "prior.safetensors").exists()
    assert main(["train", "--resume", str(tmp_path / "a"), "--steps", "4"]) == 2
    assert "has spent 4 steps already" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    assert vqvae.read_info(tmp_path / "a")["training"]["step"] == 9


def test_a_run_interrupted_while_measured_is_measured_by_resuming(cli_train, tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(metrics, "evaluate", interrupted)
        assert cli_train(tmp_path / "a", "--steps", "2") == 130
    assert "Measure it with: python -m vqvae train --resume" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path / "a")]) == 0
    assert vqvae.read_info(tmp_path / "a")["metrics"]["images"] == 60


@pytest.fixture
def save_at_each_step(monkeypatch):
    config = train_verb.new_configs
    monkeypatch.setattr(train_verb, "new_configs",
                        lambda *a: (config(*a)[0], replace(config(*a)[1], autosave_seconds=0.0)))


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
        cli_train, tmp_path, monkeypatch, capsys, save_at_each_step):
    save = vqvae.Training.save

    def failing(self, path, **options):
        if self.step == 1:
            raise vqvae.CheckpointError("The checkpoint could not be written: no space.")
        save(self, path, **options)
    monkeypatch.setattr(vqvae.Training, "save", failing)
    assert cli_train(tmp_path / "a", "--steps", "3") == 0
    assert "no space" in capsys.readouterr().err


def test_a_run_that_diverges_keeps_the_good_weights_and_says_why(cli_train, tmp_path, monkeypatch, capsys):
    finite, calls = losses.is_finite, []
    monkeypatch.setattr(losses, "is_finite", lambda *v: (calls.append(1), len(calls) < 4 and finite(*v))[1])
    assert cli_train(tmp_path / "a", "--steps", "20") == 1
    err = capsys.readouterr().err
    assert "learning rate is too high" in err and f"They are in {tmp_path / 'a'}." in err and "Traceback" not in err
    assert vqvae.load(tmp_path / "a").config.codebook_size == 16


def test_force_replaces_a_checkpoint_and_what_belongs_to_it(cli_train, tmp_path, capsys):
    assert cli_train(tmp_path / "a", "--steps", "1") == 0
    (tmp_path / "a" / "prior.safetensors").write_bytes(b"of the old weights")
    assert cli_train(tmp_path / "a", "--steps", "1") == 2
    assert "already holds a checkpoint; use --force to overwrite it" in capsys.readouterr().err
    assert cli_train(tmp_path / "a", "--steps", "2", "--force") == 0
    assert not (tmp_path / "a" / "prior.safetensors").exists()
    assert vqvae.read_info(tmp_path / "a")["training"]["step"] == 2


# -- settings from a file ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, text", [
    ("a.toml", 'dataset = "synthetic"\nsteps = 50\ncodebook-size = 8\nhidden_channels = 8\nno-kmeans-start = true'),
    ("a.json", '{"dataset": "synthetic", "steps": 50, "codebook_size": 8, "--hidden-channels": 8, '
               '"kmeans-start": false, "force": false}'),
    ("a.yaml", "dataset: synthetic  # drawn here\nsteps: 50\ncodebook-size: 8\nhidden_channels: 8\n"
               "learning-rate: 1e-3\n"
               "kmeans_start: no\n")])
def test_a_config_file_stands_behind_the_command_line(small_sets, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert main(["train", "--config", str(tmp_path / name), "--output", str(tmp_path / "a"), "--epochs", "0.1",
                 "--codebook-size", "4"]) == 0
    info = vqvae.read_info(tmp_path / "a")
    assert (info["codebook_size"], info["hidden_channels"], info["kmeans_start"]) == (4, 8, False)
    assert info["training"]["config"]["epochs"] == 0.1 and info["training"]["config"]["steps"] is None


@pytest.mark.parametrize("name, text, sentence", [
    ("a.txt", "", "it must be a .yaml, .toml or .json file"),
    ("a.yaml", "steps: [3", "is no valid YAML"),
    ("a.yml", "", "must hold one object of settings"),
    ("a.toml", "steps = = 3", "is no valid TOML"),
    ("a.json", "{", "is no valid JSON"),
    ("a.json", "[1]", "must hold one object of settings"),
    ("a.json", '{"codebok-size": 3}', "'codebok_size' is no setting"),
    ("a.json", '{"config": "b.json"}', "'config' is no setting"),
    ("a.json", '{"steps": [3]}', "'steps' is [3]; a setting is a text, a number, true or false"),
    ("a.json", '{"steps": "many"}', "'many' is not a whole number"),
    ("a.json", '{"steps": 1, "epochs": 1}', "not allowed with argument"),
    ("missing.json", None, "cannot be read (No such file or directory)")])
def test_a_bad_config_file_is_refused(tmp_path, capsys, name, text, sentence):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert main(["train", "--config", str(tmp_path / name)]) == 2
    err = capsys.readouterr().err
    assert sentence in err and str(tmp_path / name) in err and err.count("\n") == 1
