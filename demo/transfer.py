"""Models in and out: a checkpoint folder as a zip to download, an uploaded zip as a model of one's own."""

import secrets
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import vqvae
from demo.models import list_models, resolve
from demo.session import Session
from demo.settings import Settings
from demo.storage import StorageError, check_room

# The files a checkpoint folder is made of; anything else in a zip or a run folder stays where it is.
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


class TransferError(ValueError):
    """A zip that is no model; its text is one sentence for the page."""


def pack(model_id: str, settings: Settings, folder: Path) -> Path:
    """Write the checkpoint of `model_id` as a zip into `folder` and return its path.

    Raises ModelError for an unknown id. The weights hardly compress, so they are stored as they are.
    """
    source = resolve(model_id, settings)
    name = model_id.rsplit("/", 1)[-1]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"vqvae-{name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for file in FILES:
            if (source / file).is_file():
                archive.write(source / file, f"{name}/{file}")
    return target


def unpack(file: str | Path, visitor: str, settings: Settings) -> str:
    """Check an uploaded zip, keep it as a model of the visitor's own, and return its id.

    Raises TransferError with one sentence where the zip is unreadable, too large, holds no checkpoint, or where the
    visitor has as many models as the app keeps. Only the known files are read, by name, so no path in the zip
    decides where anything is written; the folder appears in the list only once the checkpoint has been loaded.
    """
    home = settings.runs / Session(visitor).visitor
    if len(list_models(settings, visitor, kinds=None)) - len(list_models(settings, kinds=None)) >= settings.max_models:
        raise TransferError(f"You have {settings.max_models} models here, as many as the app keeps for one visitor.")
    try:
        check_room(settings.runs, visitor)
    except StorageError as error:
        raise TransferError(str(error)) from error
    run_id = f"upload-{secrets.token_hex(8)}"
    # Uploads are checked where the model list does not look: its folder names never start with a dot.
    staging = home / f".{run_id}"
    try:
        staging.mkdir(parents=True)
        _extract(Path(file), staging, settings.max_upload_bytes)
        vqvae.load_checkpoint(staging)
        staging.rename(home / run_id)
    except vqvae.CheckpointError as error:
        # The visitor knows nothing of the folder it was unpacked into.
        reason = str(error).replace(f"{staging}/", "")
        raise TransferError(f"That zip holds no usable model: {reason}") from error
    except OSError as error:
        raise TransferError(f"The model could not be stored: {error.strerror or 'the disk refused it'}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return f"run:{visitor}/{run_id}"


def _extract(file: Path, target: Path, limit: int) -> None:
    """Copy the known files of one checkpoint from a zip into `target`, at most `limit` bytes in all."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            if "config.json" not in members or "model.safetensors" not in members:
                raise TransferError(
                    "That zip is not a model: it needs config.json and model.safetensors, as a model downloaded "
                    "here has."
                )
            left = limit
            for name, member in members.items():
                with archive.open(member) as source, (target / name).open("wb") as sink:
                    # The size a zip states may be a lie, so what comes out is counted.
                    while block := source.read(2**20):
                        left -= len(block)
                        if left < 0:
                            raise TransferError(f"That model is larger than {limit // 2**20} MB, the most taken here.")
                        sink.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        if isinstance(error, TransferError):
            raise
        raise TransferError(
            "That file is not a readable zip: upload a model as it was downloaded here, neither cut nor encrypted."
        ) from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Known files of the archive by plain name, at its top or in its one folder."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise TransferError(f"That zip is not a model: it holds {len(infos)} files, a model has at most {len(FILES)}.")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = PurePosixPath(info.filename)
        if path.name in FILES and len(path.parts) <= 2 and ".." not in path.parts and not info.is_dir():
            if path.name in found:
                raise TransferError(f"That zip holds {path.name} twice: upload one model at a time.")
            found[path.name] = info
    return found
