"""Turns: so many computations at once, taken from the waiting line by address and visitor in turn.

Questions of the page and its unqueued events are computed in the pool of 40 threads that page loads
and files need too. Without a line before it, whoever asks most has all of it.
"""

import asyncio
import re
from collections import OrderedDict, deque
from dataclasses import dataclass

from starlette.responses import JSONResponse

from demo.asker import PAGE
from demo.errors import BusyError
from demo.web.addresses import address_of

COMPUTES = re.compile(r"/gradio_api/(component_server|run/[^/]+|api/[^/]+)/?$")
BUSY = "The server has too much to do just now: try again in a moment."
_SESSION = re.compile(rb'"session_hash"\s*:\s*"([^"\\]{1,64})"')


@dataclass(frozen=True)
class Bounds:
    """How much is computed and waits. Generous enough for thirty visitors behind one address."""

    at_once: int = 16
    """Computations of everybody; 24 threads of the pool are left for pages, files and events."""
    address_at_once: int = 12
    visitor_at_once: int = 4
    address_waiting: int = 256
    waiting: int = 1024
    seconds: float = 20.0
    """Longest wait, below the 30 s that a page waits for an answer."""


class Turns:
    """The line: `await turns.enter(address, visitor)`, after it `turns.leave(address, visitor)`."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._inside: dict[tuple[str, ...], int] = {}
        self._lines: OrderedDict[str, OrderedDict[str, deque[asyncio.Future]]] = OrderedDict()

    async def enter(self, address: str, visitor: str) -> None:
        """Wait for a place. BusyError where the line is full, or the wait has become too long."""
        turn = asyncio.get_running_loop().create_future()
        self._make_room(address, visitor)
        line = self._lines.setdefault(address, OrderedDict()).setdefault(visitor, deque())
        line.append(turn)
        self._let_in()
        try:
            async with asyncio.timeout(self._bounds.seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(address, visitor)  # it came in the moment of giving up
            if isinstance(error, TimeoutError):
                raise BusyError(BUSY) from None
            raise
        finally:
            if turn in line:
                line.remove(turn)
            self._tidy(address, visitor)

    def leave(self, address: str, visitor: str) -> None:
        """Give the place back."""
        for who in ((), (address,), (address, visitor)):
            self._inside[who] -= 1
            if not self._inside[who]:
                del self._inside[who]
        self._let_in()

    def _make_room(self, address: str, visitor: str) -> None:
        """Where an address has no room, its visitor with most gives way to one with less."""
        if sum(self._waiting(line) for line in self._lines) >= self._bounds.waiting:
            raise BusyError(BUSY)
        if self._waiting(address) < self._bounds.address_waiting:
            return
        lines = self._lines[address]
        longest = max(lines.values(), key=len)
        if len(longest) <= len(lines.get(visitor, ())) + 1:
            raise BusyError(BUSY)
        given_up = longest.pop()
        if not given_up.done():
            given_up.set_exception(BusyError(BUSY))

    def _waiting(self, address: str) -> int:
        return sum(map(len, self._lines.get(address, {}).values()))

    def _let_in(self) -> None:
        """Give free places away. Whoever got one goes to the end, the address and its visitor."""
        while self._inside.get((), 0) < self._bounds.at_once:
            found = next(self._next(), None)
            if found is None:
                return
            address, visitor = found
            turn = self._lines[address][visitor].popleft()
            if turn.done():
                continue  # its time was up in this moment, or its page left: not yet out of line
            turn.set_result(None)
            self._lines[address].move_to_end(visitor)
            self._lines.move_to_end(address)
            for who in ((), (address,), (address, visitor)):
                self._inside[who] = self._inside.get(who, 0) + 1

    def _next(self):
        for address, lines in self._lines.items():
            if self._inside.get((address,), 0) < self._bounds.address_at_once:
                for visitor, line in lines.items():
                    mine = self._inside.get((address, visitor), 0)
                    if line and mine < self._bounds.visitor_at_once:
                        yield address, visitor

    def _tidy(self, address: str, visitor: str) -> None:
        lines = self._lines.get(address, {})
        if visitor in lines and not lines[visitor]:
            del lines[visitor]
        if not lines:
            self._lines.pop(address, None)


class TakeTurns:
    """ASGI middleware: what computes waits for its turn. Its body has to come whole, in one message
    (demo.web.sizes), so that a slow sender holds no place. A full line is answered with a sentence;
    who left is forgotten."""

    def __init__(self, app, bounds: Bounds | None = None) -> None:
        self.app, self._turns = app, Turns(bounds or Bounds())

    async def __call__(self, scope, receive, send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or not COMPUTES.search(scope["path"])
        ):
            await self.app(scope, receive, send)
            return
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        try:
            await self._answer(scope, message, receive, send)
        except BusyError as error:
            await refusal(scope, str(error))(scope, receive, send)

    async def _answer(self, scope, message, receive, send) -> None:
        address, visitor, whole = address_of(scope), session_in(message.get("body", b"")), [message]
        turn = asyncio.ensure_future(self._turns.enter(address, visitor))
        left = asyncio.ensure_future(receive())

        async def again():
            return whole.pop() if whole else await asyncio.shield(left)

        try:
            await asyncio.wait({turn, left}, return_when=asyncio.FIRST_COMPLETED)
            if turn.done():
                turn.result()
                PAGE.set(visitor)
                await self.app(scope, again, send)
        finally:
            left.cancel()
            if not turn.cancel() and turn.exception() is None:
                self._turns.leave(address, visitor)


def session_in(body: bytes) -> str:
    """The page that sent a body: Gradio's script writes its name last."""
    found = _SESSION.search(body, max(0, len(body) - 200))
    return found[1].decode("latin-1") if found else ""


def refusal(scope, sentence: str) -> JSONResponse:
    """Questions of the page get an answer as it reads them, events Gradio's form of an error."""
    if "component_server" in scope["path"]:
        return JSONResponse({"ok": False, "error": sentence, "again": True})
    return JSONResponse({"error": sentence, "detail": sentence, "visible": True}, 503)
