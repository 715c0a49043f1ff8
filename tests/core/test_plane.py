"""The plane on which codes and latents are shown while they move."""

import numpy as np
import pytest

from vqvae.analysis.plane import MovingPlane


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def cloud(rng, count, dimensions=8):
    """Points that spread most along two of their axes."""
    spread = np.array([4.0, 3.0, *[0.1] * (dimensions - 2)])
    return rng.normal(size=(count, dimensions)) * spread


def test_the_plane_is_the_one_of_the_greatest_spread(rng):
    codes, latents = cloud(rng, 40), cloud(rng, 60)
    placed, among = MovingPlane().place(codes, latents)
    assert placed.shape == (40, 2) and among.shape == (60, 2) and placed.dtype == np.float32
    # Distances on the plane are those along the two wide axes, up to one scale.
    true = np.linalg.norm(codes[:10, None, :2] - codes[None, :10, :2], axis=-1)
    shown = np.linalg.norm(placed[:10, None] - placed[None, :10], axis=-1)
    rows = ~np.eye(10, dtype=bool)
    ratios = shown[rows] / true[rows]
    assert ratios.std() / ratios.mean() < 0.05
    assert np.abs(placed).max() <= 1 and np.abs(among).max() <= 1


def test_a_turned_or_mirrored_codebook_stays_where_it_was(rng):
    codes, latents = cloud(rng, 40), cloud(rng, 60)
    plane = MovingPlane()
    first, _ = plane.place(codes, latents)
    turn, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    turn[:, 0] *= -1
    second, _ = plane.place(codes @ turn, latents @ turn)
    assert np.abs(first - second).max() < 1e-4
    fresh, _ = MovingPlane().place(codes @ (-np.eye(8)), latents @ (-np.eye(8)))
    again, _ = plane.place(-codes, -latents)
    assert np.abs(again - first).max() < 1e-4
    assert fresh.shape == first.shape


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_few_dimensions_and_equal_points_have_a_place_too(rng, dimensions):
    plane = MovingPlane()
    equal = np.ones((4, dimensions))
    for points in (equal, rng.normal(size=(4, dimensions))):
        placed, among = plane.place(points, points[:2])
        assert np.isfinite(placed).all() and np.isfinite(among).all()
        assert np.allclose(placed[:2], among)


def test_a_far_point_does_not_push_the_others_together(rng):
    codes = cloud(rng, 200)
    far = np.vstack([codes, [[1e4] + [0.0] * 7]])
    placed, _ = MovingPlane().place(far, codes)
    assert placed[:-1].std() > 0.2
    assert np.abs(placed[-1]).max() == pytest.approx(1)
