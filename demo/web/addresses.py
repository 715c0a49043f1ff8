"""Who a request comes from. Behind a reverse proxy every connection is the proxy's, and what stands
in X-Forwarded-For was typed by anybody: it counts only where a proxy named at the start wrote it.
"""

import ipaddress
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

IPV6_PREFIX = 64
"""What one household or machine is given: whoever has one address of it has them all."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PROXIED = "vqvae.from_trusted_proxy"


def network(text: str) -> Network:
    """The network of a proxy's address, for the option. ValueError, a sentence, for what is
    none."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            "that is no address of a proxy; give one such as 127.0.0.1 or 10.0.0.0/8"
        ) from None


def address_of(scope: Scope) -> str:
    """Under which address a request is counted: an IPv4 address, or the /64 network of an IPv6 one.
    "" where the server knows none. Behind a trusted proxy it is the visitor's, since `Proxied` has
    put that into the scope."""
    return counted((scope.get("client") or ("",))[0])


def counted(host: str) -> str:
    """An address as it is counted; what is none stays as it is."""
    address = _parse(host)
    if address is None:
        return host
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))


def from_trusted_proxy(scope: Scope) -> bool:
    """Whether a proxy named at the start sent this, so that its X-Forwarded headers may be
    believed."""
    return bool(scope.get(_PROXIED))


class Proxied:
    """ASGI middleware, the outermost one: requests of trusted proxies get the client they name."""

    def __init__(self, app, proxies: Iterable[Network]) -> None:
        self.app, self._proxies = app, tuple(proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and is_among(client[0], self._proxies):
            scope = {**scope, _PROXIED: True}
            named = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            if named:
                hops = b",".join(named).decode("latin-1").split(",")
                scope["client"] = (self._client(hops, client[0]), 0)
        await self.app(scope, receive, send)

    def _client(self, hops: list[str], proxy: str) -> str:
        """The last hop that is not a trusted proxy: each proxy adds to the right, so what stands
        further left is hearsay. Where a hop is no address, the proxy that wrote it counts."""
        seen = proxy
        for hop in reversed(hops):
            address = _parse(_without_port(hop.strip()))
            if address is None:
                return seen
            seen = str(address)
            if not is_among(seen, self._proxies):
                return seen
        return seen


def is_among(host: str, networks: Iterable[Network]) -> bool:
    """Whether an address belongs to one of the networks."""
    address = _parse(host)
    return address is not None and any(address in network for network in networks)


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address without its zone; ::ffff:192.0.2.1 is the IPv4 address it stands for."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(hop: str) -> str:
    """`192.0.2.1:80` and `[2001:db8::1]:80`, as some proxies write, without the port."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
