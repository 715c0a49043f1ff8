"""Who trains next: addresses take turns, then their visitors, however many runs each has."""

from pathlib import Path

import pytest

from demo.runs.line import Line


def add(line: Line, address: str, visitor: str, run: str, **options) -> None:
    line.add(Path(visitor, run), address, **options)


def test_addresses_take_turns_and_then_their_visitors():
    line = Line()
    for n in range(3):
        add(line, "x", "a", f"a{n}")
    add(line, "x", "b", "b0")
    add(line, "y", "c", "c0")
    add(line, "y", "c", "c1")
    foreseen = [run.name for run in line]
    assert foreseen == ["a0", "c0", "b0", "c1", "a1", "a2"]
    assert [line.take().run.name for _ in range(len(line))] == foreseen
    with pytest.raises(IndexError):
        line.take()


def test_who_comes_after_many_of_one_is_next():
    line = Line()
    for n in range(20):
        add(line, "x", f"invented {n}", "run")
    assert line.take().visitor == "invented 0"
    add(line, "y", "honest", "run")
    assert next(iter(line)).parent.name == "honest" == line.take().visitor
    assert line.take().visitor == "invented 1"


def test_a_run_taken_out_has_had_no_turn_and_one_put_first_goes_before_its_visitors_others():
    line = Line()
    add(line, "x", "a", "a0")
    add(line, "x", "a", "a1")
    line.remove(Path("a", "a0"))
    line.remove(Path("a", "a0"))
    assert Path("a", "a0") not in line and Path("a", "a1") in line and len(line) == 1
    add(line, "y", "b", "b0")
    add(line, "x", "a", "a2", command="stop", first=True)
    first = line.take()
    assert (first.run.name, first.command) == ("a2", "stop")
    assert [run.name for run in line] == ["b0", "a1"]
