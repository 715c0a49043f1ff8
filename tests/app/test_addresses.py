"""Whose request it is: trusted proxies, forwarded addresses, IPv6 by network."""

import asyncio

import pytest

from demo.web.addresses import Proxied, address_of, from_trusted_proxy, network

PROXIES = (network("127.0.0.1"), network("10.0.0.0/8"))


def seen(peer: str, *forwarded: str, proxies=PROXIES) -> tuple[str, bool]:
    """The address under which the app counts a request, and whether it believes the proxy."""
    got = []

    async def app(scope, receive, send):
        got.append((address_of(scope), from_trusted_proxy(scope)))

    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    asyncio.run(
        Proxied(app, proxies)({"type": "http", "client": (peer, 5), "headers": headers}, None, None)
    )
    return got[0]


def test_a_forwarded_address_counts_only_from_a_proxy_named_at_the_start():
    assert seen("127.0.0.1", "192.0.2.7", proxies=()) == ("127.0.0.1", False)
    assert seen("203.0.113.9", "192.0.2.7") == ("203.0.113.9", False)
    assert seen("127.0.0.1", "192.0.2.7") == ("192.0.2.7", True)
    assert seen("::ffff:127.0.0.1", "192.0.2.7") == ("192.0.2.7", True)
    assert seen("127.0.0.1") == ("127.0.0.1", True)


@pytest.mark.parametrize(
    "forwarded, address",
    [
        (["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1", "192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1, 192.0.2.7, 10.1.2.3"], "192.0.2.7"),
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8:1:2::3]:4711"], "2001:db8:1:2::/64"),
        (["10.9.9.9"], "10.9.9.9"),
        (["192.0.2.7, unknown"], "127.0.0.1"),
        (["192.0.2.7, unknown, 10.1.2.3"], "10.1.2.3"),
        ([""], "127.0.0.1"),
        (["\xff" * 9], "127.0.0.1"),
    ],
)
def test_what_a_visitor_writes_left_of_the_proxys_word_is_not_believed(forwarded, address):
    assert seen("127.0.0.1", *forwarded)[0] == address


def test_ipv6_is_counted_by_network_and_mapped_ipv4_as_what_it_is():
    def counted(host):
        return address_of({"client": (host, 1)})

    assert (
        counted("2001:db8:1:2::3") == counted("2001:db8:1:2:ffff::9") != counted("2001:db8:1:3::3")
    )
    assert counted("::ffff:192.0.2.7") == counted("192.0.2.7") != counted("192.0.2.8")
    assert counted("fe80::1%eth0") == counted("fe80::2")
    assert (
        counted("testclient") == "testclient"
        and address_of({"client": None}) == address_of({}) == ""
    )
