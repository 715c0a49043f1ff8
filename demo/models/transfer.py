"""Models in and out: a checkpoint folder as a zip to download, an uploaded zip as a model of one's
own."""

import json
import secrets
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import vqvae
from demo.errors import PageError
from demo.models.html_stream import HtmlStream
from demo.models.library import ModelError, get_checkpoint, list_models, named, resolve
from demo.models.sharing import sharing_of
from demo.models.zip_stream import ZipStream
from demo.roots import make_private
from demo.runs.storage import StorageError, check_room
from demo.runs.upload_room import upload_room
from demo.session import Session
from demo.settings import Settings
from vqvae.export.html import pieces

# The files a checkpoint folder is made of; anything else in a zip or a run folder stays where it
# is.
FILES = (
    "config.json",
    "metrics.json",
    "training.json",
    "model.safetensors",
    "prior.safetensors",
    "indices.safetensors",
    "gallery.safetensors",
    "README.md",
)
MAX_MEMBERS = 64
UNREADABLE = "The files of this model cannot be read just now: try again later."


class TransferError(PageError):
    """A zip that is no model; its text is one sentence for the page."""


def download(model_id: str, settings: Settings) -> tuple[str, ZipStream]:
    """(file name, zip) of a model's checkpoint. The weights hardly compress, so they are stored as
    they are.

    Raises ModelError for an unknown id, OSError where a file cannot be read.
    """
    source, name = resolve(model_id, settings), _plain_name(model_id)
    files = [source / file for file in FILES if (source / file).is_file()]
    return f"vqvae-{name}.zip", ZipStream({f"{name}/{file.name}": _public(file) for file in files})


def download_page(model_id: str, settings: Settings) -> tuple[str, HtmlStream]:
    """(file name, html file) of a VQ-VAE, which runs in any browser. Raises as `download`."""
    name = _plain_name(model_id)
    try:
        page = HtmlStream(pieces(get_checkpoint(model_id, settings), name))
    except vqvae.CheckpointError as error:
        raise ModelError(str(error)) from error
    return f"vqvae-{name}.html", page


def _plain_name(model_id: str) -> str:
    """What the files of a model are called; of a visitor's own, nothing that tells whose it is."""
    parsed = named(model_id)
    return parsed.shipped or parsed.share[:8]


def _public(file: Path) -> bytes | Path:
    """A file as it is given away: the settings of a training lose the folders of this machine,
    which would tell whose run it was."""
    if file.name != "training.json":
        return file
    try:
        training = json.loads(file.read_bytes())
        config = training["config"]
        folders = [key for key in ("dataset", "data_dir") if config.get(key)]
        private = {key: Path(str(config[key])).name for key in folders}
    except (ValueError, KeyError, TypeError, AttributeError):
        return b"{}"  # whatever it holds instead, it is no record of a training
    return json.dumps({**training, "config": {**config, **private}}, indent=2).encode()


def unpack(file: str | Path, visitor: str, settings: Settings) -> str:
    """Check an uploaded zip, keep it as a model of the visitor's own, and return its id.

    Raises TransferError with one sentence where the zip is unreadable, too large, holds no
    checkpoint, or where the visitor has as many models as the app keeps. Only the known files are
    read, by name, so no path in the zip decides where anything is written; the folder appears in
    the list only once the checkpoint has been loaded.
    """
    home, names = settings.runs / Session(visitor).visitor, sharing_of(settings.runs)
    if (
        len(list_models(settings, visitor, kinds=None)) - len(list_models(settings, kinds=None))
        >= settings.max_models
    ):
        raise TransferError(
            f"You have {settings.max_models} models here, as many as the app keeps for one visitor."
        )
    run_id = f"upload-{secrets.token_hex(8)}"
    try:
        check_room(settings.runs, visitor)
        # Opened first: the upload itself may have to make room for what is in it.
        with (
            Path(file).open("rb") as zipped,
            upload_room(settings).coming(_unpacked_bytes(zipped, settings)) as arrived,
        ):
            _unpack(zipped, home, run_id, settings)
            arrived.append(home / run_id)
    except StorageError as error:
        raise TransferError(str(error)) from error
    return str(names.name(visitor, run_id))


def _unpack(file: BinaryIO, home: Path, run_id: str, settings: Settings) -> None:
    # Uploads are checked where the model list does not look: its folder names never start with a
    # dot.
    staging = home / f".{run_id}"
    try:
        make_private(staging)
        _extract(file, staging, settings.max_upload_bytes)
        vqvae.load_checkpoint(staging)
        staging.rename(home / run_id)
    except vqvae.CheckpointError as error:
        # The visitor knows nothing of the folder it was unpacked into.
        reason = str(error).replace(f"{staging}/", "")
        raise TransferError(f"That zip holds no usable model: {reason}") from error
    except OSError as error:
        raise TransferError(
            f"The model could not be stored: {error.strerror or 'the disk refused it'}."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _unpacked_bytes(file: BinaryIO, settings: Settings) -> int:
    """What a zip takes unpacked, as it says of itself: no more comes out of it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return min(
                settings.max_upload_bytes,
                sum(member.file_size for member in _members(archive).values()),
            )
    except Exception:  # told in words when it is unpacked
        return 0


def _extract(file: BinaryIO, target: Path, limit: int) -> None:
    """Copy the known files of one checkpoint from a zip into `target`, at most `limit` bytes in
    all."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            if "config.json" not in members or "model.safetensors" not in members:
                raise TransferError(
                    "That zip is not a model: it needs config.json and model.safetensors, as a "
                    "model downloaded here has."
                )
            left = limit
            for name, member in members.items():
                with archive.open(member) as source, (target / name).open("wb") as sink:
                    # The size a zip states may be a lie, so what comes out is counted.
                    while block := source.read(2**20):
                        left -= len(block)
                        if left < 0:
                            raise TransferError(
                                f"That model is larger than {limit // 2**20} MB, the most taken "
                                f"here."
                            )
                        sink.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        if isinstance(error, TransferError):
            raise
        raise TransferError(
            "That file is not a readable zip: upload a model as it was downloaded here, "
            "complete and not encrypted."
        ) from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Known files of the archive by plain name, at its top or in its one folder."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise TransferError(
            f"That zip is not a model: it holds {len(infos)} files, a model has at most "
            f"{len(FILES)}."
        )
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = PurePosixPath(info.filename)
        if (
            path.name in FILES
            and len(path.parts) <= 2
            and ".." not in path.parts
            and not info.is_dir()
        ):
            if path.name in found:
                raise TransferError(
                    f"That zip holds {path.name} twice: upload one model at a time."
                )
            found[path.name] = info
    return found
