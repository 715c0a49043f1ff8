"""The Train tab's settings, presets and handlers, called as the plain functions they are."""

import html
import math
import sys
import time

import pytest

from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS, FIELDS, PRESETS, preset_values
from demo.runs.settings import SettingsError, check_memory, field_of, memory_estimate, read_form
from demo.runs.status import Phase, Status
from demo.session import new_token
from demo.settings import Settings
from demo.tabs.train import handlers as train
from demo.tabs.train import view as train_view
from demo.tabs.train.form import about_choice, fit_sizes
from vqvae.quantizers import ABOUT, QUANTIZERS

GB = 2**30

# A worker that "trains" two steps, draws once, and leaves a model behind when it is told to stop.
STAND_IN = """
import json, sys
from pathlib import Path
from demo.runs import files as runfiles
run = sys.stdin.readline().strip()
if not run:
    sys.exit(75)
run = Path(run)
lock = runfiles.Lock(run)
lock.take(wait=3)
say = lambda phase: runfiles.write_atomic(run / runfiles.STATE, {"phase": phase})
record = {"step": 2, "elapsed": 1.0, "remaining": 59.0, "images_per_second": 1234.0, "reconstruction_loss": 0.5,
          "codebook_loss": 0.1, "commitment_loss": 0.1, "perplexity": 400.0, "usage": 0.98}
lines = [json.dumps({**record, "step": step, "elapsed": step / 2}) for step in (1, 2)]
(run / runfiles.RECORDS).write_text(chr(10).join(lines))
(run / runfiles.PREVIEW).write_bytes(b"png")
runfiles.write_atomic(run / runfiles.LIVE, {"record": record, "counts": [1.0] * 512, "drawn": 1, "pictures": 10,
                                            "mse": 0.01})
say("training")
for line in sys.stdin:
    if line.strip() == "stop":
        (run / runfiles.CHECKPOINT).mkdir()
        (run / runfiles.CHECKPOINT / "model.safetensors").write_bytes(b"")
        say("stopped")
        break
    say({"pause": "paused", "resume": "training"}[line.strip()])
"""


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", STAND_IN])
    yield made
    made.close(wait=10)


def press(jobs, visitor, tmp_path, run=None, **values):
    fields = [form(**values)[name] for name in train.NAMES]
    return train.press_train(
        jobs, Settings(data_dir=tmp_path), visitor, run, None, None, 32, True, "", *fields
    )


def look(jobs, visitor, view, phase):
    """Poll as the page's timer does until the run is in a phase; the view that brought it."""
    deadline = time.monotonic() + 60
    while jobs.status(visitor, view.run_id).phase != phase:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return train.show(jobs, visitor, view.run_id, view.seen)


def is_skip(value):
    return (
        isinstance(value, dict)
        and "value" not in value
        and "choices" not in value
        and "active" not in value
    )


def test_a_run_from_the_button_to_the_model_picker(jobs, tmp_path):
    visitor = new_token()
    started = press(jobs, visitor, tmp_path)
    assert started.timer["active"] and started.problem == ""
    view = look(jobs, visitor, started, "training")
    assert "1,234" in view.status and "512 codes" in view.charts and "base64" in view.pictures
    assert (
        view.hold["value"] == "Pause" and view.stop["interactive"] and not view.reset["interactive"]
    )
    again = train.show(jobs, visitor, view.run_id, view.seen)
    assert all(
        map(
            is_skip,
            (again.status, again.charts, again.pictures, again.runs, again.done, again.problem),
        )
    )

    train.press_hold(jobs, visitor, view.run_id, view.seen)
    paused = look(jobs, visitor, view, "paused")
    assert paused.hold["value"] == "Resume"
    train.press_hold(jobs, visitor, view.run_id, paused.seen)
    resumed = look(jobs, visitor, paused, "training")
    train.press_stop(jobs, visitor, view.run_id, resumed.seen)
    stopped = look(jobs, visitor, resumed, "stopped")
    assert stopped.done["active"] and not stopped.timer["active"] and stopped.use["interactive"]
    assert (
        stopped.runs["choices"][0][1] == view.run_id and "stopped" in stopped.runs["choices"][0][0]
    )

    asked = train.press_delete(jobs, visitor, view.run_id, stopped.seen)
    assert asked.delete["value"] == "Delete for good?" and len(jobs.list_runs(visitor)) == 1, (
        "nothing brings a run back"
    )
    kept = train.show(jobs, visitor, view.run_id, asked.seen)
    assert kept.seen["sure"] == view.run_id and is_skip(kept.delete), (
        "a look at it does not take the question back"
    )
    elsewhere = train.choose_run(jobs, visitor, view.run_id)
    assert elsewhere.delete["value"] == "Delete" and "sure" not in elsewhere.seen
    for _ in range(200):  # its process may take a moment to end
        gone = train.press_delete(jobs, visitor, view.run_id, kept.seen)
        if not gone.problem:
            break
        time.sleep(0.05)
    assert (
        jobs.list_runs(visitor) == [] and gone.run_id is None and gone.delete["value"] == "Delete"
    )


