"""The sets of models that the Compare tab shows side by side: the shipped one, and those a visitor has trained.

A set is a VQ-VAE, an AE, a VAE and a conditional VAE of the same pictures. Its id: `shipped`, or `run:<visitor>/<run>`
for the four that one run of demo.plan_worker has made, in `models/<kind>/` of the run's folder.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo import models, runfiles
from demo.model_cache import PRIOR_FILES, FolderCache, load_prior
from demo.models import ModelError
from demo.session import is_token
from demo.settings import PROJECT, Settings

SHIPPED = "shipped"
KINDS = ("vqvae", "ae", "vae", "cvae")
NAMES = {"vqvae": "VQ-VAE", "ae": "AE", "vae": "VAE", "cvae": "Conditional VAE"}
EXAMPLES = PROJECT / "demo" / "examples" / "mnist.png"
"""Twenty test digits of MNIST in a row, two of each class: the comparison needs pictures that no model has made."""
MODELS, EXAMPLES_PNG, EXAMPLES_JSON = "models", "examples.png", "examples.json"
_RUN = re.compile(r"run:([0-9a-f]{32})/([0-9a-f]{16})")
_cache = FolderCache()
_priors = FolderCache(load_prior, PRIOR_FILES)
NO_PRIOR = ("The VQ-VAE at the top of the page has no learned prior. Train one in the Train tab, under “Train a "
            "prior”: what it draws then appears here.")
NO_PRIOR_YET = ("This VQ-VAE has no learned prior: that is the last step of “Train all four”, and this run has not "
                "come to it. Let one run to its end: what its prior draws then appears here.")


@dataclass(frozen=True)
class Set:
    """One set of models, loaded."""

    id: str
    checkpoints: dict
    """kind -> vqvae.Checkpoint, in the order of KINDS; a kind that was not trained is absent."""
    vqvae_id: str | None
    """The model id of the VQ-VAE where it has one, to look for its prior."""
    note: str
    """What a visitor should know of the choice of models, or ""."""

    @property
    def config(self):
        """The settings they share: of the first model there is."""
        return next(iter(self.checkpoints.values())).config

    @property
    def dataset(self) -> str:
        """Name of the data set of the first model."""
        return str(next(iter(self.checkpoints.values())).training.get("dataset") or "")


def list_sets(settings: Settings, visitor: object) -> list[tuple[str, str]]:
    """(title, id) of every set there is: the shipped one, then the visitor's own, newest first."""
    listed, own, taken = [], [], Counter()
    if all(models.is_checkpoint(settings.checkpoints / f"mnist-{kind}") for kind in KINDS[1:]):
        listed.append(("Shipped: MNIST digits", SHIPPED))
    if is_token(visitor):
        try:
            folders = [f for f in (settings.runs / visitor).iterdir() if (f / MODELS).is_dir()]
        except OSError:
            folders = []
        jobs = [(f, runfiles.read_json(f / runfiles.JOB)) for f in folders]
        jobs.sort(key=lambda pair: -float(pair[1].get("created") or 0))
        for f, job in reversed(jobs):
            if any(models.is_checkpoint(f / MODELS / kind) for kind in KINDS):
                title = f"Mine: {job.get('title') or f.name[-6:]}"
                taken[title] += 1
                own.append((title if taken[title] == 1 else f"{title} ({taken[title]})", f"run:{visitor}/{f.name}"))
    return listed + own[::-1]


def measured(set_id: str, settings: Settings) -> list[tuple[str, str, dict]]:
    """(kind, data set, figures) of each model of a visitor's own set, from its JSON alone; [] of the shipped one."""
    import vqvae

    match, found = _RUN.fullmatch(set_id), []
    for kind in KINDS if match else ():
        folder = settings.runs / match[1] / match[2] / MODELS / kind
        if models.is_checkpoint(folder):
            with contextlib.suppress(vqvae.CheckpointError):  # a damaged one is no point of a plot
                info = vqvae.read_info(folder)
                found.append((kind, info["dataset"], info["metrics"]))
    return found


