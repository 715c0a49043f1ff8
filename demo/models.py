"""Lists checkpoints (JSON only) and loads them: each once, read-only, at most a few at a time."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vqvae
from demo import runfiles
from demo.model_cache import CODES_FILES, PRIOR_FILES, FolderCache, load_prior
from demo.run_status import ACTIVE, read_status
from demo.session import is_token
from demo.settings import Settings
from demo.text import figure

if TYPE_CHECKING:
    from vqvae import VQVAE, Checkpoint, IndexSet, Prior

log = logging.getLogger(__name__)

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_SHIPPED_ID = re.compile(_NAME)
_OWN_ID = re.compile(rf"run:([0-9a-f]{{32}})/({_NAME})")

DATASET_NAMES = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "cifar10-jpeg": "CIFAR-10 (JPEG)",
    "synthetic": "synthetic digits",
}

GONE = "That model is not here any more: choose another one at the top of the page."


class ModelError(ValueError):
    """A model id that names nothing readable; its text is one sentence for the page."""


@dataclass(frozen=True)
class ModelEntry:
    """One line of the model picker."""

    id: str
    """`mnist` for a shipped model, `run:<visitor>/<run id>` for one's own."""
    title: str
    """Name, data set, K, grid and test PSNR in words; plain text."""
    path: Path
    info: dict = field(compare=False)
    """What `vqvae.read_info` says."""
    own: bool


def dataset_name(info: dict) -> str:
    """The data set of a model in words; for a folder or zip of one's own, its name. Plain text from a file."""
    dataset = str(info.get("dataset") or "own images")
    return DATASET_NAMES.get(dataset, Path(dataset).name)[:60]


def describe(info: dict, name: str, *, own: bool) -> str:
    """The picker's line for a model, for example `mnist · MNIST · K 512 · 7 × 7 grid · 30.4 dB`."""
    parts = [f"Mine: {name}" if own else name, dataset_name(info)]
    if info["kind"] == "vqvae":
        parts += ["K {}".format(info["codebook_size"]), "{} × {} grid".format(*info["grid"])]
    else:
        parts += [str(info["kind"]).upper()]
    psnr = figure(info["metrics"].get("psnr"))
    parts += ["not evaluated yet" if psnr is None else f"{psnr:.1f} dB"]
    return " · ".join(parts)


