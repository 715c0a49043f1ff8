"""What models of the Hugging Face hub can do: `from_pretrained`, `save_pretrained`, `push_to_hub`.

They are `huggingface_hub.ModelHubMixin`'s; what they do is in `vqvae.checkpoints.hub`.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

from huggingface_hub import ModelCard, ModelHubMixin


def _hub() -> ModuleType:
    """The module that reads and writes checkpoint folders, by name and only when a method is
    called: checkpoints are made of networks, and no network needs a checkpoint to work."""
    return importlib.import_module("vqvae.checkpoints.hub")


class Pretrained(ModelHubMixin):
    """What the models of this package have in common with those on the hub.

    >>> model = VQVAE.from_pretrained("mnist")  # a shipped name, a folder, or "user/name"
    >>> model.save_pretrained("folder")         # with a model card
    >>> model.push_to_hub("user/name")          # asks for a login: `hf auth login`
    """

    source: Path | None = None
    """The folder it was read from; its card and figures go along when it is saved elsewhere."""

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike, **options):
        """The model of a folder, a shipped name, or a repository of the hub ("user/name"), in eval
        mode on the CPU.

        options: those of `huggingface_hub.snapshot_download` that `vqvae.checkpoints.hub.load_as`
        names, such as revision and token; TypeError for any other. CheckpointError when there is no
        such model, it is damaged, or it is of another kind.
        """
        return _hub().load_as(cls, os.fspath(pretrained_model_name_or_path), **options)

    def push_to_hub(self, repo_id: str, **options):
        """Upload the model with its card to a repository of the hub ("user/name"); returns its
        address.

        options: those of `ModelHubMixin.push_to_hub`, such as private and token. CheckpointError
        when it cannot be.
        """
        with _hub().upload_errors(repo_id):
            return super().push_to_hub(repo_id, **options)

    def _save_pretrained(self, save_directory: Path) -> None:
        _hub().save_with_origin(self, save_directory)

    def generate_model_card(self, *_, **__) -> ModelCard:
        """The card that `save_pretrained` writes where there is none."""
        return _hub().card_of(self)
