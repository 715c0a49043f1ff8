"""A run as one picture to keep."""

import base64
import io

import pytest
from PIL import Image

from demo.models.recordings import RECORDINGS
from demo.runs import files as runfiles
from demo.runs.folders import make_folder
from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS
from demo.runs.settings import read_form
from demo.session import new_token
from demo.tabs.train import handlers
from demo.tabs.train.card_parts import CURVES_TOP, HEIGHT, WIDTH


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "runs", slots=1)
    yield made
    made.close(wait=10)


def card(jobs, visitor, run_id, seen=None):
    name, content = handlers.make_card(jobs, visitor, run_id, seen)
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert picture.size == (WIDTH, HEIGHT)
    return name, picture


def ink(picture, box):
    """How many pixels of a part are not white."""
    return sum(picture.crop(box).convert("L").point(lambda level: level < 200).histogram()[1:])


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_has_a_card_with_pictures_and_curves(jobs, name):
    called, picture = card(jobs, new_token(), None, {"recording": name})
    assert called.startswith("run-recorded-") and called.endswith(".png") and " " not in called
    assert ink(picture, (48, 140, 600, 300)) > 5_000, "the pictures"
    assert ink(picture, (48, CURVES_TOP, WIDTH - 48, CURVES_TOP + 160)) > 1_000, "the curves"


def test_a_run_that_has_only_begun_has_a_card_too(jobs):
    visitor, run_id = new_token(), "0" * 16
    folder = jobs.runs / visitor / run_id
    settings = read_form({**DEFAULTS, "dataset": "synthetic"}, data_dir=jobs.runs)
    make_folder(folder, settings, "x" * 300, None, None)
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "starting"})
    called, picture = card(jobs, visitor, run_id)
    assert len(called) < 70 and ink(picture, (48, CURVES_TOP + 8, 370, CURVES_TOP + 150)) == 0


def test_of_nothing_and_of_somebody_elses_run_there_is_a_sentence(jobs):
    for run_id in ("0" * 16, "../x", None):
        name, said = handlers.make_card(jobs, new_token(), run_id, {})
        assert name == "" and said.startswith("There is no run")
