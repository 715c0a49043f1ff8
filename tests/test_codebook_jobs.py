"""Long computations: joined by whoever wants the same, ended by the last who does, kept when done."""

import threading
import time

import pytest

from demo import codebook_jobs
from demo.codebook_jobs import BusyError, Jobs


def until(true):
    """Wait until `true()`; fails after ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_job_ends_only_when_the_last_who_wants_it_stops_it():
    jobs, steps = Jobs(), []

    def work(progress):
        while True:
            progress(1, 2, "working")
            steps.append(1)
            time.sleep(0.005)

    first, second = jobs.start(("k",), work, str), jobs.start(("k",), work, str)
    job = jobs.job(first)
    assert job is jobs.job(second)
    jobs.stop(first)
    time.sleep(0.05)
    assert not job.ended
    jobs.stop(second)
    until(lambda: job.ended)
    assert job.error == "Stopped." and jobs.result(("k",)) is None


def test_who_changes_the_mind_and_back_joins_the_work_that_goes_on():
    jobs, told, go = Jobs(), threading.Event(), threading.Event()

    def work(progress):
        told.set()
        assert go.wait(10)  # a phase that cannot be interrupted
        progress(1, 2, "working")
        return "done"

    first = jobs.start(("k",), work, str)
    job = jobs.job(first)
    assert told.wait(10)
    jobs.stop(first)
    again = jobs.start(("k",), work, str)
    assert jobs.job(again) is job
    go.set()
    until(lambda: job.ended)
    assert not job.error and jobs.result(("k",)) == "done"


def test_a_job_beyond_those_at_work_waits_its_turn_and_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(codebook_jobs, "MOST_WAITING", 1)
    jobs = Jobs()

    def wait(progress):
        while True:
            progress(0, 0, "")
            time.sleep(0.005)

    tickets = [jobs.start((n,), wait, str) for n in range(2)]
    waiting = jobs.start((9,), lambda progress: "done", str)
    job = jobs.job(waiting)
    until(lambda: "Waiting" in job.text)
    with pytest.raises(BusyError, match="turn already"):
        jobs.start((10,), wait, str)
    for ticket in tickets:
        jobs.stop(ticket)
    until(lambda: job.ended)
    assert jobs.result((9,)) == "done"
