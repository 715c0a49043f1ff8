"""What whoever starts the app may choose: one table, from which come the command line, its --help
and the environment variables, and against which the docs are tested. An option beats its variable.
"""

import argparse
import importlib.util
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import vqvae
from demo.web.addresses import network
from demo.web.framing import framing_origin
from demo.web.public.address import root_path
from demo.web.public.origins import public_origin

LOOPBACK = ("127.0.0.1", "localhost", "::1")
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


def parse(
    argv: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> argparse.Namespace:
    """The choices of the command line and the environment, one attribute an option; None (or an
    empty list) where nothing was chosen and the default is known only later. Exits with a sentence
    where something is not valid."""
    parser = _parser()
    given = parser.parse_args(argv)
    chosen = argparse.Namespace()
    for option in OPTIONS:
        texts = _texts(option, getattr(given, option.name, None), environment)
        values = []
        for source, text in texts:
            try:
                values.append(option.read(text))
            except ValueError as error:
                shown = "" if option.secret else f" {text[:80]}"
                parser.error(f"{source}{shown}: {error}")
        value = (
            values if option.several else values[0] if values else False if option.switch else None
        )
        setattr(chosen, option.name, value)
    chosen.host = chosen.host or environment.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    if chosen.root_path is None:
        try:
            chosen.root_path = root_path(environment.get("GRADIO_ROOT_PATH", ""))
        except ValueError as error:
            parser.error(f"$GRADIO_ROOT_PATH: {error}")
    chosen.password = chosen.password or ""
    if chosen.token is None:
        chosen.token = "" if _is_open(chosen, environment) else secrets.token_urlsafe(16)
    shared = has_others(chosen)
    for name, alone, among_others in (
        ("keep_days", None, 30.0),
        ("train_seconds", LONGEST, SHORT),
        ("max_upload", LARGEST, SMALL),
        ("upload_room", ROOM, LITTLE_ROOM),
    ):
        if getattr(chosen, name) is None:
            setattr(chosen, name, among_others if shared else alone)
    if chosen.mcp and importlib.util.find_spec("mcp") is None:
        parser.error("--mcp needs the package mcp: pip install mcp")
    return chosen


def _is_open(chosen: argparse.Namespace, environment: Mapping[str, str]) -> bool:
    """Whether no token is made: only this machine reaches the app, it has a password, or it is a
    Hugging Face Space, which its owner makes private or public there."""
    return bool(chosen.password or not listens_beyond(chosen.host) or environment.get("SPACE_HOST"))


def has_others(chosen: argparse.Namespace) -> bool:
    """Whether others than the user of this machine reach the app, directly or through a proxy."""
    return bool(listens_beyond(chosen.host) or chosen.public_origin or chosen.trusted_proxy)


def listens_beyond(host: str) -> bool:
    """Whether other machines can reach an app that listens on this address."""
    return host not in LOOPBACK


def _texts(option: Option, given: Any, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was typed for an option, each with where: on the command line, else in the environment.
    Of a list, both."""
    variable = environment.get(option.variable, "")
    if option.several:
        items = variable.replace(",", " ").split()
        return [(option.flag, text) for text in given] + [
            (f"${option.variable}", text) for text in items
        ]
    if given is not None:
        return [(option.flag, str(int(given)) if option.switch else given)]
    return [(f"${option.variable}", variable)] if variable else []


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a call in a sentence, without the list of all options before it."""

    def error(self, message: str) -> NoReturn:
        message = message.rstrip(".")
        sentence = f"{message[:1].upper()}{message[1:]}. See `python {self.prog} --help`."
        self.exit(2, f"{sentence}\n")


def _parser() -> argparse.ArgumentParser:
    secrets = " ".join(
        f"{option.variable} in the environment: {option.help} (default: {option.default})."
        for option in OPTIONS
        if option.secret
    )
    parser = _Parser(
        description="VQ-VAE Playground: train, see, edit and generate, in the browser.",
        epilog=secrets,
    )
    parser.add_argument(
        "--version", action="version", version=f"VQ-VAE Playground {vqvae.__version__}"
    )
    for option in OPTIONS:
        text = f"{option.help} (${option.variable}; default: {option.default})"
        if option.switch:
            parser.add_argument(
                option.flag, action=argparse.BooleanOptionalAction, default=None, help=text
            )
        elif option.several:
            parser.add_argument(
                option.flag, action="append", default=[], metavar=option.metavar, help=text
            )
        elif not option.secret:
            parser.add_argument(option.flag, metavar=option.metavar, help=text)
    return parser
