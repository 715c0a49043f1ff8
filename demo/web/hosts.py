"""Under which names the app answers, and which addresses it prints when it starts."""

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
EVERYWHERE = ("0.0.0.0", "::")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::\d*)?")
_NAME = re.compile(r"[a-z0-9_.-]{1,253}")


class KnownHosts:
    """ASGI middleware that refuses requests to a name that is not the app's, which stops a foreign
    page from reaching it through a name of its own (DNS rebinding). IP addresses are known: no name
    leads to one, and behind a router or in a container the app cannot know by which it is reached.

    In the place of Starlette's TrustedHostMiddleware, which knows no addresses and does not say
    what to do.
    """

    def __init__(self, app, names: Iterable[str]) -> None:
        self.app, self._names = app, frozenset(name.lower() for name in names)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            found = _HOST.fullmatch(Headers(scope=scope).get("host", "").lower())
            name = found[1] if found else ""
            if not self._knows(name):
                await PlainTextResponse(_unknown(name), 400)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _knows(self, name: str) -> bool:
        if name in self._names or _is_address(name.removeprefix("[").removesuffix("]")):
            return True
        return any(
            known == "*" or (known.startswith("*.") and name.endswith(known[1:]))
            for known in self._names
        )


def known_names(host: str, given: Iterable[str]) -> list[str]:
    """Names under which an app that listens on `host` answers: this machine's local ones, those
    given and, where it listens on all addresses, the machine's own."""
    names = [*LOCAL_HOSTS, *given]
    if host in EVERYWHERE:
        machine = socket.gethostname()
        short = machine.partition(".")[0]
        names += [machine, short, f"{short}.local"]
    else:
        names.append(_in_address(host))
    return [name for name in names if name]


def addresses(host: str, port: int) -> list[str]:
    """Where browsers find an app that listens on `host`; the address for this machine comes first.
    Where it listens on all addresses: those of each network, and the machine's name if it leads
    here."""
    hosts = [host]
    if host in EVERYWHERE:
        import ifaddr

        hosts = ["127.0.0.1" if host == "0.0.0.0" else "::1"]
        found = [
            ipaddress.ip_address((ip.ip if isinstance(ip.ip, str) else ip.ip[0]).partition("%")[0])
            for adapter in ifaddr.get_adapters()
            for ip in adapter.ips
        ]
        hosts += [
            str(one)
            for one in found
            if not (one.is_loopback or one.is_link_local) and (one.version == 4 or host == "::")
        ]
        with contextlib.suppress(OSError):
            if socket.gethostbyname(name := socket.gethostname()) in map(str, found):
                hosts.append(name)
    return [f"http://{_in_address(one)}:{port}" for one in dict.fromkeys(hosts)]


def welcome(urls: list[str], *, asks: bool, beyond: bool) -> str:
    """What the terminal says when the app is ready: `urls`, the first of them for this machine.
    `asks`: for a password or a token. `beyond`: other machines reach the app."""
    lines = [f"VQ-VAE Playground is ready: {urls[0]}"]
    lines += [f"  from other machines: {url}" for url in urls[1:]]
    if beyond and not asks:
        lines.append(
            "Warning: there is no password, so whoever reaches this address can use the app. Set "
            "VQVAE_PASSWORD or VQVAE_TOKEN to ask for one."
        )
    elif any("?token=" in url for url in urls):
        lines.append(
            "Warning: there is no password. Whoever has one of these addresses can use the app; "
            "set VQVAE_PASSWORD to ask for a password instead."
        )
    return "\n".join(lines)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _unknown(name: str) -> str:
    if not _NAME.fullmatch(name):
        return "This request does not say to which host it goes."
    return (
        f"This app does not answer to the name {name}. Whoever runs it can allow that: start it "
        f"with --allow-host {name}."
    )
