"""Frames: refused by default, allowed for the origins that are named and no others."""

import pytest

from demo.web.framing import frame_ancestors, framed, framing_origin
from demo.web.server import SECURITY_HEADERS


def test_by_default_nobody_frames_the_page():
    assert frame_ancestors([], {}) == () and framed(SECURITY_HEADERS, ()) == SECURITY_HEADERS
    assert SECURITY_HEADERS["X-Frame-Options"] == "DENY"


def test_named_origins_may_and_the_rest_of_the_policy_stays():
    origins = frame_ancestors(
        map(framing_origin, ("https://school.example:8443", "https://*.uni.example")), {}
    )
    headers = framed(SECURITY_HEADERS, origins)
    before, after = (h["Content-Security-Policy"].split("; ") for h in (SECURITY_HEADERS, headers))
    assert [a for a, b in zip(after, before, strict=True) if a != b] == [
        "frame-ancestors 'self' https://school.example:8443 https://*.uni.example"
    ]
    assert set(SECURITY_HEADERS) - set(headers) == {"X-Frame-Options"}


def test_a_space_lets_the_hub_frame_it():
    assert frame_ancestors([], {"SPACE_HOST": "someone-app.hf.space"}) == (
        "https://huggingface.co",
    )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "school.example",
        "https://a.example/path",
        "https://a; script-src *",
        "'self'",
        "javascript:alert(1)",
        "https://",
        "https://a.example'",
    ],
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ValueError, match="cannot frame the page; give an origin"):
        framing_origin(origin)
