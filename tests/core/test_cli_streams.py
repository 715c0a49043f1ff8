"""`-` on the command line: standard input and output, with nothing else in them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqvae.__main__ import main
from vqvae.cli import files

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    """A stream that a person types into or reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def through(monkeypatch, capsysbinary):
    """`through(content, *arguments)`: (what came out, what was said), with content piped in."""

    def call(content: bytes, *arguments: str, code: int = 0) -> tuple[bytes, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert main(list(arguments)) == code
        out, err = capsysbinary.readouterr()
        return out, err.decode()

    return call


def test_a_picture_goes_through_pipes_as_through_files(trained, digit, tmp_path, through):
    model, code, back = str(trained[0]), tmp_path / "digit.vq", tmp_path / "back.png"
    through(b"", "encode", model, str(digit), "--output", str(code))
    through(b"", "decode", model, str(code), "--output", str(back))
    piped, said = through(digit.read_bytes(), "encode", model, "-", "--output", "-")
    assert piped == code.read_bytes()
    assert said.startswith("standard output: 7 x 7 codes of 16")
    picture, _ = through(piped, "decode", model, "-", "--output", "-")
    assert picture == back.read_bytes()


def test_a_sheet_of_a_piped_picture_is_that_of_the_file(trained, digit, tmp_path, through):
    for how in ([], ["--whole"]):
        arguments = ["reconstruct", str(trained[0]), str(digit), "-", *how, "--output", "-"]
        sheet, said = through(digit.read_bytes(), *arguments)
        pixels = np.asarray(Image.open(io.BytesIO(sheet)))
        first, second = np.split(pixels[30:], 2)  # below the titles, a row for each picture
        assert np.array_equal(first[:190], second[:190])
        assert f"\n{digit}: " in f"\n{said}" and "\nstandard input: " in said


def test_a_shell_pipes_it_to_a_reader_that_may_leave(trained):
    command = (
        f"{sys.executable} -m vqvae generate {trained[0]} --from random --count 4 --output "
        f"- | head -c 8"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, capture_output=True, timeout=240, env=environment)
    assert done.stdout == b"\x89PNG\r\n\x1a\n"
    assert b"Traceback" not in done.stderr


def test_bytes_are_not_written_to_a_terminal_nor_awaited_from_one(
    trained, digit, monkeypatch, capsys
):
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdin", Terminal())
        assert main(["encode", str(trained[0]), "-", "--output", "-"]) == 2
        assert "nothing is piped into it; use < or |." in capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Terminal())
        assert main(["encode", str(trained[0]), str(digit), "--output", "-"]) == 2
    assert "would write a file's bytes to the terminal" in capsys.readouterr().err


def test_too_much_and_no_picture_are_sentences(trained, through, monkeypatch):
    arguments = ["encode", str(trained[0]), "-", "--output", "-"]
    out, said = through(b"<html>", *arguments, code=1)
    assert not out and said.startswith("standard input: ") and said.count("\n") == 1
    monkeypatch.setattr(files, "MAX_PIPED_BYTES", 5)
    out, said = through(b"<html>", *arguments, code=1)
    assert not out and said == "More than 5 bytes are piped in. Give a picture.\n"


def test_what_is_no_plain_file_is_written_into_and_stays_what_it_is(trained, digit, tmp_path):
    pipe, target, link = tmp_path / "pipe", tmp_path / "target", tmp_path / "link"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        assert main(["encode", str(trained[0]), str(digit), "--output", str(pipe)]) == 0
        piped = reader.stdout.read()
    assert pipe.is_fifo()
    target.touch()
    link.symlink_to(target)
    assert main(["encode", str(trained[0]), str(digit), "--output", str(link)]) == 0
    assert link.is_symlink() and target.read_bytes() == piped
