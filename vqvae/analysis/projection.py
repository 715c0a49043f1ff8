"""Maps of a codebook and of encoder outputs in 2 or 3 dimensions, with the fit kept so that new
points can be placed.

Letters: N points, D their dimensions, d (2 or 3) dimensions of the map. The fitting is done by
scikit-learn (PCA), openTSNE and umap-learn; what is added here is a common shape, progress, the
same map for the same seed, and an answer for what these libraries refuse: few points, equal points,
one dimension.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from vqvae.errors import VqvaeError

METHODS = ("pca", "tsne", "umap")
TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
MAX_FIT = 4_000
"""Most points that t-SNE and UMAP are fitted to; further ones are placed by their neighbours among
these."""
FEWEST = 12
"""Fewest distinct points for t-SNE and UMAP; below, PCA is drawn instead."""
NEIGHBOURS = {"tsne": 30, "umap": 15}
EARLY_STEPS, LATE_STEPS, UMAP_EPOCHS = 100, 200, 200

Progress = Callable[[int, int, str], None]
"""progress(done, total, text), called now and then; may raise to stop the fit."""


class ProjectionError(VqvaeError, ValueError):
    """Points or settings that no map can be made of. The text says what was given and what is
    valid."""


@dataclass(frozen=True)
class Projection:
    """A fitted map. `place` puts points it has not seen onto it."""

    method: str
    dimensions: int
    seed: int
    coordinates: np.ndarray
    """float32 (N, d): where each point of the fit lies, in the order it was given."""
    explained: tuple[float, ...] = ()
    """Share of the variance along each axis, 0..1 each; only for PCA."""
    note: str = ""
    """A sentence where the map is not what was asked for, else empty."""
    _place: Callable[[np.ndarray], np.ndarray] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def can_place(self) -> bool:
        """Whether the fit is still there; a map read back from a file has only its coordinates."""
        return self._place is not None

    def place(self, points: np.ndarray) -> np.ndarray:
        """New points float (M, D) on this map: float32 (M, d). ProjectionError when the fit was not
        kept."""
        if self._place is None:
            raise ProjectionError(
                "This map was read from a file without its fit; fit it again to place new points."
            )
        return np.asarray(self._place(_checked(points)), np.float32).reshape(
            len(points), self.dimensions
        )


def fit(
    points: np.ndarray,
    method: str = "pca",
    dimensions: int = 2,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Projection:
    """Fit a map to points float (N, D).

    The same points, settings and seed give the same map. t-SNE (openTSNE, Barnes-Hut, perplexity
    30) and UMAP (15 neighbours) start from PCA. ProjectionError for unknown settings or points that
    are not finite numbers.
    Sources: van der Maaten and Hinton 2008; Poličar et al. 2024 (doi:10.18637/jss.v109.i03);
        arXiv:1802.03426.
    """
    _check_settings(method, dimensions)
    points = _checked(points)
    if method == "pca":
        return _pca(points, dimensions, seed)
    distinct = len(np.unique(points.round(6), axis=0))
    if distinct < FEWEST:
        return replace(_pca(points, dimensions, seed), note=_too_few(distinct, method))
    tell = progress or (lambda done, total, text: None)
    tell(0, 0, "Looking for neighbours")
    fit_to, note = _tsne if method == "tsne" else _umap, ""
    if len(points) <= MAX_FIT:
        coordinates, place = fit_to(points, dimensions, seed, tell)
    else:
        chosen = np.sort(np.random.default_rng(seed).choice(len(points), MAX_FIT, False))
        of_chosen, place = fit_to(points[chosen], dimensions, seed, tell)
        coordinates = _with_the_rest(points, chosen, of_chosen)
        note = (
            f"Fitted to {MAX_FIT:,} points drawn from {len(points):,}; the others lie at the mean "
            "of their nearest neighbours."
        )
    return Projection(method, dimensions, seed, coordinates, (), note, place)


def trustworthiness(
    points: np.ndarray, coordinates: np.ndarray, neighbours: int = 10, most: int = 3_000
) -> float:
    """How far the map's neighbours are neighbours in the original space too, 0..1 (Venna and Kaski
    2001).

    Measured over up to `most` points; with too few points for the measure every map is trusted: 1.
    """
    from sklearn.manifold import trustworthiness as measure

    if len(points) > most:
        chosen = np.random.default_rng(0).choice(len(points), most, False)
        points, coordinates = points[chosen], coordinates[chosen]
    neighbours = min(neighbours, (len(points) - 1) // 2)
    return 1.0 if neighbours < 1 else float(measure(points, coordinates, n_neighbors=neighbours))


# -- the three methods -----------------------------------------------------------------------------


def _pca(points: np.ndarray, dimensions: int, seed: int) -> Projection:
    from sklearn.decomposition import PCA

    kept = min(dimensions, *points.shape)
    spread = float(points.var(0).sum())
    if spread < 1e-12:  # all points are one: a variance of 0 has no shares
        mean = points.mean(0)

        def beside(new: np.ndarray) -> np.ndarray:
            return np.pad(
                (new - mean)[:, :dimensions], ((0, 0), (0, max(0, dimensions - new.shape[1])))
            )

        return Projection(
            "pca",
            dimensions,
            seed,
            np.zeros((len(points), dimensions), np.float32),
            (0.0,) * dimensions,
            "All points are the same, so they lie in one place.",
            beside,
        )
    model = PCA(kept, svd_solver="full").fit(points)

    def place(new: np.ndarray) -> np.ndarray:
        return np.pad(model.transform(new), ((0, 0), (0, dimensions - kept)))

    explained = (*model.explained_variance_ratio_.tolist(), *(0.0,) * (dimensions - kept))
    return Projection(
        "pca", dimensions, seed, place(points).astype(np.float32), explained, "", place
    )


def _start(points: np.ndarray, dimensions: int, seed: int) -> np.ndarray:
    """PCA scaled to a small spread; where it has fewer axes than the map, a little noise, or the
    axis stayed empty."""
    start = _pca(points, dimensions, seed).coordinates.astype(np.float64)
    rng = np.random.default_rng(seed)
    start = start / max(start[:, 0].std(), 1e-12)
    return 1e-4 * start + rng.normal(0, 1e-6, start.shape)


def _tsne(
    points: np.ndarray, dimensions: int, seed: int, tell: Progress
) -> tuple[np.ndarray, Callable]:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    perplexity = min(NEIGHBOURS["tsne"], (len(points) - 1) / 3)
    # One thread: sums in a fixed order make the same map, and the page keeps the other core.
    affinities = PerplexityBasedNN(points, perplexity, method="exact", random_state=seed, n_jobs=1)
    embedding = TSNEEmbedding(
        _start(points, dimensions, seed),
        affinities,
        negative_gradient_method="bh",
        random_state=seed,
        n_jobs=1,
    )
    total = EARLY_STEPS + LATE_STEPS
    for steps, before, options in (
        (EARLY_STEPS, 0, {"exaggeration": 12, "momentum": 0.5}),
        (LATE_STEPS, EARLY_STEPS, {"momentum": 0.8}),
    ):

        def each(step: int, error: float, now: np.ndarray, before: int = before) -> None:
            tell(before + step, total, "Fitting t-SNE")

        embedding = embedding.optimize(steps, callbacks=[each], callbacks_every_iters=10, **options)

    def place(new: np.ndarray) -> np.ndarray:
        if dimensions == 3:  # openTSNE's placing works in 1 and 2 dimensions
            return _by_neighbours(points, np.asarray(embedding), new)
        return np.asarray(embedding.transform(new, perplexity=min(5, perplexity)))

    return np.asarray(embedding, np.float32), place


def _steps(steps, *, tell: Progress | None = None, **_):
    """Stands in for the progress bar of umap's optimiser: the same steps, told one by one; telling
    may raise.

    The bar itself cannot be left that way: it would keep its lock, and the next fit would wait for
    it for ever.
    """
    for done, step in enumerate(steps):
        if tell is not None and done % 5 == 0:
            tell(done, UMAP_EPOCHS, "Fitting UMAP")
        yield step


def _umap(
    points: np.ndarray, dimensions: int, seed: int, tell: Progress
) -> tuple[np.ndarray, Callable]:
    import warnings

    tell(0, 0, "Preparing UMAP; the first time takes some seconds more")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on the one thread that a fixed seed asks for
        import umap.layouts
        from umap import UMAP

        umap.layouts.tqdm = _steps  # ty: ignore[invalid-assignment] (it is used as a function only)
        # numba's random generators want 32 bits.
        model = UMAP(
            n_components=dimensions,
            n_neighbors=min(NEIGHBOURS["umap"], len(points) - 1),
            n_jobs=1,
            init=10 * _start(points, dimensions, seed) / 1e-4,
            random_state=seed % 2**32,
            n_epochs=UMAP_EPOCHS,
            tqdm_kwds={"tell": tell},
        )
        coordinates = model.fit_transform(points)

    def place(new: np.ndarray) -> np.ndarray:
        model.tqdm_kwds = {}  # the page that asked for the fit no longer listens
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.transform(new)

    return np.asarray(coordinates, np.float32), place


def _by_neighbours(
    points: np.ndarray, coordinates: np.ndarray, new: np.ndarray, count: int = 5
) -> np.ndarray:
    """New points at the mean of their nearest points' places, the nearer the heavier."""
    from sklearn.neighbors import NearestNeighbors

    distances, nearest = (
        NearestNeighbors(n_neighbors=min(count, len(points))).fit(points).kneighbors(new)
    )
    weights = 1 / (distances + 1e-9)
    weights /= weights.sum(1, keepdims=True)
    return (coordinates[nearest] * weights[..., None]).sum(1)


