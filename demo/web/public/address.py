"""Where the visitor's browser found the app: behind a proxy that is another scheme, host or path
than the server sees, and Gradio writes addresses of files into its answers.

`SubPath` stands before the guards and takes the sub-path off, so that they know every path by one
name; `PublicAddress` stands right before Gradio and tells it the address in the browser.
"""

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import Scope

from demo.web.addresses import from_trusted_proxy
from demo.web.public.origins import first, forwarded_origin, is_own, parse_origin

_PREFIX = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+){1,8}")
_SAID = "vqvae.prefix"
"""Key of a scope: the sub-path that was in the request's path, configured, or forwarded."""
_SPEAK_OF_ADDRESSES = (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server")
"""Headers by which Gradio would guess; only the right Host is left of them."""


def root_path(text: str) -> str:
    """A sub-path, for the option and for what a proxy says: `/vq`, or "" for none. ValueError, with
    a sentence, for what is none."""
    prefix = "/" + text.strip("/") if text.strip("/") else ""
    if prefix and not _PREFIX.fullmatch(prefix):
        raise ValueError("that is no path on a site; give one such as /vq")
    return prefix


class SubPath:
    """ASGI middleware that takes off what a proxy put before the app's paths.

    A sub-path is configured, or a trusted proxy names it (X-Forwarded-Prefix), or it is what stands
    before the first part of the path that the app knows. A proxy that takes it off itself needs
    nothing of this.

    Args:
        configured: `/vq` where the app is served below one, else "".
        known: first parts of the app's own paths.
    """

    def __init__(self, app, *, configured: str = "", known: Collection[str]) -> None:
        self.app, self._configured, self._known = app, configured, frozenset(known)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = self._told(scope)
        prefix, rest = self._split(scope["path"], told)
        if not rest:
            # "/vq", where the page's relative addresses would lead astray.
            query = scope.get("query_string", b"").decode("latin-1")
            away = RedirectResponse(prefix.rpartition("/")[2] + "/" + (query and f"?{query}"), 308)
            await away(scope, receive, send)
            return
        await self.app({**scope, "path": rest, _SAID: prefix or told}, receive, send)

    def _told(self, scope: Scope) -> str:
        if from_trusted_proxy(scope):
            try:
                return (
                    root_path(first(Headers(scope=scope), "x-forwarded-prefix")) or self._configured
                )
            except ValueError:
                pass  # no path on a site: as if the proxy had named none
        return self._configured

    def _split(self, path: str, told: str) -> tuple[str, str]:
        """The sub-path, and the app's own path: "" for the page's without its last slash."""
        if told and (path == told or path.startswith(told + "/")):
            return told, path[len(told) :]
        parts = path.split("/")
        for n, part in enumerate(parts[1:], 1):
            if part in self._known or (n == len(parts) - 1 and not part):
                prefix = "/".join(parts[:n])
                if not prefix or _PREFIX.fullmatch(prefix):
                    return prefix, "/" + "/".join(parts[n:])
                break
        return "", path


class PublicAddress:
    """ASGI middleware that gives Gradio the scheme, the host and the sub-path in the browser.

    The page that asks knows them best: browsers name it in Origin and Referer, which count where
    they are this app's own (`is_own`). Else a trusted proxy's word counts, then the Host.
    """

    def __init__(self, app, *, public: Iterable[str] = ()) -> None:
        self.app, self._public = app, tuple(public)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            origin, prefix = self.address(scope)
            scheme, _, host = origin.partition("://")
            headers = [one for one in scope["headers"] if one[0] not in _SPEAK_OF_ADDRESSES]
            headers += [(b"host", host.encode("latin-1"))] if host else []
            scope = {
                **scope,
                "scheme": scheme,
                "headers": headers,
                "root_path": prefix,
                "path": prefix + scope["path"],
            }
        await self.app(scope, receive, send)

    def address(self, scope: Scope) -> tuple[str, str]:
        """Origin and sub-path under which the browser has the app."""
        headers, prefix = Headers(scope=scope), scope.get(_SAID, "")
        origin = parse_origin(headers.get("origin", ""))
        page = _page(headers.get("referer", ""))
        if page and is_own(page[0], scope, self._public):
            return page[0], prefix or page[1]
        if origin and is_own(origin, scope, self._public):
            return origin, prefix
        host = headers.get("host", "")
        for one in self._public:
            if one.partition("://")[2] == host.lower():
                return one, prefix
        return forwarded_origin(scope) or f"{scope.get('scheme', 'http')}://{host}", prefix


def _page(referer: str) -> tuple[str, str] | None:
    """Origin and sub-path of the page at an address."""
    try:
        parts = urlsplit(referer)
    except ValueError:
        return None
    origin = parse_origin(f"{parts.scheme}://{parts.netloc}")
    prefix = parts.path.rpartition("/")[0]
    return (origin, prefix if _PREFIX.fullmatch(prefix) else "") if origin else None
