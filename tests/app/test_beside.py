"""Two runs side by side: started and held together, what differs in words, their curves over steps,
what came of them, and whose they are."""

import base64
import html
import io
import json
import sys

import pytest
from PIL import Image

from demo.runs import files as runfiles
from demo.runs.folders import make_folder
from demo.runs.jobs import Jobs
from demo.runs.presets import DEFAULTS, PRESETS
from demo.runs.settings import read_form
from demo.session import new_token
from demo.settings import Settings
from demo.tabs.train.bar import CUSTOM
from demo.tabs.train.beside import handlers, sides
from demo.tabs.train.card_parts import ACCENT, HEIGHT, SECOND, WIDTH
from demo.tabs.train.form import NAMES
from tests.stand_in import SETTINGS, STAND_IN, until


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "runs", slots=1, command=[sys.executable, "-c", STAND_IN])
    yield made
    made.close(wait=10)


def drawn(jobs, visitor, a, b):
    """What the page shows of the two, as text."""
    view = handlers.show(jobs, visitor, a, b, None)
    return html.unescape(view.view + view.charts)


def press(jobs, visitor, a=None, b=None, seen=None, *, name="codebook_size", value="16",
          steps=400, **form):  # fmt: skip
    """(A, B, what is shown) after Train both."""
    fields = [{**DEFAULTS, "dataset": "synthetic", **form}[one] for one in NAMES]
    settings, own = Settings(data_dir=jobs.runs), (None, 32, True, "")
    made = handlers.press_both(
        jobs, settings, visitor, a, b, seen, name, value, steps, *own, *fields
    )
    return *(one.get("value") for one in made[:2]), handlers.Shown(*made[2:])


def phases(jobs, visitor, *ids):
    return [str(jobs.status(visitor, one).phase) for one in ids]


def finish(jobs, visitor, run, psnr, steps, usage=0.9, codebook_size=512):
    """What a training leaves behind."""
    folder = jobs.folder(visitor, run)
    (folder / runfiles.CHECKPOINT).mkdir(exist_ok=True)
    figures = {"psnr": psnr, "usage": usage, "perplexity": usage * codebook_size}
    runfiles.write_atomic(folder / runfiles.CHECKPOINT / "metrics.json", figures)
    record = {"step": steps, "elapsed": 1.0, "reconstruction_loss": 10 ** (-psnr / 10)}
    (folder / runfiles.RECORDS).write_text(json.dumps(record))


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
    same = sides.difference(DEFAULTS, DEFAULTS)
    assert same.startswith("A and B have the same settings")
    one = sides.difference(DEFAULTS, {**DEFAULTS, "restart": False})
    assert one.startswith("One setting differs. Restart dead codes: on in A, off in B.")
    many = sides.difference(DEFAULTS, {**DEFAULTS, **PRESETS["plain"].values})
    assert (
        "settings differ, so the curves alone do not tell" in many and "comes from it" not in many
    )
    assert f"{len(PRESETS['plain'].values)} settings" in many
    named = sides.difference(DEFAULTS, {**DEFAULTS, "downsample": 8})
    assert "4 in A, 8 (coarse grid) in B" in named


def test_the_recorded_ones_are_there_at_once(jobs):
    shown = drawn(jobs, None, *sides.FIRST)
    assert "Recorded: Healthy" in shown and "Codebook collapse" in shown
    assert "K-means start" in shown or "k-means" in shown
    assert shown.count('data-name="A" d="M') == shown.count('data-name="B" d="M') == 3
    assert 'data-along="steps"' in shown and " steps</span>" in shown


def test_runs_of_different_length_share_one_axis_in_steps(jobs):
    visitor = new_token()
    ids = [make_run(jobs, visitor, "0" * 16, 100), make_run(jobs, visitor, "1" * 16, 400, seed=3)]
    listed = [ident for _, ident in sides.choices(jobs, visitor)]
    assert {*ids} <= {*listed} and listed[0] == sides.FIRST[0]
    shown = drawn(jobs, visitor, *ids)
    assert "One setting differs. Seed: 0 in A, 3 in B." in shown
    ends = [line.partition('"')[0].split("L")[-1].split()[0] for line in shown.split(' d="M')[1:3]]
    assert ends == ["25.00", "100.00"], "A ends at a quarter of B"


