"""A setting, described once at its field of a dataclass: its default, what is valid, what it does.

The checks of `vqvae.config`, the flags and the help of the command line, and the fields of the
app's form are views of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Number:
    """A number within a range, ends included."""

    low: float
    high: float

    def allows(self, value: object) -> bool:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.low <= value <= self.high  # NaN is neither

    def __str__(self) -> str:
        return f"a number from {self.low:,.10g} to {self.high:,.10g}"


@dataclass(frozen=True)
class Whole(Number):
    """A whole number within a range, ends included."""

    low: int
    high: int

    def allows(self, value: object) -> bool:
        return isinstance(value, int) and super().allows(value)

    def __str__(self) -> str:
        return f"a whole number from {self.low:,} to {self.high:,}"


@dataclass(frozen=True)
class Wholes(Whole):
    """A list of whole numbers within a range."""

    def allows(self, value: object) -> bool:
        one = super().allows
        return isinstance(value, (tuple, list)) and all(one(number) for number in value)

    def __str__(self) -> str:
        return f"a list of whole numbers from {self.low:,} to {self.high:,}"


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple

    def allows(self, value: object) -> bool:
        # By type too: True and 1.0 equal 1, and would only fail in the middle of a network.
        return any(type(value) is type(one) and value == one for one in self.values)

    def __str__(self) -> str:
        if self == ON_OFF:
            return "true or false"
        return f"one of {', '.join(map(str, self.values))}"


@dataclass(frozen=True)
class Names:
    """A list of names."""

    def allows(self, value: object) -> bool:
        return isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value)

    def __str__(self) -> str:
        return "a list of names"


@dataclass(frozen=True)
class NameOrPath:
    """A name, or a path in whichever type."""

    def allows(self, value: object) -> bool:
        return isinstance(value, (str, os.PathLike))

    def __str__(self) -> str:
        return "a name or a path"


ON_OFF = Choice((True, False))
Valid = Number | Choice | Names | NameOrPath


class Setting(NamedTuple):
    """What a field says of itself."""

    default: Any
    valid: Valid
    """None is valid too where it is the default."""
    help: str
    """What it does and its unit, in a line of the command line's help."""
    letter: str
    """What stands for its value there."""


def setting(default: Any, valid: Valid, help: str = "", letter: str = "") -> Any:
    """A field of a dataclass that is a setting."""
    return field(default=default, metadata={"setting": Setting(default, valid, help, letter)})


def like(owner: type[Any], name: str, default: Any) -> Any:
    """The setting of another dataclass with a default of its own."""
    there = settings_of(owner)[name]
    return setting(default, there.valid, there.help, there.letter)


@cache
def settings_of(owner: type[Any]) -> Mapping[str, Setting]:
    """The settings of a dataclass by name, in the order of its fields."""
    return {one.name: one.metadata["setting"] for one in fields(owner)}
