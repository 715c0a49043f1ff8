"""Quantizers side by side on the Compare tab: their plan, its training, the recorded figures and
what is shown."""

import base64
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vqvae
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.plans import making
from demo.runs.plans import worker as plan_worker
from demo.runs.plans.plan import Part
from demo.runs.settings import SettingsError
from demo.runs.status import Phase
from demo.session import new_token
from demo.settings import Settings
from demo.tabs.compare import plan_runs, plan_view, rivals_view
from demo.tabs.compare.plan_runs import PlanSide
from vqvae.quantizers import QUANTIZERS

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
ENTRY = {
    "name": "ema",
    "codebook_size": 512,
    "embedding_dim": 8,
    "levels": [],
    "bits": 441.0,
    "coded_bits": 409.2,
    "prior_bits": 322.4,
    "mse": 0.0018,
    "psnr": 28.0,
    "usage": 1.0,
    "perplexity": 326.4,
    "step_ms": 21.4,
}
LFQ = {
    **ENTRY,
    "name": "lfq",
    "embedding_dim": 9,
    "mse": 0.0036,
    "psnr": 24.4,
    "perplexity": 424.8,
    "coded_bits": 427.8,
    "prior_bits": 341.2,
}


class Commands:
    def get(self):
        return ""


class Told(list):
    def state(self, *words):
        self.append(words)

    def progress(self, *words):
        pass


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    return Settings(
        checkpoints=tmp_path / "checkpoints", runs=tmp_path / "runs", data_dir=tmp_path / "data"
    )


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_only_the_quantizer_differs_between_the_parts(dataset, tmp_path):
    plan = making.quantizers(dataset, list(making.RIVALS), 50, tmp_path)
    models = [part.model for part in plan.parts]
    assert {m.quantizer for m in models} == set(QUANTIZERS)
    assert [
        p.name
        for p, m in zip(plan.parts, models, strict=True)
        if m.gradient_estimator == "rotation"
    ] == ["rotation"]
    training = plan.parts[0].training
    assert training.steps == 50 and training.seconds is None
    assert all(part.training == training for part in plan.parts)
    own = {"quantizer", "gradient_estimator", "codebook_size", "embedding_dim", "levels"}
    assert len({str({k: v for k, v in m.to_dict().items() if k not in own}) for m in models}) == 1
    bits = [m.bits_per_image for m in models]
    assert max(bits) / min(bits) < 1.01


@pytest.mark.parametrize(
    ("chosen", "steps", "said"),
    [
        (["ema"], 9, "Steps for each quantizer is 9; it must be a whole number from 10 to 20,000"),
        (["ema"], 10.5, "Steps for each quantizer is 10.5"),
        (["ema"], math.nan, "Steps for each quantizer is nan"),
        (["ema"], None, "Steps for each quantizer is empty"),
        (["ema"], True, "Steps for each quantizer is True"),
        ([], 50, "No quantizer of the list is chosen"),
        (None, 50, "No quantizer of the list is chosen"),
        (["ema", "vq"], 50, "The quantizers are "),
        ([["ema"]], 50, "The quantizers are "),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(chosen, steps, said, tmp_path):
    with pytest.raises(SettingsError) as refused:
        making.quantizers("mnist", chosen, steps, tmp_path)
    assert str(refused.value).startswith(said)


@pytest.fixture
def trained(settings, small_sets):
    """(visitor, run id) of EMA and FSQ, trained by the worker's own function; FSQ is cut off after
    its first step."""
    visitor, run_id = new_token(), "b" * 16
    folder = settings.runs / visitor / run_id
    folder.mkdir(parents=True)
    plan = making.quantizers("synthetic", ["fsq", "ema"], 10, settings.data_dir).to_dict()
    for part in plan["plan"]["parts"]:
        part["model"] |= {"hidden_channels": 8, "residual_blocks": 1}
        part["prior"]["steps"] = 3
    plan["plan"]["parts"][1]["most_seconds"] = 0.0
    runfiles.write_atomic(folder / runfiles.JOB, {**plan, "title": "two", "created": 1.0})
    plan_worker.train_plan(folder, runfiles.read_json(folder / runfiles.JOB), Told(), Commands())
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "finished", "text": ""})
    return visitor, run_id