def test_a_run_of_somebody_else_is_not_shown(jobs):
    owner = new_token()
    run = make_run(jobs, owner, "0" * 16, 50)
    for visitor in (new_token(), None, ""):
        said = drawn(jobs, visitor, run, sides.FIRST[1])
        assert said == f'<p class="vq-note">{sides.MISSING}</p>'
    for strange in (None, 7, "recorded:../x", "../x", ""):
        assert sides.MISSING in drawn(jobs, owner, strange, run)


def test_duplicate_fills_the_form_with_the_settings_of_a(jobs):
    visitor = new_token()
    run = make_run(jobs, visitor, "0" * 16, 50, codebook_size=64, seed=5)
    preset, why, *fields = handlers.press_duplicate(jobs, visitor, run)
    asked = {**DEFAULTS, "dataset": "synthetic", "codebook_size": 64, "seed": 5}
    assert (
        preset == CUSTOM
        and dict(zip(NAMES, fields, strict=True)) == asked
        and "how B differs" in why
    )
    _, why, *fields = handlers.press_duplicate(jobs, new_token(), run)
    assert sides.MISSING in why and all(isinstance(field, dict) for field in fields)


def test_one_press_starts_both_and_a_second_one_shows_them(jobs):
    visitor = new_token()
    a, b, view = press(jobs, visitor)
    until(lambda: phases(jobs, visitor, a, b) == ["training", "training"])
    made = [runfiles.read_json(jobs.folder(visitor, one) / runfiles.JOB) for one in (a, b)]
    assert [one["model"]["codebook_size"] for one in made] == [512, 16]
    assert [one["training"]["steps"] for one in made] == [400, 400] and view.problem == ""
    assert made[0]["training"] == made[1]["training"], "same images, seed and steps"
    again = press(jobs, visitor, a, b, view.seen)
    assert again[:2] == (a, b) and len(jobs.list_runs(visitor)) == 2
    for other in ({"value": "64"}, {"steps": 300}, {"learning_rate": 0.001}):
        *pickers, refused = press(jobs, visitor, a, b, view.seen, **other)
        assert "The earlier A and B are still in training" in refused.problem
        assert pickers == [None, None] and len(jobs.list_runs(visitor)) == 2
    assert "One setting differs. Codebook size K: 512 in A, 16 in B." in drawn(jobs, visitor, a, b)


def test_both_pause_step_resume_and_stop_together(jobs):
    visitor = new_token()
    a, b, view = press(jobs, visitor)
    until(lambda: phases(jobs, visitor, a, b) == ["training"] * 2)
    view = handlers.show(jobs, visitor, a, b, view.seen)
    assert view.hold["value"] == "Pause both" and not view.step["interactive"]
    handlers.press_hold(jobs, visitor, a, b, view.seen)
    until(lambda: phases(jobs, visitor, a, b) == ["paused"] * 2)
    view = handlers.show(jobs, visitor, a, b, view.seen)
    assert view.hold["value"] == "Resume both" and view.step["interactive"]
    assert handlers.press_step(jobs, visitor, a, b, view.seen).problem == ""
    jobs.resume(visitor, b)  # as the other view does, which knows of one run only
    until(lambda: phases(jobs, visitor, b) == ["training"])
    view = handlers.show(jobs, visitor, a, b, view.seen)
    assert view.hold["value"] == "Pause both" and "A paused, B training" in view.head
    handlers.press_hold(jobs, visitor, a, b, view.seen)
    until(lambda: phases(jobs, visitor, a, b) == ["paused"] * 2)
    handlers.press_hold(jobs, visitor, a, b, view.seen)
    until(lambda: phases(jobs, visitor, a, b) == ["training"] * 2)
    handlers.press_stop(jobs, visitor, a, b, view.seen)
    until(lambda: phases(jobs, visitor, a, b) == ["stopped"] * 2)
    view = handlers.show(jobs, visitor, a, b, view.seen)
    assert not view.timer["active"] and not view.stop["interactive"]


def test_what_stands_in_the_way_of_a_pair_is_one_sentence_and_loses_nothing(jobs):
    visitor = new_token()
    *_, bad = press(jobs, visitor, *sides.FIRST, value="512")
    assert "B would be the same as A" in bad.problem and jobs.list_runs(visitor) == []
    *_, bad = press(jobs, visitor, *sides.FIRST, codebook_size=None)
    assert "Codebook size K is empty" in bad.problem and bad.problem.count("<p") == 1
    for n in range(3):
        jobs.start(visitor, SETTINGS, f"run {n}")
    a, b, busy = press(jobs, visitor, *sides.FIRST)
    assert (
        "3 of your runs are waiting or training already" in busy.problem and (a, b) == (None,) * 2
    )
    assert len(jobs.list_runs(visitor)) == 3


