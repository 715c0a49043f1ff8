"""Row 5. Whoever guesses the password is locked out, whatever address he claims to have."""

import sys

import httpx
import pytest

import vqvae
from demo.models.weights import for_page
from demo.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address")
PASSWORD = "open sesame"
HERE, ELSEWHERE, PROXY = "127.0.0.1", "127.0.0.2", "127.0.0.9"


@pytest.fixture(scope="module")
def url(start_target) -> str:
    """A server that asks for a password and believes one proxy."""
    options = ("--trusted-proxy", PROXY)
    return start_target(*options, environment={"VQVAE_PASSWORD": PASSWORD}).url


def visitor(url: str, address: str = HERE) -> httpx.Client:
    """Somebody who connects from an address of this machine."""
    transport = httpx.HTTPTransport(local_address=address, verify=False)
    return httpx.Client(base_url=url, timeout=30, transport=transport)


def tried(url: str, password: str, claims: str = "", *, path: str = "/config", address: str = HERE):
    headers = {"X-Forwarded-For": claims} if claims else {}
    with visitor(url, address) as client:
        return client.get(path, auth=("", password), headers=headers)


def lock_out(url: str, claims: str = "", address: str = HERE) -> None:
    """Guess until a guess is refused and would not be looked at for some seconds. `claims`: what
    all addresses begin with that a proxy tells of."""
    for n in range(100):
        claim = f"{claims}{n + 1:x}" if claims else ""
        answer = tried(url, f"guess {n}", claim, address=address)
        assert answer.status_code in (401, 429)
        if answer.status_code == 429 and int(answer.headers["retry-after"]) >= 4:
            return
    raise AssertionError("a hundred guesses and not locked out")


def test_the_right_guess_of_a_locked_out_address_is_refused_and_those_inside_go_on(url):
    with visitor(url) as inside:
        assert inside.get("/config", auth=("", PASSWORD)).status_code == 200
        for claim in ("", "198.51.100.7", "2001:db8::7", f"198.51.100.8, {PROXY}"):
            lock_out(url)
            assert tried(url, PASSWORD, claim).status_code == 429, claim
        lock_out(url)
        assert tried(url, PASSWORD, path="/theme.css").status_code == 429
        assert inside.get("/config").status_code == 200, "the cookie is enough"


def test_a_named_proxy_says_who_guesses_and_an_ipv6_network_is_one_guesser(url):
    for claim in ("2001:db8:0:1:ffff::9", "198.51.100.1, 2001:db8:0:1::9"):
        lock_out(url, "2001:db8:0:1::", PROXY)
        assert tried(url, PASSWORD, claim, address=PROXY).status_code == 429, claim
    for claim in ("2001:db8:0:2::1", "198.51.100.1"):
        assert tried(url, PASSWORD, claim, address=PROXY).status_code == 200, claim


def test_no_door_opens_without_the_password(url):
    weights = for_page("mnist", vqvae.load("mnist").config, Settings())["weights"]
    config = tried(url, PASSWORD, address=ELSEWHERE).json()
    names = [event["api_name"] for event in config["dependencies"] if event.get("api_name")]
    pages = ("", "config", "theme.css", "gradio_api/info", "gradio_api/file=x", "assets/index.js",
             "nothing", "gradio_api/heartbeat/x", "gradio_api/queue/data?session_hash=x", weights)  # fmt: skip
    doors = ("gradio_api/upload", "gradio_api/queue/join", "gradio_api/component_server")
    with visitor(url, ELSEWHERE) as client:
        for page in pages:
            assert client.get(f"/{page}").status_code == 401, page
        for door in (*doors, *(f"gradio_api/call/{name}" for name in names)):
            assert client.post(f"/{door}", json={}).status_code == 401, door
    assert tried(url, PASSWORD, path=f"/{weights}", address=ELSEWHERE).status_code == 200
