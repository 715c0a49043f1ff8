"""What is in a folder or a zip: a list of files to try, within limits, read where they lie.

Nothing is ever extracted to disk, so a path that climbs out can do no harm; it is refused all the same, because nobody
packs one by accident.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .imageset import DataError, SkippedFile, human_bytes

_NOISE = {"thumbs.db", "desktop.ini", "__macosx"}
_OTHERS = {".csv", ".doc", ".docx", ".htm", ".html", ".ini", ".ipynb", ".json", ".log", ".mat", ".md", ".mp3", ".mp4",
           ".npy", ".npz", ".odt", ".parquet", ".pdf", ".pkl", ".pt", ".pth", ".py", ".rst", ".rtf", ".safetensors",
           ".tex", ".toml", ".tsv", ".txt", ".wav", ".xls", ".xlsx", ".xml", ".yaml", ".yml"}
"""Endings of what often lies beside images. Such a file must not count: one README beside the folders of the classes
would look like an image without a class."""
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
    result_bytes: int = 4 << 30
    "bytes of the images in memory"


LIMITS = Limits()


@dataclass(frozen=True)
class Listing:
    """Names of the files to try, sorted, and the files refused unread."""

    names: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]


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
        """Walk without following links. Raises DataError past a limit."""
        names, skipped, digest, total = [], [], hashlib.sha256(), 0
        prefix = len(os.path.join(self.path, ""))
        stack = [os.fspath(self.path)]
        while stack:
            with os.scandir(stack.pop()) as entries:
                for entry in sorted(entries, key=lambda e: e.name):
                    name = entry.path[prefix:].replace(os.sep, "/")
                    if _is_noise(name):
                        continue
                    if entry.is_symlink():
                        skipped.append(SkippedFile(name, "a link; links are not followed"))
                    elif entry.is_dir():
                        stack.append(entry.path)
                    elif not entry.is_file():
                        skipped.append(SkippedFile(name, "not an ordinary file"))
                    else:
                        status = entry.stat()
                        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="replace"))
                        total += status.st_size
                        _sort_out(name, status.st_size, names, skipped, limits)
            _check_totals(self.path, len(names) + len(skipped), total, limits)
        self._fingerprint = digest.hexdigest()
        return Listing(tuple(sorted(names)), tuple(skipped))

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def close(self) -> None:
        """Nothing is held open."""


class ZipSource:
    """The members of a zip file, which is opened by `list`: the fingerprint of a large one must cost nothing."""

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
        """Judge every member by its header. Raises DataError for no zip, past a limit, or when all is encrypted."""
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError) as error:
            raise DataError(f"{self.path.name} is not a zip file, or is damaged ({error}). Give a zip or a folder of "
                            "images.") from None
        infos = [info for info in self._zip.infolist() if not info.is_dir() and not _is_noise(info.filename)]
        _check_totals(self.path, len(infos), sum(info.file_size for info in infos), limits)
        names, skipped, encrypted = [], [], 0
        for info in infos:
            name = info.filename
            encrypted += info.flag_bits & 1
            if name in self._members:
                skipped.append(SkippedFile(name, "a second file of the same name"))
            elif _climbs(name):
                skipped.append(SkippedFile(name, "its path leads outside the archive"))
            elif stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                skipped.append(SkippedFile(name, "a link or special file"))
            elif info.flag_bits & 1:
                skipped.append(SkippedFile(name, "encrypted"))
            else:
                self._members[name] = info
                _sort_out(name, info.file_size, names, skipped, limits)
        if infos and encrypted == len(infos):
            raise DataError(f"{self.path.name} is encrypted; make a zip without a password.")
        return Listing(tuple(sorted(names)), tuple(skipped))

    def read(self, name: str) -> bytes:
        """The bytes of one member; never more than its header announces. Raises on damage (its CRC is checked)."""
        info = self._members[name]
        with self._lock, self._zip.open(info) as member:
            return member.read(info.file_size)

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()


def _sort_out(name: str, size: int, names: list[str], skipped: list[SkippedFile], limits: Limits) -> None:
    """Put a file on the list to try, or skip it by its name or size."""
    ending = os.path.splitext(name)[1].lower()
    if ending in _NESTED:
        skipped.append(SkippedFile(name, "an archive, not an image; archives inside are not opened"))
    elif ending in _OTHERS:
        skipped.append(SkippedFile(name, "not an image, by its name"))
    elif size > limits.file_bytes:
        skipped.append(SkippedFile(name, f"{human_bytes(size)} unpacked; at most {human_bytes(limits.file_bytes)}"))
    else:
        names.append(name)


def _check_totals(path: Path, files: int, total: int, limits: Limits) -> None:
    if files > limits.files:
        raise DataError(f"{path.name} holds more than {limits.files:,} files; give fewer.")
    if total > limits.total_bytes:
        raise DataError(f"{path.name} holds {human_bytes(total)} unpacked; at most {human_bytes(limits.total_bytes)}. "
                        "Give fewer or smaller images.")


def _is_noise(name: str) -> bool:
    """Hidden files and what file managers leave behind: passed over without a word."""
    parts = name.replace("\\", "/").split("/")
    return any((part.startswith(".") and part not in ("..", ".")) or part.lower() in _NOISE for part in parts)


def _climbs(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"
