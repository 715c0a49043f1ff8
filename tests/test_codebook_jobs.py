"""Long computations: joined by whoever wants the same, ended by the last who does, kept when done."""

import time

import pytest

from demo.codebook_jobs import BusyError, Jobs


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
    for _ in range(200):
        if job.ended:
            break
        time.sleep(0.01)
    assert job.ended and job.error == "Stopped." and jobs.result(("k",)) is None


def test_results_are_kept_and_too_many_jobs_are_refused():
    jobs = Jobs()

    def wait(progress):
        while True:
            progress(0, 0, "")
            time.sleep(0.005)

    tickets = [jobs.start((n,), wait, str) for n in range(2)]
    with pytest.raises(BusyError, match="wait for one"):
        jobs.start((9,), wait, str)
    for ticket in tickets:
        jobs.stop(ticket)
    for _ in range(200):
        if not jobs._running:
            break
        time.sleep(0.01)
    ticket = jobs.start((9,), lambda progress: "done", str)
    for _ in range(200):
        if jobs.job(ticket).ended:
            break
        time.sleep(0.01)
    assert jobs.result((9,)) == "done"
