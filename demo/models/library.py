"""Lists checkpoints (JSON only) and loads them: each once, read-only, at most a few at a time."""

import gc
import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vqvae
from demo.errors import PageError
from demo.models.cache import CODES_FILES, PRIOR_FILES, FolderCache, load_prior
from demo.models.ids import NAME, ModelId
from demo.models.sharing import sharing_of
from demo.roots import is_closed, is_inside
from demo.runs import files as runfiles
from demo.runs.status import Phase, read_status
from demo.session import is_token
from demo.settings import Settings
from demo.text import DATASET_NAMES, figure

if TYPE_CHECKING:
    from vqvae import VQVAE, Checkpoint, IndexSet, Prior

log = logging.getLogger(__name__)

MODEL_NOT_FOUND = "That model is not here any more: choose another one at the top of the page."


class ModelError(PageError):
    """A model id that names nothing readable; its text is one sentence for the page."""


@dataclass(frozen=True)
class ModelEntry:
    """One line of the model picker."""

    id: str
    """As demo.models.ids has it: `mnist`, or `share:<32 hex digits>` for a visitor's."""
    name: str
    """What it is called; plain text."""
    facts: str
    """Data set, K, grid and test PSNR in words; plain text."""
    path: Path
    info: dict = field(compare=False)
    """What `vqvae.read_info` says."""
    own: bool
    """Whether it is known to be the visitor's own."""

    @property
    def title(self) -> str:
        """Both in one line, as in `mnist · MNIST · K 512 · 7 × 7 grid · 30.4 dB`."""
        return f"{self.name} · {self.facts}"


def dataset_name(info: dict) -> str:
    """The data set of a model in words; for a folder or zip of one's own, its name. Plain text from
    a file."""
    dataset = str(info.get("dataset") or "own images")
    return DATASET_NAMES.get(dataset, Path(dataset).name)[:60]


def describe(info: dict) -> str:
    """What a model is in a line, for example `MNIST · K 512 · 7 × 7 grid · 30.4 dB`."""
    parts = [dataset_name(info)]
    if info["kind"] == "vqvae":
        parts += ["K {}".format(info["codebook_size"]), "{} × {} grid".format(*info["grid"])]
    else:
        parts += [str(info["kind"]).upper()]
    psnr = figure(info["metrics"].get("psnr"))
    parts += ["not evaluated yet" if psnr is None else f"{psnr:.1f} dB"]
    return " · ".join(parts)


def checkpoint_folder(path: Path) -> Path:
    """The folder that holds the weights of a model or run: the folder itself or its
    `checkpoint/`."""
    inner = path / "checkpoint"
    return inner if (inner / "config.json").is_file() else path


def is_checkpoint(folder: Path, root: Path) -> bool:
    """Whether a folder holds what a checkpoint needs, and no link in it leads out of its root; the
    weights are written last."""
    there = (folder / "config.json").is_file() and (folder / "model.safetensors").is_file()
    return there and is_closed(folder, root)


def list_models(
    settings: Settings, visitor: str | None = None, *, kinds: Iterable[str] | None = ("vqvae",)
) -> list[ModelEntry]:
    """Shipped models, then the visitor's own, newest first.

    Reads JSON only. A damaged folder is left out and logged; it never breaks the page. `kinds` of
    None lists the baselines (AE, VAE, CVAE) too.
    """
    root = settings.checkpoints
    entries = [_entry(path.name, path.name, path, root) for path in _folders(root, root)]
    entries.sort(key=_shipped_order)
    if is_token(visitor):
        runs, names = settings.runs, sharing_of(settings.runs)
        for path in sorted(_folders(runs / visitor, runs), key=_modified, reverse=True):
            name = str(names.name(visitor, path.name))
            entries.append(_entry(name, _mine(path), checkpoint_folder(path), runs, own=True))
    wanted = None if kinds is None else set(kinds)
    return [e for e in entries if e is not None and (wanted is None or e.info["kind"] in wanted)]


def find_model(model_id: object, settings: Settings, visitor: object = None) -> ModelEntry:
    """The entry of one id, as this visitor sees it. Raises ModelError where the id is malformed,
    unknown, or its folder damaged."""
    path, parsed = resolve(model_id, settings), named(model_id)
    names = sharing_of(settings.runs)
    name, root, own = path.name, settings.checkpoints, names.is_owner(visitor, parsed)
    if run := names.folder(parsed) if parsed.share else None:
        root, name = settings.runs, _mine(run) if own else f"Shared: {run.name[-6:]}"
    entry = _entry(str(parsed), name, path, root, own=own)
    if entry is None:
        raise ModelError(
            "That model's folder is damaged: choose another model at the top of the page."
        )
    return entry


def named(model_id: object) -> ModelId:
    """The name of a model, taken apart. ModelError where it is none."""
    parsed = ModelId.parse(model_id)
    if parsed is None:
        raise ModelError("That is not the name of a model: choose one at the top of the page.")
    return parsed


