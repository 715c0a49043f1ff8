"""What the Codebook tab knows of one model: its codes drawn and arranged, their use, their maps.
Made once, shared.

Letters: K codes, M sampled latents, D embedding_dim, P cells of the grid, d dimensions of a map.
"""

import hashlib
import io
import json
import logging
import threading
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from demo.as_text import bytes_of
from demo.aside import aside
from demo.background import Computations, Key
from demo.errors import PageError
from demo.models.library import dataset_name, find_model, get_checkpoint
from demo.models.palette import code_sheet
from demo.runs.storage import MAPS
from demo.settings import Settings
from demo.tabs.codebook import answers, libraries
from demo.tabs.codebook.tiles import mean_tiles, sheet_of
from demo.text import DATASET_NAMES

if TYPE_CHECKING:
    from vqvae import Checkpoint
    from vqvae.analysis.projection import Projection
    from vqvae.analysis.statistics import UsageCounts

log = logging.getLogger(__name__)

STORED = "stored"
MOST_MAP_FILES = 200
PUBLIC = ("mnist", "fashion-mnist", "cifar10", "synthetic")

jobs = Computations()
_subjects: "weakref.WeakKeyDictionary[Checkpoint, InspectedModel]" = weakref.WeakKeyDictionary()
"""Of a checkpoint no longer than the library keeps it. A subject holds the parts of its checkpoint,
never the checkpoint itself, so whoever is handed one can finish with it."""
_guard = threading.Lock()


class QuestionError(PageError):
    """A question that no page of ours asks, or one that cannot be answered; the text is for the
    page."""


@dataclass(frozen=True)
class MapSettings:
    """What a map is asked to be."""

    method: str
    dimensions: int
    seed: int