def test_a_page_that_opens_shows_the_two_that_train_unless_it_asks_for_others(jobs):
    visitor = new_token()
    a, b, _ = press(jobs, visitor)
    mode, *found = handlers.find(jobs, visitor, "one", *sides.FIRST)
    assert mode == "two" and [one["value"] for one in found[:2]] == [a, b]
    mode, *found = handlers.find(jobs, visitor, "one", sides.FIRST[1], sides.FIRST[0])
    assert mode == "one" and [one["value"] for one in found[:2]] == [*sides.FIRST[::-1]]
    mode, *found = handlers.find(jobs, new_token(), "one", *sides.FIRST)
    assert mode == "one" and found[0]["value"] == sides.FIRST[0]


def test_the_verdict_counts_what_is_equal_and_says_what_is_not(jobs):
    visitor = new_token()
    a = make_run(jobs, visitor, "0" * 16, 400)
    b = make_run(jobs, visitor, "1" * 16, 400, seed=3)
    assert "After" not in drawn(jobs, visitor, a, b), "nothing is measured yet"
    finish(jobs, visitor, a, 21.5, 400)
    finish(jobs, visitor, b, 24.0, 400)
    said = drawn(jobs, visitor, a, b)
    assert "After 400 steps each, on test images: A 21.5 dB, B 24.0 dB. B is 2.5 dB nearer" in said
    finish(jobs, visitor, b, 21.55, 400)
    assert "no difference to speak of" in drawn(jobs, visitor, a, b)
    finish(jobs, visitor, b, 24.0, 30)
    hasty = drawn(jobs, visitor, a, b)
    assert "Not trained enough to compare: A has 400 steps and B 30" in hasty
    assert "nearer" not in hasty
    recorded = drawn(jobs, visitor, *sides.FIRST)
    assert "A has 2,360 steps and B 854. At step 854 the reconstruction loss" in recorded
    assert "A step is 32 images in A and 128 in B." in recorded
    runfiles.write_atomic(jobs.folder(visitor, b) / runfiles.STATE, {"phase": "paused"})
    assert "compare:" not in drawn(jobs, visitor, a, b), "B is not over"


def test_one_that_failed_says_why_beside_the_other(jobs):
    visitor = new_token()
    a = make_run(jobs, visitor, "0" * 16, 400)
    b = make_run(jobs, visitor, "1" * 16, 20, learning_rate=90)
    failed = {"phase": "failed", "text": "The loss became NaN; <b>lower</b> the learning rate."}
    runfiles.write_atomic(jobs.folder(visitor, b) / runfiles.STATE, failed)
    view = handlers.show(jobs, visitor, a, b, None)
    assert "A finished, B failed" in view.head and not view.hold["interactive"]
    assert "Failed. The loss became NaN; &lt;b&gt;lower" in view.view


def test_a_pair_has_a_card_and_half_of_one_has_a_sentence(jobs):
    visitor = new_token()
    a = make_run(jobs, visitor, "0" * 16, 100)
    name, content = handlers.make_card(jobs, visitor, a, sides.FIRST[1])
    card = Image.open(io.BytesIO(base64.b64decode(content)))
    assert card.size == (WIDTH, HEIGHT) and name.endswith(".png") and "beside" in name
    for colour in (ACCENT, SECOND):
        wanted = tuple(bytes.fromhex(colour[1:]))
        assert sum(n for n, one in card.getcolors(2**20) if one == wanted) > 300, "both have curves"
    assert handlers.make_card(jobs, new_token(), a, sides.FIRST[1]) == ["", sides.MISSING]


def test_the_values_offered_follow_the_setting():
    fields = [DEFAULTS[one] for one in NAMES]
    offered = handlers.offer("restart", "16", *fields)
    assert offered["value"] == "off" and offered["choices"] == [("on", "on"), ("off", "off")]
    assert "value" not in handlers.offer("codebook_size", "64", *fields)
    assert handlers.offered("codebook_size", "77")["value"] == "77", "typed by hand, or in a link"


def test_what_does_not_change_is_not_sent_again(jobs):
    visitor = new_token()
    run = make_run(jobs, visitor, "0" * 16, 50)
    view = handlers.show(jobs, visitor, run, sides.FIRST[0], None)
    again = handlers.show(jobs, visitor, run, sides.FIRST[0], view.seen)
    for part in (again.head, again.view, again.charts, again.hold, again.done, again.problem):
        assert isinstance(part, dict) and "value" not in part