def test_a_plan_is_trained_measured_and_shown_and_a_slow_step_ends_it(settings, trained):
    visitor, run_id = trained
    done = runfiles.read_json(settings.runs / visitor / run_id / plan_worker.RESULTS)["done"]
    assert [entry["name"] for entry in done] == ["ema", "fsq"] and [
        entry["steps"] for entry in done
    ] == [10, 1]
    for entry in (
        done
    ):  # a code for every cell at its own length: 49 times the entropy, which is at most log2 K
        assert entry["coded_bits"] == pytest.approx(49 * math.log2(entry["perplexity"]))
        assert entry["coded_bits"] <= entry["bits"] == pytest.approx(441)
        assert 0 < entry["prior_bits"] < 600
        sheet = Image.open(io.BytesIO(base64.b64decode(entry["pictures"].partition(",")[2])))
        assert sheet.size == (8 * 28, 3 * 28)
        top, middle = (np.asarray(sheet.convert("L"), float)[row : row + 28] for row in (0, 28))
        assert top.max() > 200 and np.abs(top - middle).mean() > 1, "pictures, and other ones"
    jobs = Jobs(settings.runs, command=["false"])
    try:
        view = PlanSide("quantizers", jobs, settings).find(visitor)
        assert view.run_id == run_id
        assert "<b>2</b> of 2 measured" in view.status and "the table and the plot" in view.status
        assert view.table.count('<img src="data:image/webp') == 2
        assert view.table.count("<tr>") == 3 and "Ended early: FSQ after 1." in view.table
        assert view.figure.count("vq-rate-point") == 2
        assert all(
            PlanSide(kind, jobs, settings).find(visitor).run_id is None
            for kind in ("four", "sweep")
        )
        refused = PlanSide("quantizers", jobs, settings).start(
            visitor, run_id, None, "mnist", [], 50
        )
        assert "No quantizer of the list is chosen" in refused.problem and refused.run_id == run_id
    finally:
        jobs.close()


def test_the_table_fills_in_while_it_trains():
    model, training = vqvae.ModelConfig(), vqvae.TrainingConfig(steps=100)
    parts = [Part(name, name, "quantizer", model, training) for name in ("ema", "lfq")]
    results = {"done": [{**ENTRY, "images": 60, "steps": 100}]}
    table = rivals_view.table_html(rivals_view.own(parts, results))
    assert (
        table.count("<tr>") == 2
        and "100 steps each, on 60 test images" in table
        and "Ended early" not in table
    )
    status = plan_runs.Status(
        "x", "t", Phase.TRAINING, "LFQ, 2 of 2", 0.0, 40.0, False, plan="quantizers"
    )
    html = plan_view.status_html("quantizers", status, parts, {"lfq": [{"step": 50}]}, results)
    assert (
        'aria-valuenow="75"' in html
        and "<b>150</b> of 200 steps" in html
        and "<b>1</b> of 2 measured" in html
    )


def test_only_pictures_of_our_own_making_are_shown():
    good = {**ENTRY, "pictures": "data:image/webp;base64,AAAA"}
    for bad in (None, 3, "", "x", 'data:image/webp;base64,"><b>', "https://a.example/x.webp"):
        drawn = rivals_view.pictures_html([good, {**LFQ, "pictures": bad}])
        assert drawn.count("<img") == 1 and "LFQ" not in drawn
    assert rivals_view.pictures_html([ENTRY]) == ""


