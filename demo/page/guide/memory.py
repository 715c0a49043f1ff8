"""The values of a form in the address of the page: JavaScript for Gradio's events, which ask the
server nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from demo.page.modules import calls

FORM, VALUES = (f"demo/page/guide/{name}.js" for name in ("form", "values"))
"""The modules that do it."""


def remembers(names: Sequence[str], presets: Mapping[str, Mapping[str, Any]], first: str) -> str:
    """For an event whose inputs are the preset and the fields `names`: what differs from the preset
    goes into the address.

    presets: the value of every field in each preset, a field that a preset leaves as it is
    included. first: the preset that the page opens with.
    """
    return calls(FORM, "remember", {"names": list(names), "presets": presets, "first": first})


def recalls(names: Sequence[str], presets: Mapping[str, Mapping[str, Any]], first: str) -> str:
    """For an event whose inputs and outputs are the preset and the fields: sets them as the address
    has them."""
    return calls(FORM, "recall", {"names": list(names), "presets": presets, "first": first})


def keeps(names: Sequence[str], firsts: Sequence[Any]) -> str:
    """For an event whose inputs are the fields `names`: those that differ from what they are at
    first, `firsts`, go into the address."""
    return calls(VALUES, "keep", {"names": list(names), "firsts": list(firsts)})


def restores(
    names: Sequence[str],
    firsts: Sequence[Any],
    implied: Mapping[str, tuple[Sequence[str], Any]] | None = None,
) -> str:
    """For an event whose outputs are these fields: sets them as the address has them. implied: of a
    field that the address does not name, the other names of which any one means that value."""
    plan = {"names": list(names), "firsts": list(firsts), "implied": implied or {}}
    return calls(VALUES, "recall", plan)
