"""A whole model on a data set, in figures: of a VQ-VAE, and of the AE, VAE or conditional VAE it is
compared with.

Axes: B batch, C channels, H x W pixels, h x w positions, K codebook_size.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from vqvae.analysis.counting import CodeCounter
from vqvae.checkpoints.gallery import Gallery
from vqvae.config import LATENT_BITS
from vqvae.data.imageset import ImageSet, Progress
from vqvae.metrics import mse, perplexity, psnr, sharpness, ssim, usage
from vqvae.nn.batches import EVALUATION_BATCH, images_at_once
from vqvae.nn.modes import eval_mode
from vqvae.threads import as_many_as_help

GALLERY_IMAGES = 400
GALLERY_LATENTS = 2_000


@dataclass(frozen=True)
class PictureFigures:
    """How well a model redraws the pictures of one split of a data set."""

    dataset: str
    split: str
    images: int
    """Number of images."""
    mse: float
    """Mean over all pixels of all images, pixels in [0, 1]."""
    psnr: float
    """dB, mean of the pictures' own."""
    ssim: float
    """Mean of the pictures' own."""

    def to_dict(self) -> dict:
        """For JSON, as `python -m vqvae evaluate --json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Evaluation(PictureFigures):
    """A VQ-VAE on one split of a data set."""

    perplexity: float
    """1..K, over every index of the split."""
    usage: float
    """0..1, over every index of the split."""
    bits_per_image: float
    """Nominal: h * w * log2 K."""
    images_per_second: float
    """Encode, quantize and decode, on this machine at this moment."""


@dataclass(frozen=True)
class BaselineEvaluation(PictureFigures):
    """A baseline on one split of a data set. A cvae is told each picture's class where the data has
    classes."""

    sharpness: float
    """Of the reconstructions over that of the pictures, mean of the pictures' own: 1 as sharp, 0
    flat."""
    kl_nats: float | None
    """KL(q(z|x) || p(z)), nats per image; None for an ae."""
    perplexity: None
    """There is no codebook."""
    usage: None
    """There is no codebook."""
    bits_per_image: float
    """A vae's KL divergence in bits; an ae's numbers at 8 bits each, which is how they were cut for
    these figures."""
    images_per_second: float
    """Encode and decode, on this machine at this moment."""


@torch.no_grad()
@as_many_as_help()
def evaluate(
    model,
    data: ImageSet,
    *,
    batch_size: int | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> tuple[Evaluation, Gallery] | tuple[BaselineEvaluation, None]:
    """Run a model over every image of `data` (its own height and width, divisible by the model's
    factor). For an ae, vae or cvae: `BaselineEvaluation` and None. For a VQ-VAE:

    Returns the figures, and the gallery: grids of images spread over the set, usage by code, class
    and position, and a sample of latents drawn with `seed`. batch_size: pictures at once; without
    it up to 500, as many as 256 MB hold. The model's mode is put back as it was, also when
    `progress` raises to cancel. ValueError when there are no images or they do not fit the model.
    """
    if not len(data):
        raise ValueError(f"{data.name} holds no images to evaluate on.")
    batch_size = batch_size or images_at_once(model.config, *data.shape[1:], EVALUATION_BATCH)
    run = _Pass(model, data, batch_size, progress)
    with eval_mode(model):
        if model.config.kind != "vqvae":
            return _evaluate_baseline(model, data, run), None
        return _evaluate(model, data, run, seed)


class _Pass:
    """A data set once through a model: its batches, the time they take, and the sums of the
    pictures' figures."""

    def __init__(self, model, data: ImageSet, batch_size: int, progress: Progress | None) -> None:
        self._data, self.batch_size, self._progress = data, batch_size, progress
        self._device = next(model.parameters()).device
        self._sums, self._seconds = torch.tensor(0.0), 0.0

    def batches(self) -> Iterator[tuple[slice, Tensor]]:
        """(rows of the data set, x float (B, C, H, W) in [0, 1] on the model's device)."""
        total = len(self._data)
        for begin in range(0, total, self.batch_size):
            rows = slice(begin, min(begin + self.batch_size, total))
            yield rows, self._data.images[rows].to(self._device).float().div(255)
            if self._progress:
                self._progress(rows.stop, total, "evaluating")

    @contextmanager
    def timed(self) -> Generator[None]:
        """What is done inside counts for `images_per_second`."""
        started = time.perf_counter()
        yield
        if self._device.type != "cpu":
            # Without this the clock would only see the work being queued.
            torch.accelerator.synchronize()
        self._seconds += time.perf_counter() - started

    def add(self, figures: Iterable[Tensor]) -> None:
        """Figures of the batch's pictures, (B,) each."""
        self._sums = self._sums + torch.stack([f.cpu().double().sum() for f in figures])

    @property
    def means(self) -> list[float]:
        """Of each figure over all pictures."""
        return (self._sums / len(self._data)).tolist()

    @property
    def images_per_second(self) -> float:
        return len(self._data) / max(self._seconds, 1e-9)


