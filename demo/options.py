"""What whoever starts the app may choose: one table, from which come the command line, its --help
and the environment variables (demo.command_line), and against which the docs are tested.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.web.addresses import network
from demo.web.framing import framing_origin
from demo.web.public.address import root_path
from demo.web.public.origins import public_origin

LONGEST, SHORT = 86_400.0, 900.0
"""Seconds that a visitor may train: at most, and where others than the owner of the machine do."""
LARGEST, SMALL = 1024, 64
"""MB of one file that a visitor may send, likewise."""
ROOM, LITTLE_ROOM = 2048, 100
"""MB that the uploads of one address may take, likewise."""
_HOST_NAME = re.compile(r"\*|(\*\.)?[^\s/:*@]+")
YES, NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Option:
    """One choice. `read` turns the text that was given into a value, or raises ValueError with a
    sentence. `several`: a list, of which the variable separates the items by spaces or commas.
    `secret`: taken from the environment alone, since every user of the machine sees a command line.
    """

    name: str
    variable: str
    help: str
    default: str
    metavar: str = ""
    read: Callable[[str], Any] = str
    several: bool = False
    switch: bool = False
    secret: bool = False

    @property
    def flag(self) -> str:
        return "" if self.secret else "--" + self.name.replace("_", "-")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ValueError("a port is a number from 1 to 65535, or 0 for any free one")
    return int(text)


def _whole(least: int, most: int, unit: str) -> Callable[[str], int]:
    """Reads a whole number within these bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise ValueError(f"it must be a whole number of {unit} from {least} to {most}")
        return int(text)

    return read


def _number(low: float, high: float, said: str) -> Callable[[str], float]:
    """Reads a number above 0 within these bounds; `said`: which one is valid."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not (value > 0 and low <= value <= high):
            raise ValueError(f"it must be a number of {said}")
        return value

    return read


def _token(text: str) -> str:
    """ "" where none is wanted."""
    if text.lower() == "none":
        return ""
    if len(text) < 8:
        raise ValueError("a token has at least 8 characters; 'none' lets everybody in")
    return text


def _host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise ValueError("give the name alone, as in class.example, without http:// and port")
    return text


def _folder_of(what: str) -> Callable[[str], Path]:
    """Reads a folder that has to be there."""

    def read(text: str) -> Path:
        if not Path(text).is_dir():
            raise ValueError(f"that is no folder; give one that holds {what}")
        return Path(text)

    return read


def _folder_to_be(text: str) -> Path:
    """A folder that is made when it is needed."""
    whole = Path(text).absolute()
    if not next(path for path in (whole, *whole.parents) if path.exists()).is_dir():
        raise ValueError(
            "there is a file where this folder should be; give a folder, there or to be made"
        )
    return Path(text)


def _yes(text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError("give 1 or 0")
    return text.lower() in YES


OPTIONS = (
    Option(
        "host",
        "VQVAE_HOST",
        "address to listen on; 0.0.0.0 for all of this machine",
        "this machine only",
        "ADDRESS",
    ),
    Option("port", "VQVAE_PORT", "port to listen on", "the first free one from 7860", "N", _port),
    Option(
        "allow_host",
        "VQVAE_ALLOW_HOSTS",
        "host name under which the app may be reached, without port; repeat for several",
        "this machine's",
        "NAME",
        _host_name,
        several=True,
    ),
    Option(
        "trusted_proxy",
        "VQVAE_TRUSTED_PROXIES",
        "address or network of a reverse proxy whose X-Forwarded headers are believed, such as "
        "127.0.0.1; repeat for several",
        "none",
        "ADDRESS",
        network,
        several=True,
    ),
    Option(
        "public_origin",
        "VQVAE_PUBLIC_ORIGIN",
        "address in visitors' browsers where a reverse proxy is in front of the app, such as "
        "https://class.example; repeat for several",
        "none",
        "ORIGIN",
        public_origin,
        several=True,
    ),
    Option(
        "root_path",
        "VQVAE_ROOT_PATH",
        "sub-path below which a reverse proxy serves the app, such as /vq",
        "$GRADIO_ROOT_PATH, or none",
        "PATH",
        root_path,
    ),
    Option(
        "allow_frame",
        "VQVAE_FRAME_ANCESTORS",
        "site that may show the app in a frame, such as https://school.example; repeat for several",
        "none",
        "ORIGIN",
        framing_origin,
        several=True,
    ),
    Option(
        "password",
        "VQVAE_PASSWORD",
        "what visitors are asked for, with any user name",
        "none",
        secret=True,
    ),
    Option(
        "token",
        "VQVAE_TOKEN",
        "what the printed address signs visitors in with; 'none' lets everybody in",
        "a new one at each start where the app listens beyond this machine and has no password",
        read=_token,
        secret=True,
    ),
    Option(
        "checkpoints",
        "VQVAE_CHECKPOINTS",
        "folder of shipped models",
        "checkpoints/",
        "DIR",
        _folder_of("models"),
    ),
    Option("runs", "VQVAE_RUNS", "folder for visitors' own models", "runs/", "DIR", Path),
    Option("data_dir", "VQVAE_DATA_DIR", "folder of data sets", "data/", "DIR", _folder_to_be),
    Option(
        "images",
        "VQVAE_IMAGES",
        "folder whose folders and zips of images the Train tab offers",
        "none",
        "DIR",
        _folder_of("folders or zips of images"),
    ),
    Option(
        "keep_days",
        "VQVAE_KEEP_DAYS",
        "remove runs of visitors who stay away longer",
        "never; 30 where others reach the app",
        "N",
        _number(0, 36500, "days above 0"),
    ),
    Option(
        "train_seconds",
        "VQVAE_TRAIN_SECONDS",
        "longest training that a visitor may start, in seconds",
        "86400; 900 where others reach the app",
        "N",
        _number(1, LONGEST, f"seconds from 1 to {LONGEST:.0f}"),
    ),
    Option(
        "max_upload",
        "VQVAE_MAX_UPLOAD",
        "largest file that a visitor may send, in MB",
        "1024; 64 where others reach the app",
        "N",
        _whole(1, 4096, "MB"),
    ),
    Option(
        "upload_room",
        "VQVAE_UPLOAD_ROOM",
        "most that the uploads of one address may take on the disk, in MB",
        "2048; 100 where others reach the app",
        "N",
        _whole(1, 1_000_000, "MB"),
    ),
    Option(
        "max_models",
        "VQVAE_MAX_MODELS",
        "most models that a visitor may keep",
        "40",
        "N",
        _whole(1, 10_000, "models"),
    ),
    Option(
        "loaded_models",
        "VQVAE_LOADED_MODELS",
        "most models that stay in memory; the least recently used one goes first",
        "6",
        "N",
        _whole(1, 1000, "models"),
    ),
    Option(
        "requests_per_second",
        "VQVAE_REQUESTS_PER_SECOND",
        "most requests of one address, and ten times as many at once; a pen in motion makes 30",
        "500",
        "N",
        _whole(10, 100_000, "requests"),
    ),
    Option(
        "mcp",
        "VQVAE_MCP",
        "serve the API as an MCP server too: /gradio_api/mcp/",
        "no",
        read=_yes,
        switch=True,
    ),
    Option("open", "VQVAE_OPEN", "open a browser window", "no", read=_yes, switch=True),
)
