"""Where the page may be shown inside another site's frame: nowhere, unless whoever starts the app
allows it."""

import os
import re
from collections.abc import Iterable, Mapping

_ORIGIN = re.compile(
    r"https?://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d+)?"
)


def framed(headers: Mapping[str, str], ancestors: Iterable[str]) -> dict[str, str]:
    """Security headers that let the `ancestors` (origins such as https://school.example) frame the
    page; without any they are returned as they are. X-Frame-Options knows no list of origins, so it
    has to go: every browser that Gradio runs in follows frame-ancestors."""
    ancestors = list(ancestors)
    if not ancestors:
        return dict(headers)
    allowed = {name: value for name, value in headers.items() if name != "X-Frame-Options"}
    policy = allowed["Content-Security-Policy"]
    allowed["Content-Security-Policy"] = policy.replace(
        "frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(ancestors)}"
    )
    return allowed


def framing_origin(text: str) -> str:
    """An origin, for the option. ValueError, with a sentence, for what is none."""
    if not _ORIGIN.fullmatch(text):
        raise ValueError(
            "that cannot frame the page; give an origin such as https://school.example, without a "
            "path"
        )
    return text


def frame_ancestors(
    given: Iterable[str], environment: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """The origins that may frame the page: those given and, on a Hugging Face Space, whose page
    shows the app in a frame, the hub's."""
    origins = [*given, *(["https://huggingface.co"] if environment.get("SPACE_HOST") else [])]
    return tuple(dict.fromkeys(origins))