def _too_few(distinct: int, method: str) -> str:
    found = "There is one point" if distinct == 1 else f"There are only {distinct} different points"
    return f"{found} to place, too few for {TITLES[method]} (at least {FEWEST}): this is PCA."


def _with_the_rest(points: np.ndarray, chosen: np.ndarray, of_chosen: np.ndarray) -> np.ndarray:
    """Places of all points, float32 (N, d), where those of some rows are known."""
    rest = np.setdiff1d(np.arange(len(points)), chosen)
    places = np.empty((len(points), of_chosen.shape[1]), np.float32)
    places[chosen] = of_chosen
    places[rest] = _by_neighbours(points[chosen], of_chosen, points[rest])
    return places


def _check_settings(method: str, dimensions: int) -> None:
    if method not in METHODS:
        raise ProjectionError(f"The method is {method!r}; it must be one of {', '.join(METHODS)}.")
    if dimensions not in (2, 3):
        raise ProjectionError(f"The map has {dimensions!r} dimensions; 2 or 3 are valid.")


def _checked(points: np.ndarray) -> np.ndarray:
    points = np.ascontiguousarray(points, np.float32)
    if points.ndim != 2 or not len(points) or not points.shape[1]:
        raise ProjectionError(
            f"The points have shape {points.shape}; they must be (N, D) with at least one point."
        )
    if not np.isfinite(points).all():
        raise ProjectionError(
            "Some points are NaN or infinite; the model they come from is damaged."
        )
    return points
