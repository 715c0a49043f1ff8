"""Two runs that were started together keep at about the same step, and none waits for nothing."""

import threading
import time
from types import SimpleNamespace

import pytest

from demo.runs import driving
from demo.runs import files as runfiles
from demo.runs.driving import AHEAD, Commands, Pace, run_until_done
from demo.runs.reporter import Reporter
from demo.runs.status import Command, Phase


@pytest.fixture
def pair(tmp_path):
    """The folders of A and B."""
    names = ["a" * 16, "b" * 16]
    for name, other in zip(names, names[::-1], strict=True):
        (tmp_path / name).mkdir()
        runfiles.write_atomic(tmp_path / name / runfiles.JOB, {"beside": other})
    return [tmp_path / name for name in names]


class Training:
    """So many steps, each as long as it is told to be."""

    def __init__(self, count, seconds):
        self.count, self.seconds, self.done = count, seconds, 0

    @property
    def finished(self):
        return self.done == self.count

    def steps(self):
        while not self.finished:
            time.sleep(self.seconds)
            self.done += 1
            yield SimpleNamespace(step=self.done, elapsed=0.0)


class Waiting(Commands):
    """No command comes."""

    def __init__(self):
        pass

    def get(self, timeout=None):
        time.sleep(timeout or 0)
        return ""


def test_the_faster_of_two_waits_for_the_slower_until_that_is_over(pair):
    trainings = [Training(60, 0.0), Training(40, 0.004)]
    leads, locks = [], [runfiles.Lock(folder) for folder in pair]

    def run(number):
        reporter = Reporter(pair[number])

        def observe(record):
            other = trainings[1 - number]
            if not other.finished:
                leads.append(record.step - other.done)

        run_until_done(trainings[number], observe, pair[number], reporter, Waiting())
        reporter.state(Phase.FINISHED)
        reporter.close()

    for lock in locks:
        lock.take()
    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for folder in pair:
        runfiles.write_atomic(folder / runfiles.STATE, {"phase": Phase.STARTING})
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(training.finished for training in trainings), "neither waits for ever"
    assert max(leads) <= AHEAD + 2, "about the same step at any moment"


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.STARTING])
def test_nobody_waits_for_one_that_does_not_train(pair, phase):
    own, other = pair
    runfiles.write_atomic(other / runfiles.STATE, {"phase": phase})
    assert not Pace(own).is_ahead(1_000), "its process is gone, or it is not running"
    lock = runfiles.Lock(other)
    lock.take()
    assert Pace(own).is_ahead(1_000) == (phase is Phase.TRAINING)
    lock.free()


def test_one_that_starts_is_waited_for_and_a_run_alone_never_waits(pair, tmp_path):
    own, other = pair
    runfiles.write_atomic(other / runfiles.STATE, {"phase": Phase.STARTING})
    assert Pace(own).is_ahead(AHEAD + 1) and not Pace(own).is_ahead(AHEAD)
    runfiles.write_atomic(own / runfiles.JOB, {})
    assert not Pace(own).is_ahead(1_000)
    (other / runfiles.PACE).write_text("no number")
    assert not Pace(other).is_ahead(1_000), "of A nothing is known: it has no phase yet"


def test_who_waits_still_hears_what_it_is_told(pair, monkeypatch):
    own, other = pair
    runfiles.write_atomic(other / runfiles.STATE, {"phase": Phase.STARTING})
    told = iter([""] * (AHEAD + 20) + [Command.STOP])
    commands = SimpleNamespace(get=lambda timeout=None: next(told))
    reporter, training = Reporter(own), Training(1_000, 0.0)
    monkeypatch.setattr(driving, "WAIT_SECONDS", 0.0)
    run_until_done(training, lambda record: None, own, reporter, commands)
    reporter.close()
    assert training.done == AHEAD + 1
