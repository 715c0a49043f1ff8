"""The Hugging Face hub's side of a model: what `vqvae.nn.pretrained` does when it is called.

Files are our own checkpoint folder (safetensors and JSON, never a pickle), so that what is pushed
can be loaded by every other way too.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import ModelCard

from vqvae.checkpoints.card import model_card
from vqvae.checkpoints.checkpoint import SHIPPED, load, read_info, save_checkpoint
from vqvae.checkpoints.files import CheckpointError, read_tensors

PATTERNS = ("config.json", "metrics.json", "training.json", "*.safetensors", "README.md")
"""Files of a checkpoint that are fetched from the hub."""
NEVER = ("training.safetensors", "prior-training.safetensors")
"""State of runs that are still going on."""


def _is_local(name: str) -> bool:
    """Whether the name is a folder here, a shipped model, or no name that the hub could have."""
    return Path(name).exists() or (SHIPPED / name).is_dir() or name.count("/") != 1


@contextmanager
def _download_errors(name: str) -> Generator[None]:
    """What the hub raises inside becomes one CheckpointError: no such repository, no connection, no
    access are many types with one meaning."""
    try:
        yield
    except Exception as error:
        raise CheckpointError(
            f"{name!r} is no folder here and could not be downloaded from the hub "
            f"({_reason(error)}). Give the folder of a checkpoint, a shipped name such as "
            "mnist, or check the name and the connection."
        ) from error


@contextmanager
def upload_errors(repo_id: str) -> Generator[None]:
    """The same for a push: no connection, no login, no such user, a bad name. An option that there
    is not stays a TypeError."""
    try:
        yield
    except TypeError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"The model could not be pushed to {repo_id!r} on the hub ({_reason(error)}). Check "
            "the name, the login (`hf auth login`) and the connection."
        ) from error


def load_as(
    kind: type,
    model_id: str,
    *,
    revision: str | None = None,
    cache_dir: str | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: str | bool | None = None,
):
    """The model of a folder, a shipped name, or the hub; CheckpointError when there is none, or it
    is not of the class `kind`."""
    folder = model_id
    if not _is_local(model_id):
        from huggingface_hub import snapshot_download

        with _download_errors(model_id):
            folder = snapshot_download(
                model_id,
                revision=revision,
                cache_dir=cache_dir,
                force_download=force_download,
                local_files_only=local_files_only,
                token=token,
                allow_patterns=list(PATTERNS),
            )
    model = load(folder)
    if not isinstance(model, kind):
        raise CheckpointError(
            f"{model_id!r} holds a model of the kind {model.config.kind}, not a {kind.__name__}; "
            f"load it with {type(model).__name__}.from_pretrained or vqvae.load."
        )
    return model


def save_with_origin(model, folder: Path) -> None:
    """Weights and settings, and what else belongs to just these weights in the folder they were
    loaded from."""
    save_checkpoint(folder, model)
    source = model.source
    if source is None or source.resolve() == folder.resolve() or not _is_as_in(model, source):
        return
    for file in source.iterdir():
        if (
            file.suffix in (".json", ".safetensors")
            and file.name not in NEVER
            and not (folder / file.name).exists()
        ):
            shutil.copyfile(file, folder / file.name)
    if (source / "README.md").is_file():
        shutil.copyfile(source / "README.md", folder / "README.md")


def card_of(model) -> ModelCard:
    """The model's card, with the figures of its folder while the weights are still those of the
    folder."""
    source = model.source
    try:
        info = read_info(source) if source is not None and _is_as_in(model, source) else {}
    except CheckpointError:
        info = {}
    return ModelCard(
        model_card(
            {
                **model.config.to_dict(),
                "bits_per_image": model.config.bits_per_image,
                "grid": list(model.config.grid),
                **info,
            }
        )
    )


def _is_as_in(model, source: Path) -> bool:
    """Whether the weights are still those of the folder."""
    try:
        saved = read_tensors(source / "model.safetensors")
    except CheckpointError:
        return False
    state = model.state_dict()
    return all(
        name in saved and saved[name].to(value.dtype).equal(value.cpu())
        for name, value in state.items()
    )


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
