"""Connections: how many there may be, and how long one may stay without getting on. uvicorn has
no time limit for the head of a request, none for a body that trickles in or an answer that nobody
reads, and lets connections use up every descriptor of the process.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from demo.web.addresses import Network, counted, is_among

HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the opening of a connection, to the end of its head."""
STALL_SECONDS = 20.0
"""How long a body may fall behind the least pace, all in all."""
LEAST_PACE = 8 * 1024
"""Bytes per second of a body. The slowest phone network has ten times as many."""
UNREAD_SECONDS = 60.0
"""How long an answer may lie in the buffers without one byte of it being taken."""
MOST = 2000
"""Connections in all."""
MOST_OF_ONE = 512
"""Connections of one address. A browser opens six, and a class of forty may share one address."""
RESERVE = 128
"""Descriptors kept for files, child processes and what has been accepted but not yet counted."""
ACCEPT_BATCH = 32
"""How many connections asyncio accepts before anything else runs: all of them need a descriptor."""
BACKLOG = 1024
"""How many the kernel holds until they are accepted."""
DESCRIPTORS = 16_384
"""As many as are ever asked for."""
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Retry-After: 5\r\nConnection: close\r\n\r\nToo many connections: wait a moment.\n"
)


def raise_descriptor_limit() -> int:
    """Let the process open as many files and connections as the system allows it. Returns the
    number; where there is no such limit (Windows), the number that is ever asked for."""
    try:
        import resource
    except ImportError:
        return DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return most
    return DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


class Connections:
    """All open connections, in the order in which they were opened."""

    def __init__(self, descriptors: int, proxies: Iterable[Network] = ()) -> None:
        self.most = max(8, min(MOST, descriptors - RESERVE))
        self._most_of_one = max(4, min(MOST_OF_ONE, self.most // 2))
        self._proxies = tuple(proxies)
        self._open: dict[Connection, str] = {}
        self._of: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: "Connection", host: str) -> bool:
        """Whether there is room for one more. Where there is none, the connection that has been
        sending a request for longest makes room: a whole request is there at once, so whoever
        opens many and finishes none closes their own."""
        address = counted(host)
        mine = self._of.setdefault(address, {})
        full = len(mine) >= self._most_of_one and not is_among(host, self._proxies)
        room = self._make_room(mine) if full else True
        if room and len(self._open) >= self.most:
            largest = max(self._of.values(), key=len)
            room = self._make_room(largest) or self._make_room(self._open)
        if not room:
            if not mine:
                del self._of[address]
            return False
        self._open[connection] = address
        # making room may have emptied and dropped the dict
        self._of.setdefault(address, mine)[connection] = None
        return True

    def remove(self, connection: "Connection") -> None:
        address = self._open.pop(connection, None)
        if address is not None:
            mine = self._of[address]
            mine.pop(connection, None)
            if not mine:
                del self._of[address]

    def sweep(self) -> None:
        """Close what does not get on. Called about once a second."""
        now = time.monotonic()
        for connection in list(self._open):
            connection.check(now)

    def _make_room(self, among: Iterable["Connection"]) -> bool:
        unfinished = next((one for one in among if one.unfinished), None)
        if unfinished is None:
            return False
        self.remove(unfinished)
        unfinished.drop()
        return True


class Connection(H11Protocol):
    """One connection, which is closed when its request does not get on."""

    def __init__(self, *args, connections: Connections, **options) -> None:
        super().__init__(*args, **options)
        self._all = connections
        self._began: float | None = None
        self._received = 0
        self._checked = 0.0
        self._credit = STALL_SECONDS
        self._unread: tuple[int, float] = (0, 0.0)

    @property
    def unfinished(self) -> bool:
        """Whether no request is being answered: the visitor is sending one, or idle."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY) and not self._answering

    @property
    def _answering(self) -> bool:
        return (
            self.cycle is not None
            and self.cycle.response_started
            and (not self.cycle.response_complete)
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._began = self._checked = time.monotonic()
        peer = transport.get_extra_info("peername")
        host = peer[0] if isinstance(peer, tuple) else ""
        if self._all.add(self, host):
            super().connection_made(transport)
            return
        self.transport = transport
        transport.write(FULL)
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        if self.flow is not None:  # it was one of ours, not one too many
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.flow is None or self.transport.is_closing():
            return
        if self._began is None and self.conn.their_state is h11.IDLE:
            self._began = time.monotonic()
        self._received += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        if self.conn.their_state is not h11.IDLE:
            self._began = None

    def check(self, now: float) -> None:
        """Close where the head is late, the body too slow, or the answer is not taken."""
        passed, self._checked = now - self._checked, now
        state = self.conn.their_state
        if state is h11.IDLE and self._began is not None and now - self._began > HEAD_SECONDS:
            self.drop()
            return
        if state is h11.SEND_BODY:
            # While the app does not read, it is not the visitor who is slow.
            lost = 0.0 if self.flow.read_paused else passed
            self._credit = min(STALL_SECONDS, self._credit + self._received / LEAST_PACE - lost)
            if self._credit < 0:
                self.drop()
                return
        else:
            self._credit = STALL_SECONDS
        self._received = 0
        waiting, since = self.transport.get_write_buffer_size(), self._unread[1]
        if not waiting or waiting != self._unread[0]:
            since = now
        self._unread = (waiting, since)
        if now - since > UNREAD_SECONDS:
            self.drop()

    def drop(self) -> None:
        """Close at once; what was not sent is lost."""
        self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade is ignored, without a line in the log for each."""
