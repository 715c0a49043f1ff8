"""How often an address may do something."""

import asyncio
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.responses import PlainTextResponse

from demo.web.addresses import address_of

EVENT = re.compile(r"/gradio_api/(queue/join|call/(v2/)?[^/]+)/?$")
EVENTS_PER_SECOND, EVENTS_AT_ONCE = 40.0, 800.0
"""Of one address: a page sends eight when it opens, and then a few a minute."""
PAGES_PER_SECOND, PAGES_AT_ONCE = 20.0, 300.0
"""Loads of the page itself, not of its files."""
PATIENCE = 5.0
"""Seconds a request waits at most."""
MANY = "Too many requests: wait a moment."


class Buckets:
    """How many requests an address may make: `rate` a second, `burst` at once. Remembers the latest
    `addresses` only, so that a crowd of addresses costs no memory."""

    def __init__(
        self,
        rate: float,
        burst: float,
        addresses: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._most, self._clock = rate, burst, addresses, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until a request may pass, 0 where it may now. Counts nothing."""
        return max(0.0, (1.0 - self._now(address)) / self._rate)

    def take(self, address: str) -> float:
        """0 where the request may pass (and is counted), else the seconds until it would."""
        left, wait = self._now(address), self.wait(address)
        self._left[address] = (left if wait else left - 1.0, self._clock())
        self._left.move_to_end(address)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait

    def _now(self, address: str) -> float:
        now = self._clock()
        left, then = self._left.get(address, (self._burst, now))
        return min(self._burst, left + (now - then) * self._rate)


def too_many(text: str, seconds: float) -> PlainTextResponse:
    """The refusal of what comes too often, with the time to wait."""
    return PlainTextResponse(text, 429, {"Retry-After": str(math.ceil(seconds))})


class Paced:
    """ASGI middleware: what costs the event loop most, events and loads of the page, waits where an
    address asks for it faster than a class in one room would. The others' requests go on."""

    def __init__(self, app, events: Buckets | None = None, pages: Buckets | None = None) -> None:
        self.app = app
        self._events = events or Buckets(EVENTS_PER_SECOND, EVENTS_AT_ONCE)
        self._pages = pages or Buckets(PAGES_PER_SECOND, PAGES_AT_ONCE)

    async def __call__(self, scope, receive, send) -> None:
        buckets = self._buckets(scope) if scope["type"] == "http" else None
        waited = 0.0
        while buckets and (wait := buckets.take(address_of(scope))):
            if waited >= PATIENCE:
                await too_many(MANY, wait)(scope, receive, send)
                return
            await asyncio.sleep(wait)
            waited += wait
        await self.app(scope, receive, send)

    def _buckets(self, scope) -> Buckets | None:
        if scope["method"] == "POST" and EVENT.search(scope["path"]):
            return self._events
        return self._pages if scope["path"] in ("/", "/config") else None
