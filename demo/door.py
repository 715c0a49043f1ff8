"""The door between a page and the server: a request comes in, an answer or one sentence goes out.

A question is a function of a request and the settings. Its request is a class of its own, a
subclass of `Request` with a line for each field: what a page sends is checked against it before the
question is put. The request's number `n` comes back with the answer, so that the page can tell a
late one.

    >>> class SeedRequest(Request):
    ...     seed: int = whole("The seed", 0, 99, default=0)
    >>> def tab_draw(request: SeedRequest, settings: Settings) -> dict: ...
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from demo.as_text import bytes_of
from demo.errors import BusyError, PageError, explain
from demo.pictures.images import ImageError
from demo.settings import Settings


class Question(Protocol):
    """What a page may ask, by the name of the function that answers."""

    __name__: str

    def __call__(self, request: Any, settings: Settings, /) -> Mapping[str, Any]: ...


class Asked(Protocol):
    """A question as Gradio calls it."""

    __name__: str

    def __call__(self, request: object) -> dict[str, Any]: ...


WAIT_SECONDS = 20
"""A request that waits longer for others is told that the server is busy."""
SHOWN = 20
"""Characters of a wrong value that its sentence repeats."""


class RequestError(PageError):
    """A request that no page of ours sends, or one for a model this tab cannot show."""


class Request(BaseModel):
    """What a page sends with a question. Fields that the question does not know are passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class OfModel(Request):
    """A question about one model."""

    model: Any = None
    """The id as the picker has it; demo.models.library checks it and says what is wrong."""


def whole(title: str, low: int, high: int, default: Any = ...) -> Any:
    """A field for a whole number from low to high; `title` begins the sentence on a wrong one."""
    return Field(
        default,
        ge=low,
        le=high,
        title=title,
        description=f"it must be a whole number from {low:,} to {high:,}",
    )


def valued(title: str, description: str, default: Any = ...) -> Any:
    """A field of any other kind; `description` says what is valid: "it must be ..."."""
    return Field(default, title=title, description=description)


class Slots:
    """How many questions are answered at a time; the others wait."""

    def __init__(self, at_once: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)

    def __enter__(self) -> None:
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise BusyError("The server is busy; try again in a moment.")

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def answer(
    question: Question, sent: object, settings: Settings, slots: Slots | None = None
) -> dict[str, Any]:
    """Put a question: {"ok": true, "n", ...}. Whatever goes wrong is {"ok": false, "n", "error": a
    sentence}, never an exception; with "again": true the same request may succeed in a moment."""
    number = sent.get("n") if isinstance(sent, dict) else None
    reply = {"n": number if isinstance(number, int) and not isinstance(number, bool) else None}
    try:
        request = read(question, sent)
        if slots is None:
            return {**reply, "ok": True, **question(request, settings)}
        with slots:
            return {**reply, "ok": True, **question(request, settings)}
    except BusyError as error:
        return {**reply, "ok": False, "error": str(error), "again": True}
    except Exception as error:
        return {**reply, "ok": False, "error": explain(error)}


def read(question: Question, sent: object) -> Any:
    """What was sent, as the question takes it. RequestError names the first field that is wrong."""
    if not isinstance(sent, dict):
        raise RequestError("The request is not a JSON object; reload the page.")
    kind = get_type_hints(question).get("request", dict)
    if not issubclass(kind, Request):
        return sent
    try:
        return kind.model_validate(sent)
    except ValidationError as error:
        raise RequestError(_sentence(kind, error, sent)) from None


def server_functions(
    questions: Iterable[Question], settings: Settings, slots: Slots | None = None
) -> list[Asked]:
    """The questions as Gradio calls them: by the name that each has here, with the one JSON object
    of the page."""

    def bound(question: Question) -> Asked:
        def call(request: object) -> dict[str, Any]:
            return answer(question, request, settings, slots)

        call.__name__ = question.__name__
        return call

    return [bound(question) for question in questions]


def decoded(value: object, limit: int, what: str) -> bytes:
    """The bytes of a field in base64, at most `limit` of them; `what` names it to the person."""
    if not isinstance(value, str):
        raise RequestError(f"The request has no {what}; reload the page.")
    if len(value) > limit * 4 // 3 + 4:
        raise ImageError(f"The {what} is larger than {limit // 2**20} MB: make it smaller.")
    try:
        return bytes_of(value)
    except ValueError:
        raise RequestError(f"The {what} did not arrive whole; try again.") from None


def _sentence(kind: type[Request], error: ValidationError, sent: dict) -> str:
    """What is wrong with the first wrong field, from its title and description."""
    name = str(error.errors(include_url=False)[0]["loc"][0])
    field = kind.model_fields[name]
    given = f"is {str(sent[name])[:SHOWN]!r}" if name in sent else "is missing"
    return f"{field.title or name} {given}; {field.description or 'reload the page'}."
