"""Long computations: joined by whoever wants the same, ended by the last who does, kept when
done."""

import threading
import time

import pytest

from demo import background
from demo.asker import ADDRESS, PAGE
from demo.background import Computations
from demo.errors import BusyError


def until(true):
    """Wait until `true()`; fails after ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_job_ends_only_when_the_last_who_wants_it_stops_it():
    jobs, steps = Computations(), []

    def work(progress):
        while True:
            progress(1, 2, "working")
            steps.append(1)
            time.sleep(0.005)

    first, second = jobs.start(("k",), work), jobs.start(("k",), work)
    job = jobs.job(first)
    assert job is jobs.job(second)
    jobs.stop(first)
    time.sleep(0.05)
    assert not job.ended
    jobs.stop(second)
    until(lambda: job.ended)
    assert job.error == "Stopped." and jobs.result(("k",)) is None


def test_who_changes_the_mind_and_back_joins_the_work_that_goes_on():
    jobs, told, go = Computations(), threading.Event(), threading.Event()

    def work(progress):
        told.set()
        assert go.wait(10)  # a phase that cannot be interrupted
        progress(1, 2, "working")
        return "done"

    first = jobs.start(("k",), work)
    job = jobs.job(first)
    assert told.wait(10)
    jobs.stop(first)
    again = jobs.start(("k",), work)
    assert jobs.job(again) is job
    go.set()
    until(lambda: job.ended)
    assert not job.error and jobs.result(("k",)) == "done"


@pytest.fixture
def asking():
    """`asking(address, page)`: whose request is answered from here on."""
    tokens = ADDRESS.set(""), PAGE.set("")

    def ask(address, page):
        ADDRESS.set(address)
        PAGE.set(page)

    yield ask
    ADDRESS.reset(tokens[0])
    PAGE.reset(tokens[1])


def wait(progress):
    """Work that lasts until nobody wants it."""
    while True:
        progress(0, 0, "")
        time.sleep(0.005)


def test_a_job_beyond_those_at_work_waits_its_turn_and_may_leave_the_line():
    jobs = Computations()
    tickets = [jobs.start((n,), wait) for n in range(2)]
    waiting, leaving = (jobs.start((n,), lambda progress: "done") for n in (8, 9))
    job, left = jobs.job(waiting), jobs.job(leaving)
    assert "Waiting" in job.text and not job.ended
    jobs.stop(leaving)
    assert left.ended and left.error == "Stopped."
    for ticket in tickets:
        jobs.stop(ticket)
    until(lambda: job.ended)
    assert jobs.result((8,)) == "done" and jobs.result((9,)) is None


def test_too_many_of_a_page_of_an_address_and_of_all_are_refused_but_may_be_joined(
    asking, monkeypatch
):
    monkeypatch.setattr(background, "MOST_OF_PAGE", 2)
    monkeypatch.setattr(background, "MOST_OF_ADDRESS", 4)
    monkeypatch.setattr(background, "MOST_WAITING", 5)
    jobs, tickets, number = Computations(), [], iter(range(100))

    def book(address, page, count):
        asking(address, page)
        for _ in range(count):
            tickets.append(jobs.start((next(number),), wait))

    book("1.1.1.1", "a", 2)  # at work
    book("1.1.1.1", "a", 2)
    with pytest.raises(BusyError, match="of this page wait"):
        book("1.1.1.1", "a", 1)
    jobs.start((3,), wait)  # joins
    book("1.1.1.1", "b", 2)
    with pytest.raises(BusyError, match="turn already"):
        book("1.1.1.1", "c", 1)
    book("2.2.2.2", "d", 1)
    with pytest.raises(BusyError, match="turn already"):
        book("3.3.3.3", "e", 1)
    for ticket in tickets:
        jobs.stop(ticket)


def test_turns_go_round_addresses_and_their_pages(asking, monkeypatch):
    monkeypatch.setattr(background, "MOST_RUNNING", 1)
    jobs, order, first = Computations(), [], threading.Event()
    asking("1.1.1.1", "a")
    jobs.start(("first",), lambda progress: first.wait(10))
    for address, page, name in (
        ("1.1.1.1", "a", "a1"),
        ("1.1.1.1", "a", "a2"),
        ("1.1.1.1", "b", "b1"),
        ("2.2.2.2", "c", "c1"),
        ("2.2.2.2", "c", "c2"),
    ):
        asking(address, page)
        jobs.start((name,), lambda progress, name=name: order.append(name))
    time.sleep(0.2)
    first.set()
    until(lambda: len(order) == 5)
    assert order == ["c1", "c2", "b1", "a1", "a2"], "the page that had the first one comes last"


def test_whoever_asks_again_and_again_loses_the_oldest_ticket_and_nobody_else_does(
    asking, monkeypatch
):
    monkeypatch.setattr(background, "MOST_TICKETS", 5)
    jobs = Computations()
    asking("2.2.2.2", "b")
    honest = jobs.start(("k",), wait)
    asking("1.1.1.1", "a")
    mine = [jobs.start(("k",), wait) for _ in range(20)]
    assert jobs.job(honest) is not None
    assert [jobs.job(ticket) is not None for ticket in mine[-5:]] == [False, *[True] * 4]
    for ticket in (honest, *mine):
        jobs.stop(ticket)
