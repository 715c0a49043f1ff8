"""Long computations for the Codebook tab: each in a thread, with progress, a stop, and its result kept for a while.

A job has a key that says what is computed of what, so whoever asks for the same joins it or gets its result at once.
Nothing of a visitor's is kept: keys are made of a model's content and settings. Names of jobs are unguessable, so that
only those who asked for one can stop it; it ends when the last of them does.
"""

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

MOST_RUNNING = 2
MOST_WAITING = 8
MOST_KEPT = 24
LOOK_EVERY = 0.2
"""Seconds between two looks of a waiting job at whether it is still wanted."""


class Stopped(Exception):
    """Raised inside a job's progress call when nobody wants its result any more."""


class BusyError(RuntimeError):
    """No place for another job; the text is a sentence for the page."""


@dataclass
class Job:
    """One computation; fields are written by its thread and read by the page's questions."""

    key: tuple
    tickets: set[str] = field(default_factory=set)
    done: int = 0
    total: int = 0
    text: str = "Starting"
    result: Any = None
    error: str = ""
    ended: bool = False
    _ending: bool = False
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def join(self, ticket: str) -> bool:
        """One more who wants it; False when it has noticed that nobody did and is about to end."""
        with self._guard:
            if not self._ending:
                self.tickets.add(ticket)
            return not self._ending

    def progress(self, done: int, total: int, text: str) -> None:
        """What the computation calls now and then. Raises Stopped when it shall end."""
        with self._guard:
            self._ending = not self.tickets
        if self._ending:
            raise Stopped
        self.done, self.total, self.text = done, total, text


class Jobs:
    """Running jobs and the latest results, least recently used first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: dict[tuple, Job] = {}
        self._results: OrderedDict[tuple, Any] = OrderedDict()
        self._tickets: OrderedDict[str, Job] = OrderedDict()
        self._room = threading.Semaphore(MOST_RUNNING)

    def result(self, key: tuple) -> Any:
        """A result that is there already, else None."""
        with self._guard:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def keep(self, key: tuple, result: Any) -> None:
        """Keep a result that took no job."""
        with self._guard:
            self._results[key] = result
            self._results.move_to_end(key)
            while len(self._results) > MOST_KEPT:
                self._results.popitem(last=False)

    def start(self, key: tuple, work: Callable[[Callable[[int, int, str], None]], Any],
              explain: Callable[[Exception], str]) -> str:
        """Begin `work(progress)`, or join it where it runs already; returns a ticket to ask and stop with.

        `explain` turns its exception into a sentence. While MOST_RUNNING others are at work the job waits for one of
        them to end; a stopped one is among these until its next progress call. BusyError when MOST_WAITING wait.
        """
        ticket = secrets.token_hex(16)
        with self._guard:
            job = self._running.get(key)
            if job is None or not job.join(ticket):
                if len(self._running) >= MOST_RUNNING + MOST_WAITING:
                    raise BusyError("Many computations wait for their turn already; try again in a minute.")
                job = Job(key, {ticket})  # before the thread looks for it
                self._running[key] = job
                threading.Thread(target=self._run, args=(job, work, explain), daemon=True, name="codebook").start()
            self._tickets[ticket] = job
            while len(self._tickets) > 256:
                self._tickets.popitem(last=False)
        return ticket

    def job(self, ticket: object) -> Job | None:
        """The job of a ticket, also when it has ended; None for an unknown one."""
        return self._tickets.get(ticket) if isinstance(ticket, str) else None

    def stop(self, ticket: object) -> None:
        """Give a ticket back; without tickets the job ends at its next progress call."""
        with self._guard:
            job = self._tickets.pop(ticket, None) if isinstance(ticket, str) else None
            if job is not None:
                job.tickets.discard(ticket)

    def _run(self, job: Job, work: Callable, explain: Callable[[Exception], str]) -> None:
        inside = False
        try:
            while not (inside := self._room.acquire(timeout=LOOK_EVERY)):
                job.progress(0, 0, "Waiting for another computation to end")
            job.result = work(job.progress)
            self.keep(job.key, job.result)
        except Stopped:
            job.error = "Stopped."
        except Exception as error:
            job.error = explain(error)
        finally:
            if inside:
                self._room.release()
            with self._guard:
                if self._running.get(job.key) is job:
                    del self._running[job.key]
            job.ended = True
