"""Password and token: who is let in, what a browser is given to come back with, and who is locked
out."""

import base64

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from demo.web.addresses import Proxied, network
from demo.web.guard import Guard
from demo.web.sign_in import GUESSES, SignIn, with_token

PASSWORD = "secret: of ours"


async def hello(request):
    return PlainTextResponse(request.url.query)


def app(sign_in: SignIn):
    inner = Starlette(routes=[Route(path, hello) for path in ("/", "/config")])
    guard = Guard(inner, requests_per_second=1000, sign_in=sign_in, headers={})
    return Proxied(guard, [network("10.0.0.0/8")])


def client(asked: SignIn | None = None, **more) -> TestClient:
    return TestClient(app(asked or SignIn(PASSWORD)), **more)


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "headers, status",
    [
        ({}, 401),
        (basic("wrong"), 401),
        (basic(""), 401),
        ({"Authorization": "Basic ???"}, 401),
        ({"Authorization": f"Bearer {PASSWORD}"}, 401),
        (basic(PASSWORD), 200),
        (basic(PASSWORD, ""), 200),
        (basic(f"no {PASSWORD}"), 401),
        (basic(f"x:{PASSWORD}"), 401),
        (basic(f"{PASSWORD}!"), 401),
        (basic(PASSWORD[:-1]), 401),
        (basic(PASSWORD.capitalize()), 401),
        (basic("of ours", "secret"), 401),
        ({"Authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}, 401),
        ({"Cookie": "vqvae-signed-in-80="}, 401),
        ({"Cookie": "vqvae-signed-in-80=x"}, 401),
    ],
)
def test_the_password(headers, status):
    answer = client().get("/", headers=headers)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert ("set-cookie" in answer.headers) == (status == 200)


def test_without_a_password_nobody_is_asked_and_no_cookie_is_set():
    answer = client(SignIn()).get("/")
    assert answer.status_code == 200 and "set-cookie" not in answer.headers


def test_whoever_is_locked_out_learns_nothing_not_even_by_the_right_password():
    page = client()
    guesses = [page.get("/", headers=basic(f"try {n}")).status_code for n in range(GUESSES + 2)]
    assert guesses == [401] * GUESSES + [429] * 2
    right = page.get("/", headers=basic(PASSWORD))
    assert right.status_code == 429 and "set-cookie" not in right.headers
    assert right.text == page.get("/", headers=basic("wrong")).text
    assert int(right.headers["retry-after"]) > 0


def test_whoever_is_in_stays_in_while_others_guess_from_the_same_address():
    asked = SignIn(PASSWORD)
    inside, outside = client(asked), client(asked)
    assert inside.get("/", headers=basic(PASSWORD)).status_code == 200
    while outside.get("/", headers=basic("wrong")).status_code != 429:
        pass
    assert inside.get("/").status_code == 200, "by the cookie alone"
    assert inside.get("/", headers=basic(PASSWORD)).status_code == 200
    assert outside.get("/").status_code == 401, "without a guess one is asked, not locked out"


def test_a_cookie_is_of_one_start_and_one_port():
    first = client()
    first.get("/", headers=basic(PASSWORD))
    assert client(cookies=first.cookies).get("/").status_code == 401, "another start"
    assert first.get("http://testserver:81/").status_code == 401, "another port"


@pytest.mark.parametrize("framed, address, headers, marks", [
    (False, "192.0.2.1", {}, "HttpOnly; SameSite=Lax"),
    (False, "192.0.2.1", {"X-Forwarded-Proto": "https"}, "HttpOnly; SameSite=Lax"),
    (False, "10.0.0.1", {"X-Forwarded-Proto": "https"}, "HttpOnly; SameSite=Lax; Secure"),
    (True, "10.0.0.1", {"X-Forwarded-Proto": "https"},
     "HttpOnly; SameSite=None; Partitioned; Secure"),
    (True, "10.0.0.1", {}, "HttpOnly; SameSite=Lax"),
])  # fmt: skip
def test_the_cookie_is_kept_from_scripts_and_goes_back_where_the_page_is(
    framed, address, headers, marks
):
    page = client(SignIn(PASSWORD, framed=framed), client=(address, 1))
    answer = page.get("/", headers={**headers, **basic(PASSWORD)})
    assert answer.headers["set-cookie"].endswith(f"; Path=/; {marks}")


TOKEN = "a token/of ours+"


def test_a_link_with_the_token_signs_in_and_leaves_the_address_bar():
    asked = SignIn(token=TOKEN)
    page = client(asked, follow_redirects=False)
    answer = page.get("/", params={"model": "mnist", "token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "./?model=mnist")
    assert page.get("/?model=mnist").text == "model=mnist", "by the cookie"
    assert page.get("/config", params={"token": "of yesterday"}).headers["location"] == "./config"
    for _ in range(3):  # the link is for a whole class
        one = client(asked)
        assert one.get(with_token("http://testserver", TOKEN)).status_code == 200
        assert one.get("/").status_code == 200


def test_without_the_token_a_browser_is_asked_and_a_program_told():
    page = client(SignIn(token=TOKEN))
    asks = page.get("/", headers={"Accept": "text/html,*/*"})
    assert (
        asks.status_code == 401 and "<form>" in asks.text and "www-authenticate" not in asks.headers
    )
    told = page.get("/config")
    assert told.status_code == 401 and "?token=" in told.text and "<" not in told.text
    assert page.get("/config", headers=basic(TOKEN)).status_code == 200


def test_tokens_cannot_be_guessed_either():
    page = client(SignIn(token=TOKEN))
    codes = [page.get("/", params={"token": f"try {n}"}).status_code for n in range(GUESSES + 1)]
    assert codes == [401] * GUESSES + [429]
    assert page.get("/", params={"token": TOKEN}).status_code == 429


def test_beside_a_token_the_password_counts_too():
    asked = SignIn(PASSWORD, TOKEN)
    assert client(asked).get("/", headers=basic(PASSWORD)).status_code == 200
    assert client(asked).get(with_token("http://testserver", TOKEN)).status_code == 200
    assert with_token("http://testserver", "") == "http://testserver"
