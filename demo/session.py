"""Who is looking: a random token kept by the browser, which is all the app knows about a
visitor."""

import re
import secrets
from dataclasses import dataclass
from typing import TypeGuard

# BrowserState encrypts what it stores; a secret made anew at each start would make every visitor a
# stranger after a restart. The token is no password of the user's, it only has to be unguessable
# from elsewhere.
STORAGE_SECRET = "vqvae-playground"
VISITOR_KEY = "vqvae-visitor"
MODEL_KEY = "vqvae-model"

_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """A fresh 128-bit token as 32 lower-case hex digits."""
    return secrets.token_hex(16)


def is_token(value: object) -> TypeGuard[str]:
    """Whether `value` is a well-formed visitor token (also the guard for its use as a folder
    name)."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


@dataclass(frozen=True)
class Session:
    """One visitor. Replaced, never mutated, never kept in a module."""

    visitor: str

    def __post_init__(self) -> None:
        if not is_token(self.visitor):
            raise ValueError("A visitor token is 32 hex digits; reload the page to get a new one.")

    @classmethod
    def resume(cls, value: object) -> "Session":
        """The session of a stored token, or a new one where the token is absent or malformed."""
        return cls(value if is_token(value) else new_token())
