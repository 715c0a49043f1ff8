"""Which page a request comes from, and whether it may change anything: this app's own pages may,
those of other sites may not, and programs, which say nothing about it, may."""

import re
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import Scope

from demo.web.addresses import from_trusted_proxy

_ORIGIN = re.compile(
    r"(https?)://((?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)"
)
_PORTS = {"http": ":80", "https": ":443"}


def public_origin(text: str) -> str:
    """An origin, for the option: in lower case and without a port that goes without saying.
    ValueError, with a sentence, for what is none."""
    origin = parse_origin(text.rstrip("/"))
    if origin is None:
        raise ValueError(
            "that is no public origin; give one such as https://class.example or "
            "http://192.168.1.5:8080, without a path"
        )
    return origin


def parse_origin(text: str) -> str | None:
    """`https://class.example` of `HTTPS://Class.example:443`; None for what is no http origin."""
    found = _ORIGIN.fullmatch(text.lower())
    return f"{found[1]}://{found[2].removesuffix(_PORTS[found[1]])}" if found else None


def host_of(origin: str) -> str:
    """Host and port of an origin."""
    return origin.partition("://")[2]


def name_of(origin: str) -> str:
    """The host of an origin without its port, as a Host check compares it."""
    return re.sub(r":\d+$", "", host_of(origin))


def forwarded_origin(scope: Scope) -> str | None:
    """The origin that a trusted proxy says its visitor asked for; None where none says one."""
    if not from_trusted_proxy(scope):
        return None
    headers = Headers(scope=scope)
    host = first(headers, "x-forwarded-host") or headers.get("host", "")
    scheme = first(headers, "x-forwarded-proto") or scope.get("scheme", "http")
    return parse_origin(f"{scheme}://{host}")


def first(headers: Headers, name: str) -> str:
    """What the proxy nearest to the visitor wrote into a header to which each of them adds."""
    return headers.get(name, "").partition(",")[0].strip()


def is_own(origin: str | None, scope: Scope, public: Iterable[str] = ()) -> bool:
    """Whether an origin that a browser named is this app's: `origin` as `parse_origin` gives it.

    Behind a proxy the app's own address is not the one in the browser. So these count, in turn:
    the browser's word that page and address are of one origin (Sec-Fetch-Site, which no page can
    set; browsers send it to https and to localhost only), the origins configured at the start, what
    a trusted proxy forwards, and the Host that was asked for.
    """
    if origin is None:
        return False
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site") == "same-origin":
        return True
    if origin in public or origin == forwarded_origin(scope):
        return True
    # The scheme may be another one: a proxy that adds TLS passes plain http on.
    asked = headers.get("host", "").lower()
    return host_of(origin) == asked.removesuffix(_PORTS[origin.partition(":")[0]])


def is_foreign(scope: Scope, public: Iterable[str] = ()) -> bool:
    """Whether a browser sent this from a page of another origin. Programs send no Origin."""
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    return origin is not None and not is_own(parse_origin(origin), scope, public)
