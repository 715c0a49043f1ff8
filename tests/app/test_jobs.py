"""The queue, the commands and the status of runs, with a small stand-in for the process that
trains."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from demo.asker import ADDRESS
from demo.runs import files as runfiles
from demo.runs import folders as folders_module
from demo.runs import jobs as jobs_module
from demo.runs import places
from demo.runs.jobs import Jobs
from demo.runs.places import MAX_PENDING, JobError
from demo.runs.plans.making import four, quantizers
from demo.runs.settings import RunSettings
from demo.runs.status import EXIT_IDLE
from demo.session import new_token
from demo.settings import PROJECT
from tests.stand_in import SETTINGS, STAND_IN, until
from vqvae.config import TrainingConfig
from vqvae.prior.config import PriorTrainingConfig


@pytest.fixture
def visitor():
    return new_token()


@pytest.fixture
def make_jobs(tmp_path):
    made = []

    def make(**options):
        made.append(
            Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", STAND_IN], **options)
        )
        return made[-1]

    yield make
    for jobs in made:
        jobs.close(wait=10)


@contextmanager
def asking(address: str) -> Iterator[None]:
    """As if a request from there were being answered."""
    token = ADDRESS.set(address)
    yield
    ADDRESS.reset(token)


def phase(jobs, visitor, run_id):
    return jobs.status(visitor, run_id).phase


def test_a_run_starts_pauses_resumes_and_stops(make_jobs, visitor):
    jobs = make_jobs()
    run = jobs.start(visitor, SETTINGS, "MNIST")
    until(lambda: phase(jobs, visitor, run) == "training")
    with pytest.raises(JobError, match="is not held here"):
        jobs.step(visitor, run)
    jobs.pause(visitor, run)
    until(lambda: phase(jobs, visitor, run) == "paused")
    jobs.step(visitor, run)
    jobs.resume(visitor, run)
    until(lambda: phase(jobs, visitor, run) == "training")
    jobs.stop(visitor, run)
    until(lambda: phase(jobs, visitor, run) == "stopped")
    assert jobs.list_runs(visitor)[0].title == "MNIST"
    with pytest.raises(JobError, match="over"):
        jobs.resume(visitor, run)


def test_a_run_is_called_what_its_owner_likes(make_jobs, visitor):
    jobs = make_jobs()
    run = jobs.start(visitor, SETTINGS, "MNIST")
    jobs.rename(visitor, run, "  my  <b>first</b>\n run ")
    (status,) = jobs.list_runs(visitor)
    assert status.name == status.title == "my <b>first</b> run"
    for bad in ("x" * 41, "a\u202eb"):
        with pytest.raises(JobError, match="up to 40 that can be printed"):
            jobs.rename(visitor, run, bad)
    with pytest.raises(JobError, match="not here"):
        jobs.rename(new_token(), run, "mine now")
    jobs.rename(visitor, run, None)
    assert jobs.status(visitor, run).title == "MNIST"


def test_more_runs_than_places_wait_in_order_and_show_their_place(make_jobs, visitor):
    jobs, other = make_jobs(), new_token()
    first = jobs.start(visitor, SETTINGS)
    second, third = jobs.start(other, SETTINGS, "second"), jobs.start(other, SETTINGS, "third")
    until(lambda: phase(jobs, visitor, first) == "training")
    assert phase(jobs, other, second) == phase(jobs, other, third) == "queued"
    assert (
        "Next" in jobs.status(other, second).text and "Number 2" in jobs.status(other, third).text
    )
    jobs.pause(visitor, first)  # a paused run gives its place away
    until(lambda: phase(jobs, other, second) == "training")
    jobs.resume(visitor, first)  # and must wait to get one back
    assert phase(jobs, visitor, first) == "queued"
    jobs.stop(other, third)
    jobs.stop(other, second)
    until(lambda: phase(jobs, visitor, first) == "training")
    assert phase(jobs, other, third) == "stopped"


def test_a_killed_worker_leaves_a_run_that_can_be_resumed(make_jobs, visitor):
    jobs = make_jobs()
    run = jobs.start(visitor, SETTINGS)
    until(lambda: phase(jobs, visitor, run) == "training")
    jobs._processes.send(jobs.folder(visitor, run), "die")
    until(lambda: phase(jobs, visitor, run) == "interrupted")
    assert "last save" in jobs.status(visitor, run).text
    jobs.resume(visitor, run)
    until(lambda: phase(jobs, visitor, run) == "training")


def test_a_run_outlives_its_app(make_jobs, visitor):
    before = make_jobs()
    run = before.start(visitor, SETTINGS)
    until(lambda: phase(before, visitor, run) == "training")
    after = make_jobs()
    assert phase(after, visitor, run) == "training", "another app sees that it still trains"
    before.close(wait=10)
    assert phase(after, visitor, run) == "interrupted"
    after.resume(visitor, run)
    until(lambda: phase(after, visitor, run) == "training")


def test_the_warm_worker_takes_the_run(make_jobs, visitor):
    jobs = make_jobs()
    jobs.prepare()
    warm = jobs._processes._warm.pid
    jobs.prepare()
    assert jobs._processes._warm.pid == warm, "there is only one"
    run = jobs.start(visitor, SETTINGS)
    until(lambda: phase(jobs, visitor, run) == "training")
    assert runfiles.read_json(jobs.folder(visitor, run) / runfiles.STATE)["pid"] == warm


@pytest.mark.parametrize(("told", "then"), [("stop", "stopped"), ("pause", "paused")])
def test_a_command_to_a_worker_that_just_went_home_reaches_the_next_one(
    make_jobs, visitor, told, then
):
    jobs = make_jobs()
    run = jobs.start(visitor, SETTINGS)
    until(lambda: phase(jobs, visitor, run) == "training")
    jobs.close(wait=10)
    after = make_jobs()
    stays = after._processes._command
    goes_home = f"import sys; sys.stdin.read(4); sys.exit({EXIT_IDLE})"
    after._processes._command = [sys.executable, "-c", goes_home]
    after.prepare()  # warm, and on its way home
    after._processes._command = stays
    if told == "stop":
        after.stop(visitor, run)
    else:
        with after._guard:
            after.resume(visitor, run)
            after.pause(visitor, run)
    until(lambda: phase(after, visitor, run) == then)
    if told == "pause":
        other = after.start(visitor, SETTINGS)
        until(lambda: phase(after, visitor, other) == "training")
        assert phase(after, visitor, run) == "paused", "and it still takes no place"


def test_those_who_look_at_a_dead_run_do_not_take_each_other_for_its_worker(make_jobs, visitor):
    before = make_jobs()
    run = before.start(visitor, SETTINGS)
    until(lambda: phase(before, visitor, run) == "training")
    folder = before.folder(visitor, run)
    looks = (
        "from pathlib import Path; from demo.runs import files; "
        f"print(sum(files.is_locked(Path({str(folder)!r})) for _ in range(3000)))"
    )
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(runfiles.is_locked, [folder] * 200)), "it lives"
        before.close(wait=10)
        others = [
            subprocess.Popen([sys.executable, "-c", looks], cwd=PROJECT, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        seen = list(threads.map(runfiles.is_locked, [folder] * 3000))
        seen += [int(other.communicate()[0]) for other in others]
    assert not any(seen)


def test_a_run_that_never_started_is_resumable_after_a_restart(make_jobs, visitor):
    jobs = make_jobs()
    first, second = jobs.start(visitor, SETTINGS, "first"), jobs.start(visitor, SETTINGS, "second")
    until(lambda: phase(jobs, visitor, first) == "training")
    jobs.close(wait=10)
    assert phase(make_jobs(), visitor, second) == "interrupted"


def test_a_run_that_still_reads_its_images_stops_at_once(tmp_path, visitor):
    silent = "import sys, time; sys.stdin.readline() and time.sleep(60)"
    jobs = Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", silent])
    run = jobs.start(visitor, SETTINGS)
    assert phase(jobs, visitor, run) == "starting"
    jobs.stop(visitor, run)
    assert phase(jobs, visitor, run) == "stopped" and "no model" in jobs.status(visitor, run).text
    jobs.close(wait=10)


def test_visitors_see_their_own_runs_only(make_jobs, visitor):
    jobs = make_jobs()
    run = jobs.start(visitor, SETTINGS)
    assert jobs.list_runs(new_token()) == []
    for stranger in (new_token(), "", None, "../" + visitor):
        with pytest.raises(JobError, match="not here"):
            jobs.status(stranger, run)
    for guess in (None, "", "..", "0" * 16, run + "/.", 7):
        with pytest.raises(JobError, match="not here"):
            jobs.stop(visitor, guess)


def test_limits_and_deleting(make_jobs, visitor):
    jobs = make_jobs()
    runs = [jobs.start(visitor, SETTINGS, f"run {n}") for n in range(MAX_PENDING)]
    with pytest.raises(JobError, match=f"{MAX_PENDING} of your runs"):
        jobs.start(visitor, SETTINGS)
    with pytest.raises(JobError, match="not over"):
        jobs.delete(visitor, runs[-1])
    jobs.stop(visitor, runs[-1])
    jobs.delete(visitor, runs[-1])
    assert runs[-1] not in {status.run_id for status in jobs.list_runs(visitor)}


def test_two_hasty_clicks_on_two_threads_start_one_run(make_jobs, visitor, monkeypatch):
    jobs = make_jobs()
    with ThreadPoolExecutor(4) as pool:
        runs = set(pool.map(lambda _: jobs.start(visitor, SETTINGS, "digits"), range(4)))
    assert len(runs) == len(jobs.list_runs(visitor)) == 1
    assert jobs.start(new_token(), SETTINGS, "digits") not in runs, (
        "another visitor's click is another run"
    )
    assert jobs.start(visitor, SETTINGS, "other digits") not in runs, (
        "what differs was not clicked twice"
    )
    monkeypatch.setattr(jobs_module, "DOUBLE_CLICK_SECONDS", 0.0)
    assert (
        jobs.start(visitor, SETTINGS, "other digits") not in runs
        and len(jobs.list_runs(visitor)) == 3
    )


def test_a_run_stopped_within_a_moment_can_be_started_again(make_jobs, visitor):
    jobs = make_jobs()
    jobs.start(new_token(), SETTINGS)  # takes the only place
    run = jobs.start(visitor, SETTINGS)
    jobs.stop(visitor, run)
    assert jobs.start(visitor, SETTINGS) != run


def test_there_is_a_most_of_all_visitors_together(make_jobs, visitor, monkeypatch):
    monkeypatch.setattr(places, "MAX_ALL", 2)
    before = make_jobs()
    held = before.start(visitor, SETTINGS)
    before.close(wait=10)
    jobs, others = make_jobs(), [new_token(), new_token()]
    runs = [jobs.start(other, SETTINGS) for other in others]
    for refused in (lambda: jobs.start(visitor, SETTINGS), lambda: jobs.resume(visitor, held)):
        with pytest.raises(JobError, match="2 runs of all visitors are waiting or training here"):
            refused()
    assert len(jobs.list_runs(visitor)) == 1, "what was refused has left nothing"
    jobs.stop(others[1], runs[1])
    jobs.resume(visitor, held)
    assert phase(jobs, visitor, held) == "queued"


def test_an_address_has_a_most_and_leaves_room_for_others(make_jobs, visitor, monkeypatch):
    monkeypatch.setattr(places, "MAX_ADDRESS", 2)
    jobs = make_jobs()

    def start(address, who):
        with asking(address):
            return jobs.start(who, SETTINGS)

    invented = [new_token(), new_token()]
    runs = [start("10.0.0.1", who) for who in invented]
    with pytest.raises(JobError, match="2 runs from your network address"):
        start("10.0.0.1", new_token())
    assert jobs.status(visitor, start("10.0.0.2", visitor)).phase == "queued"
    until(lambda: phase(jobs, invented[0], runs[0]) == "training")
    jobs.stop(invented[0], runs[0])
    until(lambda: phase(jobs, visitor, jobs.list_runs(visitor)[0].run_id) == "training")
    assert phase(jobs, invented[1], runs[1]) == "queued", "the other address came first"
    start("10.0.0.1", new_token())


def test_few_paused_runs_keep_their_process(make_jobs, monkeypatch):
    monkeypatch.setattr(jobs_module, "MAX_HELD", 1)
    jobs, visitors = make_jobs(), [new_token(), new_token()]
    runs = [jobs.start(visitor, SETTINGS) for visitor in visitors]
    for visitor, run in zip(visitors, runs, strict=True):
        until(lambda visitor=visitor, run=run: phase(jobs, visitor, run) == "training")
        jobs.pause(visitor, run)
    until(lambda: len(list(jobs._processes)) == 1)
    assert jobs.folder(visitors[1], runs[1]) in jobs._processes, "the one held longest is let go"
    until(lambda: phase(jobs, visitors[1], runs[1]) == "paused")
    jobs.resume(visitors[0], runs[0])
    until(lambda: phase(jobs, visitors[0], runs[0]) == "training")


def test_several_trainings_in_one_run_are_not_paused(make_jobs, visitor):
    jobs = make_jobs()
    run = jobs.start(visitor, four("synthetic", 2, "plain", Path()))
    until(lambda: phase(jobs, visitor, run) == "training")
    with pytest.raises(JobError, match="cannot be paused"):
        jobs.pause(visitor, run)
    assert not jobs._paused


def test_a_longer_training_than_the_app_takes_is_refused(make_jobs, visitor):
    jobs = make_jobs(most_seconds=8)
    longer = RunSettings(SETTINGS.model, SETTINGS.training, PriorTrainingConfig(seconds=4))
    with pytest.raises(JobError, match="would train for 9 seconds in all, and this app takes 8"):
        jobs.start(visitor, longer)
    with pytest.raises(JobError, match="seconds in all"):
        jobs.start(visitor, four("synthetic", 2, "plain", Path()))
    with pytest.raises(JobError, match="seconds in all"):  # a budget in steps is one in time too
        jobs.start(visitor, quantizers("synthetic", ["ema", "fsq"], 1_000, Path()))
    assert jobs.list_runs(visitor) == []
    jobs.start(visitor, SETTINGS)
    in_steps = replace(SETTINGS, training=TrainingConfig(dataset="synthetic", steps=10**6))
    limits = []
    for settings in (in_steps, replace(in_steps, prior=PriorTrainingConfig(seconds=3))):
        job = jobs.folder(visitor, jobs.start(visitor, settings)) / runfiles.JOB
        limits.append(runfiles.read_json(job)["most_seconds"])
    assert limits == [8, 5], "steps may take any time, so the run ends by the clock in the end"


def test_images_are_copied_into_the_run(make_jobs, visitor, tmp_path):
    images = tmp_path / "my <b>cats; rm.zip"
    images.write_bytes(b"PK")
    jobs = make_jobs()
    run = jobs.start(visitor, SETTINGS, images=images)
    copied = runfiles.read_json(jobs.folder(visitor, run) / runfiles.JOB)["training"]["dataset"]
    assert copied.endswith("/my-b-cats-rm.zip")
    assert str(jobs.folder(visitor, run).resolve()) in copied


def test_records_skip_cut_lines_and_repeated_steps(tmp_path):
    lines = [
        '{"step": 1, "loss": 3}',
        '{"step": 2, "loss": 2}',
        '{"step": 3, "loss": 1.5}',
        '{"st',
        '{"step": 2, "loss": 1.9}',
        "[1]",
        '{"step": 4, "loss": NaN}',
    ]
    (tmp_path / runfiles.RECORDS).write_text("\n".join(lines))
    records = runfiles.read_records(tmp_path)
    assert [record["step"] for record in records] == [1, 2, 4]
    assert records[1]["loss"] == 1.9, "after a resume the later record of a step counts"


def test_atomic_write_leaves_the_old_file_when_it_fails(tmp_path):
    target = tmp_path / "state.json"
    runfiles.write_atomic(target, {"phase": "training"})
    with pytest.raises(TypeError):
        runfiles.write_atomic(target, {"phase": object()})
    assert runfiles.read_json(target) == {"phase": "training"}
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def start_pair(jobs, visitor, images=None):
    other = replace(SETTINGS, model=replace(SETTINGS.model, codebook_size=16))
    return jobs.start_pair(visitor, [(SETTINGS, "A"), (other, "B")], images)


def test_two_that_were_started_together_share_one_place(make_jobs, visitor):
    jobs, other = make_jobs(), new_token()
    a, b = start_pair(jobs, visitor)
    for run in (a, b):
        until(lambda run=run: phase(jobs, visitor, run) == "training")
    assert (jobs.status(visitor, a).beside, jobs.status(visitor, b).beside) == (b, a)
    alone = jobs.start(other, SETTINGS)
    assert phase(jobs, other, alone) == "queued", "both together take the only place"
    jobs.pause(visitor, a)
    until(lambda: phase(jobs, visitor, a) == "paused")
    assert phase(jobs, other, alone) == "queued", "the place is still that of B"
    jobs.resume(visitor, a)
    until(lambda: phase(jobs, visitor, a) == "training")
    for run in (a, b):
        jobs.pause(visitor, run)
    until(lambda: phase(jobs, other, alone) == "training")
    for run in (a, b):
        jobs.resume(visitor, run)
    assert {jobs.status(visitor, run).text for run in (a, b)} == {
        "Next in the queue: it starts when a run before it ends or pauses."
    }
    jobs.stop(other, alone)
    for run in (a, b):
        until(lambda run=run: phase(jobs, visitor, run) == "training")


def test_two_that_wait_are_one_in_the_line_and_go_on_together_in_another_app(make_jobs, visitor):
    jobs, others = make_jobs(), [new_token(), new_token()]
    first = jobs.start(others[0], SETTINGS)
    pair = start_pair(jobs, visitor)
    last = jobs.start(others[1], SETTINGS)
    places_said = [jobs.status(visitor, run).text for run in pair]
    assert all(text.startswith(("Next", "Number 2")) for text in places_said)
    until(lambda: phase(jobs, others[0], first) == "training")
    jobs.stop(others[0], first)
    jobs.stop(others[1], last)
    for run in pair:
        until(lambda run=run: phase(jobs, visitor, run) == "training")
    jobs.close(wait=10)
    again = make_jobs()
    for run in pair:
        until(lambda run=run: phase(again, visitor, run) == "interrupted")
        again.resume(visitor, run)
    for run in pair:
        until(lambda run=run: phase(again, visitor, run) == "training")


def test_two_hasty_clicks_start_one_pair_and_without_room_for_both_there_is_none(
    make_jobs, visitor, monkeypatch
):
    jobs = make_jobs()
    with ThreadPoolExecutor(4) as pool:
        pairs = {tuple(ids) for ids in pool.map(lambda _: start_pair(jobs, visitor), range(4))}
    assert len(pairs) == 1 and len(jobs.list_runs(visitor)) == 2
    jobs.start(visitor, SETTINGS, "a third")
    monkeypatch.setattr(jobs_module, "DOUBLE_CLICK_SECONDS", 0.0)
    with pytest.raises(JobError, match=r"3 of your runs .* 2 more would pass the 4 that are taken"):
        start_pair(jobs, visitor)
    assert len(jobs.list_runs(visitor)) == 3, "not one of the two alone"


def test_a_pair_whose_second_folder_cannot_be_made_leaves_nothing(make_jobs, visitor, monkeypatch):
    jobs, made, make_folder = make_jobs(), [], folders_module.make_folder

    def fails_at_the_second(folder, *rest):
        made.append(folder)
        if len(made) > 1:
            raise OSError(28, "No space left on device")
        make_folder(folder, *rest)

    monkeypatch.setattr(folders_module, "make_folder", fails_at_the_second)
    with pytest.raises(JobError, match="No space left on device"):
        start_pair(jobs, visitor)
    assert len(made) == 2 and not any(folder.exists() for folder in made)


def test_both_of_a_pair_have_the_uploaded_images(make_jobs, visitor, tmp_path):
    images = tmp_path / "cats.zip"
    images.write_bytes(b"PK")
    jobs = make_jobs()
    for run in start_pair(jobs, visitor, images):
        folder = jobs.folder(visitor, run)
        dataset = runfiles.read_json(folder / runfiles.JOB)["training"]["dataset"]
        assert dataset == str((folder / "cats.zip").resolve()) and Path(dataset).is_file()
