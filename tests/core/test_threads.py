"""The number of threads of a training: as many as help, on a machine that is told here how busy it
is."""

import pytest
import torch

import vqvae
from vqvae import threads as module
from vqvae.data.datasets import load_dataset
from vqvae.threads import Threads, as_many_as_help, has_free_cores


class Machine:
    """Some cores, of which others keep some busy; time passes with the steps of one loop alone."""

    def __init__(self, cores: int, busy: int = 0, seconds: float = 0.03) -> None:
        self.cores, self.busy, self.seconds = cores, busy, seconds
        self.time, self.threads, self.probes, self.used = 0.0, cores, 0, []

    def use(self, threads: int) -> None:
        self.threads = threads

    def probe(self, threads: int) -> bool:
        self.probes += 1
        self.use(max(1, threads // 2))
        return threads <= self.cores - self.busy

    def step(self) -> float:
        if self.threads > self.cores - self.busy and self.threads > 1:
            took = 100 * self.seconds  # all wait for those that have no core
        else:
            took = self.seconds * (0.5 + 0.5 / self.threads)
        self.time += took
        self.used.append(self.threads)
        return took

    def run(self, threads: Threads, seconds: float) -> int:
        """How many steps are done in so many seconds."""
        begin, end = len(self.used), self.time + seconds
        while self.time < end:
            threads.step(self.step())
        return len(self.used) - begin

    def chooser(self) -> Threads:
        return Threads(self.cores, probe=self.probe, use=self.use, clock=lambda: self.time)


@pytest.mark.parametrize("cores", [2, 3, 8, 12])
def test_on_an_idle_machine_all_threads_are_used_at_once(cores):
    machine = Machine(cores)
    with machine.chooser() as threads:
        machine.run(threads, 10)
    assert machine.used[0] == 1 and machine.used[-1] == cores
    assert machine.used.count(cores) > 0.9 * len(machine.used)


@pytest.mark.parametrize("busy", [1, 2])
def test_beside_busy_cores_it_stays_with_one_thread(busy):
    machine, alone = Machine(2, busy), Machine(2, busy)
    with machine.chooser() as threads:
        steps = machine.run(threads, 10)
    alone.threads = 1
    assert set(machine.used) == {1} and steps >= 0.99 * alone.run(Threads(1), 10)
    assert machine.probes <= 6, "seldom asked in vain"


def test_when_the_machine_gets_busy_one_step_is_lost_and_when_it_is_free_again_it_is_used():
    machine = Machine(2)
    with machine.chooser() as threads:
        machine.run(threads, 5)
        machine.busy = 2
        begin = len(machine.used)
        machine.run(threads, 10)
        assert machine.used[begin:].count(2) == 1
        machine.busy = 0
        machine.run(threads, 20)
        assert machine.used[-1] == 2


def test_more_threads_that_help_nothing_are_left_again():
    """The probe finds free cores, the step itself is too small to share."""
    machine = Machine(4)
    machine.step = lambda: machine.used.append(machine.threads) or 0.01
    machine.run(threads := machine.chooser(), 0)
    with threads:
        for _ in range(200):
            threads.step(machine.step())
    assert machine.used.count(1) > 0.9 * len(machine.used) and 2 in machine.used


def test_a_neighbour_that_makes_steps_slower_by_half_is_noticed():
    machine = Machine(2)
    with machine.chooser() as threads:
        machine.run(threads, 5)
        slow = {1: 0.03, 2: 0.045}
        machine.step = lambda: machine.used.append(machine.threads) or slow[machine.threads]
        for _ in range(30):
            threads.step(machine.step())
        assert machine.used[-1] == 1


def test_torch_has_its_threads_back_afterwards(monkeypatch):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with Threads():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        monkeypatch.setattr(module, "has_free_cores", lambda threads: False)
        with as_many_as_help():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        with Threads() as alone:
            alone.step(1.0)
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_probe_measures_and_leaves_half_of_the_threads():
    before = torch.get_num_threads()
    try:
        assert has_free_cores(2) in (True, False) and torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_training_tells_how_long_its_steps_took(monkeypatch, small_sets):
    told = []

    class Told(Threads):
        def step(self, seconds):
            told.append(seconds)

    monkeypatch.setattr("vqvae.training.loop.Threads", Told)
    data = load_dataset("synthetic")
    config = vqvae.TrainingConfig(steps=3, dataset="synthetic", batch_size=8)
    model = vqvae.build_model(vqvae.ModelConfig(codebook_size=16, hidden_channels=8))
    training = vqvae.Training(model, data, config)
    assert len(list(training.steps())) == 3
    assert len(told) == 3 and sum(told) == pytest.approx(training.elapsed)
