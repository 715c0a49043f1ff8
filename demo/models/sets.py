"""The sets of models that the Compare tab shows side by side: the shipped one, and those a visitor
has trained.

A set is a VQ-VAE, an AE, a VAE and a conditional VAE of the same pictures. Its id: `shipped`, or
the name (as a model has one: demo.models.ids) of the run that has trained the four
(demo.runs.plans.worker), in `models/<kind>/` of its folder.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.models import library as models
from demo.models.cache import PRIOR_FILES, FolderCache, load_prior
from demo.models.ids import ModelId
from demo.models.library import ModelError
from demo.models.sharing import sharing_of
from demo.roots import is_inside
from demo.runs import files as runfiles
from demo.session import is_token
from demo.settings import PROJECT, Settings

SHIPPED = "shipped"
KINDS = ("vqvae", "ae", "vae", "cvae")
NAMES = {"vqvae": "VQ-VAE", "ae": "AE", "vae": "VAE", "cvae": "Conditional VAE"}
EXAMPLES = PROJECT / "demo" / "examples" / "mnist.png"
"""Twenty test digits of MNIST in a row, two of each class: the comparison needs pictures that no
model has made."""
MODELS, EXAMPLES_PNG, EXAMPLES_JSON = "models", "examples.png", "examples.json"
_cache = FolderCache()
_priors = FolderCache(load_prior, PRIOR_FILES)
NO_PRIOR = (
    "The VQ-VAE at the top of the page has no learned prior. Train one in the Train tab, under "
    "“Train a prior”: what it draws then appears here."
)
NO_PRIOR_YET = (
    "This VQ-VAE has no learned prior: that is the last step of “Train all four”, and this run has "
    "not reached it. Let one run to its end: what its prior draws then appears here."
)


@dataclass(frozen=True)
class ModelSet:
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
    shipped = _shipped_paths(settings).values()
    if all(models.is_checkpoint(path, settings.checkpoints) for path in shipped):
        listed.append(("Shipped: MNIST digits", SHIPPED))
    if is_token(visitor):
        try:
            folders = [
                f
                for f in (settings.runs / visitor).iterdir()
                if (f / MODELS).is_dir() and is_inside(f / MODELS, settings.runs)
            ]
        except OSError:
            folders = []
        jobs = [(f, runfiles.read_json(f / runfiles.JOB)) for f in folders]
        jobs.sort(key=lambda pair: -float(pair[1].get("created") or 0))
        for f, job in reversed(jobs):
            if _trained(f, settings):
                title = f"Mine: {job.get('title') or f.name[-6:]}"
                taken[title] += 1
                name = str(sharing_of(settings.runs).name(visitor, f.name))
                own.append((title if taken[title] == 1 else f"{title} ({taken[title]})", name))
    return listed + own[::-1]


def measured(set_id: str, settings: Settings) -> list[tuple[str, str, dict]]:
    """(kind, data set, figures) of each model of a visitor's own set, from its JSON alone; [] of
    the shipped one."""
    import vqvae

    found = []
    for kind, folder in _trained(_run_of(set_id, settings), settings).items():
        with contextlib.suppress(vqvae.CheckpointError):  # a damaged one is no point of a plot
            info = vqvae.read_info(folder)
            found.append((kind, info["dataset"], info["metrics"]))
    return found


def open_set(set_id: object, model_id: object, settings: Settings) -> ModelSet:
    """Load a set. In the shipped one the VQ-VAE is the model chosen at the top of the page where it
    takes pictures of the same data set and size, else `mnist`. ModelError where the set is not
    there."""
    if set_id == SHIPPED:
        return _shipped(model_id, settings)
    paths = _trained(_run_of(set_id, settings), settings)
    if not paths:
        raise ModelError(
            "These models are not here any more: choose another set, or train all four below."
        )
    return ModelSet(str(set_id), {kind: _load(path) for kind, path in paths.items()}, None, "")


def _shipped(model_id: object, settings: Settings) -> ModelSet:
    paths = _shipped_paths(settings)
    if not all(models.is_checkpoint(path, settings.checkpoints) for path in paths.values()):
        raise ModelError(
            "No AE, VAE and conditional VAE came with this app's checkpoints: train all four below."
        )
    loaded = {kind: _load(path) for kind, path in paths.items()}
    config, dataset = loaded["vae"].config, loaded["vae"].training.get("dataset")
    chosen, why = None, "No model is chosen at the top of the page"
    try:
        entry = models.find_model(model_id, settings)
        info = entry.info
        why = (
            "The model at the top of the page has no codebook"
            if info["kind"] != "vqvae"
            else "The model at the top of the page learned other pictures"
        )
        if (
            info["kind"] == "vqvae"
            and info["dataset"] == dataset
            and (info["channels"], info["height"], info["width"])
            == (config.channels, config.height, config.width)
        ):
            chosen = entry.id
    except ModelError:
        pass
    note = ""
    if chosen is None:
        note = (
            f"{why}, so the shipped VQ-VAE is shown. To compare models of its images, train "
            f"all four on them, below."
        )
        chosen = "mnist"
    vqvae = models.get_checkpoint(chosen, settings)
    return ModelSet(SHIPPED, {"vqvae": vqvae, **loaded}, chosen, note)


def prior_of(chosen: ModelSet, settings: Settings):
    """(the VQ-VAE's learned prior or None, the sentence that says what is missing or "")."""
    from vqvae import CheckpointError

    try:
        if chosen.vqvae_id is not None:
            has = models.has_prior(chosen.vqvae_id, settings)
            return (models.get_prior(chosen.vqvae_id, settings), "") if has else (None, NO_PRIOR)
        folder = _trained(_run_of(chosen.id, settings), settings).get("vqvae")
        if folder is None or not (folder / "prior.safetensors").is_file():
            return None, NO_PRIOR_YET
        return _priors.get(folder, len(KINDS)), ""
    except ModelError as error:
        return None, str(error)
    except (CheckpointError, OSError):  # its text names folders of the server
        return None, "The prior of this VQ-VAE cannot be read: its file is damaged. Train it again."


def examples(chosen: ModelSet, settings: Settings) -> tuple[np.ndarray, list[str], str]:
    """uint8 (N, H, W[, 3]) pictures to begin with, their class names, and where they come from in
    words."""
    folder = _run_of(chosen.id, settings)
    png = folder / EXAMPLES_PNG if folder else EXAMPLES
    try:
        from PIL import Image

        strip = np.asarray(Image.open(png))
        labels = (
            json.loads((folder / EXAMPLES_JSON).read_text())
            if folder
            else [str(i // 2) for i in range(20)]
        )
        pictures = np.stack(np.split(strip, len(labels), axis=1))
        return (
            pictures,
            [str(label)[:40] for label in labels],
            "Examples: test pictures, as the data set has them.",
        )
    except (OSError, ValueError):
        return np.zeros((0, chosen.config.height, chosen.config.width), np.uint8), [], ""


def _run_of(set_id: object, settings: Settings) -> Path | None:
    """The folder of the run that made a set; None of the shipped one, and where there is none."""
    return None if set_id == SHIPPED else sharing_of(settings.runs).folder(ModelId.parse(set_id))


def _trained(run: Path | None, settings: Settings) -> dict[str, Path]:
    """kind -> checkpoint folder of what a run of several models has trained so far, as KINDS has
    them in order."""
    paths = {kind: run / MODELS / kind for kind in KINDS} if run else {}
    root = settings.runs
    return {kind: path for kind, path in paths.items() if models.is_checkpoint(path, root)}


def _shipped_paths(settings: Settings) -> dict[str, Path]:
    return {kind: settings.checkpoints / f"mnist-{kind}" for kind in KINDS[1:]}


def _load(path: Path):
    try:
        return _cache.get(path, 2 * len(KINDS))
    except OSError as error:  # deleted between the look and the reading
        raise ModelError("These models are not here any more: choose another set.") from error