class _Kept:
    """What the gallery keeps of a pass: grids of images spread over the set, and latents at random
    cells."""

    def __init__(self, total: int, batch_size: int, seed: int) -> None:
        # Spread over the set: a folder of class folders comes sorted by class.
        count = min(total, GALLERY_IMAGES)
        self._shown = torch.arange(count) * total // count
        self._per_batch = math.ceil(GALLERY_LATENTS / math.ceil(total / batch_size))
        self._generator = torch.Generator().manual_seed(seed)
        self._parts: list[dict[str, Tensor]] = []

    def add(self, begin: int, vectors: Tensor, indices: Tensor, labels: Tensor | None) -> None:
        """A batch from row `begin` on: vectors float (B * h * w, D), indices int64 (B, h, w),
        labels int64 (B,)."""
        inside = (self._shown >= begin) & (self._shown < begin + len(indices))
        rows = self._shown[inside] - begin
        cells = torch.randperm(indices.numel(), generator=self._generator)[: self._per_batch]
        positions = indices[0].numel()
        part = {
            "indices": indices[rows],
            "latents": vectors[cells],
            "latent_indices": indices.flatten()[cells],
            "latent_positions": cells % positions,
        }
        if labels is not None:
            part |= {"labels": labels[rows], "latent_labels": labels[cells // positions]}
        self._parts.append(part)

    def gallery(self, counter: CodeCounter) -> Gallery:
        """What was kept, beside the counts over all images."""
        kept = {name: torch.cat([part[name] for part in self._parts]) for name in self._parts[0]}
        return Gallery(
            counts=counter.counts,
            position_counts=counter.by_position,
            class_counts=counter.by_class,
            **{k: v[:GALLERY_LATENTS] if "latent" in k else v for k, v in kept.items()},
        )


def _evaluate(model, data: ImageSet, run: _Pass, seed: int) -> tuple[Evaluation, Gallery]:
    counter = CodeCounter.of(model, data)
    kept = _Kept(len(data), run.batch_size, seed)
    for rows, x in run.batches():
        with run.timed():
            z_e = model.latents(x).movedim(1, -1)  # (B, h, w, D)
            vectors = z_e.reshape(-1, z_e.shape[-1])
            indices = model.quantizer.nearest(vectors).view(z_e.shape[:-1])
            x_recon = model.decode(indices)
        run.add(f(x_recon, x) for f in (mse, psnr, ssim))
        indices = indices.cpu()
        labels = data.labels[rows] if data.labels is not None and data.classes else None
        counter.add(indices, labels)
        kept.add(rows.start, vectors.cpu(), indices, labels)
    return Evaluation(
        data.name,
        data.split,
        len(data),
        *run.means,
        perplexity(counter.counts),
        usage(counter.counts),
        len(counter.by_position) * math.log2(model.config.codebook_size),
        run.images_per_second,
    ), kept.gallery(counter)


def _evaluate_baseline(model, data: ImageSet, run: _Pass) -> BaselineEvaluation:
    config = model.config
    has_classes = data.labels is not None and len(data.classes) == len(config.classes)
    for rows, x in run.batches():
        with run.timed():
            labels = None
            if model.classes:
                labels = data.labels[rows] if has_classes else model.guess(x)
            x_recon = model.reconstruct(x, labels)
        run.add([*(f(x_recon, x) for f in (mse, psnr, ssim, sharpness)), model.kl(x, labels)])
    *means, kl = run.means
    is_ae = config.kind == "ae"
    bits = float(config.latent_dim * LATENT_BITS) if is_ae else kl / math.log(2)
    return BaselineEvaluation(
        data.name,
        data.split,
        len(data),
        *means,
        None if is_ae else kl,
        None,
        None,
        bits,
        run.images_per_second,
    )
