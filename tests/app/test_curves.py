"""The charts: what is drawn must be where the numbers say, whatever the numbers are."""

import math
import re
from xml.etree import ElementTree

import pytest

from demo.charts.curves import MAX_BARS, MAX_POINTS, Curve, bar_chart, line_chart, number


def points(html):
    """(x, y) of every vertex of the first line, percent from the left and from the top."""
    path = re.search(r'class="vq-line [^"]*" [^>]* d="([^"]*)"', html)[1]
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_points_lie_where_the_values_say():
    html = line_chart(
        "Usage", [0, 5, 10], [Curve("usage", [0, 25, 100])], x_max=20, y_range=(0, 100)
    )
    assert points(html) == [(0, 100), (25, 75), (50, 0)]


def test_a_log_axis_spaces_decades_evenly():
    html = line_chart("Loss", [0, 1, 2], [Curve("loss", [1.0, 0.1, 0.01])], log=True)
    ys = [y for _, y in points(html)]
    assert ys == pytest.approx([0, 50, 100])
    assert ">0.01<" in html and ">1<" in html


@pytest.mark.parametrize(
    "ys", [[], [math.nan], [None, None], [math.inf, 1.0], [0.0, 0.0], [-1.0, 2.0], [1e-12, 1e9]]
)
@pytest.mark.parametrize("log", [False, True])
def test_any_values_give_well_formed_markup_inside_the_plot(ys, log):
    html = line_chart("T", list(range(len(ys))), [Curve("v", ys)], log=log, note="nothing yet")
    ElementTree.fromstring(html)
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in points(html))
    assert "nan" not in html.lower() and "inf" not in html.lower().replace("info", "")


def test_missing_values_break_the_line():
    html = line_chart("T", [0, 1, 2, 3], [Curve("v", [1, None, 2, 3])])
    assert re.search(r' d="([^"]*)"', html)[1].count("M") == 2


def test_long_runs_draw_a_bounded_number_of_points_and_keep_the_last():
    xs = list(range(50_000))
    html = line_chart("T", xs, [Curve("v", xs)])
    assert len(points(html)) <= MAX_POINTS + 2
    assert points(html)[-1] == (100, 0)


def test_bars_are_sorted_and_scaled_by_the_even_share():
    html = bar_chart("Use", [1, 4, 1, 2])
    ElementTree.fromstring(html)
    tops = [float(t) for t in re.findall(r" 100V([\d.]+)H", html)]
    assert tops == sorted(tops), "most used first"
    assert tops[0] == 0 and tops[1] == pytest.approx(50), "half of the codes' use against a quarter"


def test_many_codes_share_bars_and_dead_codes_are_named():
    html = bar_chart("Use", [1.0] * 100 + [0.0] * 16_284)
    assert len(re.findall(r"V100Z", html)) == MAX_BARS
    assert "16284 of them hardly used" in html
    ElementTree.fromstring(bar_chart("Use", []))
    ElementTree.fromstring(bar_chart("Use", [0, math.nan, -1]))


def test_names_are_escaped():
    assert "<script>" not in line_chart("T", [0], [Curve("<script>", [1])], note="<script>")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0, "0"),
        (0.00123, "0.00123"),
        (12.345, "12.3"),
        (54_321.0, "54,321"),
        (1e-6, "1e-6"),
        (999.9, "1,000"),
    ],
)
def test_numbers_stay_short(value, text):
    assert number(value) == text
