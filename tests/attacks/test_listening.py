"""Row 14. An app that other machines reach tells where, and lets in who has its link."""

import re
import socket
from urllib.parse import urlsplit

import httpx
import pytest


@pytest.fixture(scope="module")
def everywhere(start_target):
    return start_target("--host", "0.0.0.0", models=False)


@pytest.fixture(scope="module")
def links(everywhere) -> list[str]:
    """What was printed when it started."""
    return re.findall(r"http://\S+", "\n".join(everywhere.app.lines))


def test_every_printed_link_opens_the_page_for_everybody_who_has_it(links, everywhere):
    assert len(links) > 1 and "127.0.0.1" in links[0]
    for link in links:
        for _ in range(2):
            with httpx.Client(timeout=60) as visitor:
                page = visitor.get(link, follow_redirects=True)
                assert "gradio_config" in page.text and "token" not in str(page.url), link
                assert visitor.get(str(page.url) + "config").status_code == 200
    assert "there is no password" in "\n".join(everywhere.app.lines)


def test_nobody_gets_in_without_the_link(links):
    bare = links[0].partition("?")[0]
    for url in (bare, bare + "config", bare + "?token=", bare + "?token=guess"):
        assert httpx.get(url).status_code == 401, url
    assert httpx.post(bare + "gradio_api/queue/join", json={}).status_code == 401
    assert "Token" in httpx.get(bare, headers={"Accept": "text/html"}).text


def test_the_machines_names_are_answered_and_others_told_how_they_would_be(links):
    parts = urlsplit(links[0])
    name, url = socket.gethostname(), f"http://127.0.0.1:{parts.port}/?{parts.query}"
    for host in (name, name.partition(".")[0] + ".local", "192.0.2.7", "[2001:db8::7]"):
        answer = httpx.get(url, headers={"Host": f"{host}:{parts.port}"})
        assert answer.status_code == 303, host
    refused = httpx.get(url, headers={"Host": "playground.school.example"})
    assert refused.status_code == 400
    assert "--allow-host playground.school.example" in refused.text
