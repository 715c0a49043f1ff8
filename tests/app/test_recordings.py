"""The recorded runs of the Train tab: there, small, what they are called, and nobody's to
delete."""

import html
import re
import struct
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.charts import cloud
from demo.models import recordings
from demo.models.recordings import FOLDER, RECORDINGS
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.presets import PRESETS
from demo.session import new_token
from demo.tabs.train import handlers as train
from demo.tabs.train import recorded
from demo.tabs.train import view as train_view
from demo.tabs.train.live import RunLive
from demo.web.served.recordings import recordings_route
from vqvae.collapse import collapsed

SAID = {
    "healthy": "Codebook healthy: 512 of 512 codes",
    "plain": "Codebook collapse: ",
    "shrink": "Codebook collapse: ",
}


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", ""])
    yield made
    made.close(wait=10)


@pytest.fixture(params=RECORDINGS)
def recording(request):
    return recordings.present()[request.param]


def test_a_recording_ends_as_it_is_called(recording):
    figures = RunLive(recording.folder, recording.status).figures()
    ended = collapsed(figures.usage, figures.perplexity, figures.codebook_size)
    assert ended == recording.title.startswith("Collapsed")
    assert (figures.usage > 0.9) == (recording.title == "Healthy")
    said = html.unescape(recorded.parts(recording.name).said)
    assert SAID[recording.name] in said and recording.look in said
    assert "A recording, not a run of yours" in said and "MNIST digits in 30 s" in said


def test_the_codebook_tab_would_call_it_the_same(recording):
    import torch

    from vqvae.analysis.statistics import UsageCounts, verdict

    figures = RunLive(recording.folder, recording.status).figures()
    for used in range(2, figures.codebook_size + 1, 10):
        counts = torch.tensor([7] * used + [0] * (figures.codebook_size - used))
        use = UsageCounts(counts, counts[None], None, 1)
        said = train_view.verdict(figures._replace(usage=use.usage, perplexity=use.perplexity))
        assert said.startswith(
            {"good": "Codebook healthy", "fair": "Many dead", "bad": "Codebook coll"}[
                verdict(use)[0]
            ]
        )


def test_its_curves_are_complete(recording):
    records = runfiles.read_records(recording.folder)
    assert len(records) > 60 and 29 < records[-1]["elapsed"] < 35
    drawn = recorded.parts(recording.name).charts
    assert all(
        re.search(rf'data-name="{name}" d="M[^"]{{200}}', drawn)
        for name in ("reconstruction", "perplexity", "usage")
    )
    assert len(runfiles.read_json(recording.folder / runfiles.LIVE)["counts"]) == 512
    assert PRESETS[recording.preset].good == (recording.title == "Healthy")


def test_its_sheet_has_a_row_for_each_moment_and_they_get_sharper(recording):
    moments, header = recording.moments, (recording.folder / recordings.SHEET).read_bytes()[:24]
    assert struct.unpack(">II", header[16:]) == (28 * recording.pictures, 28 * (len(moments) + 1))
    shown = recorded.parts(recording.name).pictures
    assert (
        f"--rows:{len(moments) + 1};--row:{len(moments)};" in shown
        and f'max="{len(moments)}"' in shown
    )
    for one in moments:
        assert all(cloud.paths(one["map"])[::2]), "a moment without latents or codes in use"
    assert len(moments) > 15 and moments[-1]["mse"] < moments[0]["mse"] / 4
    assert [one["elapsed"] for one in moments] == sorted(one["elapsed"] for one in moments)


def test_all_together_are_small_and_hold_no_model_and_no_place_of_the_machine():
    files = [file for file in FOLDER.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 450_000
    assert {file.suffix for file in files} == {".json", ".jsonl", ".png"}
    assert not any(b"data_dir" in file.read_bytes() for file in files if file.suffix != ".png")


def test_whoever_has_not_trained_sees_the_healthy_one_and_may_choose(jobs):
    visitor = new_token()
    view = train.find_run(jobs, visitor)
    assert (
        "Codebook healthy" in view.said
        and "vq-recorded" in view.charts
        and "recordings/" in view.pictures
    )
    assert (
        view.recordings["visible"]
        and view.recordings["value"] == "healthy"
        and not view.timer["active"]
    )
    for name in ("plain", "shrink"):
        view = train.choose_recording(jobs, visitor, name)
        assert SAID[name] in view.said and view.recordings["value"] == name
        again = train.show(jobs, visitor, view.run_id, view.seen)
        assert again.seen == view.seen, "it stays, whatever is pressed that shows no run"
        assert not any(
            isinstance(part, str) for part in (again.status, again.pictures, again.charts)
        )
    assert "Codebook healthy" in train.choose_recording(jobs, visitor, "../plain").said


def test_an_experiment_shows_its_recording_but_takes_no_run_off_the_page(jobs, monkeypatch):
    visitor = new_token()

    def shows(preset, run_id=None):
        return train.choose_experiment(jobs, visitor, run_id, preset).seen.get("recording")

    assert (
        shows("plain") == "plain" and shows("shrink") == "shrink" and shows("minute") == "healthy"
    )
    assert shows("tiny") is None and shows("custom") is None and shows(None) is None
    over = "0" * 16
    assert shows("minute", over) is None and shows("plain", over) == "plain"
    monkeypatch.setattr(train, "runs_of", lambda *_: [SimpleNamespace(active=True)])
    assert shows("plain") is None


def test_a_recording_is_no_run_of_the_visitors(jobs):
    visitor = new_token()
    view = train.choose_recording(jobs, visitor, "plain")
    assert view.runs["choices"] == [] and view.runs["value"] is None and view.run_id is None
    assert not any(
        button["interactive"] for button in (view.hold, view.stop, view.use, view.delete)
    )
    for command in (train.press_hold, train.press_stop, train.press_delete):
        assert "not here" in command(jobs, visitor, "plain", view.seen).problem
    assert all(one.folder.is_dir() for one in RECORDINGS.values())


def test_without_its_files_the_tab_is_as_before(jobs, monkeypatch):
    monkeypatch.setattr(recordings, "present", dict)
    view = train.find_run(jobs, new_token())
    assert "No run yet" in view.status and not view.recordings["visible"]


def test_files_that_are_not_there_are_no_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)
    recordings.present.cache_clear()
    assert recordings.present() == {} and recordings.find("plain") is None
    recordings.present.cache_clear()


def test_the_pictures_are_fetched_once(recording):
    client = TestClient(Starlette(routes=[recordings_route()]))
    address = recordings.address(recording)
    assert not address.startswith("/"), "the page may lie below a sub-path"
    assert address in recorded.parts(recording.name).pictures
    answer = client.get(f"/{address}")
    assert answer.content == (recording.folder / recordings.SHEET).read_bytes()
    assert (
        answer.headers["content-type"] == "image/png"
        and "immutable" in answer.headers["cache-control"]
    )
    other = address.replace(address.split("/")[1], "0" * 16)
    assert client.get(f"/{other}").status_code == 404
    assert client.get(f"/recordings/{address.split('/')[1]}/..%2fjob.json").status_code == 404


def test_a_recording_is_told_by_its_words(recording):
    changed = replace(recording, look="<b>")
    said = recorded.said_html(changed, RunLive(recording.folder, recording.status))
    assert "&lt;b&gt;" in said
