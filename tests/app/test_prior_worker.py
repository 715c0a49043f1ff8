"""The prior's part of a run: after its model or for a copy, paused, stopped, resumed, and from the
Train form."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import vqvae
from demo.models import library as models
from demo.runs import files as runfiles
from demo.runs import worker
from demo.runs.jobs import JobError, Jobs
from demo.runs.presets import DEFAULTS
from demo.runs.reporter import Reporter
from demo.runs.settings import RunSettings, SettingsError, read_form, read_prior_form
from demo.runs.status import read_status
from demo.session import new_token
from demo.settings import Settings
from demo.tabs.train import handlers, prior_form
from demo.tabs.train.live import RunLive
from vqvae.prior.checkpoint import copy_model
from vqvae.prior.config import PriorTrainingConfig

MODEL = vqvae.ModelConfig(
    channels=1,
    height=16,
    width=16,
    hidden_channels=8,
    residual_blocks=0,
    embedding_dim=4,
    codebook_size=8,
)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A zip of 80 small grey pictures in two classes."""
    path, random = tmp_path_factory.mktemp("images") / "noise.zip", np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(80):
            png = io.BytesIO()
            Image.fromarray(random.integers(0, 255, (16, 16), np.uint8)).save(png, "PNG")
            archive.writestr(f"{'ab'[i % 2]}/{i:02}.png", png.getvalue())
    return path


@pytest.fixture
def job(images, tmp_path):
    """A function that makes the folder of a run; `training` None for one that is given its
    model."""

    def make(name="run", training=True, **prior):
        common = {"dataset": str(images), "data_dir": str(tmp_path), "batch_size": 16}
        settings = RunSettings(
            MODEL,
            vqvae.TrainingConfig(**common, steps=12) if training else None,
            PriorTrainingConfig(**{**common, "steps": 15, **prior}),
        )
        (tmp_path / name).mkdir()
        runfiles.write_atomic(
            tmp_path / name / runfiles.JOB, {**settings.to_dict(), "title": name, "created": 1.0}
        )
        return tmp_path / name

    return make


@pytest.fixture
def trained(job):
    """The checkpoint folder of a model that has no prior, but its training set as codes."""
    run_dir = job("trained")
    train(run_dir)
    (run_dir / runfiles.CHECKPOINT / "prior.safetensors").unlink()
    return run_dir / runfiles.CHECKPOINT


class Script:
    """Commands that arrive at given looks; the rest of the time there is none."""

    def __init__(self, *at):
        self.at, self.looks = dict(at), 0

    def get(self, timeout=None):
        self.looks += 1
        return self.at.get(self.looks, "")


def train(run_dir, commands=None):
    reporter = Reporter(run_dir)
    try:
        worker.train(run_dir, reporter, commands or Script())
    finally:
        reporter.close()
    return runfiles.read_json(run_dir / runfiles.STATE)


def test_a_model_and_then_its_prior_in_one_run(job):
    run_dir = job()
    assert train(run_dir)["phase"] == "finished"
    assert [r["step"] for r in runfiles.read_records(run_dir)][-1] == 12, (
        "the model's curve is left as it was"
    )
    curve = runfiles.read_records(run_dir, runfiles.PRIOR_RECORDS)
    assert curve[-1]["step"] == 15 and curve[-1]["bits_per_image"] > 0
    live = runfiles.read_json(run_dir / runfiles.PRIOR_LIVE)
    assert 0 < live["marginal"] <= live["nominal"] == 16 * 3 and live["classes"] == 2
    assert Image.open(run_dir / runfiles.SAMPLES).size == (160, 32)
    info = vqvae.read_info(run_dir / runfiles.CHECKPOINT)
    assert (
        info["prior"]["metrics"]["bits_per_image"] == live["test_bits"]
        and info["metrics"]["mse"] > 0
    )
    assert vqvae.load_prior(run_dir / runfiles.CHECKPOINT).config.classes == 2
    assert len(vqvae.read_index_set(run_dir / runfiles.CHECKPOINT)) == info["training"]["images"]
    assert not (run_dir / runfiles.SAVE).exists()
    status = read_status(run_dir)
    assert (status.stage, status.has_model) == ("prior", True)
    shown = RunLive(run_dir, status)
    assert "each position by itself" in shown.charts() and "Perplexity" in shown.charts()
    assert "two of each class" not in shown.pictures(), (
        "ten columns of two classes are more than two of each"
    )
    assert "samples of the prior" in shown.pictures() and shown.record()["step"] == 15


