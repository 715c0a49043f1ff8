"""Who may talk to the app, and how often: ASGI middleware around the whole server.

Plain ASGI, because Starlette's BaseHTTPMiddleware would buffer Gradio's event streams.
"""

from collections.abc import Iterable

from starlette.responses import PlainTextResponse, Response

from demo.web.addresses import address_of
from demo.web.public.origins import is_foreign
from demo.web.rates import MANY, Buckets, too_many
from demo.web.sign_in import SignIn

SAFE = ("GET", "HEAD", "OPTIONS")
FOREIGN = (
    "Requests from another site are refused: open this app's own page. Behind a proxy, whoever "
    "runs the app names the address of that page with --public-origin."
)


class Guard:
    """Refuses, in this order: too many requests, a wrong password, another site's page.

    Args:
        requests_per_second: for each address, with ten times as many at once.
        sign_in: says who has shown the password, where there is one.
        public: origins under which browsers have the app.
        headers: put on every answer that does not have them.
    """

    def __init__(
        self,
        app,
        *,
        requests_per_second: float,
        sign_in: SignIn,
        public: Iterable[str] = (),
        headers: dict[str, str],
    ) -> None:
        self.app, self._sign_in = app, sign_in
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._public = tuple(public)
        self._requests = Buckets(requests_per_second, 10 * requests_per_second)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # the app has no websocket, so nobody gets past the rules below through one
        refusal, cookie = self._refusal(scope)
        answer = Answer(send, self._headers, cookie)
        await (refusal or self.app)(scope, receive, answer.send)

    def _refusal(self, scope) -> tuple[Response | None, str]:
        """(what to answer instead of the app, or None; a cookie to set, or "")."""
        if wait := self._requests.take(address_of(scope)):
            return too_many(MANY, wait), ""
        refusal, cookie = self._sign_in.check(scope)
        return refusal or self._unfit(scope), cookie

    def _unfit(self, scope) -> Response | None:
        if scope["method"] not in SAFE and is_foreign(scope, self._public):
            return PlainTextResponse(FOREIGN, 403)
        return None


class Answer:
    """An answer as it goes out, with the headers that every one has and a cookie, if one is to be
    set."""

    def __init__(self, send, headers: list[tuple[bytes, bytes]], cookie: str = "") -> None:
        self._send, self._headers = send, headers
        self._cookie = [(b"set-cookie", cookie.encode())] if cookie else []

    async def send(self, message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            more = [one for one in self._headers if one[0] not in present]
            message["headers"] = [*message["headers"], *more, *self._cookie]
        await self._send(message)
