"""docs/deploy.md: its table has every option, its commands are ones the app takes, its proxies
start."""

import re
import shlex
from pathlib import Path

import pytest

from demo.command_line import parse
from demo.options import OPTIONS
from demo.settings import Settings

PAGE = (Path(__file__).parents[1] / "docs" / "deploy.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if "app.py" in line
]


def row(option) -> str:
    """The line of the table that an option asks for."""
    flag = f"`{option.flag}{' ' + option.metavar if option.metavar else ''}`"
    shown = flag if option.flag else "–"
    return f"| {shown} | `{option.variable}` | {option.default} | {option.help} |"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_table_has_the_option(option):
    assert row(option) in PAGE.splitlines(), f"docs/deploy.md needs the line\n{row(option)}"


def test_the_table_has_nothing_else():
    lines = [line for line in PAGE.splitlines() if "| `VQVAE_" in line]
    assert sorted(lines) == sorted(map(row, OPTIONS))


def test_defaults_are_those_of_the_settings():
    default = {option.name: option.default for option in OPTIONS}
    for name in ("max_models", "loaded_models", "requests_per_second"):
        assert float(default[name]) == getattr(Settings(), name)
    for name in ("max_upload", "upload_room"):
        most, of_others = map(int, re.findall(r"\d+", default[name]))
        assert most * 2**20 == getattr(Settings(), f"{name}_bytes")
        assert getattr(parse(["--public-origin", "https://class.example"]), name) == of_others


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_the_app_takes(command):
    words = shlex.split(command)
    start = words.index("app.py")
    environment = dict(word.split("=", 1) for word in words[: start - 1])
    assert set(environment) <= {option.variable for option in OPTIONS}
    parse(words[start + 1 :], environment)


def test_the_readme_links_to_it():
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert "](docs/deploy.md)" in readme and len(COMMANDS) >= 6
