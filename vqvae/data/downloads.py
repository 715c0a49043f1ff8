"""The public data sets: found on disk, or downloaded once with progress, retries and a checksum.

torchvision knows the addresses, the md5 sums and the formats; what is added here is what a person
needs while waiting (progress), when the line is bad (retries, and never half a download under its
final name) and when it fails (a sentence).
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch

from vqvae.data.imageset import DataError, DownloadError, ImageSet, Progress, human_bytes

ATTEMPTS = 3
BACKOFF_SECONDS = 1.0  # doubled after each attempt
TIMEOUT_SECONDS = 20.0
_TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
_FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
_CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}


def load_public(
    name: str, split: str, data_dir: Path, progress: Progress | None = None
) -> ImageSet:
    """Load ``mnist``, ``fashion-mnist`` or ``cifar10`` from ``data_dir`` in torchvision's layout.

    Returns: uint8 images (N, 1, 28, 28) or (N, 3, 32, 32) with labels.
    Raises: DataError when a file is damaged, the disk refuses, or the download fails.
    """
    loader = _load_cifar if name == "cifar10" else _load_idx
    try:
        return loader(name, split, data_dir, progress)
    except OSError as error:
        raise DataError(
            f"{_TITLES[name]} cannot be read or stored under {data_dir}: {_reason(error)}. "
            "Check the folder's permissions and free space, or give another data folder."
        ) from error


def _load_idx(name: str, split: str, data_dir: Path, progress: Progress | None) -> ImageSet:
    raw = data_dir / _FOLDERS[name] / "raw"
    prefix = "train" if split == "train" else "t10k"
    paths = [raw / f"{prefix}-images-idx3-ubyte", raw / f"{prefix}-labels-idx1-ubyte"]
    if not all(path.is_file() for path in paths):
        # Imported only now: it takes 1.6 s, and files that are there need none of it.
        from torchvision import datasets

        source = getattr(datasets, _FOLDERS[name])
        for filename, md5 in source.resources:
            target = raw / filename.removesuffix(".gz")
            if not target.is_file():
                archive = raw / filename
                fetch(
                    [mirror + filename for mirror in source.mirrors],
                    archive,
                    md5,
                    _TITLES[name],
                    progress,
                )
                _unpack_gzip(archive, target)
    images, labels = _read_idx(paths[0], 3), _read_idx(paths[1], 1)
    if len(images) != len(labels) or len(images) == 0:
        raise DataError(
            f"{paths[0]} holds {len(images)} images and {paths[1].name} {len(labels)} labels; they "
            f"must be as many, and at least one. {_cure(raw)}"
        )
    classes = _CLASSES[name]
    if labels.max() >= len(classes):
        raise DataError(
            f"{paths[1]} is damaged: it holds the label {labels.max()}, and the labels end at "
            f"{len(classes) - 1}. {_cure(paths[1])}"
        )
    return ImageSet(
        name,
        split,
        torch.from_numpy(images[:, None]),
        torch.from_numpy(labels.astype(np.int64)),
        classes,
    )


def _load_cifar(name: str, split: str, data_dir: Path, progress: Progress | None) -> ImageSet:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity, extract_archive

    folder = data_dir / CIFAR10.base_folder
    wanted = [
        *CIFAR10.train_list,
        *CIFAR10.test_list,
        (CIFAR10.meta["filename"], CIFAR10.meta["md5"]),
    ]
    if not all((folder / file).is_file() for file, _ in wanted):
        archive = data_dir / CIFAR10.filename
        fetch([CIFAR10.url], archive, CIFAR10.tgz_md5, _TITLES[name], progress)
        extract_archive(str(archive), str(data_dir))
    for (
        file,
        md5,
    ) in wanted:  # before torchvision unpickles them: only the official bytes get that far
        if not check_integrity(str(folder / file), md5):
            raise DataError(
                f"{folder / file} is damaged (its md5 sum is not the official one). "
                f"{_cure(folder / file)}"
            )
    data = CIFAR10(str(data_dir), train=split == "train")
    images = torch.from_numpy(np.ascontiguousarray(data.data.transpose(0, 3, 1, 2)))
    return ImageSet(
        name, split, images, torch.tensor(data.targets, dtype=torch.int64), tuple(data.classes)
    )


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """A uint8 array of ``axes`` axes from an idx file; its length must be what its header
    announces."""
    data = np.fromfile(path, dtype=np.uint8)
    header = 4 + 4 * axes
    if len(data) < header or data[:4].tolist() != [0, 0, 8, axes]:
        raise DataError(
            f"{path} is not an idx file of {axes} axes of bytes, or is damaged. {_cure(path)}"
        )
    shape = tuple(int(side) for side in data[4:header].view(">u4"))
    expected = int(np.prod(shape, dtype=object)) + header
    if len(data) != expected or (axes == 3 and shape[1:] != (28, 28)):
        raise DataError(
            f"{path} is damaged: it holds {len(data):,} bytes where its header announces "
            f"{expected:,} for {' x '.join(map(str, shape))}. {_cure(path)}"
        )
    return data[header:].reshape(shape)


def _cure(path: Path) -> str:
    return f"Delete {path} and run this again: it is then downloaded."


def fetch(
    urls: list[str], target: Path, md5: str, title: str, progress: Progress | None = None
) -> None:
    """Download to ``target`` from the first of ``urls`` that delivers bytes with this ``md5``; keep
    a good file.

    The bytes go to a temporary name and are renamed at the end, so a cut line or a killed program
    leaves no half file. Raises DownloadError after `ATTEMPTS` rounds, with what went wrong last.
    """
    from torchvision.datasets.utils import check_integrity

    if check_integrity(str(target), md5):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    failures: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
        for url in urls:
            partial = target.with_name(f"{target.name}.{os.getpid()}.part")
            try:
                received = _stream(url, partial, f"Downloading {title}: {target.name}", progress)
                if received == md5:
                    os.replace(partial, target)
                    return
                failures[url] = "the bytes received have the wrong checksum"
            except _TRANSFER_ERRORS as error:
                failures[url] = _reason(error)
            finally:
                partial.unlink(missing_ok=True)
    what = "; ".join(
        f"{urlsplit(url).hostname or url}: {reason}" for url, reason in failures.items()
    )
    raise DownloadError(
        f"{title} is not here and could not be downloaded ({target.name} from {what}). Connect to "
        "the network and try again, choose synthetic digits (data set `synthetic`), which the app "
        f"draws itself, or put the file into {target.parent} by hand."
    )


class _Cut(Exception):
    """The connection closed before the announced length."""


# Not every OSError: a full disk is no reason to try again, or to speak of the network.
_TRANSFER_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    TimeoutError,
    ConnectionError,
    ssl.SSLError,
    _Cut,
)


def _stream(url: str, path: Path, text: str, progress: Progress | None) -> str:
    """Copy ``url`` to ``path``; returns the md5 of what came."""
    request = urllib.request.Request(url, headers={"User-Agent": "vqvae-playground"})
    digest, done = hashlib.md5(usedforsecurity=False), 0
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response,
        open(path, "wb") as file,
    ):
        total = int(response.headers.get("Content-Length") or 0)
        while chunk := response.read(1 << 16):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, max(total, done), text)
    if done < total:
        raise _Cut(f"the connection was cut after {human_bytes(done)} of {human_bytes(total)}")
    return digest.hexdigest()


def _unpack_gzip(archive: Path, target: Path) -> None:
    """Unpack beside the target and rename, so that a full disk or a kill leaves no half file under
    the final name."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with gzip.open(archive, "rb") as source, open(partial, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words:
    ``URLError(gaierror(...))`` -> ``Name or service not known``."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    cause = getattr(error, "reason", None)
    if isinstance(cause, BaseException):
        error = cause
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
