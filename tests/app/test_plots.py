"""Figures: what they show is what they were given, for small, large and empty codebooks."""

import json

import numpy as np
import pytest

from demo.charts.map_plot import COLOURS, Scene, map_figure
from demo.charts.usage_plot import BARS, usage_figure


def scene(K=6, M=20, classes=("a", "b")):
    rng = np.random.default_rng(0)
    counts = np.arange(K)
    return Scene(
        counts,
        rng.integers(0, K, M),
        rng.integers(0, len(classes), M) if classes else None,
        rng.integers(-1, len(classes), K) if classes else None,
        rng.integers(0, 3, K),
        classes,
    )


def test_sorted_bars_fall_and_carry_their_codes():
    [bars] = usage_figure(np.array([3, 9, 0, 5])).data
    assert list(bars.y) == [9, 5, 3, 0] and list(bars.customdata) == [1, 3, 0, 2]
    [bars] = usage_figure(np.array([3, 9, 0, 5]), order="index", scale="log").data
    assert list(bars.y) == [3, 9, 0, 5] and list(bars.customdata) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("order", "ends"), [("sorted", ["most used", "least used"]), ("index", ["code 0", "code 3"])]
)
def test_both_ends_of_the_bars_and_the_line_across_them_are_named_inside_the_figure(order, ends):
    words = {
        note.text: note
        for note in usage_figure(np.array([3, 9, 1, 5]), order=order).layout.annotations
    }
    assert list(words) == ["equal use", *ends]
    assert [(words[end].x, words[end].xanchor) for end in ends] == [(0, "left"), (1, "right")]


@pytest.mark.parametrize(
    "counts", [np.zeros(4, int), np.array([7]), np.array([0, 12]), np.arange(16_384)]
)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_every_codebook_has_a_usage_figure(counts, scale):
    figure = usage_figure(counts, scale=scale)
    assert len(figure.data[0].y) == len(counts)
    assert (figure.data[0].type == "bar") == (len(counts) <= BARS)
    json.loads(figure.to_json())


def test_zoom_is_kept_while_the_scale_changes_and_given_up_with_the_order():
    counts = np.arange(5)
    revision = [
        usage_figure(counts, order=o, scale=s).layout.uirevision
        for o, s in (("sorted", "linear"), ("sorted", "log"), ("index", "log"))
    ]
    assert revision[0] == revision[1] != revision[2]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_map_shows_each_point_once_with_its_code(colour, dimensions):
    shown = scene()
    rng = np.random.default_rng(1)
    codes_at, latents_at = rng.random((6, dimensions)), rng.random((20, dimensions))
    figure = map_figure(codes_at, latents_at, shown, colour=colour)
    by_name = {trace.name: trace for trace in figure.data}
    assert list(by_name["encoder outputs"].customdata) == list(shown.latent_codes)
    both = [*by_name["codes"].customdata, *by_name["dead codes"].customdata]
    assert sorted(both) == list(range(6)) and list(by_name["dead codes"].customdata) == [0]
    np.testing.assert_allclose(by_name["codes"].x, codes_at[1:, 0], rtol=1e-6)
    assert (figure.layout.xaxis.title.text is None) == (dimensions == 3)


def test_a_picture_is_joined_to_the_codes_it_was_snapped_to():
    codes_at = np.array([[0.0, 0.0], [10.0, 10.0]])
    picture = np.array([[1.0, 1.0], [9.0, 8.0]])
    figure = map_figure(
        codes_at, np.zeros((0, 2)), scene(2, 0, ()), picture=picture, picture_codes=np.array([0, 1])
    )
    lines = next(trace for trace in figure.data if trace.name == "snapped to")
    np.testing.assert_allclose(
        np.array([lines.x, lines.y]).T[[0, 1, 3, 4]], [[1, 1], [0, 0], [9, 8], [10, 10]]
    )
    assert np.isnan(lines.x[2])


def test_without_counts_no_code_is_called_dead():
    shown = Scene(np.zeros(3, int), np.zeros(0, int), None, None, np.zeros(3, int), ())
    figure = map_figure(np.zeros((3, 2)), np.zeros((0, 2)), shown, colour="class")
    assert [trace.name for trace in figure.data] == ["codes"]
    [codes] = map_figure(np.zeros((3, 2)), np.zeros((0, 2)), shown, colour="usage").data
    assert not codes.marker.showscale  # a scale of one colour from 0 to 0 says nothing


def test_many_points_are_drawn_by_the_graphics_card():
    shown = scene(5_000, 0, ())
    assert map_figure(np.zeros((5_000, 2)), np.zeros((0, 2)), shown).data[0].type == "scattergl"