def test_two_clicks_of_one_visitor_show_one_run(jobs, tmp_path):
    visitor = new_token()
    first, second = press(jobs, visitor, tmp_path), press(jobs, visitor, tmp_path)
    assert (
        first.run_id == second.run_id and second.problem == "" and len(jobs.list_runs(visitor)) == 1
    )


def test_a_machine_with_enough_to_do_says_so_beside_the_button(jobs, tmp_path, monkeypatch):
    monkeypatch.setattr("demo.runs.places.MAX_ALL", 1)
    press(jobs, new_token(), tmp_path)
    view = press(jobs, new_token(), tmp_path)
    assert "1 runs of all visitors" in view.problem and view.run_id is None


def test_a_page_that_outlived_its_server_is_shown_its_run_again(jobs, tmp_path):
    visitor = new_token()
    run = press(jobs, visitor, tmp_path).run_id
    look(jobs, visitor, train.find_run(jobs, visitor), "training")
    # What a gr.State held is gone with the old server; the list, with the run on show, is the
    # browser's.
    view = train.show(jobs, visitor, run, None)
    assert view.run_id == run and view.timer["active"] and "Training" in view.status


def test_a_reload_finds_the_run_and_a_stranger_does_not(jobs, tmp_path):
    visitor = new_token()
    run = press(jobs, visitor, tmp_path).run_id
    look(jobs, visitor, train.find_run(jobs, visitor), "training")
    assert train.find_run(jobs, visitor).run_id == run
    assert train.find_run(jobs, new_token()).run_id is None
    assert train.show(jobs, new_token(), run, None).run_id is None, (
        "knowing the id of a run is not enough"
    )


def test_a_bad_field_starts_nothing_and_is_named(jobs, tmp_path):
    visitor = new_token()
    view = press(jobs, visitor, tmp_path, codebook_size=None)
    assert "Codebook size K is empty" in view.problem and jobs.list_runs(visitor) == []
    view = press(jobs, visitor, tmp_path, dataset="<script>")
    assert "<script>" not in view.problem and "&lt;script&gt;" in view.problem
    assert "reload" in press(jobs, None, tmp_path).problem


def test_commands_for_a_run_that_is_gone_are_a_sentence(jobs):
    for command in (train.press_hold, train.press_stop, train.press_delete):
        assert "not here" in command(jobs, new_token(), "0" * 16, None).problem


def test_reset_gives_every_field_a_value(jobs):
    assert len(train.press_reset(jobs, new_token())) == len(train.View._fields) + 2 + len(
        train.NAMES
    )


def form(**values):
    return {**DEFAULTS, **values}


def test_the_defaults_are_those_of_the_command_line(tmp_path):
    from vqvae.config import ModelConfig, TrainingConfig

    settings = read_form(form(), data_dir=tmp_path)
    assert settings.model == ModelConfig()
    assert settings.training == TrainingConfig(dataset="mnist", data_dir=str(tmp_path), seconds=60)


def test_a_budget_in_steps_takes_the_place_of_the_clock(tmp_path):
    training = read_form(form(steps=500), data_dir=tmp_path).training
    assert training.steps == 500 and training.seconds is None
    assert read_form(form(steps=0), data_dir=tmp_path).training.seconds == 60


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_is_a_valid_form(key, tmp_path):
    values = preset_values(key)
    assert set(values) | {"dataset"} == set(DEFAULTS)
    read_form({**DEFAULTS, **values}, data_dir=tmp_path)
    assert PRESETS[key].why.endswith(".")


def test_two_presets_are_bad_on_purpose():
    assert sum(not preset.good for preset in PRESETS.values()) == 2