def resolve(model_id: object, settings: Settings) -> Path:
    """The checkpoint folder of a model id, always inside the shipped models or the visitor's runs.

    Raises ModelError for anything else: an id is checked letter by letter before it becomes a path,
    and a link that leads out of its root is refused.
    """
    parsed = named(model_id)
    root = settings.runs if parsed.share else settings.checkpoints
    path = sharing_of(root).folder(parsed) if parsed.share else root / parsed.shipped
    folder = None if path is None else checkpoint_folder(path)
    if folder is None or not is_checkpoint(folder, root):
        raise ModelError(MODEL_NOT_FOUND)
    return folder


def default_model(entries: list[ModelEntry]) -> str | None:
    """The id to open the page with: the first of the list, or None where there is none."""
    return entries[0].id if entries else None


def get_model(model_id: object, settings: Settings) -> "VQVAE":
    """The model of an id, in eval mode on the CPU, shared by all visitors and never changed."""
    return get_checkpoint(model_id, settings).model


def get_checkpoint(model_id: object, settings: Settings) -> "Checkpoint":
    """The whole checkpoint of an id, loaded once and kept while it is in use and unchanged on disk.

    Raises ModelError where the id names nothing, vqvae.CheckpointError where its files are damaged.
    """
    return _get(_cache, model_id, settings)


def get_prior(model_id: object, settings: Settings) -> "Prior":
    """The learned prior of a model, in eval mode on the CPU, shared by all visitors and never
    changed.

    Read again when its file changes. Raises ModelError where the id names nothing,
    vqvae.CheckpointError where the model has no prior or its file is damaged.
    """
    return _get(_priors, model_id, settings)


def get_training_codes(model_id: object, settings: Settings) -> "IndexSet":
    """The training pictures of a model as codes, from its checkpoint.

    Raises ModelError where the id names nothing, vqvae.CheckpointError where they are not there or
    damaged.
    """
    return _get(_codes, model_id, settings)


def has_prior(model_id: object, settings: Settings) -> bool:
    """Whether a model has a prior, from its folder alone. Raises ModelError where the id names
    nothing."""
    return (resolve(model_id, settings) / "prior.safetensors").is_file()


def prior_pending(model_id: object, settings: Settings) -> bool:
    """Whether the run that trained this model is to train its prior, too, and has not ended. Raises
    ModelError."""
    run = resolve(model_id, settings).parent
    if "prior" not in runfiles.read_json(run / runfiles.JOB) or has_prior(model_id, settings):
        return False
    phase = read_status(run).phase
    return phase.active or phase is Phase.INTERRUPTED


def warm_up(settings: Settings) -> None:
    """Import torch and load the model the page opens with, so that the first visitor does not wait
    for it.

    Runs in a thread after the server is up; a failure is logged and met again, with its sentence,
    on first use.
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
    gc.freeze()  # torch stays, too


_cache = FolderCache()
_priors = FolderCache(load_prior, PRIOR_FILES)
_codes = FolderCache(lambda path: vqvae.read_index_set(path), CODES_FILES)


def _get(cache: FolderCache, model_id: object, settings: Settings) -> Any:
    path = resolve(model_id, settings)
    try:
        return cache.get(path, settings.loaded_models)
    except OSError as error:  # deleted between the look and the reading
        raise ModelError(MODEL_NOT_FOUND) from error
    except vqvae.CheckpointError as error:  # a visitor need not know where the app keeps its files
        raise vqvae.CheckpointError(str(error).replace(f"{path}/", "")) from error


def _mine(run: Path) -> str:
    """What its owner called it, or else when it was begun; of an uploaded model, which does not
    tell, the end of its id, which is long and random."""
    job = runfiles.read_json(run / runfiles.JOB)
    begun = figure(job.get("created"))
    when = time.strftime("%d %b %H:%M", time.localtime(begun)) if begun else run.name[-6:]
    return f"Mine: {job.get('name') or when}"


def _folders(folder: Path, root: Path) -> list[Path]:
    try:
        return [
            path
            for path in folder.iterdir()
            if path.is_dir() and re.fullmatch(NAME, path.name) and is_inside(path, root)
        ]
    except OSError:
        return []


def _modified(path: Path) -> float:
    try:
        return (checkpoint_folder(path) / "config.json").stat().st_mtime
    except OSError:
        return 0.0


def _shipped_order(entry: ModelEntry | None) -> tuple[bool, bool, str]:
    return (entry is None, entry is not None and entry.id != "mnist", entry.id if entry else "")


def _entry(
    model_id: str, name: str, path: Path, root: Path, *, own: bool = False
) -> ModelEntry | None:
    """The entry of a folder, or None where it holds no readable checkpoint (a run that has saved
    nothing yet)."""
    try:
        if not is_checkpoint(path, root):
            return None
        info = vqvae.read_info(path)
        return ModelEntry(model_id, name, describe(info), path, info, own)
    except Exception as error:  # whatever is wrong with one folder must not cost the others
        log.warning("Left out of the model list: %s (%s)", path, error)
        return None
