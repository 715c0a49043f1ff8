"""Maps: the same seed the same map, new points where they belong, and an answer for every odd set
of points."""

import numpy as np
import pytest

from vqvae.analysis.atlas import arrange
from vqvae.analysis.projection import METHODS, ProjectionError, fit, trustworthiness


def blobs(per: int = 30, groups: int = 3, dims: int = 5, seed: int = 0) -> np.ndarray:
    """Well separated groups of points, `per` of each."""
    rng = np.random.default_rng(seed)
    centres = 20 * rng.standard_normal((groups, dims))
    return (centres.repeat(per, 0) + rng.standard_normal((per * groups, dims))).astype(np.float32)


def nearest_group(placed: np.ndarray, coordinates: np.ndarray, per: int) -> list[int]:
    return [int(np.linalg.norm(coordinates - at, axis=1).argmin()) // per for at in placed]


def test_pca_is_the_projection_onto_the_leading_eigenvectors():
    points = blobs()
    found = fit(points)
    centred = points - points.mean(0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    expected = centred @ vectors[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(found.coordinates), np.abs(expected), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.explained, (values[::-1] / values.sum())[:2], rtol=1e-4)


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_same_seed_gives_the_same_map_and_new_points_land_in_their_group(method, dimensions):
    points = blobs()
    first, again = (fit(points, method, dimensions, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    assert first.coordinates.shape == (90, dimensions)
    placed = first.place(points[[5, 40, 80]] + 0.01)
    assert placed.shape == (3, dimensions)
    assert nearest_group(placed, first.coordinates, 30) == [0, 1, 2]


def test_another_seed_gives_another_tsne():
    points = blobs(per=10)
    assert not np.array_equal(
        fit(points, "tsne", seed=0).coordinates, fit(points, "tsne", seed=1).coordinates
    )


def test_points_beyond_the_fit_are_placed_beside_their_neighbours(monkeypatch):
    from vqvae.analysis import projection

    monkeypatch.setattr(projection, "MAX_FIT", 60)
    points = blobs()
    found = fit(points, "tsne")
    assert "60" in found.note and len(found.coordinates) == 90
    groups = found.coordinates.reshape(3, 30, 2)
    spread = max(np.linalg.norm(group - group.mean(0), axis=1).max() for group in groups)
    gaps = [np.linalg.norm(a.mean(0) - b.mean(0)) for i, a in enumerate(groups) for b in groups[:i]]
    assert min(gaps) > spread


def test_progress_is_told_and_may_stop_a_fit():
    class Enough(Exception):
        pass

    told = []

    def progress(done, total, text):
        told.append((done, total))
        if done >= 50:
            raise Enough

    with pytest.raises(Enough):
        fit(blobs(), "tsne", progress=progress)
    assert all(0 <= done <= 60 for done, _ in told)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("points", "why"),
    [
        (np.zeros((1, 4)), "one point"),
        (np.ones((500, 3)), "one point"),
        (np.arange(3.0).reshape(3, 1), "3 different"),
        (np.arange(8.0).reshape(2, 4), "2 different"),
    ],
)
def test_too_few_points_for_a_method_are_drawn_by_pca_and_said(method, points, why):
    for dimensions in (2, 3):
        found = fit(points, method, dimensions)
        assert found.coordinates.shape == (len(points), dimensions)
        assert np.isfinite(found.coordinates).all() and np.isfinite(found.place(points + 1)).all()
        assert method == "pca" or (found.method == "pca" and why in found.note)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((np.full((20, 2), np.nan),), "NaN"),
        ((np.zeros((0, 3)),), "at least one point"),
        ((np.zeros(5),), "(N, D)"),
        ((blobs(), "mds"), "pca, tsne, umap"),
        ((blobs(), "pca", 4), "2 or 3"),
    ],
)
def test_what_no_map_can_be_made_of_is_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(ProjectionError) as caught:
        fit(*arguments)
    assert sentence in str(caught.value)


def test_trustworthiness_is_one_for_a_copy_and_less_for_noise():
    points = blobs()
    assert trustworthiness(points, points) == 1
    assert trustworthiness(points, np.random.default_rng(0).random((90, 2))) < 0.7
    assert trustworthiness(points[:2], points[:2, :2]) == 1


@pytest.mark.parametrize("K", [1, 2, 3, 7, 64, 300])
def test_the_atlas_holds_every_code_once(K):
    places = arrange(np.random.default_rng(0).random((K, 4)))
    assert sorted(places[places >= 0].tolist()) == list(range(K))
    assert (places[:-1] >= 0).all()  # only the last row has gaps
    np.testing.assert_array_equal(places, arrange(np.random.default_rng(0).random((K, 4))))


def test_neighbours_on_the_atlas_are_nearer_than_chance():
    vectors = np.random.default_rng(1).random((256, 3))
    sheet = vectors[arrange(vectors)]
    beside = np.linalg.norm(np.diff(sheet, axis=1), axis=-1).mean()
    chance = np.linalg.norm(vectors - np.random.default_rng(2).permutation(vectors), axis=1).mean()
    assert beside < 0.45 * chance


def test_equal_codes_have_an_atlas_too():
    assert arrange(np.ones((9, 2))).shape == (3, 3)


def test_umaps_steps_are_told_and_a_stop_leaves_nothing_locked():
    """tqdm's own bar would keep its lock; see `_steps`. UMAP itself takes too long to be fitted
    here."""
    from vqvae.analysis.projection import _steps

    class Enough(Exception):
        pass

    def stop(done, total, text):
        if done >= 10:
            raise Enough

    with pytest.raises(Enough):
        list(_steps(range(20), tell=stop, desc="Epochs completed"))
    told = []
    assert list(_steps(range(12), tell=lambda *now: told.append(now[0]))) == list(range(12))
    assert told == [0, 5, 10] and list(_steps(range(3))) == [0, 1, 2]
