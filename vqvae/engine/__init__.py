"""The model in the page: encoder, quantizer and decoder in plain JavaScript, which the app serves
to browsers and the command line writes into html files. It imports nothing of the package: the
Python here only tells where the modules lie."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
"""Where the ES modules lie: for a server that hands them out, or a reader."""


def modules() -> dict[str, str]:
    """Every ES module of the engine: its file name to its source."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.js"))}
