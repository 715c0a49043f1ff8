"""The progress line: it fits a terminal, and a log file alike."""

import io

import pytest

from vqvae.cli.progress import ProgressLine, clock, compose


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("width", range(20, 121, 7))
def test_the_line_fits_the_terminal_and_the_last_parts_give_way_first(width):
    parts = ["step 1,234", "mse 0.00123", "0:42 left", "codes used 99%", "12,345 images/s"]
    line = compose(0.456, parts, width)
    assert len(line) <= width and line.startswith(" 46 %")
    shown = [part in line for part in parts]
    assert shown[0] and shown == sorted(shown, reverse=True)


def test_a_wide_terminal_has_a_bar():
    assert compose(0.5, ["step 1"], 40) == " 50 % [############............]  step 1"
    assert compose(7.0, ["step 1"], None) == "100 %  step 1"


def test_a_terminal_has_one_line_rewritten_and_cleared(monkeypatch):
    monkeypatch.setattr("vqvae.cli.progress.SCREEN_SECONDS", 0.0)
    stream = Terminal()
    with ProgressLine(stream) as line:
        for done in (1, 50, 100):
            line.count(done, 100, "Reading images")
        assert "\n" not in stream.getvalue() and stream.getvalue().count("\r") == 3
        assert all(len(piece) <= 79 for piece in stream.getvalue().split("\r"))
        line.note("A name\nwith\x1b breaks.")
        assert stream.getvalue().endswith("\rA name with? breaks.\n")


def test_what_a_task_ended_with_stays_on_the_screen():
    stream = Terminal()
    with ProgressLine(stream) as line:
        line.update(1.0, ["step 100"], last=True)
        line.clear()
    assert stream.getvalue().endswith("step 100\n")


def test_a_log_has_a_line_every_few_seconds(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("vqvae.cli.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with ProgressLine(stream) as line:
        for second in range(21):
            now[0] = float(second)
            line.update(second / 20, [f"step {second}"])
    assert stream.getvalue().splitlines() == [
        "25 %  step 5",
        "50 %  step 10",
        "75 %  step 15",
        "100 %  step 20",
    ]


def test_clock():
    assert [clock(s) for s in (0, 59.6, 3599, 3600, 86_399)] == [
        "0:00",
        "1:00",
        "59:59",
        "1:00:00",
        "23:59:59",
    ]
