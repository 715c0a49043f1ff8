"""Under which names the app answers, and what it prints when it starts."""

import socket
from types import SimpleNamespace

import ifaddr
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demo.web.hosts import KnownHosts, addresses, known_names, welcome


async def hello(request):
    return PlainTextResponse("hello")


@pytest.mark.parametrize(
    "host, known",
    [
        ("localhost", True),
        ("LOCALHOST:7860", True),
        ("127.0.0.1:7860", True),
        ("[::1]:7860", True),
        ("192.168.1.5:7860", True),
        ("[2001:db8::1]", True),
        ("class.example", True),
        ("a.b.example", True),
        ("b.example", False),
        ("evil.example", False),
        ("class.example.evil.example", False),
        ("127.0.0.1.evil.example:7860", False),
        ("127.1", False),
        ("2130706433", False),
        ("evil.example:7860@localhost", False),
        ("[::1].evil.example", False),
        ("", False),
    ],
)
def test_only_known_names_and_addresses_are_answered(host, known):
    app = Starlette(routes=[Route("/", hello)])
    names = known_names("127.0.0.1", ["class.example", "*.b.example"])
    answer = TestClient(KnownHosts(app, names)).get("/", headers={"Host": host})
    assert answer.status_code == (200 if known else 400)


def test_the_refusal_names_what_helps_and_repeats_no_markup():
    client = TestClient(KnownHosts(None, ["localhost"]))
    assert "--allow-host desk.local." in client.get("/", headers={"Host": "desk.local:80"}).text
    assert "<" not in client.get("/", headers={"Host": "<b>"}).text


@pytest.fixture
def machine(monkeypatch):
    """A machine with some networks."""
    ips = ["127.0.0.1", "192.168.1.5", "169.254.7.7"]
    v6 = ["::1", "2001:db8::5", "fe80::1%eth0"]
    found = [SimpleNamespace(ip=ip, is_IPv4=True) for ip in ips]
    found += [SimpleNamespace(ip=(ip, 0, 0), is_IPv4=False) for ip in v6]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [SimpleNamespace(ips=found)])
    monkeypatch.setattr(socket, "gethostname", lambda: "desk.school.example")
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "192.168.1.5")


def test_all_addresses_that_work_are_told_this_machines_first(machine, monkeypatch):
    desk = "http://desk.school.example:80"
    v4, v6 = "http://192.168.1.5:80", "http://[2001:db8::5]:80"
    assert addresses("0.0.0.0", 80) == ["http://127.0.0.1:80", v4, desk]
    assert addresses("::", 80) == ["http://[::1]:80", v4, v6, desk]
    assert addresses("192.168.1.5", 80) == [v4] and addresses("::1", 80) == ["http://[::1]:80"]
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "203.0.113.1")
    assert addresses("0.0.0.0", 80) == ["http://127.0.0.1:80", v4], "the name leads elsewhere"


def test_the_machines_names_are_known_where_it_listens_everywhere(machine):
    names = known_names("0.0.0.0", [""])
    assert {"desk.school.example", "desk", "desk.local", "localhost"} <= set(names)
    assert "desk" not in known_names("127.0.0.1", []) and "" not in names


def test_the_terminal_warns_where_nobody_is_asked():
    assert welcome(["http://[::1]:80"], asks=False, beyond=False).count("\n") == 0
    assert "Warning" not in welcome(["http://a:80", "http://b:80"], asks=True, beyond=True)
    with_link = welcome(["http://a:80/?token=x"], asks=True, beyond=True)
    assert "Whoever has one of these addresses" in with_link and "VQVAE_PASSWORD" in with_link
    assert "there is no password" in welcome(["http://a:80"], asks=False, beyond=True)
