"""The process that trains, called in this process on a handful of small pictures; once as the
process it is."""

import io
import sys
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

import vqvae
from demo.charts.cloud import paths
from demo.runs import driving, worker
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.reporter import PREVIEWS, Reporter
from demo.runs.settings import RunSettings
from demo.session import new_token
from vqvae.checkpoints.files import CheckpointError
from vqvae.nn import losses
from vqvae.training.runs import read_run

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
    """A zip of 60 small grey pictures and one file that is none."""
    path, random = tmp_path_factory.mktemp("images") / "noise.zip", np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(60):
            png = io.BytesIO()
            Image.fromarray(random.integers(0, 255, (16, 16), np.uint8)).save(png, "PNG")
            archive.writestr(f"{i:02}.png", png.getvalue())
        archive.writestr("notes.png", b"no picture")
    return path


@pytest.fixture
def job(images, tmp_path):
    """A function that makes the folder of a run."""

    def make(**training):
        training = {
            "dataset": str(images),
            "data_dir": str(tmp_path),
            "batch_size": 16,
            "steps": 30,
            **training,
        }
        settings = RunSettings(MODEL, vqvae.TrainingConfig(**training))
        run_dir = tmp_path / "run"
        run_dir.mkdir(exist_ok=True)
        runfiles.write_atomic(
            run_dir / runfiles.JOB, {**settings.to_dict(), "title": "noise", "created": 1.0}
        )
        return run_dir

    return make


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


def test_a_finished_run_leaves_a_measured_model_and_its_curve(job):
    run_dir = job()
    state = train(run_dir)
    assert state["phase"] == "finished"
    assert "1 file skipped" in state["note"] and "notes.png" in state["note"]
    records = runfiles.read_records(run_dir)
    assert records[0]["step"] == 1 and records[-1]["step"] == 30
    live = runfiles.read_json(run_dir / runfiles.LIVE)
    assert len(live["counts"]) == 8 and live["record"]["step"] == 30
    assert Image.open(run_dir / runfiles.PREVIEW).size == (16 * live["pictures"], 32)
    assert live["pictures"] <= PREVIEWS
    assert sum(path.count("M") for path in paths(live["map"])[1:]) == 8  # each code is a dot
    info = vqvae.read_info(run_dir / runfiles.CHECKPOINT)
    assert info["metrics"]["mse"] > 0 and info["training"]["step"] == 30
    assert vqvae.load_checkpoint(run_dir / runfiles.CHECKPOINT).gallery is not None
    assert not (run_dir / runfiles.SAVE).exists()


def test_stop_keeps_what_was_learned(job):
    run_dir = job()
    assert train(run_dir, Script((5, "stop")))["phase"] == "stopped"
    assert vqvae.read_info(run_dir / runfiles.CHECKPOINT)["training"]["step"] == 5


def test_a_paused_run_goes_on_step_by_step(job):
    run_dir = job()
    script = Script((5, "pause"), (6, "step"), (8, "step"), (10, "stop"))
    assert train(run_dir, script)["phase"] == "stopped"
    assert vqvae.read_info(run_dir / runfiles.CHECKPOINT)["training"]["step"] == 7
    steps = [record["step"] for record in runfiles.read_records(run_dir)]
    assert steps[-3:] == [5, 6, 7], "each of them is on the curves"


def test_a_budget_in_steps_ends_by_the_clock_where_the_app_limits_it(job):
    run_dir = job(steps=10**6)
    runfiles.write_atomic(
        run_dir / runfiles.JOB, {**runfiles.read_json(run_dir / runfiles.JOB), "most_seconds": 0.2}
    )
    state = train(run_dir)
    assert state["phase"] == "stopped"
    assert "Ended after 0.2 seconds, the most that this app takes." in state["note"]
    assert vqvae.read_info(run_dir / runfiles.CHECKPOINT)["training"]["step"] < 10**4


def test_a_run_goes_on_after_a_pause_and_after_the_app_is_gone(job):
    run_dir = job()
    state = train(run_dir, Script((3, "pause"), (4, "resume"), (10, "end")))
    assert state["phase"] == "interrupted" and "closed" in state["text"]
    assert (run_dir / runfiles.SAVE).exists() and not (run_dir / runfiles.CHECKPOINT).exists()
    assert train(run_dir)["phase"] == "finished"
    assert [record["step"] for record in runfiles.read_records(run_dir)][-1] == 30


def test_interrupted_and_resumed_equals_never_interrupted(job):
    run_dir = job()
    train(run_dir, Script((7, "end")))
    train(run_dir)
    parts = vqvae.load(run_dir / runfiles.CHECKPOINT).state_dict()
    train(run_dir)
    whole = vqvae.load(run_dir / runfiles.CHECKPOINT).state_dict()
    assert all((parts[name] == whole[name]).all() for name in whole)


