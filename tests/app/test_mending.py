"""What mends a collapsed codebook: told of runs and recordings that went wrong, and put into the
form."""

import html
import io

import pytest

from demo.models.recordings import RECORDINGS
from demo.runs import files as runfiles
from demo.runs import worker
from demo.runs.driving import Commands
from demo.runs.folders import make_folder
from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS, PRESETS
from demo.runs.settings import read_form
from demo.runs.status import read_status
from demo.session import new_token
from demo.tabs.train import handlers as train
from demo.tabs.train import mending
from demo.tabs.train.form import CUSTOM
from demo.tabs.train.live import RunLive
from demo.tabs.train.view import Figures
from vqvae.data.imageset import DataError, DownloadError

COLLAPSED, HEALTHY = Figures(0.05, 12.0, 512), Figures(1.0, 300.0, 512)


def form(values):
    """Of what a handler sends to the form, the fields that it sets."""
    return {
        name: value
        for name, value in zip(train.NAMES, values, strict=True)
        if not isinstance(value, dict)
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_a_codebook_that_collapsed_under_a_bad_preset_has_something_to_mend(preset):
    values = {**DEFAULTS, **PRESETS[preset].values}
    changes = mending.mends(values, COLLAPSED)
    assert bool(changes) is not PRESETS[preset].good
    assert mending.mends({**values, **changes}, COLLAPSED) == {}
    assert mending.mends(values, HEALTHY) == mending.mends(values, None) == {}
    assert (mending.label(changes) == "") is PRESETS[preset].good


@pytest.mark.parametrize("name", RECORDINGS)
def test_of_a_recording_the_button_gives_its_preset_mended(tmp_path, name):
    jobs, visitor, recording = Jobs(tmp_path), new_token(), RECORDINGS[name]
    view = train.choose_recording(jobs, visitor, name)
    assert view.fix["visible"] is not PRESETS[recording.preset].good
    again = train.show(jobs, visitor, None, view.seen)
    assert "visible" not in again.fix
    preset, why, *fields = train.press_fix(jobs, visitor, None, view.seen)
    changes = mending.of_recording(recording)
    assert preset == CUSTOM and all(mending.NAMES[field] in html.unescape(why) for field in changes)
    assert form(fields) == {**DEFAULTS, **PRESETS[recording.preset].values, **changes}


def test_a_run_of_so_many_steps_tells_the_form_so(tmp_path):
    folder = tmp_path / "owner" / "run"
    asked = {**DEFAULTS, "dataset": "synthetic", "steps": 900}
    make_folder(folder, read_form(asked, data_dir=tmp_path), "", None, None)
    told = mending.form_of(RunLive(folder, read_status(folder)))
    assert told["steps"] == 900 and "seconds" not in told


@pytest.mark.parametrize(("error", "offered"), [(DownloadError, True), (DataError, False)])
def test_where_nothing_can_be_downloaded_the_button_leads_to_digits_that_need_no_network(
    tmp_path, monkeypatch, error, offered
):
    def fails(*_):
        raise error("There is no network.")

    jobs, visitor = Jobs(tmp_path), new_token()
    folder = tmp_path / visitor / ("0" * 16)
    asked = {**DEFAULTS, "dataset": "cifar10", "codebook_size": 64}
    make_folder(folder, read_form(asked, data_dir=tmp_path), "", None, None)
    monkeypatch.setattr(worker, "train", fails)
    monkeypatch.setattr(worker, "_lower_priority", lambda: None)
    monkeypatch.setattr(worker.os, "dup2", lambda *_: None)
    assert worker.run(folder, Commands(io.BytesIO())) == 1
    view = train.choose_run(jobs, visitor, folder.name)
    assert "There is no network." in view.said and view.fix["visible"] is offered
    if offered:
        assert view.fix["value"] == "Fix it: synthetic digits"
        _, why, *fields = train.press_fix(jobs, visitor, folder.name, view.seen)
        assert "nothing has to be downloaded" in why
        assert form(fields) == {**DEFAULTS, "dataset": "synthetic", "codebook_size": 64}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_run_tells_the_form_that_it_was_started_with(tmp_path, preset):
    asked = {**DEFAULTS, "dataset": "synthetic", "seed": 7, **PRESETS[preset].values}
    folder = tmp_path / "owner" / "run"
    make_folder(folder, read_form(asked, data_dir=tmp_path), "", None, None)
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "finished"})
    runfiles.write_atomic(
        folder / runfiles.LIVE, {"record": {"step": 9, "usage": 0.05, "perplexity": 9.0}}
    )
    live = RunLive(folder, read_status(folder))
    assert mending.form_of(live) == asked
    assert bool(mending.of_run(live)) is not PRESETS[preset].good
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "failed"})
    assert mending.of_run(RunLive(folder, read_status(folder))) == {}
