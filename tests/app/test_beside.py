"""Two runs side by side: what differs in words, their curves over steps, and whose runs they are."""

import html
import json
import sys

import pytest

from demo.runs import files as runfiles
from demo.runs.folders import make_folder
from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS, PRESETS
from demo.runs.settings import read_form
from demo.session import new_token
from demo.tabs.train import beside, beside_view
from demo.tabs.train.form import CUSTOM, NAMES


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", ""])
    yield made
    made.close(wait=10)


def make_run(jobs, visitor, name, steps, **values):
    """A finished run with a record every ten steps."""
    form = {**DEFAULTS, "dataset": "synthetic", **values}
    folder = jobs.runs / visitor / name
    make_folder(folder, read_form(form, data_dir=jobs.runs), f"Run {name}", None, None)
    lines = [
        json.dumps({"step": step, "elapsed": step / 7, "reconstruction_loss": 1 / (1 + step),
                    "perplexity": 30.0, "usage": 0.5})
        for step in range(0, steps + 1, 10)
    ]  # fmt: skip
    (folder / runfiles.RECORDS).write_text("\n".join(lines))
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "finished"})
    return name


def test_one_difference_is_named_and_many_are_not_blamed():
    same = beside.difference(DEFAULTS, DEFAULTS)
    assert same.startswith("A and B have the same settings")
    one = beside.difference(DEFAULTS, {**DEFAULTS, "restart": False})
    assert one.startswith("One setting differs. Restart dead codes: on in A, off in B.")
    many = beside.difference(DEFAULTS, {**DEFAULTS, **PRESETS["plain"].values})
    assert (
        "settings differ, so the curves alone do not tell" in many and "comes from it" not in many
    )
    assert f"{len(PRESETS['plain'].values)} settings" in many
    named = beside.difference(DEFAULTS, {**DEFAULTS, "downsample": 8})
    assert "4 in A, 8 (coarse grid) in B" in named


def test_the_recorded_ones_are_there_at_once(jobs):
    shown = html.unescape(beside.html(jobs, None, *beside.FIRST))
    assert "Recorded: Healthy" in shown and "Codebook collapse" in shown
    assert "K-means start" in shown or "k-means" in shown
    assert shown.count('data-name="A" d="M') == shown.count('data-name="B" d="M') == 3
    assert 'data-along="steps"' in shown and " steps</span>" in shown


def test_runs_of_different_length_share_one_axis_in_steps(jobs):
    visitor = new_token()
    ids = [make_run(jobs, visitor, "0" * 16, 100), make_run(jobs, visitor, "1" * 16, 400, seed=3)]
    listed = [ident for _, ident in beside.choices(jobs, visitor)]
    assert {*ids} <= {*listed} and listed[0] == beside.FIRST[0]
    shown = html.unescape(beside.html(jobs, visitor, *ids))
    assert "One setting differs. Seed: 0 in A, 3 in B." in shown
    ends = [line.partition('"')[0].split("L")[-1].split()[0] for line in shown.split(' d="M')[1:3]]
    assert ends == ["25.00", "100.00"], "A ends at a quarter of B"


def test_a_run_of_somebody_else_is_not_shown(jobs):
    owner = new_token()
    run = make_run(jobs, owner, "0" * 16, 50)
    for visitor in (new_token(), None, ""):
        assert (
            beside.html(jobs, visitor, run, beside.FIRST[1])
            == f'<p class="vq-note">{beside.MISSING}</p>'
        )
    for strange in (None, 7, "recorded:../x", "../x", ""):
        assert beside.MISSING in beside.html(jobs, owner, strange, run)


def test_duplicate_fills_the_form_with_the_settings_of_a(jobs):
    visitor = new_token()
    run = make_run(jobs, visitor, "0" * 16, 50, codebook_size=64, seed=5)
    preset, why, *fields = beside_view.press_duplicate(jobs, visitor, run)
    asked = {**DEFAULTS, "dataset": "synthetic", "codebook_size": 64, "seed": 5}
    assert preset == CUSTOM and dict(zip(NAMES, fields, strict=True)) == asked and "run is B" in why
    _, why, *fields = beside_view.press_duplicate(jobs, new_token(), run)
    assert beside.MISSING in why and all(isinstance(field, dict) for field in fields)


def test_what_does_not_train_is_not_drawn_again(jobs):
    visitor = new_token()
    run = make_run(jobs, visitor, "0" * 16, 50)
    again = beside_view.follow(jobs, visitor, run, beside.FIRST[0])
    assert isinstance(again, dict) and "value" not in again
