"""Long computations for the Codebook tab: each in a thread, with progress, a stop, and its result
kept for a while.

A job has a key that says what is computed of what, so whoever asks for the same joins it or gets
its result at once. Nothing of a visitor's is kept: keys are made of a model's content and settings.
Names of jobs are unguessable, so that only those who asked for one can stop it; it ends when the
last of them does.
"""

import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from demo.aside import aside, ends
from demo.asker import ADDRESS, PAGE
from demo.errors import BusyError, explain
from demo.shares import Shares

Work = Callable[[Callable[[int, int, str], None]], Any]
"""A computation; it is handed `Computation.progress`."""

MOST_RUNNING = 2
MOST_WAITING, MOST_OF_ADDRESS, MOST_OF_PAGE = 64, 32, 3
"""Jobs in the line: of everybody, of an address, which a class may share, and of a page."""
LEAST_SECONDS = 0.02
"""What a job counts for at least in the sharing of time."""
MOST_KEPT = 24
MOST_TICKETS = 256
WAITING = "Waiting for another computation to end"
STOPPED = "Stopped."
NOBODYS = (None, "")
"""What an unknown ticket stands for."""

Key = tuple[Hashable, ...]
"""What is computed of what."""


class Stopped(Exception):
    """Raised inside a job's progress call when nobody wants its result any more."""


@dataclass
class Computation:
    """One computation; fields are written by its thread and read by the page's questions."""

    key: Key
    tickets: set[str] = field(default_factory=set)
    done: int = 0
    total: int = 0
    text: str = "Starting"
    result: Any = None
    error: str = ""
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)
    _ending: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def ended(self) -> bool:
        """It has a result or an error."""
        return self._ended.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for it to end; whether it has."""
        return self._ended.wait(seconds)

    def end(self, error: str) -> None:
        """With its result in place, or the sentence that says why it has none."""
        self.error = error
        self._ended.set()

    def join(self, ticket: str) -> bool:
        """One more who wants it; False when it has noticed that nobody did and is about to end."""
        with self._guard:
            if not self._ending:
                self.tickets.add(ticket)
            return not self._ending

    def progress(self, done: int, total: int, text: str) -> None:
        """What the computation calls now and then. Raises Stopped when it shall end."""
        with self._guard:
            self._ending = not self.tickets or ends()
        if self._ending:
            raise Stopped
        self.done, self.total, self.text = done, total, text


class InLine(NamedTuple):
    """A job in the line, and whose it is."""

    job: Computation
    work: Work
    address: str
    page: str


class Computations:
    """Running jobs and the latest results, least recently used first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._begun: dict[tuple, Computation] = {}
        self._line: list[InLine] = []
        self._at_work = 0
        self._shares = Shares()
        self._results: OrderedDict[tuple, Any] = OrderedDict()
        self._tickets: dict[str, tuple[Computation, str]] = {}
        """Of each its job, and the address that has it."""

    def result(self, key: Key) -> Any:
        """A result that is there already, else None."""
        with self._guard:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def keep(self, key: Key, result: Any) -> None:
        """Keep a result that took no job."""
        with self._guard:
            self._results[key] = result
            self._results.move_to_end(key)
            while len(self._results) > MOST_KEPT:
                self._results.popitem(last=False)

    def start(self, key: Key, work: Work) -> str:
        """Begin `work(progress)`, or join it where it is begun already; returns a ticket to ask and
        stop with.

        While MOST_RUNNING are at work the job waits for its turn: next is whose address, and whose
        page, has had least time. A stopped one is among those at work until its next progress call.
        BusyError where everybody, the address or the page that asks has too many waiting.
        """
        ticket = secrets.token_hex(16)
        with self._guard:
            job = self._begun.get(key)
            if job is None or not job.join(ticket):
                job = Computation(key, {ticket}, text=WAITING)
                self._line.append(self._placed(job, work))
                self._begun[key] = job
                self._start_waiting()
            self._tickets[ticket] = job, ADDRESS.get()
            while len(self._tickets) > MOST_TICKETS:  # the oldest goes, of the address with most
                held = Counter(address for _, address in self._tickets.values())
                most = max(held, key=held.__getitem__)
                del self._tickets[
                    next(one for one, (_, address) in self._tickets.items() if address == most)
                ]
        return ticket

    def _placed(self, job: Computation, work: Work) -> InLine:
        """The end of the line for a job of whoever asks."""
        address, page = ADDRESS.get(), PAGE.get()
        near = [one for one in self._line if one.address == address]
        if len(near) >= MOST_OF_ADDRESS or len(self._line) >= MOST_WAITING:
            raise BusyError("Many computations wait for their turn already; try again in a minute.")
        if page and sum(one.page == page for one in near) >= MOST_OF_PAGE:
            raise BusyError(
                "Several computations of this page wait for their turn: try again when one is done."
            )
        return InLine(job, work, address, page)

    def _start_waiting(self) -> None:
        """Give free places to those whose turn it is."""
        while self._line and self._at_work < MOST_RUNNING:
            one = min(
                self._line, key=lambda waiting: self._shares.of(waiting.address, waiting.page)
            )
            self._line.remove(one)
            self._shares.take(one.address, one.page, LEAST_SECONDS)
            self._at_work += 1
            aside(partial(self._run, one), "codebook")

    def job(self, ticket: object) -> Computation | None:
        """The job of a ticket, also when it has ended; None for an unknown one."""
        return self._tickets.get(ticket, NOBODYS)[0] if isinstance(ticket, str) else None

    def stop(self, ticket: object) -> None:
        """Give a ticket back; without tickets the job ends at its next progress call, or leaves the
        line."""
        with self._guard:
            job, _ = self._tickets.pop(ticket, NOBODYS) if isinstance(ticket, str) else NOBODYS
            if job is None:
                return
            job.tickets.discard(ticket)
            waiting = next((one for one in self._line if one.job is job), None)
            if waiting and not job.tickets:
                self._line.remove(waiting)
                self._end(job, STOPPED)

    def _run(self, one: InLine) -> None:
        job, error, began = one.job, "", time.monotonic()
        try:
            job.result = one.work(job.progress)
            self.keep(job.key, job.result)
        except Stopped:
            error = STOPPED
        except Exception as raised:
            error = explain(raised)
        with self._guard:
            self._at_work -= 1
            self._shares.add(one.address, one.page, time.monotonic() - began)
            self._end(job, error)
            self._start_waiting()

    def _end(self, job: Computation, error: str) -> None:
        if self._begun.get(job.key) is job:
            del self._begun[job.key]
        job.end(error)
