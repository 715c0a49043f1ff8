"""What a checkpoint's JSON says of it: such files are passed on and written by hand, so that any
value may stand under any name."""

from __future__ import annotations

from typing import Any

TYPES: dict[str, type] = {
    **dict.fromkeys(("dataset", "split", "device", "precision", "started_from"), str),
    **dict.fromkeys(("config", "versions"), dict),
    **dict.fromkeys(("images", "step", "threads", "processes"), int),
    "classes": list,
    "finished": bool,
}
"""Of what is no figure."""
LARGEST = 1e300
"""Past it a whole number is no float any more."""


def as_recorded(values: dict[str, Any]) -> dict[str, Any]:
    """The entries that can be what their name says: of the type in `TYPES`, else a finite number,
    or None for what was not measured. The others are left out, as if they had never been there."""
    return {name: value for name, value in values.items() if value is None or _fits(name, value)}


def _fits(name: str, value: object) -> bool:
    kind = TYPES.get(name, float)
    if kind not in (int, float):
        return isinstance(value, kind)
    number = isinstance(value, (int, float)) if kind is float else isinstance(value, int)
    return number and not isinstance(value, bool) and -LARGEST < value < LARGEST