class InspectedModel:
    """One loaded model with a codebook. Everything slow is computed on first use and kept with the
    checkpoint."""

    def __init__(self, checkpoint: "Checkpoint", folder: Path) -> None:
        self.model = checkpoint.model
        """Read-only."""
        self.config, self.gallery, self.training = (
            checkpoint.config,
            checkpoint.gallery,
            checkpoint.training,
        )
        self.fingerprint = checkpoint.model.fingerprint()
        self._maps_folder = folder
        self._lock = threading.Lock()

    @cached_property
    def codebook(self) -> np.ndarray:
        """float32 (K, D)."""
        return self.model.codebook.detach().float().numpy()

    @cached_property
    def latents(self) -> np.ndarray:
        """float32 (M, D), from the checkpoint; M is 0 when it holds none."""
        return (
            np.zeros((0, self.config.embedding_dim), np.float32)
            if self.gallery is None
            else self.gallery.latents.float().numpy()
        )

    @cached_property
    def arrangement(self) -> np.ndarray:
        """int64 (R, C): the sheet on which similar codes lie together."""
        from vqvae.analysis.atlas import arrange

        with self._lock:
            return arrange(self.codebook)

    @cached_property
    def opening_code(self) -> int:
        """The code to begin with: one much used whose picture shows something, which a background's
        does not."""
        sheet = code_sheet(self.model)
        tile, columns = sheet["tile"], sheet["columns"]
        # Our own file: none of the checks that a visitor's picture needs, whose shape it may not
        # have.
        with Image.open(io.BytesIO(bytes_of(sheet["png"]))) as image:
            pixels = np.asarray(image, np.float32)
        tiles = pixels.reshape(sheet["rows"], tile, columns, tile, -1).transpose(0, 2, 1, 3, 4)
        contrast = tiles.reshape(sheet["rows"] * columns, -1)[: self.config.codebook_size].std(1)
        use = self.use()
        assert use is not None, "that of training is always there"
        return int((contrast * (1 + use.counts.numpy())).argmax())

    @cached_property
    def clusters(self) -> np.ndarray:
        """int64 (K,)."""
        from vqvae.analysis.statistics import clusters

        return clusters(self.model.codebook.detach()).numpy()

    @cached_property
    def pictures(self) -> np.ndarray:
        """uint8 (N, C, H, W): the gallery as the model draws it; N is 0 without one."""
        import torch

        if self.gallery is None:
            return np.zeros(
                (0, self.config.channels, self.config.height, self.config.width), np.uint8
            )
        with self._lock, torch.inference_mode():
            return torch.cat(
                [
                    (self.model.decode(some) * 255).round().byte()
                    for some in self.gallery.indices.split(50)
                ]
            ).numpy()

    @cached_property
    def mean_patches(self) -> answers.DrawnCodes:
        """What each code looks like in use.

        A tile is the mean of the stored pictures, as the model draws them, over the 3 x 3 cells
        around the cells that hold the code (one cell for a very large codebook).
        """
        grids = None if self.gallery is None else self.gallery.indices
        tiles, seen = mean_tiles(self.config, self.pictures, grids)
        return {**sheet_of(tiles), "seen": seen.tolist()}

    def prepare(self) -> None:
        """Begin to draw the gallery beside other work, so that the first click does not wait for
        it."""

        def draw() -> None:
            log.debug("drew the codes in %d pictures", len(self.mean_patches["seen"]))

        if "mean_patches" not in self.__dict__:
            aside(draw, "codebook gallery")

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.points.tobytes()).hexdigest()[:24]

    @property
    def points(self) -> np.ndarray:
        """float32 (K + M, D): what maps are fitted to."""
        return np.concatenate([self.codebook, self.latents])

    # -- use ---------------------------------------------------------------------------------------

    def use(self, counted: str = STORED) -> "UsageCounts | None":
        """Statistics stored in the checkpoint, or those of a data set that was counted
        ("mnist/train"); else None."""
        if counted == STORED:
            return self._stored
        return jobs.result(self.usage_key(counted))

    def usage_key(self, counted: str) -> Key:
        """Names what a count is of, the encoder included."""
        return "use", self.fingerprint, self._digest, counted

    @cached_property
    def _stored(self) -> "UsageCounts":
        import torch

        from vqvae.analysis.statistics import UsageCounts, use_of_gallery

        if self.gallery is not None:
            return use_of_gallery(self.gallery, self.config.classes)
        K, (h, w) = self.config.codebook_size, self.config.grid
        return UsageCounts(
            torch.zeros(K, dtype=torch.int64), torch.zeros(h * w, K, dtype=torch.int64), None, 0
        )

    @property
    def dataset(self) -> str:
        """The name of the public data set it was trained on, or "" for images of one's own."""
        name = str(self.training.get("dataset") or "")
        return name if name in PUBLIC else ""

    def counted_title(self, counted: str, use: "UsageCounts") -> str:
        """What was counted, in words."""
        if counted != STORED:
            name, split = counted.rsplit("/", 1)
            kind = "training" if split == "train" else split
            return f"{use.images:,} {kind} pictures of {DATASET_NAMES.get(name, name)}"
        if not use.images:
            return "nothing yet: this checkpoint holds no statistics"
        return (
            f"{use.images:,} test pictures of {dataset_name(self.training)}, when the model "
            f"was made"
        )

    # -- maps --------------------------------------------------------------------------------------

    def map_key(self, settings: MapSettings) -> Key:
        """Names a map by its points and settings."""
        return "map", self._digest, settings

    def ready_map(self, settings: MapSettings) -> "Projection | None":
        """A map that is there at once: PCA, one made before, or one on disk (without its fit)."""
        from vqvae.analysis import projection

        found = jobs.result(self.map_key(settings))
        if found is None and settings.method == "pca":
            found = projection.fit(self.points, "pca", settings.dimensions, seed=settings.seed)
            jobs.keep(self.map_key(settings), found)
        if found is None:
            found = self._read_map(settings)
        return found

    def fit_map(self, settings: MapSettings, progress) -> "Projection":
        """Fit a map, with progress; it is also written to disk."""
        from vqvae.analysis import projection

        found = projection.fit(
            self.points, settings.method, settings.dimensions, seed=settings.seed, progress=progress
        )
        self._write_map(settings, found)
        return found

    def trust(self, settings: MapSettings, found: "Projection") -> float:
        """Trustworthiness of a map, computed once."""
        from vqvae.analysis.projection import trustworthiness

        key = ("trust", *self.map_key(settings)[1:])
        known = jobs.result(key)
        if known is None:
            known = trustworthiness(self.points, found.coordinates, most=1_000)
            jobs.keep(key, known)
        return known

    def _map_file(self, settings: MapSettings) -> Path:
        from vqvae.analysis import projection

        text = json.dumps(
            [
                self._digest,
                settings.method,
                settings.dimensions,
                settings.seed,
                projection.EARLY_STEPS,
                projection.LATE_STEPS,
                projection.UMAP_EPOCHS,
                projection.NEIGHBOURS,
            ]
        )
        return self._maps_folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"

    def _read_map(self, settings: MapSettings) -> "Projection | None":
        from vqvae.analysis.projection import Projection
        from vqvae.checkpoints.files import CheckpointError, read_tensors

        file = self._map_file(settings)
        if not file.is_file():
            return None
        try:
            coordinates = read_tensors(file)["coordinates"].float().numpy()
        except (CheckpointError, KeyError):
            return None
        if coordinates.shape != (len(self.points), settings.dimensions):
            return None
        return Projection(settings.method, settings.dimensions, settings.seed, coordinates)

    def _write_map(self, settings: MapSettings, found: "Projection") -> None:
        import torch

        from vqvae.checkpoints.files import write_tensors

        if found.note:  # a fallback or a placed remainder says so; it is quick to make again
            return
        try:
            self._maps_folder.mkdir(parents=True, exist_ok=True)
            write_tensors(
                self._map_file(settings),
                {"coordinates": torch.from_numpy(found.coordinates.copy())},
            )
            files = sorted(self._maps_folder.glob("*.safetensors"), key=lambda f: f.stat().st_mtime)
            for old in files[:-MOST_MAP_FILES]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("A map was not kept on disk: %s", error)


def get_subject(model_id: object, settings: Settings) -> InspectedModel:
    """The subject of a model id. ModelError or CheckpointError when there is no such model,
    QuestionError when it has no codebook."""
    libraries.ready()
    entry = find_model(model_id, settings)
    if entry.info.get("kind", "vqvae") != "vqvae":
        raise QuestionError("This model has no codebook: choose a VQ-VAE at the top of the page.")
    checkpoint = get_checkpoint(entry.id, settings)
    with _guard:
        if checkpoint not in _subjects:
            _subjects[checkpoint] = InspectedModel(checkpoint, settings.runs / MAPS)
        return _subjects[checkpoint]
