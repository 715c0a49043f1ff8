"""Behind a proxy: which address the app believes it has, whose word counts for it, and who is a
stranger."""

import asyncio

import pytest

from demo.web.addresses import Proxied, network
from demo.web.public.address import PublicAddress, SubPath, root_path
from demo.web.public.origins import is_foreign, name_of, public_origin

KNOWN = ("gradio_api", "config", "assets")
ME = "127.0.0.1:7860"


def scope(path="/", client="192.0.2.1", **headers):
    headers = {"host": ME, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "client": (client, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


def through(request, configured="", public=()):
    """What Gradio is told: (address of the app, its own path); or a redirect's status and place."""
    seen, sent = [], []

    async def app(inner, receive, send):
        seen.append(inner)

    async def send(message):
        sent.append(message)

    stack = SubPath(PublicAddress(app, public=public), configured=configured, known=KNOWN)
    asyncio.run(Proxied(stack, [network("10.0.0.0/8")])(request, None, send))
    if not seen:
        return sent[0]["status"], dict(sent[0]["headers"])[b"location"].decode()
    inner, headers = seen[0], dict(seen[0]["headers"])
    assert not any(
        name.startswith(b"x-forwarded-h") or name == b"x-gradio-server" for name in headers
    )
    root = inner["root_path"]
    assert inner["path"].startswith(root + "/")
    return f"{inner['scheme']}://{headers[b'host'].decode()}{root}", inner["path"].removeprefix(
        root
    )


def test_alone_the_address_is_the_host_that_was_asked_for():
    assert through(scope("/config")) == (f"http://{ME}", "/config")
    strangers = {
        "x_forwarded_host": "evil.example",
        "x_forwarded_proto": "https",
        "x_gradio_server": "http://evil.example",
        "x_forwarded_prefix": "/evil",
    }
    assert through(scope("/config", **strangers)) == (f"http://{ME}", "/config")


@pytest.mark.parametrize(
    "path, root, own",
    [
        ("/vq/", "/vq", "/"),
        ("/vq/gradio_api/upload", "/vq", "/gradio_api/upload"),
        ("/a/b/config", "/a/b", "/config"),
        ("/gradio_api/file=/x/config", "", "/gradio_api/file=/x/config"),
        ("/nothing", "", "/nothing"),
        ("/a/../config", "", "/a/../config"),
        ("//evil.example/config", "", "//evil.example/config"),
        ("/", "", "/"),
    ],
)
def test_what_stands_before_the_apps_own_path_is_the_sub_path(path, root, own):
    assert through(scope(path)) == (f"http://{ME}{root}", own)


def test_a_configured_sub_path_may_be_kept_or_taken_off_and_gets_its_slash():
    for path in ("/vq/config", "/config"):
        assert through(scope(path), "/vq") == (f"http://{ME}/vq", "/config")
    request = {**scope("/a/vq"), "query_string": b"model=x"}
    assert through(request, "/a/vq") == (308, "vq/?model=x")
    assert through(scope("/vqx"), "/vq") == (f"http://{ME}/vq", "/vqx")


def test_the_page_that_asks_knows_scheme_host_and_sub_path():
    page = "https://class.example/vq/?model=1"
    said = {"referer": page, "origin": "https://class.example", "sec_fetch_site": "same-origin"}
    assert through(scope("/config", **said)) == ("https://class.example/vq", "/config")
    for untrue in ("cross-site", "none"):
        assert through(scope("/config", **{**said, "sec_fetch_site": untrue}))[0] == f"http://{ME}"
    assert through(scope("/config", referer="http://[/", origin="http://["))[0] == f"http://{ME}"


def test_a_trusted_proxy_is_believed_and_nobody_else():
    told = {
        "x_forwarded_host": "class.example, inner",
        "x_forwarded_proto": "https",
        "x_forwarded_prefix": "/vq",
    }
    assert through(scope("/config", "10.0.0.1", **told)) == ("https://class.example/vq", "/config")
    assert through(scope("/vq/config", "10.0.0.1", **told)) == (
        "https://class.example/vq",
        "/config",
    )
    assert (
        through(scope("/config", "10.0.0.1", **{**told, "x_forwarded_prefix": "//evil"}))[0]
        == "https://class.example/evil"
    )
    assert (
        through(scope("/config", "10.0.0.1", **{**told, "x_forwarded_prefix": "/a b"}))[0]
        == "https://class.example"
    )


OWN = ("https://class.example",)


@pytest.mark.parametrize(
    "headers, foreign",
    [
        ({}, False),  # a program
        ({"origin": f"http://{ME}"}, False),
        ({"origin": "http://class.example", "host": "class.example:80"}, False),
        ({"origin": "https://class.example", "host": "class.example"}, False),
        ({"origin": "https://class.example"}, False),  # configured
        (
            {"origin": "http://other.example", "sec_fetch_site": "same-origin"},
            False,
        ),  # a proxy changed the Host
        ({"origin": "http://other.example"}, True),
        ({"origin": "http://other.example", "sec_fetch_site": "none"}, True),
        ({"origin": f"http://{ME}", "sec_fetch_site": "same-site"}, True),
        ({"sec_fetch_site": "cross-site"}, True),
        ({"origin": "https://class.example", "sec_fetch_site": "cross-site"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://["}, True),
        ({"origin": ""}, True),
        (
            {"origin": "http://other.example", "x_forwarded_host": "other.example"},
            True,
        ),  # not from a trusted proxy
    ],
)
def test_who_is_a_stranger(headers, foreign):
    assert is_foreign(scope(**headers), OWN) is foreign


def test_options_are_origins_and_paths_or_a_sentence():
    assert public_origin("HTTPS://Class.Example:443/") == "https://class.example"
    assert name_of(public_origin("http://[::1]:8080")) == "[::1]"
    assert [root_path(text) for text in ("", "/", "vq", "/a/b/")] == ["", "", "/vq", "/a/b"]
    for text in ("class.example", "https://class.example/vq", "ftp://a", "https://", "https://a b"):
        with pytest.raises(ValueError, match=r"give one such as https://class\.example"):
            public_origin(text)
    for text in ("/a b", "/..", "https://class.example/vq", "/a?b", "/a//b"):
        with pytest.raises(ValueError, match="give one such as /vq"):
            root_path(text)
