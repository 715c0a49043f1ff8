"""Gradio's queue of events, shared out: each session and address has its bounds and its turn, and
an event runs only while somebody listens for its result.

Gradio's own queue counts the events of everybody together, takes them in order of arrival and keeps
those whose page never opens its event stream; one client could so shut everybody out.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from typing import NamedTuple

import gradio as gr
from gradio.queueing import Event, Queue
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import LRUCache

from demo.shares import Shares
from demo.web.addresses import address_of
from demo.web.sessions import asked_by

API = "api"
"""`concurrency_id` of the calls of programs (demo.api); the events of the page have others."""
BUSY = "Too much of yours is waiting already: try again in a moment."
LEAST_SECONDS = 0.02
"""What an event counts for at least in the sharing of time."""
OPENING = 8
"""Events that a page sends at once when it opens, at most."""


class Bounds(NamedTuple):
    """How many events may be pending, with thirty visitors behind one address."""

    session: int = 24
    address: int = 512
    calls: int = 64
    """Of programs, of one address."""
    unheard: int = 256
    """Of one address, that nobody listens for yet."""
    everybody: int = 4096
    bytes: int = 64 * 2**20
    """Of all events of one address."""
    seconds: float = 10.0
    """How long an event waits for somebody to listen."""


class Owner(NamedTuple):
    """Whose an event is."""

    address: str
    session: str
    is_call: bool
    size: int
    """Bytes of its request."""


class FairQueue(Queue):
    """`pending_event_ids_session`, `pending_messages_per_session`, `event_ids_to_events` and the
    `queue` list of each concurrency id are Gradio's; tests/attacks/test_queue.py holds what is
    expected of them."""

    def __init__(
        self, blocks: gr.Blocks, *, default_concurrency_limit: int, bounds: Bounds | None = None
    ) -> None:
        super().__init__(
            live_updates=True,
            concurrency_count=blocks.max_threads,
            update_intervals=1,
            max_size=None,
            blocks=blocks,
            default_concurrency_limit=default_concurrency_limit,
        )
        self._bounds = bounds or Bounds()
        # Gradio keeps the messages of 2,000 sessions and forgets the oldest, whoever made more.
        self.pending_messages_per_session = LRUCache(4 * self._bounds.everybody)
        self.ANALYTICS_MAX_EVENTS = 0  # else a table of the last 10,000 events is made after each
        self._owners: dict[str, Owner] = {}
        self._listening: Counter[str] = Counter()
        self._unheard: OrderedDict[str, Event] = OrderedDict()
        self._shares = Shares()
        self._running: Counter[tuple[str, str]] = Counter()

    # -- coming in --------------------------------------------------------------------------------

    async def push(self, body, request, username):
        """As Gradio's, within the bounds; what nobody listens for yet is set aside."""
        address, session = address_of(request.scope), body.session_hash or ""
        pending = self._pending()
        mine = sum(owner.session == session for owner in pending.values()) if session else 0
        size = len(await request.body())  # Gradio has read it: this is what it keeps with the event
        held = size + sum(owner.size for owner in pending.values() if owner.address == address)
        full = mine >= self._bounds.session or len(pending) >= self._bounds.everybody
        if full or held > self._bounds.bytes:
            return False, BUSY, "queue_full"
        fn = self.blocks.fns.get(body.fn_index)
        is_call = fn is not None and fn.concurrency_id == API
        heard = bool(session) and self._listening[session] > 0
        if heard and self._is_full(address, is_call):
            return False, BUSY, "queue_full"
        if not heard and not self._make_room(address, session):
            return False, BUSY, "queue_full"
        success, event_id, state = await super().push(body, request, username)
        event = self.event_ids_to_events.get(event_id) if success else None
        if event is not None:
            self._owners[event._id] = Owner(address, event.session_hash, is_call, size)
            if not self._listening[event.session_hash]:
                self._set_aside(event)
        return success, event_id, state

    def _pending(self) -> dict[str, Owner]:
        """What waits or runs: Gradio takes it out of `event_ids_to_events` when it is over."""
        self._owners = {
            key: owner for key, owner in self._owners.items() if key in self.event_ids_to_events
        }
        return self._owners

    def _is_full(self, address: str, is_call: bool) -> bool:
        mine = [
            owner
            for key, owner in self._pending().items()
            if owner.address == address and key not in self._unheard
        ]
        calls = sum(owner.is_call for owner in mine)
        return calls >= self._bounds.calls if is_call else len(mine) - calls >= self._bounds.address

    def _make_room(self, address: str, session: str) -> bool:
        """Where an address has too much that nobody listens for, one session of it is forgotten:
        the one with most, or the oldest where none has more than a page that opens. False where
        that would be the one that asks."""
        mine = [
            self._owners[key].session
            for key in self._unheard
            if self._owners[key].address == address
        ]
        if len(mine) < self._bounds.unheard:
            return True
        most, count = Counter(mine).most_common(1)[0]
        chosen = most if count > OPENING else mine[0]
        if chosen == session:
            return False
        for event in [event for event in self._unheard.values() if event.session_hash == chosen]:
            self._drop(event._id)
        return True

    def _set_aside(self, event: Event) -> None:
        # At once after Gradio has appended it: nothing else ran in between.
        self.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)
        self._unheard[event._id] = event
        asyncio.get_running_loop().call_later(self._bounds.seconds, self._drop, event._id)

    def _drop(self, event_id: str) -> None:
        """Forget an event that nobody listened for."""
        event = self._unheard.pop(event_id, None)
        if event is not None:
            self.event_ids_to_events.pop(event_id, None)
            self.pending_event_ids_session.get(event.session_hash, set()).discard(event_id)
            self._forget(event.session_hash)

    # -- listeners --------------------------------------------------------------------------------

    def session_of(self, event_id: str) -> str:
        """The session whose stream carries the result of an event; its own id where it has none."""
        owner = self._pending().get(event_id)
        if owner is not None:
            return owner.session
        waiting = (
            session for session, ids in self.pending_event_ids_session.items() if event_id in ids
        )
        return next(waiting, event_id)

    def knows(self, session: str) -> bool:
        """Whether there is anything for a session to listen to."""
        return session in self.pending_messages_per_session

    def listen(self, session: str) -> None:
        """Somebody listens for a session's results now: its events take their turn from here on."""
        self._listening[session] += 1
        for event in [event for event in self._unheard.values() if event.session_hash == session]:
            owner = self._owners[event._id]
            if self._is_full(owner.address, owner.is_call):
                told = {"error": BUSY, "visible": True}
                self.send_message(event, ProcessCompletedMessage(output=told, success=False))
                del self._unheard[event._id]
                self.event_ids_to_events.pop(event._id, None)
                continue
            del self._unheard[event._id]
            self.event_queue_per_concurrency_id[event.concurrency_id].queue.append(event)
            self.broadcast_estimations(event.concurrency_id)

    def leave(self, session: str) -> None:
        """One listener less. Gradio has then dropped what was waiting for it."""
        self._listening[session] -= 1
        if not self._listening[session]:
            del self._listening[session]
            # Not at once: the page may be opening its next stream.
            asyncio.get_running_loop().call_later(self._bounds.seconds, self._forget, session)

    def _forget(self, session: str) -> None:
        """Keep no trace of a session without listeners once its events are over."""
        if self._listening[session]:
            return
        if any(
            event_id in self.event_ids_to_events
            for event_id in self.pending_event_ids_session.get(session, ())
        ):
            asyncio.get_running_loop().call_later(self._bounds.seconds, self._forget, session)
            return
        self.pending_event_ids_session.pop(session, None)
        self.pending_messages_per_session.pop(session, None)

    # -- going out --------------------------------------------------------------------------------

    async def process_events(self, events, batch, begin_time, fn) -> None:
        """As Gradio's, on behalf of the address that asked, which pays for the time."""
        asked_by(events[0].request.scope)
        begin, first = time.monotonic(), events[0]
        try:
            await super().process_events(events, batch, begin_time, fn)
        finally:
            self.ended(first, time.monotonic() - begin)

    def ended(self, event: Event, seconds: float) -> None:
        """An event is over, and took so long."""
        self._shares.add(*_asker(event), seconds)
        self._running[event.concurrency_id, _asker(event)[0]] -= 1
        self._running += Counter()  # forgets those with none

    def get_events(self):
        """As Gradio's, which takes the first of a list: put there the one whose turn it is. Of what
        is computed several at once, an address leaves a place for another's."""
        held_back = []
        for name, waiting in self.event_queue_per_concurrency_id.items():
            limit = waiting.concurrency_limit
            if not waiting.queue or (limit is not None and waiting.current_concurrency >= limit):
                continue
            may = [event for event in waiting.queue if self._may_run(event, name, limit)]
            if may:
                first = min(may, key=lambda event: self._shares.of(*_asker(event)))
                waiting.queue.remove(first)
                waiting.queue.insert(0, first)
            else:
                held_back.append((waiting, waiting.queue))
                waiting.queue = []
        found = super().get_events()
        for waiting, queue in held_back:
            waiting.queue = queue
        for event in found[0] if found else ():
            self._shares.take(*_asker(event), LEAST_SECONDS)
            self._running[event.concurrency_id, _asker(event)[0]] += 1
        return found

    def _may_run(self, event: Event, name: str, limit: int | None) -> bool:
        return not limit or limit == 1 or self._running[name, _asker(event)[0]] < limit - 1

    async def remove_from_queue(self, event_id: str) -> None:
        """Cancelled: what was set aside is forgotten, the rest is Gradio's."""
        if event_id in self._unheard:
            self._drop(event_id)
        else:
            await super().remove_from_queue(event_id)

    async def clean_events(
        self, *, session_hash: str | None = None, event_id: str | None = None
    ) -> None:
        """A session has ended: nothing of it waits any more."""
        for event in list(self._unheard.values()):
            if event.session_hash == session_hash or event._id == event_id:
                self._drop(event._id)
        await super().clean_events(session_hash=session_hash, event_id=event_id)


def _asker(event: Event) -> tuple[str, str]:
    """The address and the session that an event is of."""
    return address_of(event.request.scope), event.session_hash or ""