def checkpoint_folder(path: Path) -> Path:
    """The folder that holds the weights of a model or run: the folder itself or its `checkpoint/`."""
    inner = path / "checkpoint"
    return inner if (inner / "config.json").is_file() else path


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds what a checkpoint needs; the weights are written last."""
    return (folder / "config.json").is_file() and (folder / "model.safetensors").is_file()


def list_models(
    settings: Settings, visitor: str | None = None, *, kinds: Iterable[str] | None = ("vqvae",)
) -> list[ModelEntry]:
    """Shipped models, then the visitor's own, newest first.

    Reads JSON only. A damaged folder is left out and logged; it never breaks the page. `kinds` of None lists the
    baselines (AE, VAE, CVAE) too.
    """
    entries = [_entry(path.name, path, own=False) for path in _folders(settings.checkpoints)]
    entries.sort(key=_shipped_order)
    if is_token(visitor):
        runs = sorted(_folders(settings.runs / visitor), key=_modified, reverse=True)
        entries += [_entry(f"run:{visitor}/{path.name}", checkpoint_folder(path), own=True) for path in runs]
    wanted = None if kinds is None else set(kinds)
    return [e for e in entries if e is not None and (wanted is None or e.info["kind"] in wanted)]


def find_model(model_id: object, settings: Settings) -> ModelEntry:
    """The entry of one id. Raises ModelError where the id is malformed, unknown, or its folder damaged."""
    path = resolve(model_id, settings)
    entry = _entry(model_id, path, own=model_id.startswith("run:"))
    if entry is None:
        raise ModelError("That model's folder is damaged: choose another model at the top of the page.")
    return entry


def resolve(model_id: object, settings: Settings) -> Path:
    """The checkpoint folder of a model id, always inside the shipped models or the visitor's runs.

    Raises ModelError for anything else: an id is checked letter by letter before it becomes a path, and a link
    that leads out of its root is refused.
    """
    path = None
    if isinstance(model_id, str):
        if own := _OWN_ID.fullmatch(model_id):
            root, path = settings.runs, settings.runs / own[1] / own[2]
        elif _SHIPPED_ID.fullmatch(model_id):
            root, path = settings.checkpoints, settings.checkpoints / model_id
    if path is None:
        raise ModelError("That is not the name of a model: choose one at the top of the page.")
    folder = checkpoint_folder(path)
    if not is_checkpoint(folder) or not folder.resolve().is_relative_to(root.resolve()):
        raise ModelError(GONE)
    return folder


def default_model(entries: list[ModelEntry]) -> str | None:
    """The id to open the page with: the first of the list, or None where there is none."""
    return entries[0].id if entries else None


def get_model(model_id: str, settings: Settings) -> "VQVAE":
    """The model of an id, in eval mode on the CPU, shared by all visitors and never changed."""
    return get_checkpoint(model_id, settings).model


def get_checkpoint(model_id: str, settings: Settings) -> "Checkpoint":
    """The whole checkpoint of an id, loaded once and kept while it is in use and unchanged on disk.

    Raises ModelError where the id names nothing, vqvae.CheckpointError where its files are damaged.
    """
    return _get(_cache, model_id, settings)


def get_prior(model_id: str, settings: Settings) -> "Prior":
    """The learned prior of a model, in eval mode on the CPU, shared by all visitors and never changed.

    Read again when its file changes. Raises ModelError where the id names nothing, vqvae.CheckpointError where the
    model has no prior or its file is damaged.
    """
    return _get(_priors, model_id, settings)


def get_training_codes(model_id: str, settings: Settings) -> "IndexSet":
    """The training pictures of a model as codes, from its checkpoint.

    Raises ModelError where the id names nothing, vqvae.CheckpointError where they are not there or damaged.
    """
    return _get(_codes, model_id, settings)


def has_prior(model_id: object, settings: Settings) -> bool:
    """Whether a model has a prior, from its folder alone. Raises ModelError where the id names nothing."""
    return (resolve(model_id, settings) / "prior.safetensors").is_file()


def awaits_prior(model_id: object, settings: Settings) -> bool:
    """Whether the run that trained this model is to train its prior, too, and has not ended. Raises ModelError."""
    run = resolve(model_id, settings).parent
    waits = "prior" in runfiles.read_json(run / runfiles.JOB) and not has_prior(model_id, settings)
    return waits and read_status(run).phase in (*ACTIVE, "interrupted")


def warm_up(settings: Settings) -> None:
    """Import torch and load the model the page opens with, so that the first visitor does not wait for it.

    Runs in a thread after the server is up; a failure is logged and met again, with its sentence, on first use.
    """
    try:
        model_id = default_model(list_models(settings))
        if model_id is not None:
            model = get_model(model_id, settings)
            import torch

            config = model.config
            model.decode(model.encode(torch.zeros(1, config.channels, config.height, config.width)))
    except Exception as error:
        log.warning("The default model could not be loaded: %s", error)


_cache = FolderCache()
_priors = FolderCache(load_prior, PRIOR_FILES)
_codes = FolderCache(lambda path: vqvae.read_index_set(path), CODES_FILES)


def _get(cache: FolderCache, model_id: str, settings: Settings) -> Any:
    path = resolve(model_id, settings)
    try:
        return cache.get(path, settings.loaded_models)
    except OSError as error:  # deleted between the look and the reading
        raise ModelError(GONE) from error
    except vqvae.CheckpointError as error:  # a visitor need not know where the app keeps its files
        raise vqvae.CheckpointError(str(error).replace(f"{path}/", "")) from error


def _folders(root: Path) -> list[Path]:
    try:
        return [path for path in root.iterdir() if path.is_dir() and re.fullmatch(_NAME, path.name)]
    except OSError:
        return []


def _modified(path: Path) -> float:
    try:
        return (checkpoint_folder(path) / "config.json").stat().st_mtime
    except OSError:
        return 0.0


def _shipped_order(entry: ModelEntry | None) -> tuple:
    return (entry is None, entry is not None and entry.id != "mnist", entry.id if entry else "")


def _entry(model_id: str, path: Path, *, own: bool) -> ModelEntry | None:
    """The entry of a folder, or None where it holds no readable checkpoint (a run that has saved nothing yet)."""
    if not is_checkpoint(path):
        return None
    try:
        info = vqvae.read_info(path)
        # A run's id is long and random; its end tells a visitor's runs apart.
        name = model_id[-6:] if own else path.name
        return ModelEntry(model_id, describe(info, name, own=own), path, info, own)
    except Exception as error:  # whatever is wrong with one folder must not cost the others
        log.warning("Left out of the model list: %s (%s)", path, error)
        return None
