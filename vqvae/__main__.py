"""`python -m vqvae <verb>`, installed also `vqvae <verb>`: a thin parser over the functions of
`vqvae.cli`.

Exit code 0: done; 1: a failure; 2: a wrong call; 128 + signal: stopped from outside. Errors are one
sentence on standard error, never a traceback (--debug shows it).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from vqvae import __version__
from vqvae.cli.codebook import add_codebook
from vqvae.cli.coding import add_decode, add_encode, add_reconstruct
from vqvae.cli.evaluate import add_evaluate
from vqvae.cli.export import add_export
from vqvae.cli.generate import add_generate
from vqvae.cli.info import add_info
from vqvae.cli.launch import leave
from vqvae.cli.parsing import PROGRAM, Failure, Parser, UsageError, one_line
from vqvae.cli.prior import add_train_prior
from vqvae.cli.train import add_train

VERBS = (
    add_train,
    add_train_prior,
    add_evaluate,
    add_reconstruct,
    add_encode,
    add_decode,
    add_generate,
    add_codebook,
    add_export,
    add_info,
)
"""In the order of the help."""


def make_parser() -> Parser:
    """The parser of all verbs."""
    parser = Parser(prog=PROGRAM, description="Train a VQ-VAE, measure it, and use it on pictures.")
    parser.add_argument("--version", action="version", version=f"vqvae {__version__}")
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB")
    for add in VERBS:
        add(subparsers)
    verbs = ", ".join(subparsers.choices)
    parser.set_defaults(run=lambda _: parser.error(f"no verb was given; give one of {verbs}"))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one call; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        args = make_parser().parse_args(argv, argparse.Namespace(argv=argv))
        return args.run(args) or 0
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; closing it again at exit must not complain.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        if "--debug" in argv:
            raise
        sentence, code = explain(error)
        print(one_line(sentence), file=sys.stderr)
        return code


def explain(error: Exception) -> tuple[str, int]:
    """(sentence, exit code) of an error. Our own errors say themselves what to do."""
    from vqvae.config import ConfigError
    from vqvae.errors import VqvaeError, lacks_memory

    if isinstance(error, (UsageError, ConfigError)):
        return str(error), 2
    if isinstance(error, (Failure, VqvaeError)):
        return str(error), 1
    if lacks_memory(error):
        return (
            "There is not enough memory for this; lower the batch size, the hidden channels or "
            "the image size.",
            1,
        )
    if isinstance(error, OSError):
        where = (
            f"{error.filename} cannot be read or written"
            if error.filename
            else "A file cannot be read or written"
        )
        return (
            f"{where} ({error.strerror or error}). Check that it exists and that the disk has "
            f"space.",
            1,
        )
    if isinstance(error, ModuleNotFoundError):
        return (
            f"The package {error.name} is not installed; run `pip install .` in the project's "
            "folder, which brings all that this program needs.",
            1,
        )
    return (
        f"This failed unexpectedly ({type(error).__name__}: {str(error)[:200]}). It is a defect: "
        "call again with --debug and report what it shows.",
        1,
    )


def script() -> NoReturn:
    """The whole process of a call from a shell."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a file's name need not be text in the terminal's encoding
    leave(main())


if __name__ == "__main__":
    script()
