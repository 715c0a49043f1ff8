"""What is in a folder or a zip: a list of files to try, within limits, read where they lie.

Nothing is ever extracted to disk, so a path that climbs out can do no harm; it is refused all the
same, because nobody packs one by accident.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from vqvae.data.imageset import DataError, SkippedFile, human_bytes
from vqvae.data.splits import TABLE

_NOISE = {"thumbs.db", "desktop.ini", "__macosx"}
_OTHERS = {
    ".csv",
    ".doc",
    ".docx",
    ".htm",
    ".html",
    ".ini",
    ".ipynb",
    ".json",
    ".log",
    ".mat",
    ".md",
    ".mp3",
    ".mp4",
    ".npy",
    ".npz",
    ".odt",
    ".parquet",
    ".pdf",
    ".pkl",
    ".pt",
    ".pth",
    ".py",
    ".rst",
    ".rtf",
    ".safetensors",
    ".tex",
    ".toml",
    ".tsv",
    ".txt",
    ".wav",
    ".xls",
    ".xlsx",
    ".xml",
    ".yaml",
    ".yml",
}
"""Endings of what often lies beside images. Such a file must not count: one README beside the
folders of the classes would look like an image without a class."""
_NESTED = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"}


@dataclass(frozen=True)
class Limits:
    """Bounds on a folder or archive, so that a hostile or mistaken one costs little."""

    files: int = 300_000
    "files in all"
    total_bytes: int = 16 << 30
    "bytes of all files together, unpacked"
    file_bytes: int = 64 << 20
    "bytes of one file, unpacked; a larger one is skipped"
    table_bytes: int = 16 << 20
    "bytes of a table of labels; a larger one is skipped"
    result_bytes: int = 4 << 30
    "bytes of the images in memory"


LIMITS = Limits()


@dataclass(frozen=True)
class Listing:
    """Names of the files to try, sorted, the files refused unread, and the tables that tell of
    them."""

    names: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]
    tables: tuple[str, ...] = ()
    "tables of labels"


class FolderSource:
    """The files under a folder, by name relative to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fingerprint = ""

    def fingerprint(self) -> str:
        """Changes when a file comes, goes, or changes its size or time."""
        if not self._fingerprint:
            self.list()
        return self._fingerprint

    def list(self, limits: Limits = LIMITS) -> Listing:
        """Walk, also through links that stay inside. Raises DataError past a limit."""
        names, skipped, tables, digest, total = [], [], [], hashlib.sha256(), 0
        prefix = len(os.path.join(self.path, ""))
        root = os.path.realpath(self.path)
        stack: list[tuple[str, tuple[str, ...]]] = [(os.fspath(self.path), (root,))]
        walked = 0
        while stack:
            (folder, above), walked = stack.pop(), walked + 1
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda e: e.name):
                    name = entry.path[prefix:].replace(os.sep, "/")
                    if _is_noise(name):
                        continue
                    real = os.path.realpath(entry.path) if entry.is_symlink() else ""
                    if real and not real.startswith(os.path.join(root, "")):
                        skipped.append(SkippedFile(name, "a link that leads outside the folder"))
                    elif entry.is_dir():
                        real = real or os.path.realpath(entry.path)
                        if real in above:
                            skipped.append(SkippedFile(name, "a link to a folder that it lies in"))
                        else:
                            stack.append((entry.path, (*above, real)))
                    elif not entry.is_file():
                        skipped.append(SkippedFile(name, "not an ordinary file"))
                    else:
                        status = entry.stat()
                        digest.update(
                            f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(
                                errors="replace"
                            )
                        )
                        total += status.st_size
                        _accept_or_skip(name, status.st_size, names, skipped, tables, limits)
            # Links can make many folders of few.
            _check_totals(self.path, len(names) + len(skipped) + walked, total, limits)
        self._fingerprint = digest.hexdigest()
        return Listing(tuple(sorted(names)), tuple(skipped), tuple(sorted(tables)))

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def close(self) -> None:
        """Nothing is held open."""


