"""What most events of the page have in common: arguments for Gradio, and what comes back."""

from typing import Any, Literal, TypeAlias, TypedDict

Update: TypeAlias = dict[str, Any]
"""What changes of a component: `gr.update(...)`, or `gr.skip()` for nothing."""


class Quiet(TypedDict):
    """An event that nothing on the page waits for visibly, and no program may send."""

    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


class AtOnce(Quiet):
    """One that does not stand in line either: it is answered within moments."""

    queue: bool


QUIET: Quiet = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: AtOnce = {**QUIET, "queue": False}