@pytest.mark.parametrize("saved_before", [False, True])
@pytest.mark.parametrize("commands", [[(4, "end")], [(4, "pause"), (6, "end")]])
def test_what_resume_does_is_told_as_it_is_when_the_last_save_fails(
    job, monkeypatch, saved_before, commands
):
    monkeypatch.setattr(worker, "skipped", lambda data: "One file was skipped.")
    run_dir = job()
    if saved_before:
        train(run_dir, Script((2, "end")))

    def refuse(self, path):
        raise CheckpointError("The disk is full.")

    monkeypatch.setattr(vqvae.Training, "save", refuse)
    state = train(run_dir, Script(*commands))
    goes_on = "from its last save" if saved_before else "from the beginning"
    assert state["phase"] == ("interrupted" if len(commands) == 1 else "paused")
    assert "where it was" not in state["text"] and goes_on in state["text"]
    assert state["note"] == "One file was skipped. This run could not be saved: The disk is full."


def test_a_save_that_succeeds_again_takes_the_complaint_back(job, monkeypatch):
    monkeypatch.setattr(driving, "AUTOSAVE_SECONDS", 0.0)
    save, tries, notes = vqvae.Training.save, [], []

    def sometimes(self, path):
        tries.append(path)
        if len(tries) == 2:
            raise CheckpointError("The disk is full.")
        save(self, path)

    monkeypatch.setattr(vqvae.Training, "save", sometimes)
    state = Reporter.state
    monkeypatch.setattr(
        Reporter, "state", lambda self, *said: (notes.append(self.unsaved), state(self, *said))
    )
    assert "could not be saved" not in train(job())["note"]
    assert "This run could not be saved: The disk is full." in notes


def test_a_long_pause_ends_the_process_and_stays_a_pause(job):
    assert train(job(), Script((3, "pause")))["phase"] == "paused"


def test_a_run_that_diverges_says_why_and_leaves_the_last_good_model(job, monkeypatch):
    whole, calls = losses.vqvae_loss, []
    monkeypatch.setattr(
        losses,
        "vqvae_loss",
        lambda *parts: (calls.append(1), whole(*parts) * (1.0 if len(calls) < 4 else float("nan")))[
            1
        ],
    )
    run_dir = job(learning_rate=0.02)
    state = train(run_dir)
    assert state["phase"] == "failed"
    assert (
        "The loss became nan at step 4" in state["text"]
        and "learning rate is too high: try 0.002" in state["text"]
    )
    model = vqvae.load(run_dir / runfiles.CHECKPOINT)
    assert all(value.isfinite().all() for value in model.state_dict().values())
    assert runfiles.read_records(run_dir)[-1]["step"] == 3


@pytest.mark.parametrize(("dataset", "sentence"), [("no-such-set", "no data set"), (__file__, "")])
def test_data_that_cannot_be_had_is_a_sentence_in_the_state(job, dataset, sentence):
    run_dir = job(dataset=dataset)
    with pytest.raises(vqvae.DataError) as caught:
        train(run_dir)
    text = worker.explain(caught.value)
    assert sentence in text and len(text) < 400


def test_faults_of_the_machine_become_sentences():
    assert "not enough memory" in worker.explain(MemoryError())
    absent = FileNotFoundError(2, "No such file", "/data/allocations/x.zip")
    assert "not enough memory" not in worker.explain(absent)
    assert "No space left" in worker.explain(OSError(28, "No space left on device"))
    assert "worker.log" in worker.explain(KeyError("x"))


def test_a_killed_worker_process_is_resumed_from_its_save(images, tmp_path):
    often = (
        "import sys; from demo.runs import driving, worker; driving.AUTOSAVE_SECONDS = 0.1; "
        "sys.exit(worker.main([]))"
    )
    jobs, visitor = (
        Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", often]),
        new_token(),
    )

    def until(condition):
        deadline = time.monotonic() + 240
        while not condition():
            assert time.monotonic() < deadline, (
                jobs.status(visitor, run),
                (folder / runfiles.LOG).read_text(),
            )
            time.sleep(0.02)

    def status():
        return jobs.status(visitor, run).phase

    try:
        settings = RunSettings(
            MODEL, vqvae.TrainingConfig(data_dir=str(tmp_path), seconds=600, batch_size=16)
        )
        run = jobs.start(visitor, settings, images=images)
        folder = jobs.folder(visitor, run)
        until(
            lambda: (
                (folder / runfiles.SAVE / "training.safetensors").exists()
                and runfiles.read_records(folder)
            )
        )
        assert status() == "training"
        jobs._processes.kill(folder)
        until(lambda: folder not in jobs._processes)
        assert status() == "interrupted" and "last save" in jobs.status(visitor, run).text
        saved, record = read_run(folder / runfiles.SAVE), runfiles.read_records(folder)[-1]
        assert saved["step"] > 0 and record["elapsed"] - saved["elapsed"] <= 10
        step = record["step"]
        jobs.resume(visitor, run)
        until(lambda: status() == "training" and runfiles.read_records(folder)[-1]["step"] > step)
        jobs.stop(visitor, run)
        until(lambda: status() == "stopped")
        assert vqvae.read_info(folder / runfiles.CHECKPOINT)["training"]["step"] > step
    finally:
        jobs.close(wait=20)
