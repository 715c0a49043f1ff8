"""The conventions of the Hugging Face hub: `from_pretrained`, `save_pretrained`, `push_to_hub`.

The methods are `huggingface_hub.ModelHubMixin`'s; files are our own checkpoint folder (safetensors and JSON, never a
pickle), so that what is pushed can be loaded by every other way too.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from huggingface_hub import ModelCard, ModelHubMixin

PATTERNS = ("config.json", "metrics.json", "training.json", "*.safetensors", "README.md")
"""Files of a checkpoint that are fetched from the hub."""
NEVER = ("training.safetensors", "prior-training.safetensors")
"""State of runs that are still going on."""


class Pretrained(ModelHubMixin):
    """What the models of this package have in common with those on the hub.

        >>> model = VQVAE.from_pretrained("mnist")              # a shipped name, a folder, or "user/name" of the hub
        >>> model.save_pretrained("folder")                     # with a model card
        >>> model.push_to_hub("user/name")                      # asks for a login: `hf auth login`
    """

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike, **options):
        """The model of a folder, a shipped name, or a repository of the hub ("user/name"), in eval mode on the CPU.

        options: those of `ModelHubMixin.from_pretrained`, such as revision and token. CheckpointError when there is no
        such model, it is damaged, or it is of another kind.
        """
        from vqvae.checkpoint import SHIPPED, CheckpointError

        name = os.fspath(pretrained_model_name_or_path)
        local = Path(name).exists() or (SHIPPED / name).is_dir() or name.count("/") != 1
        if local:
            return cls._from_pretrained(model_id=name)
        try:
            return super().from_pretrained(name, **options)
        except CheckpointError:
            raise
        except Exception as error:  # no such repository, no connection, no access: many types, one meaning
            raise CheckpointError(f"{name!r} is no folder here and could not be had from the hub ({_reason(error)}). "
                                  "Give the folder of a checkpoint, a shipped name such as mnist, or check the name "
                                  "and the connection.") from error

    def push_to_hub(self, repo_id: str, **options):
        """Upload the model with its card to a repository of the hub ("user/name"); returns its address.

        options: those of `ModelHubMixin.push_to_hub`, such as private and token. CheckpointError when it cannot be.
        """
        from vqvae.checkpoint import CheckpointError

        try:
            return super().push_to_hub(repo_id, **options)
        except Exception as error:  # no connection, no login, no such user, a bad name: many types, one meaning
            raise CheckpointError(f"The model could not be pushed to {repo_id!r} on the hub ({_reason(error)}). Check "
                                  "the name, the login (`hf auth login`) and the connection.") from error

    @classmethod
    def _from_pretrained(cls, *, model_id: str, revision: str | None = None, cache_dir: str | None = None,
                         force_download: bool = False, local_files_only: bool = False, token: str | bool | None = None,
                         **_):
        from vqvae.checkpoint import SHIPPED, CheckpointError, load

        folder = model_id
        if not Path(model_id).exists() and not (SHIPPED / model_id).is_dir() and model_id.count("/") == 1:
            from huggingface_hub import snapshot_download

            folder = snapshot_download(model_id, revision=revision, cache_dir=cache_dir, force_download=force_download,
                                       local_files_only=local_files_only, token=token, allow_patterns=list(PATTERNS))
        model = load(folder)
        if not isinstance(model, cls):
            raise CheckpointError(f"{model_id!r} holds a model of the kind {model.config.kind}, not a {cls.__name__}; "
                                  f"load it with {type(model).__name__}.from_pretrained or vqvae.load.")
        return model

    def _save_pretrained(self, save_directory: Path) -> None:
        """Weights and settings, and what else belongs to just these weights in the folder they were loaded from."""
        from vqvae.checkpoint import save_checkpoint

        save_checkpoint(save_directory, self)
        source = getattr(self, "source", None)
        if source is None or source.resolve() == save_directory.resolve() or not self._is_as_in(source):
            return
        for file in source.iterdir():
            if file.suffix in (".json", ".safetensors") and file.name not in NEVER \
                    and not (save_directory / file.name).exists():
                shutil.copyfile(file, save_directory / file.name)
        if (source / "README.md").is_file():
            shutil.copyfile(source / "README.md", save_directory / "README.md")

    def _is_as_in(self, source: Path) -> bool:
        """Whether the weights are still those of the folder."""
        from vqvae.checkpoint import CheckpointError, read_tensors

        try:
            saved = read_tensors(source / "model.safetensors")
        except CheckpointError:
            return False
        return all(name in saved and saved[name].equal(value.cpu()) for name, value in self.state_dict().items())

    def generate_model_card(self, *_, **__) -> ModelCard:
        """The card that `save_pretrained` writes where there is none."""
        from vqvae.card import model_card
        from vqvae.checkpoint import CheckpointError, read_info

        source = getattr(self, "source", None)
        try:
            info = read_info(source) if source is not None and self._is_as_in(source) else {}
        except CheckpointError:
            info = {}
        return ModelCard(model_card({**self.config.to_dict(), "bits_per_image": self.config.bits_per_image,
                                     "grid": list(self.config.grid), **info}))


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
