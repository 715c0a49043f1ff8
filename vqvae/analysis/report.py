"""Tables of a codebook as CSV, and the folder that `python -m vqvae codebook` writes.

Letters: K codes, D embedding_dim, P = h * w positions, M latents.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vqvae.data.imageset import Progress

if TYPE_CHECKING:
    import numpy as np

    from vqvae.analysis.projection import Projection
    from vqvae.analysis.statistics import UsageCounts
    from vqvae.checkpoints.checkpoint import Checkpoint
    from vqvae.nn.model import VQVAE

NEAREST = 5


def codes_table(model: VQVAE, use: UsageCounts) -> str:
    """One row per code: index, times chosen, share of cells, rank, dead, cluster, its vector."""
    from vqvae.analysis.statistics import clusters

    total = max(1, use.total)
    counts = use.counts.tolist()
    rank = (-use.counts).argsort(stable=True).argsort().add(1).tolist()
    groups = clusters(model.codebook.detach()).tolist()
    numbers = [f"e{i}" for i in range(model.codebook.shape[1])]
    return _csv(
        ["code", "count", "share", "rank", "dead", "cluster", *numbers],
        (
            [
                k,
                n,
                f"{n / total:.8g}",
                rank[k],
                int(n == 0),
                groups[k] + 1,
                *(f"{v:.6g}" for v in vector),
            ]
            for k, (n, vector) in enumerate(
                zip(counts, model.codebook.detach().tolist(), strict=True)
            )
        ),
    )


def summary_table(_: VQVAE, use: UsageCounts) -> str:
    """One row a figure, with what it means."""
    from vqvae.analysis.statistics import verdict

    return _csv(
        ["figure", "value", "unit", "meaning"],
        [
            ["codebook_size", use.codebook_size, "codes", "K, entries of the codebook"],
            ["images", use.images, "images", "how many were counted"],
            ["cells", use.total, "cells", "grid cells counted"],
            ["used", use.codebook_size - use.dead, "codes", "chosen at least once"],
            ["dead", use.dead, "codes", "never chosen"],
            ["usage", f"{use.usage:.6g}", "share", "of the codes chosen at least once"],
            ["perplexity", f"{use.perplexity:.6g}", "codes", "effective number of codes"],
            ["entropy", f"{use.entropy_bits:.6g}", "bits", "what an index really carries"],
            [
                "nominal",
                f"{use.nominal_bits:.6g}",
                "bits",
                "what an index takes when stored plainly",
            ],
            ["verdict", verdict(use)[0], "", verdict(use)[1]],
        ],
    )


def classes_table(model: VQVAE, use: UsageCounts) -> str:
    """One row per code, one column per class: times chosen. Only the header where there are no
    classes."""
    if use.class_counts is None:
        return _csv(["code"], [])
    names = [*(model.config.classes or use.classes)]
    names += [str(i) for i in range(len(names), len(use.class_counts))]
    return _csv(
        ["code", *names[: len(use.class_counts)]],
        ([k, *row] for k, row in enumerate(use.class_counts.T.tolist())),
    )


def positions_table(model: VQVAE, use: UsageCounts) -> str:
    """One row per code, one column per position (row, column of the grid): times chosen."""
    h, w = model.config.grid
    positions = len(use.position_counts)
    names = [f"r{p // w}c{p % w}" if positions == h * w else f"p{p}" for p in range(positions)]
    return _csv(
        ["code", *names], ([k, *row] for k, row in enumerate(use.position_counts.T.tolist()))
    )


def neighbours_table(model: VQVAE, _: UsageCounts) -> str:
    """One row per code and neighbour: the nearest codes in the codebook's own space, by both
    measures."""
    import torch
    import torch.nn.functional as F

    codebook = model.codebook.detach().float()
    unit = F.normalize(codebook, dim=1)
    count = min(NEAREST, len(codebook) - 1)
    rows = []
    for begin in range(0, len(codebook), 1024):  # never K x K at once
        block = torch.arange(begin, min(begin + 1024, len(codebook)))
        measures = (
            ("euclidean", torch.cdist(codebook[block], codebook)),
            ("cosine", 1 - unit[block] @ unit.T),
        )
        for name, distances in measures:
            distances[torch.arange(len(block)), block] = float("inf")
            values, neighbours = distances.topk(count, largest=False)
            rows += [
                [k, name, place + 1, near, f"{max(0.0, d):.6g}"]
                for k, near_all, d_all in zip(
                    block.tolist(), neighbours.tolist(), values.tolist(), strict=True
                )
                for place, (near, d) in enumerate(zip(near_all, d_all, strict=True))
            ]
    return _csv(["code", "measure", "rank", "neighbour", "distance"], sorted(rows))


TABLES: dict[str, Callable[[VQVAE, UsageCounts], str]] = {
    "summary": summary_table,
    "codes": codes_table,
    "classes": classes_table,
    "positions": positions_table,
    "neighbours": neighbours_table,
}


def map_table(projection: Projection, use: UsageCounts, latent_indices: np.ndarray) -> str:
    """One row a point of a map: a code or a latent, the code it is or was snapped to, its
    coordinates."""
    K = use.codebook_size
    axes = [f"x{i + 1}" for i in range(projection.dimensions)]
    return _csv(
        ["kind", "code", *axes],
        (
            [
                "code" if i < K else "latent",
                i if i < K else int(latent_indices[i - K]),
                *(f"{v:.6g}" for v in at),
            ]
            for i, at in enumerate(projection.coordinates.tolist())
        ),
    )


def write_report(
    checkpoint: Checkpoint,
    use: UsageCounts,
    folder: Path,
    *,
    methods: Iterable[str] = ("pca",),
    dimensions: int = 2,
    seed: int = 0,
    about: str = "",
    progress: Progress | None = None,
) -> list[Path]:
    """Write tables (CSV) and figures (PNG and SVG) of a model's codebook into `folder`, and an
    index.html of all.

    Returns the files, in the order they were written. OSError when the folder cannot be written to.
    """
    from vqvae.analysis.figures import index_page, static_figures

    model = checkpoint.model
    folder.mkdir(parents=True, exist_ok=True)
    written = []

    def put(name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        written.append(folder / name)

    for name, table in TABLES.items():
        put(f"{name}.csv", table(model, use))
    for name, content in static_figures(model, use):
        put(name, content)
    for method in methods:
        for name, content in _map_files(checkpoint, use, method, dimensions, seed, progress):
            put(name, content)
    shown = [path.name for path in written if path.suffix == ".svg"]
    put("index.html", index_page(use, shown, list(TABLES), about))
    return written


def _map_files(
    checkpoint: Checkpoint,
    use: UsageCounts,
    method: str,
    dimensions: int,
    seed: int,
    progress: Progress | None,
) -> Iterator[tuple[str, str | bytes]]:
    """(file name, content) of a map as a table and as figures."""
    import numpy as np

    from vqvae.analysis.figures import map_figures
    from vqvae.analysis.projection import fit, trustworthiness

    model = checkpoint.model
    latents, indices, labels = _latents(checkpoint)
    points = np.concatenate([model.codebook.detach().float().numpy(), latents])
    found = fit(points, method, dimensions, seed=seed, progress=progress)
    trust = trustworthiness(points, found.coordinates)
    yield f"map-{method}.csv", map_table(found, use, indices)
    yield from map_figures(method, found, use, indices, labels, model.config.classes, trust)


def _latents(checkpoint: Checkpoint) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Latents that the gallery keeps, float32 (M, D), their codes int64 (M,), and their classes
    int64 (M,) or None."""
    import numpy as np

    gallery = checkpoint.gallery
    if gallery is None:
        D = checkpoint.config.embedding_dim
        return np.zeros((0, D), np.float32), np.zeros(0, np.int64), None
    labels = None if gallery.latent_labels is None else gallery.latent_labels.numpy()
    return gallery.latents.float().numpy(), gallery.latent_indices.numpy(), labels


def _csv(header: list[str], rows: Iterable[list]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