def open_set(set_id: object, model_id: object, settings: Settings) -> Set:
    """Load a set. In the shipped one the VQ-VAE is the model chosen at the top of the page where it takes pictures of
    the same data set and size, else `mnist`. ModelError where the set is not there."""
    if set_id == SHIPPED:
        return _shipped(model_id, settings)
    match = _RUN.fullmatch(set_id) if isinstance(set_id, str) else None
    folder = settings.runs / match[1] / match[2] / MODELS if match else None
    paths = {kind: folder / kind for kind in KINDS if models.is_checkpoint(folder / kind)} if folder else {}
    if not paths:
        raise ModelError("These models are not here any more: choose another set, or train all four below.")
    return Set(set_id, {kind: _load(path) for kind, path in paths.items()}, None, "")


def _shipped(model_id: object, settings: Settings) -> Set:
    paths = {kind: settings.checkpoints / f"mnist-{kind}" for kind in KINDS[1:]}
    if not all(models.is_checkpoint(path) for path in paths.values()):
        raise ModelError("No AE, VAE and conditional VAE came with this app's checkpoints: train all four below.")
    loaded = {kind: _load(path) for kind, path in paths.items()}
    config, dataset = loaded["vae"].config, loaded["vae"].training.get("dataset")
    note, chosen = "", None
    try:
        entry = models.find_model(model_id, settings)
        info = entry.info
        if info["kind"] == "vqvae" and info["dataset"] == dataset and \
                (info["channels"], info["height"], info["width"]) == (config.channels, config.height, config.width):
            chosen = entry.id
    except ModelError:
        pass
    if chosen is None:
        note = ("The model at the top of the page learned other pictures, so the shipped VQ-VAE stands here for it. To "
                "compare it with its own kind, train all four on its images, below.")
        chosen = "mnist"
    vqvae = models.get_checkpoint(chosen, settings)
    return Set(SHIPPED, {"vqvae": vqvae, **loaded}, chosen, note)


def prior_of(chosen: Set, settings: Settings):
    """(the VQ-VAE's learned prior or None, the sentence that says what is missing or "")."""
    from vqvae import CheckpointError

    try:
        if chosen.vqvae_id is not None:
            has = models.has_prior(chosen.vqvae_id, settings)
            return (models.get_prior(chosen.vqvae_id, settings), "") if has else (None, NO_PRIOR)
        match = _RUN.fullmatch(chosen.id)
        folder = settings.runs / match[1] / match[2] / MODELS / "vqvae"
        if not (folder / "prior.safetensors").is_file():
            return None, NO_PRIOR_YET
        return _priors.get(folder, len(KINDS)), ""
    except ModelError as error:
        return None, str(error)
    except (CheckpointError, OSError):  # its text names folders of the server
        return None, "The prior of this VQ-VAE cannot be read: its file is damaged. Train it anew."


def examples(chosen: Set, settings: Settings) -> tuple[np.ndarray, list[str], str]:
    """uint8 (N, H, W[, 3]) pictures to begin with, their class names, and where they come from in words."""
    match = _RUN.fullmatch(chosen.id)
    folder = settings.runs / match[1] / match[2] if match else None
    png = folder / EXAMPLES_PNG if folder else EXAMPLES
    try:
        from PIL import Image

        strip = np.asarray(Image.open(png))
        labels = json.loads((folder / EXAMPLES_JSON).read_text()) if folder else [str(i // 2) for i in range(20)]
        pictures = np.stack(np.split(strip, len(labels), axis=1))
        return pictures, [str(label)[:40] for label in labels], "Examples: test pictures, as the data set has them."
    except (OSError, ValueError):
        return np.zeros((0, chosen.config.height, chosen.config.width), np.uint8), [], ""


def _load(path: Path):
    try:
        return _cache.get(path, 2 * len(KINDS))
    except OSError as error:  # deleted between the look and the reading
        raise ModelError("These models are not here any more: choose another set.") from error
