"""The README's code runs and its commands are ones the program takes."""

import re
import shlex
from pathlib import Path

import pytest

from vqvae.__main__ import make_parser

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
COMMANDS = [
    line.partition("#")[0].strip()
    for kind, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    if line.startswith("python -m vqvae")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_the_program_takes(command):
    args = make_parser().parse_args(shlex.split(command)[3:])
    assert callable(args.run)


def test_there_are_commands():
    assert len(COMMANDS) >= 6


def test_the_first_lines_of_python_do_what_they_say():
    import torch

    code = next(text for kind, text in BLOCKS if kind == "python")
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)  # our own file
    assert names["indices"].shape == (8, 7, 7) and names["indices"].dtype == torch.int64
    assert names["x_recon"].shape == names["x"].shape
    assert names["x_recon"].min() >= 0 and names["x_recon"].max() <= 1


def test_what_the_readme_links_to_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8")):
        assert target.startswith("https://") or (README.parent / target).exists(), target