def test_a_stop_while_the_model_learns_trains_no_prior(job):
    run_dir = job()
    assert train(run_dir, Script((5, "stop")))["phase"] == "stopped"
    assert not vqvae.read_info(run_dir / runfiles.CHECKPOINT)["has_prior"]


def test_a_stop_while_the_prior_learns_keeps_both(job):
    run_dir = job()
    assert train(run_dir, Script((12 + 4, "stop")))["phase"] == "stopped"
    info = vqvae.read_info(run_dir / runfiles.CHECKPOINT)
    assert info["training"]["step"] == 12 and info["prior"]["training"]["step"] == 4


def test_interrupted_and_resumed_equals_never_interrupted(job):
    whole, parts = job("whole"), job("parts")
    train(whole)
    state = train(parts, Script((12 + 3, "pause"), (12 + 4, "resume"), (12 + 7, "end")))
    assert state["phase"] == "interrupted" and state["stage"] == "prior"
    assert read_status(parts).resumable and (parts / runfiles.SAVE).exists()
    assert train(parts)["phase"] == "finished"
    one, other = (
        vqvae.load_prior(run / runfiles.CHECKPOINT).state_dict() for run in (whole, parts)
    )
    assert all((one[name] == other[name]).all() for name in one)


def test_a_prior_for_a_copy_of_a_model_from_its_codes_alone(job, trained):
    run_dir = job("copy", training=False, dataset="codes of its own", class_conditional=False)
    copy_model(trained, run_dir / runfiles.SOURCE)
    assert read_status(run_dir).stage == "prior" and not read_status(run_dir).has_model
    assert train(run_dir, Script((6, "end")))["phase"] == "interrupted"
    assert not (run_dir / runfiles.CHECKPOINT).exists(), "in the list of models only with its prior"
    assert train(run_dir)["phase"] == "finished"
    assert vqvae.load_prior(run_dir / runfiles.CHECKPOINT).config.classes == 0
    assert not (run_dir / runfiles.SOURCE).exists() and not (trained / "prior.safetensors").exists()


def test_codes_that_are_nowhere_are_a_sentence(job, trained):
    run_dir = job("copy", training=False, dataset="codes of its own")
    copy_model(trained, run_dir / runfiles.SOURCE)
    (run_dir / runfiles.SOURCE / "indices.safetensors").unlink()
    with pytest.raises(vqvae.DataError, match="no data set"):
        train(run_dir)


# -- from the form ---------------------------------------------------------------------------------


@pytest.fixture
def jobs(tmp_path):
    """Jobs that start nothing."""
    made = Jobs(tmp_path / "runs", slots=1, command=["false"])
    made._start_waiting = lambda: None
    yield made
    made.close()


def test_the_button_makes_a_run_of_ones_own_that_copies_the_model(jobs, trained, tmp_path):
    settings = Settings(checkpoints=tmp_path / "shipped", runs=tmp_path / "runs", data_dir=tmp_path)
    copy_model(trained, _made(tmp_path / "shipped") / "noise")
    visitor = new_token()
    *values, problem = handlers.press_prior(jobs, settings, visitor, None, None, "noise", 30, False)
    view = handlers.View(*values)
    assert problem == "" and view.run_id and view.timer["active"]
    assert "prior of noise · 30 s" in view.runs["choices"][0][0]
    run_dir = jobs.folder(visitor, view.run_id)
    job = runfiles.read_json(run_dir / runfiles.JOB)
    assert (
        "training" not in job
        and job["prior"]["seconds"] == 30
        and job["prior"]["class_conditional"] is False
    )
    assert vqvae.load(run_dir / runfiles.SOURCE).fingerprint() == vqvae.load(trained).fingerprint()
    for bad, sentence in (
        (("gone", 30, True), "choose another one"),
        (("noise", -1, True), "it must be a number"),
        (("noise", 0, True), "at least a second"),
        (("noise", None, True), "is empty"),
    ):
        *values, problem = handlers.press_prior(
            jobs, settings, visitor, view.run_id, view.seen, *bad
        )
        assert sentence in problem and handlers.View(*values).run_id == view.run_id
    assert len(jobs.list_runs(visitor)) == 1


