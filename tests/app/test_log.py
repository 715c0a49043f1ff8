"""The log: one line for a refusal, a traceback once, bounded, without tokens or tricks of control
characters."""

import io
import logging

import pytest

from demo.web.log import LINES, LONGEST, BoundedHandler

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def kept():
    """(a logger, what it has written, a clock that is set by hand)"""
    stream, now = io.StringIO(), [0.0]
    log = logging.Logger("test")
    log.addHandler(BoundedHandler(stream, clock=lambda: now[0]))
    return log, stream, now


def failed(log: logging.Logger, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("An event failed")


def test_a_flood_is_cut_off_and_counted_and_other_kinds_are_still_told(kept):
    log, stream, now = kept
    for n in range(1000):
        log.warning("refused %d", n)
    log.warning("another place")
    assert stream.getvalue().count("refused") == LINES and "another place" in stream.getvalue()
    now[0] = 61.0
    log.warning("refused again")
    assert stream.getvalue().splitlines()[-2:] == [
        f"{1000 - LINES} more lines in 61 s",
        "Warning: refused again",
    ]


def test_a_traceback_is_written_once_and_the_line_each_time(kept):
    log, stream, _ = kept
    failed(log, "one")
    failed(log, "two")
    text = stream.getvalue()
    assert text.count("Traceback") == 1
    assert "Error: An event failed (ValueError: one)" in text and "(ValueError: two)" in text


def test_nobody_is_identified_and_no_line_is_forged(kept):
    log, stream, _ = kept
    log.warning("model run:%s/a1b2 of %s\nError: forged\x1b[2J", TOKEN, "?token=of-ours&x=1")
    text = stream.getvalue()
    assert TOKEN not in text and "of-ours" not in text and "x=1" in text
    assert text.count("\n") == 1 and "\x1b" not in text
    failed(log, TOKEN)
    assert TOKEN not in stream.getvalue()
    log.warning("x" * 10 * LONGEST)
    assert len(stream.getvalue().splitlines()[-1]) < LONGEST + 10