NUMBERS = [
    field.name for field in FIELDS if not field.choices and not isinstance(field.default, bool)
]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value",
    [None, "", "many", -1, 1e12, math.nan, math.inf, True, [], 10**400],
    ids=["none", "empty", "text", "below", "huge", "nan", "infinite", "bool", "list", "integer"],
)
def test_a_bad_number_is_refused_with_a_sentence_that_names_the_field(name, value, tmp_path):
    label = next(field.label for field in FIELDS if field.name == name)
    if name == "seed" and value == 1e12:
        return
    with pytest.raises(SettingsError) as caught:
        read_form(form(**{name: value}), data_dir=tmp_path)
    text = str(caught.value)
    assert field_of(text) == name
    assert (
        text.startswith(label.removesuffix(", seconds"))
        and "number from" in text
        and len(text) < 300
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"codebook_size": 10**9},
            "Codebook size K is 1,000,000,000; it must be a whole number from 2 to 16,384",
        ),
        ({"codebook_size": 12.5}, "Codebook size K is 12.5; it must be a whole number"),
        (
            {"batch_size": 10**7},
            "Batch size is 10,000,000; it must be a whole number from 1 to 65,536",
        ),
        (
            {"hidden_channels": 10**5},
            "Hidden channels is 100,000; it must be a whole number from 8 to 1,024",
        ),
        ({"dataset": "/etc/passwd"}, "Images to learn is '/etc/passwd'; it must be one of mnist"),
        ({"downsample": 3}, "it must be one of 2, 4, 8"),
        ({"downsample": 8}, "28 pixels cannot be divided"),
        ({"kmeans_start": "yes"}, "it must be on or off"),
        ({"dataset": "own"}, "but there are none: upload a zip"),
        (
            {"prior_seconds": 0.05},
            "Prior training time is 0.05 seconds; give it at least a second, or 0 to train none.",
        ),
    ],
)
def test_the_sentence_says_what_was_given_and_what_is_valid(values, expected, tmp_path):
    with pytest.raises(SettingsError) as caught:
        read_form(form(**values), data_dir=tmp_path)
    assert expected in str(caught.value)


@pytest.mark.parametrize("quantizer", QUANTIZERS)
@pytest.mark.parametrize(
    ("dataset", "codebook_size"), [("mnist", 512), ("cifar10", 509), ("mnist", 2)]
)
def test_choosing_a_quantizer_fills_in_sizes_that_it_can_have(
    quantizer, dataset, codebook_size, tmp_path
):
    sizes = dict(
        zip(
            ("codebook_size", "embedding_dim"),
            fit_sizes(quantizer, codebook_size, dataset),
            strict=True,
        )
    )
    model = read_form(form(dataset=dataset, quantizer=quantizer, **sizes), data_dir=tmp_path).model
    assert model.quantizer == quantizer and model.codebook_size == sizes["codebook_size"]
    assert ABOUT[quantizer].sentence in html.unescape(about_choice("quantizer", quantizer))


def test_sizes_are_left_alone_where_there_is_nothing_to_fit():
    assert "" in about_choice("quantizer", None)
    for quantizer, codebook_size in (
        ("magic", 512),
        ("lfq", None),
        ("lfq", 10**9),
        ("lfq", "many"),
    ):
        assert all(isinstance(size, dict) for size in fit_sizes(quantizer, codebook_size, "mnist"))


def test_sizes_that_cannot_be_are_refused_in_the_forms_own_words(tmp_path):
    with pytest.raises(
        SettingsError,
        match=r"^Codebook size K 500 and Code length D 8 do not go together with "
        r"quantizer lfq; the nearest that do are Codebook size K 512 and Code length D 9\.",
    ):
        read_form(form(quantizer="lfq", codebook_size=500), data_dir=tmp_path)


