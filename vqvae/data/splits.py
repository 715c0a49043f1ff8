"""Which split and which class a file belongs to: by the folders it lies in, or by a table beside
the files."""

from __future__ import annotations

import csv
import hashlib
import io
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vqvae.data.imageset import SkippedFile

TRAIN, TEST, VALIDATION = ("train", "training"), ("test", "testing"), ("val", "valid", "validation")
"""Names of folders that are splits, in any case. Where there is no test, validation is the test."""
STRAYS = 0.1
"""Share of the files that may lie beside the folders of the classes and be left out; more are
meant."""
MAX_CLASSES = 1000
TEST_SHARE = 0.1
TABLE = "metadata.csv"
"""The table that image folders of the Hugging Face hub have: a column `file_name`, and one of
labels."""
LABELS = ("label", "labels", "class", "category", "target")


class Division(NamedTuple):
    """What the folders say of the files."""

    train: list[tuple[str, str]]
    """(file name, class or "")."""
    test: list[tuple[str, str]] | None
    """None where no folders divide the files: then `train` has all of them."""
    classes: tuple[str, ...]
    """Those of both splits, sorted, so that a label means the same in either; () where there are
    none."""
    skipped: tuple[SkippedFile, ...]
    """What is left out, by where it lies."""


def divide(names: Sequence[str], labels: Mapping[str, str] | None = None) -> Division:
    """Divide files by their folders. `labels` are those of a table, which then decides instead of
    folders.

    Folders that all files share are passed over: a zip of one folder is that folder.
    """
    inside, strays, depth = _below_shared({name: name.split("/")[:-1] for name in names})
    splits = _splits(_at(depth, inside))
    if splits is None:
        which, skipped, beside = dict.fromkeys(inside, "train"), [], strays
    else:
        (which, skipped), beside = splits, []
        skipped += [SkippedFile(name, "beside the folders of the splits") for name in strays]
        inside, depth = {name: inside[name] for name in which}, depth + 1
    if labels is not None:
        classes = {name: labels.get(name, "") for name in (*inside, *beside)}
        loose = [name for name, label in classes.items() if not label]
        reason = f"without a label in {TABLE}"
    else:
        classes, loose = _by_folders(_at(depth, inside), beside)
        reason = "a picture beside the folders of the classes"
    skipped += [SkippedFile(name, reason) for name in loose]
    for name in loose:
        classes.pop(name, None)
    train, test = (
        sorted((name, label) for name, label in classes.items() if which.get(name, "train") == half)
        for half in ("train", "test")
    )
    ordered = sorted({*classes.values()}, key=_in_order if labels is not None else None)
    found = tuple(ordered) if "" not in ordered and 2 <= len(ordered) <= MAX_CLASSES else ()
    return Division(train, None if splits is None else test, found, tuple(skipped))


def read_table(content: bytes, name: str) -> dict[str, str]:
    """File name -> label of a table called `name`, of the rows that have both; csv.Error where it
    is no table."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
    columns = {column.strip().lower(): column for column in rows.fieldnames or () if column}
    column = next((columns[known] for known in LABELS if known in columns), None)
    if "file_name" not in columns or column is None:
        return {}
    folder = posixpath.dirname(name)

    def path(given: str | None) -> str:
        return posixpath.normpath(posixpath.join(folder, (given or "").strip().replace("\\", "/")))

    return {
        path(row[columns["file_name"]]): label
        for row in rows
        if (label := (row[column] or "").strip())
    }


def part_of(names: Sequence[str], split: str, seed: int) -> list[int]:
    """The rows of a split. Each name decides for itself, so that no picture changes sides when
    others come; only where all fall on one side, one goes to the other."""
    drawn = [
        int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode(errors="replace")).digest()[:8])
        / 2**64
        for name in names
    ]
    least, most = (
        min(range(len(names)), key=drawn.__getitem__),
        max(range(len(names)), key=drawn.__getitem__),
    )
    test = {row for row, value in enumerate(drawn) if value < TEST_SHARE and row != most} | {least}
    return [row for row in range(len(names)) if (row in test) == (split == "test")]


def _below_shared(folders: dict[str, list[str]]) -> tuple[dict[str, list[str]], list[str], int]:
    """(files, those that lie above, how deep): the folder that all files share, but for a few
    strays."""
    strays: list[str] = []
    depth, most = 0, STRAYS * len(folders)
    while True:
        tops = Counter(_at(depth, folders).values())
        above = [name for name, parts in folders.items() if len(parts) <= depth]
        if len(tops) - ("" in tops) != 1 or len(above) + len(strays) > most:
            return folders, strays, depth
        strays += above
        folders = {name: parts for name, parts in folders.items() if len(parts) > depth}
        depth += 1


def _at(depth: int, folders: dict[str, list[str]]) -> dict[str, str]:
    """The folder of each file at a depth; "" where it lies above."""
    return {name: parts[depth] if len(parts) > depth else "" for name, parts in folders.items()}


def _splits(tops: dict[str, str]) -> tuple[dict[str, str], list[SkippedFile]] | None:
    """(file -> train or test, what is in no split), from the topmost folder of each file; None
    without such folders."""
    kinds = {top.lower() for top in tops.values()}
    tests = TEST if kinds & {*TEST} else VALIDATION
    if not kinds & {*TRAIN} or not kinds & {*tests}:
        return None
    which = {
        name: "train" if top.lower() in TRAIN else "test"
        for name, top in tops.items()
        if top.lower() in (*TRAIN, *tests)
    }
    others = Counter(top for name, top in tops.items() if top and name not in which)
    skipped = [
        SkippedFile(
            f"{top}/",
            f"{count:,} {'file' if count == 1 else 'files'} of "
            + ("a third split" if top.lower() in VALIDATION else "a folder beside the splits"),
        )
        for top, count in sorted(others.items())
    ]
    skipped += [
        SkippedFile(name, "beside the folders of the splits")
        for name, top in tops.items()
        if not top
    ]
    return which, skipped


def _by_folders(folders: dict[str, str], strays: list[str]) -> tuple[dict[str, str], list[str]]:
    """(file -> class, those left out): files beside several folders of classes are, where they are
    few; `strays` lie further up."""
    loose = [name for name, label in folders.items() if not label]
    if len({*folders.values()} - {""}) <= 1:
        return folders | dict.fromkeys(strays, ""), []
    if len(loose) > STRAYS * len(folders):
        loose = []
    if len(loose) + len(strays) <= STRAYS * (len(folders) + len(strays)):
        return folders, loose + strays
    return folders | dict.fromkeys(strays, ""), loose


def _in_order(label: str) -> tuple[int, int, str]:
    """Numbers by their value, before names."""
    return (
        (0, int(label), label)
        if label.isdecimal() and label.isascii() and len(label) < 10
        else (1, 0, label)
    )