def test_the_conclusion_follows_from_the_figures():
    said = rivals_view.conclusion([LFQ, ENTRY])
    assert said.startswith("Lowest error: Moving average (EMA). ")
    assert (
        "LFQ has the highest perplexity, and 2.0 times the error" in said and "fewest" not in said
    )
    short = {**LFQ, "prior_bits": 300.0}
    assert "LFQ needs the fewest bits with a small prior, 300 against 322, at 2.0 times" in (
        rivals_view.conclusion([short, ENTRY])
    )
    without = {name: value for name, value in ENTRY.items() if name != "prior_bits"}
    assert "fewest" not in rivals_view.conclusion([short, without])
    both = rivals_view.table_html(rivals_view.Rivals([without, short], ""))
    assert "<td>409</td><td>–</td>" in both and "<td>428</td><td>300</td>" in both
    assert "what a small prior needs" in both
    assert "prior needs" not in rivals_view.table_html(rivals_view.Rivals([without], ""))
    best = {**ENTRY, "perplexity": 500.0}
    assert "do not make a better picture" not in rivals_view.conclusion([LFQ, best])
    assert rivals_view.conclusion([ENTRY]) == ""
    hasty = rivals_view.conclusion([{**LFQ, "steps": 7}, {**ENTRY, "steps": 200}])
    assert hasty.startswith("Not trained enough to compare: 7 steps") and "Lowest" not in hasty
    assert rivals_view.conclusion([{**LFQ, "steps": 100}, ENTRY]) == said


def test_the_recorded_table_is_there_at_once_and_a_damaged_one_is_left_out(settings):
    path = settings.checkpoints / plan_runs.RECORDED[0]
    stored = {"dataset": "mnist", "images": 10, "steps": 5, "seeds": [3, 4]}
    first, again = [{**e, "seed": 3} for e in (LFQ, ENTRY)], {**ENTRY, "seed": 4, "mse": 0.0019}
    path.write_text(json.dumps({**stored, "done": [*first, again]}))
    jobs = Jobs(settings.runs, command=["false"])
    try:
        view = PlanSide("quantizers", jobs, settings).show("", None, None, "")
    finally:
        jobs.close()
    assert "Recorded: 5 steps of MNIST each, on 10 test images. Errors of seeds 3 / 4" in (
        view.table
    )
    assert view.table.count("<tr>") == 3 and "<td>0.00180 / 0.00190</td>" in view.table
    assert view.table.index("0.00180") < view.table.index("0.00360"), "the lowest error is first"
    assert "341.2" not in view.table and "341 bits, 24.4 dB" in view.figure
    path.write_text(json.dumps({**stored, "seeds": [3], "done": first}))
    one = rivals_view.table_html(rivals_view.recorded(path))
    assert "One seed (3): small differences mean nothing" in one and "<td>0.00180</td>" in one
    entry = {**ENTRY, "seed": 3, "mse": "<b>"}
    for bad in (
        "{",
        "[]",
        '{"done": 3}',
        '{"done": [{}], "images": 1, "steps": 1, "seeds": [0]}',
        '{"done": []}',
        json.dumps({**stored, "done": [entry]}),
        json.dumps({**stored, "done": [ENTRY]}),
        json.dumps({**stored, "done": first, "seeds": []}),
        json.dumps({**stored, "done": first, "dataset": "<b>"}),
    ):
        path.write_text(bad)
        assert rivals_view.tables_html([rivals_view.recorded(path)]) == "", bad


@pytest.mark.parametrize("name", plan_runs.RECORDED)
def test_a_shipped_table_has_every_quantizer_and_says_what_each_gives_up(name):
    shown = rivals_view.recorded(CHECKPOINTS / name)
    assert {entry["name"] for entry in shown.entries} == set(making.RIVALS)
    table = rivals_view.tables_html([shown])
    assert table.count("<dt>") == table.count("<dd>") == len(making.RIVALS)
    for entry in shown.entries:
        assert entry["psnr"] > 20 and 1 < entry["perplexity"] <= entry["codebook_size"]