class ZipSource:
    """The members of a zip file, which is opened by `list`: the fingerprint of a large one must
    cost nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._zip: zipfile.ZipFile | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}

    def fingerprint(self) -> str:
        """Changes when the zip's size or time does."""
        status = self.path.stat()
        return f"{status.st_size}-{status.st_mtime_ns}"

    def list(self, limits: Limits = LIMITS) -> Listing:
        """Judge every member by its header. Raises DataError for no zip, past a limit, or when all
        is encrypted."""
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError) as error:
            raise DataError(
                f"{self.path.name} is not a zip file, or is damaged ({error}). Give a zip or a "
                "folder of images."
            ) from None
        infos = [
            info
            for info in self._zip.infolist()
            if not info.is_dir() and not _is_noise(info.filename)
        ]
        _check_totals(self.path, len(infos), sum(info.file_size for info in infos), limits)
        names, skipped, tables, encrypted = [], [], [], 0
        for info in infos:
            name = info.filename
            encrypted += info.flag_bits & 1
            if name in self._members:
                skipped.append(SkippedFile(name, "a second file of the same name"))
            elif _escapes_root(name):
                skipped.append(SkippedFile(name, "its path leads outside the archive"))
            elif stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                skipped.append(SkippedFile(name, "a link or special file"))
            elif info.flag_bits & 1:
                skipped.append(SkippedFile(name, "encrypted"))
            else:
                self._members[name] = info
                _accept_or_skip(name, info.file_size, names, skipped, tables, limits)
        if infos and encrypted == len(infos):
            raise DataError(f"{self.path.name} is encrypted; make a zip without a password.")
        return Listing(tuple(sorted(names)), tuple(skipped), tuple(sorted(tables)))

    def read(self, name: str) -> bytes:
        """The bytes of one member; never more than its header announces. Raises on damage (its CRC
        is checked)."""
        info = self._members[name]
        assert self._zip is not None, "`list` comes first and opens it"
        with self._lock, self._zip.open(info) as member:
            return member.read(info.file_size)

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()


def _accept_or_skip(
    name: str,
    size: int,
    names: list[str],
    skipped: list[SkippedFile],
    tables: list[str],
    limits: Limits,
) -> None:
    """Put a file on the list to try or of tables, or skip it by its name or size."""
    ending = os.path.splitext(name)[1].lower()
    if name.rpartition("/")[2].lower() == TABLE and size <= limits.table_bytes:
        tables.append(name)
    elif ending in _NESTED:
        skipped.append(
            SkippedFile(name, "an archive, not an image; archives inside are not opened")
        )
    elif ending in _OTHERS:
        skipped.append(SkippedFile(name, "not an image, by its name"))
    elif size > limits.file_bytes:
        skipped.append(
            SkippedFile(
                name, f"{human_bytes(size)} unpacked; at most {human_bytes(limits.file_bytes)}"
            )
        )
    else:
        names.append(name)


def _check_totals(path: Path, files: int, total: int, limits: Limits) -> None:
    if files > limits.files:
        raise DataError(f"{path.name} holds more than {limits.files:,} files; give fewer.")
    if total > limits.total_bytes:
        raise DataError(
            f"{path.name} holds {human_bytes(total)} unpacked; at most "
            f"{human_bytes(limits.total_bytes)}. "
            "Give fewer or smaller images."
        )


def _is_noise(name: str) -> bool:
    """Hidden files and what file managers leave behind: passed over without a word."""
    parts = name.replace("\\", "/").split("/")
    return any(
        (part.startswith(".") and part not in ("..", ".")) or part.lower() in _NOISE
        for part in parts
    )


def _escapes_root(name: str) -> bool:
    return (
        name.startswith(("/", "\\"))
        or ".." in name.replace("\\", "/").split("/")
        or name[1:2] == ":"
    )