def test_absurd_settings_are_refused_by_the_memory_they_would_need(tmp_path):
    with pytest.raises(SettingsError, match=r"need about [\d.]+ GB of memory"):
        read_form(form(hidden_channels=1024, batch_size=65_536), data_dir=tmp_path)
    settings = read_form(form(), data_dir=tmp_path)
    assert 0.3 * GB < memory_estimate(settings) < 2 * GB
    check_memory(settings, available=4 * GB)
    with pytest.raises(SettingsError, match="lower the batch size"):
        check_memory(settings, available=GB // 2)


def test_own_images_take_the_size_and_colour_asked_for(tmp_path):
    settings = read_form(
        form(dataset="own", downsample=8),
        data_dir=tmp_path,
        own=tmp_path / "cats.zip",
        own_size=64,
        own_colour=True,
    )
    assert (settings.model.channels, settings.model.height, settings.model.grid) == (3, 64, (8, 8))
    with pytest.raises(SettingsError, match="Size of my images is 31"):
        read_form(form(dataset="own"), data_dir=tmp_path, own=tmp_path / "cats.zip", own_size=31)


def status(phase="training", text=""):
    return Status("0" * 16, "MNIST", Phase(phase), text, 0.0, 60.0, False)


def test_the_status_line_says_phase_time_left_and_speed():
    html = train_view.status_html(
        status(),
        {
            "elapsed": 12.0,
            "remaining": 48.0,
            "images_per_second": 5400.0,
            "step": 512,
            "usage": 1.0,
        },
    )
    for part in ("Training", "12 s", "48 s", "5,400", "512", "width:20.0%"):
        assert part in html
    assert train_view.status_html(None, None) and "Press Train" in train_view.said_html(None, None)


def test_collapse_is_called_by_its_name():
    record = {
        "elapsed": 1.0,
        "remaining": 1.0,
        "images_per_second": 1.0,
        "step": train_view.SETTLED_STEPS,
    }
    bad, good = train_view.Figures(0.11, 40.0, 512), train_view.Figures(0.9, 300.0, 512)
    assert "Codebook collapse: 56 of 512" in train_view.said_html(status(), record, bad)
    assert "Codebook collapse" not in train_view.said_html(status(), record, good)
    begun = {**record, "step": 3}
    assert "Codebook collapse" not in train_view.said_html(status(), begun, bad), (
        "it has only just begun to count"
    )
    assert "Codebook collapse" in train_view.said_html(status("finished"), begun, bad), (
        "however short the run was"
    )


def test_a_healthy_codebook_of_blurred_pictures_is_no_success():
    sharp, grey = (train_view.Figures(1.0, 5, 7, psnr) for psnr in (20.0, 9.8))
    assert train_view.verdict(sharp).endswith("with a perplexity of 5 in training.")
    assert "still blurred (9.8 dB): train longer." in train_view.verdict(grey)


def test_a_run_and_the_codebook_tab_call_the_same_codebook_collapsed():
    import torch

    from vqvae.analysis.statistics import UsageCounts, verdict

    for used in range(1, 65):
        counts = torch.tensor([7] * used + [0] * (64 - used))
        use = UsageCounts(counts, counts[None], None, 1)
        figures = train_view.Figures(use.usage, use.perplexity, 64)
        said = train_view.said_html(status("finished"), {"step": 9}, figures)
        assert ("Codebook collapse" in said) == (verdict(use)[0] == "bad"), used


def test_what_a_run_measured_at_its_end_is_what_its_sentence_counts(tmp_path):
    from demo.runs import files as runfiles
    from demo.tabs.train.live import RunLive

    runfiles.write_atomic(tmp_path / runfiles.JOB, {"model": {"codebook_size": 64}})
    runfiles.write_atomic(
        tmp_path / runfiles.LIVE, {"record": {"step": 50, "usage": 1.0, "perplexity": 60.0}}
    )
    assert RunLive(tmp_path, status()).figures() == train_view.Figures(1.0, 60.0, 64)
    (tmp_path / runfiles.CHECKPOINT).mkdir()
    runfiles.write_atomic(
        tmp_path / runfiles.CHECKPOINT / "metrics.json", {"usage": 0.1, "perplexity": 5.0}
    )
    assert RunLive(tmp_path, status("finished")).figures() == train_view.Figures(
        0.1, 5.0, 64, measured=True
    )
    assert RunLive(None, None).figures() is None


def test_each_loss_explains_itself_and_no_time_left_is_not_told():
    from demo.text import GLOSSARY

    html = train_view.charts_html([], [], 512, 60)
    for word in ("reconstruction loss", "codebook loss", "commitment loss"):
        assert GLOSSARY[word] in html.replace("&#x27;", "'"), word
    html = train_view.charts_html([{"elapsed": 1.0, "reconstruction_loss": 0.0125}], [], 512, 60)
    assert (
        '<span data-term="reconstruction">' in html
        and "<b>0.0125</b>" in html.partition("vq-loss-sum")[2]
    )
    html = train_view.status_html(
        status(), {"elapsed": 60.0, "remaining": 0.0, "images_per_second": 1.0, "step": 9}
    )
    assert "left" not in html


def test_texts_of_others_are_shown_as_text():
    html = train_view.said_html(status("failed", "<img src=x onerror=alert(1)>"), None)
    assert "<img" not in html and "&lt;img" in html


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (9.44, "9.4 s"),
        (42, "42 s"),
        (60, "1 min"),
        (185, "3 min 05 s"),
        (7620, "2 h 07 min"),
        (7205, "2 h"),
    ],
)
def test_clock(seconds, text):
    assert train_view.clock(seconds) == text


def test_pictures_reserve_their_place_before_there_are_any():
    html = train_view.pictures_html(b"", (28, 28), 0, None)
    assert "--sprite:none" in html and html.count("vq-pair") == train_view.PICTURES
    assert "26.0 dB" in train_view.pictures_html(b"png", (28, 28), 8, 10**-2.6)
