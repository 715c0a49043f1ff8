"""The map of a codebook in training: how it travels and how it is drawn."""

import re

import numpy as np

from demo.charts.cloud import cloud_html, pack, paths


def test_each_dot_is_drawn_in_its_layer_at_its_place():
    codes = np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0]])
    packed = pack(codes, np.array([False, True, False]), np.array([[0.5, -0.5]]))
    latents, dead, used = paths(packed)
    assert dead == "M255 0h0"  # the upper right corner
    assert used.startswith("M0 255h0") and used.count("M") == 2
    assert re.fullmatch(r"M191 19[12]h0", latents)


def test_the_drawing_says_what_its_dots_are_and_holds_its_place():
    drawn = cloud_html(pack(np.zeros((2, 2)), np.zeros(2, bool), np.zeros((1, 2))))
    for word in ("in use", "dead code", "latent"):
        assert word in drawn
    assert drawn.count("h0") == 3 + 3  # and three in the legend
    assert cloud_html("").count('d=""') == 3
