"""A VQ-VAE as one html file: its weights, the engine and a page, with no server and no network."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from functools import cache
from pathlib import Path

from vqvae import engine
from vqvae.checkpoints.checkpoint import Checkpoint, load_checkpoint
from vqvae.export.bundle import bundle

PAGE = Path(__file__).resolve().parent / "page"
EXAMPLES = 24
"""Test pictures that the page opens with, as grids of codes."""
DIGITS = ("mnist", "synthetic")
"""Data sets of digits centred by their mass: a drawing is laid out as theirs are."""
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def to_html(checkpoint: str | os.PathLike) -> str:
    """The page of a VQ-VAE's checkpoint, as text in UTF-8.

    CheckpointError for another kind of model. One too heavy for a browser says so when it is
    opened.
    """
    loaded = load_checkpoint(checkpoint)
    return "".join(
        piece if isinstance(piece, str) else base64.b64encode(piece.read_bytes()).decode()
        for piece in pieces(loaded, loaded.path.name)
    )


def pieces(loaded: Checkpoint, name: str) -> list[str | Path]:
    """The page of a loaded VQ-VAE, piece by piece: text, and a file where its bytes stand in
    base64.

    `name` is what the page calls the model. CheckpointError for another kind of model.
    """
    config, folder = loaded.with_codes().config, loaded.path
    dataset = loaded.training.get("dataset")
    facts = {
        "name": name,
        "digits": dataset in DIGITS and config.channels == 1,
        "examples": _examples(loaded.gallery),
        "metrics": {key: loaded.metrics.get(key) for key in ("psnr", "perplexity")},
    }
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    parts: dict[str, str | Path] = {
        "title": html.escape(name),
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "card": html.escape(_FRONT_MATTER.sub("", text).strip()),
        "config": _json((folder / "config.json").read_text(encoding="utf-8")),
        "facts": _json(json.dumps(facts)),
        "weights": folder / "model.safetensors",
        "program": program(),
    }
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    # Between the places to fill stands the text of the page: even pieces are text, odd ones a name.
    return [parts[piece] if n % 2 else piece for n, piece in enumerate(_PLACE.split(page))]


@cache
def program() -> str:
    """The script of the page: the engine's modules and the page's own; in a worker only the
    engine."""
    own = {file.name: file.read_text(encoding="utf-8") for file in sorted(PAGE.glob("*.js"))}
    page = bundle({**engine.modules(), **own}, "main.js")
    worker = bundle(engine.modules(), "worker.js")
    return f"if (typeof document === 'undefined') {{\n{worker}\n}} else {{\n{page}\n}}"


def _json(text: str) -> str:
    """JSON that may stand inside a script element."""
    return text.replace("<", "\\u003c")


def _examples(gallery) -> list[list[int]]:
    """Index grids of a few test images, row by row: one of each class first, where there are
    classes."""
    if gallery is None:
        return []
    first: dict[int, int] = {}
    for row, label in enumerate([] if gallery.labels is None else gallery.labels.tolist()):
        first.setdefault(label, row)
    rows = [row for _, row in sorted(first.items())]
    rows += [row for row in range(len(gallery.indices)) if row not in first.values()]
    return gallery.indices[rows[:EXAMPLES]].flatten(1).tolist()
