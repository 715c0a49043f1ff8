"""Reads what whoever starts the app has chosen: the command line first, then the environment, each
checked, and what nobody chose filled in.
"""

import argparse
import importlib.util
import os
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import vqvae
from demo.options import LARGEST, LITTLE_ROOM, LONGEST, OPTIONS, ROOM, SHORT, SMALL, Option
from demo.web.public.address import root_path

LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
    _fill_in_limits(chosen)
    if chosen.mcp and importlib.util.find_spec("mcp") is None:
        parser.error("--mcp needs the package mcp: pip install mcp")
    return chosen


def _fill_in_limits(chosen: argparse.Namespace) -> None:
    """Limits that nobody chose are tighter where others reach the app."""
    shared = has_others(chosen)
    for name, alone, among_others in (
        ("keep_days", None, 30.0),
        ("train_seconds", LONGEST, SHORT),
        ("max_upload", LARGEST, SMALL),
        ("upload_room", ROOM, LITTLE_ROOM),
    ):
        if getattr(chosen, name) is None:
            setattr(chosen, name, among_others if shared else alone)


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
