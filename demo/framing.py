"""Where the page may be shown inside another site's frame: nowhere, unless whoever starts the app allows it."""

import os
import re
from collections.abc import Iterable, Mapping

VARIABLE = "VQVAE_FRAME_ANCESTORS"
"""Origins that may frame the page, separated by spaces, as an alternative to the option."""
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d+)?")


def framed(headers: Mapping[str, str], ancestors: Iterable[str]) -> dict[str, str]:
    """Security headers that let the `ancestors` (origins such as https://school.example) frame the page; without any
    they are returned as they are. X-Frame-Options knows no list of origins, so it has to go: every browser that
    Gradio runs in follows frame-ancestors."""
    ancestors = list(ancestors)
    if not ancestors:
        return dict(headers)
    allowed = {name: value for name, value in headers.items() if name != "X-Frame-Options"}
    policy = allowed["Content-Security-Policy"]
    allowed["Content-Security-Policy"] = policy.replace(
        "frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(ancestors)}"
    )
    return allowed


def frame_ancestors(given: Iterable[str], environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The origins of the option and of the environment; on a Hugging Face Space, whose page shows the app in a frame,
    the hub's too. ValueError, with a sentence, for what is no origin."""
    origins = [*given, *environment.get(VARIABLE, "").split()]
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin[:80]!r} cannot frame the page; give an origin such as https://school.example, without a path"
            )
    if environment.get("SPACE_HOST"):
        origins.append("https://huggingface.co")
    return tuple(dict.fromkeys(origins))