def test_a_model_cannot_send_its_prior_to_read_any_file(trained, images, tmp_path):
    settings, visitor = (
        Settings(checkpoints=tmp_path / "s", runs=tmp_path / "runs", data_dir=tmp_path),
        new_token(),
    )
    copy_model(trained, _made(tmp_path / "s") / "noise")
    entry = models.find_model("noise", settings)
    assert entry.info["training"]["config"]["dataset"] == images.name, "not where it lies"
    assert prior_form.training_set(entry, settings, visitor) == "codes of its own"
    (entry.path / "indices.safetensors").unlink()
    with pytest.raises(SettingsError, match="nothing to learn from"):
        prior_form.training_set(entry, settings, visitor)
    run = _made(settings.runs / visitor / "0123456789abcdef")
    own = run / "mine.zip"
    own.write_bytes(images.read_bytes())
    runfiles.write_atomic(run / runfiles.JOB, {"training": {"dataset": str(own)}})
    mine = replace(entry, path=run / runfiles.CHECKPOINT)
    assert prior_form.training_set(mine, settings, visitor) == str(own.resolve())
    with pytest.raises(SettingsError):
        prior_form.training_set(mine, settings, new_token())
    runfiles.write_atomic(run / runfiles.JOB, {"training": {"dataset": "/etc/passwd"}})
    with pytest.raises(SettingsError):
        prior_form.training_set(mine, settings, visitor)
    offered = replace(settings, images=images.parent)
    assert prior_form.training_set(entry, offered, visitor) == str(images.resolve())
    named = replace(entry, info={**entry.info, "training": {"dataset": "mnist"}})
    assert prior_form.training_set(named, settings, visitor) == "mnist"


def _made(path):
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_the_form_asks_for_a_prior_after_the_model(tmp_path):
    assert read_form(DEFAULTS, data_dir=tmp_path).prior is None
    settings = read_form({**DEFAULTS, "prior_seconds": 45}, data_dir=tmp_path)
    assert settings.prior.seconds == 45 and settings.prior.dataset == "mnist"
    assert set(settings.to_dict()) == {"model", "training", "prior"}


def test_what_can_have_no_prior_is_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match="no codebook"):
        read_prior_form(vqvae.ModelConfig(kind="ae"), "mnist", 30, True, data_dir=tmp_path)
    with pytest.raises(SettingsError, match="at most 1,024"):
        read_prior_form(vqvae.ModelConfig(height=512, width=512), "x", 30, True, data_dir=tmp_path)
    monkeypatch.setattr(
        "demo.runs.settings.free_bytes", lambda: 2**30
    )  # however large this machine is
    with pytest.raises(SettingsError, match="GB of memory"):
        read_prior_form(
            vqvae.ModelConfig(height=128, width=128, codebook_size=16_384),
            "x",
            30,
            True,
            data_dir=tmp_path,
        )


def test_a_stop_before_the_priors_first_step_says_what_is_kept(jobs, trained):
    visitor = new_token()
    run = jobs.start(visitor, RunSettings(MODEL, None, PriorTrainingConfig()), "x", source=trained)
    jobs.stop(visitor, run)
    assert "no model to keep" in jobs.status(visitor, run).text
    with pytest.raises(JobError, match="over"):
        jobs.resume(visitor, run)
