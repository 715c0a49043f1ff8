"""Who has shown the password or the token: asked once, then known by a cookie, so that somebody who
guesses from the same address locks out nobody who is already in."""

import base64
import binascii
import hmac
import posixpath
import secrets
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from demo.web.addresses import address_of, from_trusted_proxy
from demo.web.rates import Buckets, too_many

COOKIE_SECONDS = 30 * 86_400
GUESSES, GUESSES_PER_SECOND = 10, 1 / 6
"""Wrong passwords of an address: so many at once, then one in six seconds."""
ASKS_PASSWORD = "This app asks for a password; the user name does not matter."
ASKS_TOKEN = (
    "This app asks for its token: open the whole address that it printed when it started, with "
    "what follows ?token= in it."
)
MANY = "Too many wrong passwords came from your address: wait a moment."
NO_STORE = {"Cache-Control": "no-store"}
FORM = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>VQ-VAE Playground</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<body style="font: 16px/1.5 system-ui; max-width: 34em; margin: 3em auto; padding: 0 1em">
<h1 style="font-size: 1.3em">VQ-VAE Playground</h1><p>{ASKS_TOKEN}</p>
<form><label>Token <input name="token" type="password" autocomplete="current-password" required
autofocus></label> <button>Open</button></form></body></html>"""


class SignIn:
    """Asks for a password, or for a token that a link brings along (`?token=`); programs give
    either by HTTP Basic, with any user name. Asks for nothing where both are empty.

    `framed`: pages of other sites may show the app in a frame, where a browser sends back only what
    is marked as meant for it.
    """

    def __init__(self, password: str = "", token: str = "", *, framed: bool = False) -> None:
        self._secrets = [text.encode() for text in (password, token) if text]
        self._has_password, self._framed = bool(password), framed
        # What a signed-in browser shows; the same for all, like the password, and new at each
        # start.
        self._pass = secrets.token_urlsafe(32)
        self._wrong = Buckets(GUESSES_PER_SECOND, GUESSES)

    def check(self, scope) -> tuple[Response | None, str]:
        """(what to answer instead of the page, or None; a cookie to set, or "")."""
        if not self._secrets:
            return None, ""
        headers = Headers(scope=scope)
        token, without = _token_in(scope)
        if self._is_signed_in(scope):
            return without, ""
        given = _credentials(headers) if token is None else token
        if given is not None:
            # The order matters: whoever is locked out learns nothing, not even by a right guess.
            address = address_of(scope)
            if wait := self._wrong.wait(address):
                return too_many(MANY, wait), ""
            if any(hmac.compare_digest(given, right) for right in self._secrets):
                return without, self._cookie(scope, headers)
            self._wrong.take(address)
        return self._ask(headers), ""

    def _ask(self, headers: Headers) -> Response:
        if self._has_password:
            challenge = 'Basic realm="VQ-VAE Playground", charset="UTF-8"'
            return PlainTextResponse(
                ASKS_PASSWORD, 401, {"WWW-Authenticate": challenge, **NO_STORE}
            )
        if "text/html" in headers.get("accept", ""):
            return HTMLResponse(FORM, 401, NO_STORE)
        return PlainTextResponse(ASKS_TOKEN, 401, NO_STORE)

    def _cookie(self, scope, headers: Headers) -> str:
        tls = scope.get("scheme") == "https" or (
            from_trusted_proxy(scope)
            and headers.get("x-forwarded-proto", "").lower().startswith("https")
        )
        site = "None; Partitioned" if tls and self._framed else "Lax"
        return (
            f"{_name(scope)}={self._pass}; Max-Age={COOKIE_SECONDS}; Path=/; HttpOnly; "
            f"SameSite={site}{'; Secure' if tls else ''}"
        )

    def _is_signed_in(self, scope) -> bool:
        shown = HTTPConnection(scope).cookies.get(_name(scope), "")
        return hmac.compare_digest(shown.encode(), self._pass.encode())


def _name(scope) -> str:
    """Browsers share cookies among the ports of a machine; each app has its own."""
    return f"vqvae-signed-in-{(scope.get('server') or ('', 0))[1]}"


def with_token(url: str, token: str) -> str:
    """The address that signs in by itself."""
    return f"{url}/?token={quote(token, safe='')}" if token else url


def _token_in(scope) -> tuple[bytes | None, Response | None]:
    """(the token in the address of a page, if any; then also the way to the same page without it,
    which would stay in the history). Relative: behind a proxy the path in the browser may be
    another."""
    if scope["method"] != "GET" or b"token=" not in scope["query_string"]:
        return None, None
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    tokens = [value for name, value in pairs if name == "token"]
    rest = urlencode([pair for pair in pairs if pair[0] != "token"])
    page = "./" + quote(posixpath.basename(scope["path"])) + (rest and f"?{rest}")
    return (tokens[0].encode(), RedirectResponse(page, 303, NO_STORE)) if tokens else (None, None)


def _credentials(headers: Headers) -> bytes | None:
    """The password that a request gives; None where it gives none."""
    if "authorization" not in headers:
        return None
    scheme, _, given = headers["authorization"].partition(" ")
    try:
        text = base64.b64decode(given, validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return b""
    return text.partition(b":")[2]
