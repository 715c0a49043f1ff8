"""The Compare tab: its questions to the server, sets of models, plans and what is shown of them,
called as they are."""

import base64
import io
import json
import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from demo.charts import rate_plot
from demo.door import answer
from demo.models import sets as comparison_models
from demo.runs import files as runfiles
from demo.runs.jobs import Jobs
from demo.runs.plans import making
from demo.runs.plans import worker as plan_worker
from demo.runs.plans.plan import Part, Plan
from demo.runs.settings import SettingsError
from demo.runs.status import Phase, Status
from demo.session import new_token
from demo.settings import Settings
from demo.tabs.compare import plan_runs, plan_view, rate_view
from demo.tabs.compare import questions as comparison
from demo.tabs.compare import tab as compare
from demo.tabs.compare.plan_runs import PlanSide
from tests.names import own_id
from vqvae.config import ConfigError, ModelConfig, TrainingConfig

KINDS = comparison_models.KINDS
PARTS = [*KINDS, "prior"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory, small_sets):
    """Four untrained models where the shipped ones are looked for, and an empty folder of runs."""
    root = tmp_path_factory.mktemp("app")
    for kind in KINDS:
        config = ModelConfig(
            kind=kind,
            hidden_channels=8,
            residual_blocks=1,
            embedding_dim=4,
            codebook_size=16,
            classes=tuple("0123456789"),
        )
        name = "mnist" if kind == "vqvae" else f"mnist-{kind}"
        vqvae.save_checkpoint(
            root / "checkpoints" / name,
            vqvae.build_model(config, 1),
            training={"dataset": "mnist"},
            metrics={"psnr": 20.0, "bits_per_image": 100.0, "kl_nats": 0.1},
        )
    (root / "runs").mkdir()
    return Settings(checkpoints=root / "checkpoints", runs=root / "runs", data_dir=root / "data")


def ask(question, settings, **request):
    return answer(question, {"set": "shipped", "model": "mnist", "label": -1, **request}, settings)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pictures(text, count=1):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(count, 28, 28)


def digit():
    return np.asarray(Image.open(comparison_models.EXAMPLES))[:, :28]


def test_a_set_opens_with_its_models_and_real_test_digits(settings):
    opened = ask(comparison.compare_open, settings)
    assert opened["ok"] and [m["kind"] for m in opened["models"]] == list(KINDS)
    assert opened["models"][0]["kept"] == "7 × 7 codes of 16" and opened["models"][3][
        "kept"
    ].endswith("and the class")
    assert not opened["models"][0]["collapsed"] or opened["models"][2]["collapsed"]
    assert len(opened["examples"]) == 20 and opened["classes"] == list("0123456789")
    assert (pictures(opened["examples"][0]["pixels"])[0] == digit()).all()
    assert ask(comparison.compare_open, settings, set="run:x/y")["error"].startswith(
        "These models are not here"
    )
    assert ask(comparison.compare_open, settings, set=f"share:{'0' * 32}/../../etc")["ok"] is False


def test_models_that_have_hardly_learned_are_not_compared(settings):
    assert comparison.untrained({"VQ-VAE": 100, "AE": 5000, "VAE": None}) == ""
    assert comparison.untrained({"VQ-VAE": 7, "AE": 5000}).startswith(
        "Not trained enough to compare (VQ-VAE 7 steps)"
    )
    for name in ("mnist", "mnist-ae"):
        file = settings.checkpoints / name / "training.json"
        file.write_text(
            json.dumps({**json.loads(file.read_text()), "step": 3 if name == "mnist" else 200})
        )
    said = ask(comparison.compare_open, settings)["untrained"]
    assert "VQ-VAE 3 steps" in said and "AE 200" not in said


def test_one_picture_through_all_is_what_the_models_say(settings):
    shown = ask(comparison.compare_picture, settings, image=png(digit()), source="example", label=3)
    x = torch.from_numpy(digit().copy())[None, None].float() / 255
    for kind, found in shown["models"].items():
        model = vqvae.load(settings.checkpoints / ("mnist" if kind == "vqvae" else f"mnist-{kind}"))
        labels = torch.tensor([3])
        x_recon = model.decode(model.encode(x)) if kind == "vqvae" else model.reconstruct(x, labels)
        assert abs(pictures(found["recon"])[0] - (x_recon[0, 0] * 255).round().numpy()).max() <= 1
        assert found["mse"] == pytest.approx((x - x_recon).square().mean().item(), rel=1e-4)
        bits = {"vqvae": 49 * 4, "ae": 8 * model.config.latent_dim}
        expected = bits[kind] if kind in bits else model.kl(x, labels).item() / math.log(2)
        assert found["bits"] == pytest.approx(expected, rel=1e-4)
    assert shown["models"]["cvae"]["label"] == 3 and not shown["models"]["cvae"]["guessed"]
    guessed = ask(comparison.compare_picture, settings, image=png(digit()), source="example")[
        "models"
    ]["cvae"]
    assert guessed["guessed"] and 0 <= guessed["label"] <= 9
    for bad in (10, -2, "3", True, None):
        refused = ask(comparison.compare_picture, settings, image=png(digit()), label=bad)
        assert "choose one of the list" in refused["error"]


def test_a_blank_picture_has_no_figures_and_a_nearly_blank_one_no_sharpness_to_compare_with(
    settings,
):
    blank = np.zeros((28, 28), np.uint8)
    for source in ("example", "drawn", "upload"):
        shown = ask(comparison.compare_picture, settings, image=png(blank), source=source)
        assert shown["nothing"] and "models" not in shown
    blank[0, 0] = 60
    shown = ask(comparison.compare_picture, settings, image=png(blank), source="example")
    assert all(found["sharpness"] is None for found in shown["models"].values())


def test_codes_flip_one_by_one_from_the_first_picture_to_the_second():
    a, b = torch.randint(0, 16, (7, 7)), torch.randint(0, 16, (7, 7))
    grids, count = comparison._flips(a, b, torch.linspace(0, 1, 9))
    assert torch.equal(grids[0], a) and torch.equal(grids[-1], b) and count == int((a != b).sum())
    changed = [int((grid != a).sum()) for grid in grids]
    assert changed == [round(count * i / 8) for i in range(9)] or changed == sorted(changed)
    for before, after in pairwise(grids):  # what has flipped stays flipped
        assert (after[before == b] == b[before == b]).all()


def test_a_walk_begins_and_ends_with_the_two_reconstructions(settings):
    a, b = digit(), np.asarray(Image.open(comparison_models.EXAMPLES))[:, 7 * 28 : 8 * 28]
    raw = [base64.b64encode(np.ascontiguousarray(x)).decode() for x in (a, b)]
    walk = ask(comparison.compare_between, settings, a=raw[0], b=raw[1])["models"]
    for pixels, end in ((a, 0), (b, -1)):
        shown = ask(comparison.compare_picture, settings, image=png(pixels), source="example")[
            "models"
        ]
        for kind in KINDS:
            path = pictures(walk[kind]["pictures"], comparison.STEPS).astype(int)
            assert abs(path[end] - pictures(shown[kind]["recon"])[0]).max() <= 1
    assert (
        "not the size"
        in ask(comparison.compare_between, settings, a=raw[0], b=raw[1][:40])["error"]
    )


def test_samples_are_those_of_the_seed_and_the_class(settings):
    first, again, other = (
        ask(comparison.compare_samples, settings, seed=seed, label=7)["rows"] for seed in (5, 5, 6)
    )
    assert [row["kind"] for row in first] == [
        "random",
        "ae",
        "vae",
        "cvae",
    ] and first == again != other
    assert "Train a prior" in ask(comparison.compare_samples, settings, seed=5)["missing"]
    model = vqvae.load(settings.checkpoints / "mnist-cvae")
    drawn = model.sample(10, torch.full((10,), 7), torch.Generator().manual_seed(5))
    assert abs(pictures(first[3]["pictures"], 10) - (drawn[:, 0] * 255).round().numpy()).max() <= 1
    assert ask(comparison.compare_samples, settings, seed=-1)["ok"] is False


def test_a_model_of_other_pictures_is_replaced_by_the_shipped_one_and_said_so(settings):
    assert (
        "shipped VQ-VAE is shown"
        in ask(comparison.compare_open, settings, model="nothing-here")["note"]
    )
    assert ask(comparison.compare_open, settings)["note"] == ""


# -- plans -----------------------------------------------------------------------------------------


def test_all_four_get_the_same_budget_and_the_preset_only_changes_the_vaes(tmp_path):
    for preset, field in (
        ("plain", None),
        ("draw", "kl_weight"),
        ("bits", "free_bits"),
        ("collapse", "kl_weight"),
    ):
        plan = making.four("mnist", 30, preset, tmp_path)
        *models, prior = plan.parts
        assert [p.model.kind for p in models] == list(KINDS)
        assert prior.of == "vqvae" and prior.model == models[0].model
        assert {p.training.seconds for p in plan.parts} == {30.0}
        changed = [
            p.name
            for p in models
            if field and getattr(p.training, field) != getattr(models[0].training, field)
        ]
        assert changed == ([] if field is None else ["vae", "cvae"])
    assert plan.to_dict()["training"]["seconds"] == 150


@pytest.mark.parametrize("make", [
    lambda steps, folder: making.four("cifar10", 30, "bits", folder, steps),
    lambda steps, folder: making.sweep("mnist", "downsample", None, folder, steps),
])  # fmt: skip
def test_a_budget_in_steps_takes_the_place_of_the_clock_and_ends_in_time(make, tmp_path):
    plan = make(700, tmp_path)
    assert {(p.training.steps, p.training.seconds) for p in plan.parts} == {(700, None)}
    assert "700 steps each" in plan.title
    longest = [part.most_seconds for part in plan.parts]
    assert plan.to_dict()["training"]["seconds"] == sum(longest) and min(longest) >= 140
    for bad, said in ((5, "is 5; it must be 0, or a whole number from 10 to 20,000"),
                      (None, "is empty"), (10.5, "is 10.5"), (True, "is True"), ("x", "is 'x'"),
                      (float("nan"), "is nan")):  # fmt: skip
        with pytest.raises(SettingsError, match=rf"^Steps, instead of seconds {said}"):
            make(bad, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mnist", 1, "plain"), "Seconds for each model is 1; it must be a number from 2"),
        (("mnist", None, "plain"), "Seconds for each model"),
        (("/etc", 30, "plain"), "Images to learn is '/etc'"),
        (("mnist", 30, "fast"), "The preset is 'fast'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_a_sentence(arguments, said, tmp_path):
    with pytest.raises(SettingsError, match=said.replace("(", r"\(")):
        making.four(*arguments, tmp_path)


def test_a_sweep_varies_one_setting_and_leaves_out_what_the_size_forbids(tmp_path):
    plan = making.sweep("mnist", "downsample", 5, tmp_path)
    assert [p.model.downsample for p in plan.parts] == [2, 4]  # 28 is not divisible by 8
    assert [
        p.model.downsample for p in making.sweep("cifar10", "downsample", 5, tmp_path).parts
    ] == [2, 4, 8]
    values = [
        p.model.codebook_size for p in making.sweep("mnist", "codebook_size", 5, tmp_path).parts
    ]
    assert values == sorted(set(values)) and len(values) == 5


@pytest.mark.parametrize(
    "plan",
    [
        making.four("mnist", 30, "bits", Path("data")),
        making.four("cifar10", 30, "draw", Path("data"), 700),
        making.sweep("mnist", "embedding_dim", 30, Path("data")),
        making.quantizers("mnist", ["fsq", "ema"], 50, Path("data")),
    ],
    ids=lambda plan: plan.title,
)
def test_a_plan_is_read_from_its_file_as_it_was_written(plan):
    assert Plan.from_job(json.loads(json.dumps({**plan.to_dict(), "title": plan.title}))) == plan


def test_a_plan_of_another_version_is_refused_and_shown_without_its_parts(settings):
    visitor, run_id = new_token(), "d" * 16
    folder = settings.runs / visitor / run_id
    folder.mkdir(parents=True)
    job = making.sweep("mnist", "downsample", 5, settings.data_dir).to_dict()
    job["plan"]["parts"][0]["model"]["later"] = 1
    with pytest.raises(ConfigError, match="later"):
        Plan.from_job(job)
    del job["plan"]["parts"][0]["model"]
    with pytest.raises(ConfigError, match="Another version of this app made this plan"):
        Plan.from_job(job)
    runfiles.write_atomic(folder / runfiles.JOB, {**job, "title": "later", "created": 1.0})
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "stopped", "text": ""})
    jobs = Jobs(settings.runs, command=["false"])
    try:
        view = PlanSide("sweep", jobs, settings).find(visitor)
        assert view.run_id == run_id and "Stopped before anything could be measured" in view.status
    finally:
        jobs.close()


@pytest.fixture
def own_model(settings, tmp_path):
    """(visitor, model id, folder of images) of a model that a visitor's run has trained on images
    of their own."""
    visitor, run_id, images = new_token(), "c" * 16, tmp_path / "leaves"
    images.mkdir()
    config = ModelConfig(
        height=16,
        width=16,
        channels=3,
        hidden_channels=8,
        residual_blocks=1,
        classes=("oak", "elm"),
    )
    folder = settings.runs / visitor / run_id
    vqvae.save_checkpoint(
        folder / "checkpoint",
        vqvae.build_model(config),
        training={"dataset": "leaves"},
        metrics={"psnr": 20.0, "bits_per_image": 144.0},
    )
    runfiles.write_atomic(
        folder / runfiles.JOB, {"training": {"dataset": str(images)}, "title": "t", "created": 1.0}
    )
    return visitor, own_id(settings.runs, visitor, run_id), images


def test_own_images_can_be_learned_by_all_four(settings, own_model, tmp_path):
    visitor, model, images = own_model
    pictures = plan_runs.own_pictures(settings, visitor, model)
    assert pictures == making.Pictures(str(images), "leaves", 3, 16, 16, ("oak", "elm"))
    plan = making.four(pictures, 5, "plain", tmp_path)
    assert (
        plan.dataset == str(images) and plan.title == "leaves · 5 s each" and len(plan.parts) == 5
    )
    assert {(p.model.channels, p.model.height) for p in plan.parts} == {(3, 16)}
    nameless = making.Pictures(str(images), "leaves", 3, 16, 16, ())
    assert [p.name for p in making.four(nameless, 5, "plain", tmp_path).parts] == [
        "vqvae",
        "ae",
        "vae",
        "prior",
    ]
    assert plan_runs.own_pictures(settings, visitor, "mnist") == "mnist", (
        "a shipped model's data set has a name"
    )
    assert ("mine, VQ-VAE", 144.0, 20.0) in rate_view.model_points(settings, visitor, str(images))


def test_images_that_are_gone_or_only_claimed_are_a_sentence(settings, own_model):
    visitor, model, images = own_model
    folder = settings.runs / visitor / ("c" * 16)
    other = new_token()
    (settings.runs / other).mkdir()
    with pytest.raises(
        SettingsError, match="not on this machine"
    ):  # a run of somebody else's is none of mine
        plan_runs.own_pictures(settings, other, model)
    images.rmdir()
    with pytest.raises(SettingsError, match="not on this machine"):
        plan_runs.own_pictures(settings, visitor, model)
    (
        folder / runfiles.JOB
    ).unlink()  # an uploaded model: what its training.json claims is no path to read
    (folder / "checkpoint" / "training.json").write_text(
        json.dumps({"dataset": "x", "config": {"dataset": "/etc"}})
    )
    with pytest.raises(SettingsError, match="not on this machine"):
        plan_runs.own_pictures(settings, visitor, model)


class Commands:
    def __init__(self, *lines):
        self.lines = list(lines)

    def get(self):
        return self.lines.pop(0) if self.lines else ""


class Told(list):
    def state(self, *words):
        self.append(words)

    def progress(self, *words):
        pass


@pytest.fixture(scope="module")
def trained_plan(settings, small_sets):
    """(visitor, run id, what was said) of a plan of four, trained for two steps each by the
    worker's own function."""
    visitor, run_id = new_token(), "a" * 16
    folder = settings.runs / visitor / run_id
    folder.mkdir(parents=True)
    plan = making.four("synthetic", 30, "collapse", settings.data_dir).to_dict()
    for part in plan["plan"]["parts"]:
        part["training"] |= {"seconds": None, "steps": 2}
        part["model"] |= {"hidden_channels": 8, "residual_blocks": 1, "codebook_size": 16}
    runfiles.write_atomic(folder / runfiles.JOB, {**plan, "title": "four of them", "created": 1.0})
    for part in plan["plan"]["parts"]:
        part["training"]["seconds"] = None
    told = Told()
    plan_worker.train_plan(folder, runfiles.read_json(folder / runfiles.JOB), told, Commands())
    return visitor, run_id, told


def test_a_plan_trains_measures_and_leaves_a_set_to_compare(settings, trained_plan):
    visitor, run_id, told = trained_plan
    folder = settings.runs / visitor / run_id
    results = json.loads((folder / plan_worker.RESULTS).read_text())
    assert [entry["name"] for entry in results["done"]] == PARTS and told[-1] == ("finished",)
    assert all(
        len(runfiles.read_records(folder, plan_worker.records_name(part))) >= 1 for part in PARTS
    )
    listed = comparison_models.list_sets(settings, visitor)
    own = own_id(settings.runs, visitor, run_id)
    assert listed == [("Shipped: MNIST digits", "shipped"), ("Mine: four of them", own)]
    assert comparison_models.list_sets(settings, new_token()) == listed[:1]
    opened = ask(comparison.compare_open, settings, set=listed[1][1])
    assert opened["ok"] and len(opened["examples"]) == 20 and opened["examples"][0]["label"] == "0"
    points = rate_view.model_points(settings, visitor, "synthetic")
    assert [title for title, _, _ in points] == [
        f"mine, {comparison_models.NAMES[kind]}" for kind in KINDS
    ]
    update, _ = compare.newest_set(settings, visitor, run_id)
    assert update["value"] == listed[1][1]


def test_the_last_part_is_a_prior_that_draws_beside_the_others(settings, trained_plan):
    visitor, run_id, told = trained_plan
    set_id = own_id(settings.runs, visitor, run_id)
    models = settings.runs / visitor / run_id / plan_worker.MODELS
    assert any("Prior of the VQ-VAE" in str(words) for words in told)
    answer = ask(comparison.compare_samples, settings, set=set_id, seed=5)
    assert [row["kind"] for row in answer["rows"]] == [
        "random",
        "prior",
        "ae",
        "vae",
        "cvae",
    ] and not answer["missing"]
    prior = vqvae.load_prior(models / "vqvae")
    grids = vqvae.sample(prior, 10, torch.arange(10), vqvae.Sampling(steps=8), seed=5)
    drawn = vqvae.load(models / "vqvae").decode(grids)
    assert (
        abs(pictures(answer["rows"][1]["pictures"], 10) - (drawn[:, 0] * 255).round().numpy()).max()
        <= 1
    )
    hidden = (models / "vqvae" / "prior.safetensors").rename(models / "kept")
    try:
        answer = ask(comparison.compare_samples, settings, set=set_id, seed=5)
        assert len(answer["rows"]) == 4 and "Let one run to its end" in answer["missing"]
    finally:
        hidden.rename(models / "vqvae" / "prior.safetensors")


def test_a_plan_goes_on_with_the_part_it_was_at(settings, trained_plan, tmp_path):
    visitor, run_id, _ = trained_plan
    source = settings.runs / visitor / run_id
    job = runfiles.read_json(source / runfiles.JOB)
    told = Told()
    plan_worker.train_plan(tmp_path, job, told, Commands("", "", "end"))
    kept = (
        json.loads((tmp_path / plan_worker.RESULTS).read_text())["done"]
        if (tmp_path / plan_worker.RESULTS).exists()
        else []
    )
    assert told[-1][0] == "interrupted" and len(kept) < 4
    plan_worker.train_plan(tmp_path, job, Told(), Commands())
    done = json.loads((tmp_path / plan_worker.RESULTS).read_text())["done"]
    assert [entry["name"] for entry in done] == PARTS and done[: len(kept)] == kept


def test_a_plan_that_is_stopped_keeps_what_is_measured(settings, trained_plan, tmp_path):
    job = runfiles.read_json(settings.runs / trained_plan[0] / trained_plan[1] / runfiles.JOB)
    told = Told()
    plan_worker.train_plan(tmp_path, job, told, Commands("", "stop"))
    done = json.loads((tmp_path / plan_worker.RESULTS).read_text())["done"]
    assert told[-1] == ("stopped",) and [entry["name"] for entry in done] == ["vqvae"]


def test_the_page_sees_a_plan_and_only_the_compare_tab_does(settings, trained_plan, monkeypatch):
    visitor, run_id, _ = trained_plan
    folder = settings.runs / visitor / run_id
    runfiles.write_atomic(folder / runfiles.STATE, {"phase": "finished", "text": ""})
    job = runfiles.read_json(folder / runfiles.JOB)
    for part in job["plan"]["parts"]:
        part["training"] |= {"seconds": 30.0, "steps": None}
    runfiles.write_atomic(folder / runfiles.JOB, job)
    jobs = Jobs(settings.runs, command=["false"])
    try:
        view = PlanSide("four", jobs, settings).find(visitor)
        assert view.run_id == run_id and "Finished" in view.status and view.table.count("<tr>") == 5
        assert view.figure.count("data-name") == 6  # four errors, two KL divergences
        assert "<b>4</b> of 4 measured" in view.status and "bits instead of 196" in view.table
        assert PlanSide("sweep", jobs, settings).find(visitor).run_id is None
        again = PlanSide("four", jobs, settings).show(visitor, run_id, view.seen)
        assert all(
            isinstance(part, dict) for part in (again.status, again.figure, again.table)
        )  # nothing sent twice
        assert isinstance(again.problem, dict), (
            "a look at a run does not take away what was said of the form"
        )
        from demo.tabs.train.showing import runs_of

        assert runs_of(jobs, visitor) == []
        refused = PlanSide("four", jobs, settings).start(visitor, run_id, None, "mnist", "plain", 0)
        assert "Seconds for each model is 0" in refused.problem and refused.run_id == run_id
        training = Status(
            run_id, "MNIST digits · 30 s each", Phase.TRAINING, "", 1.0, 150.0, False, plan="four"
        )
        monkeypatch.setattr(jobs, "list_runs", lambda _: [training])
        monkeypatch.setattr(jobs, "start", None)
        same = PlanSide("four", jobs, settings).start(visitor, None, None, "mnist", "plain", 30)
        other = PlanSide("four", jobs, settings).start(
            visitor, run_id, None, "mnist", "collapse", 30
        )
        assert same.run_id == run_id and same.problem == ""
        assert (
            "MNIST digits · 30 s each is still in training" in other.problem
            and other.run_id == run_id
        )
    finally:
        jobs.close()


# -- what is shown ---------------------------------------------------------------------------------


def test_a_collapse_is_named_and_explained():
    entry = {"title": "VAE", "kl_nats": 0.01}
    assert "Posterior collapse: the KL divergence of the VAE is 0.01 nats" in plan_view.collapse(
        {"done": [entry]}
    )
    assert (
        plan_view.collapse({"done": [{**entry, "kl_nats": 20.0}, {"title": "AE", "kl_nats": None}]})
        == ""
    )


def test_the_status_counts_what_is_done_and_what_is_left():
    parts = [Part(name, name, "", ModelConfig(), TrainingConfig(seconds=30)) for name in "ab"]
    status = Status("x", "t", Phase.TRAINING, "VAE, 2 of 2", 0.0, 60.0, False, plan="four")
    html = plan_view.status_html(
        "four", status, parts, {"b": [{"elapsed": 15.0}]}, {"done": [{"name": "a"}]}
    )
    assert 'aria-valuenow="75"' in html and "15 s" in html and "<b>1</b> of 2" in html
    html = plan_view.status_html(
        "four", status, parts, {"b": [{"elapsed": 30.2}]}, {"done": [{"name": "a"}]}
    )
    assert "0.0 s" not in html and "finishing" in html


def test_the_curves_of_all_share_one_axis():
    records = [{"elapsed": 1.0, "kl": 3.0}, {"elapsed": 2.0, "kl": 5.0}]
    xs = [0.5, 1.0, 1.5, 2.0, 2.5]
    assert plan_view._along(records, xs, "kl", "elapsed") == [None, 3.0, 3.0, 5.0, None]


def test_with_a_budget_in_steps_progress_and_curves_are_in_steps():
    vae, training = ModelConfig(kind="vae"), TrainingConfig(steps=200)
    parts = [Part(name, name, "", vae, training) for name in "ab"]
    records = {"a": [{"step": 1, "elapsed": 9.0, "reconstruction_loss": 0.1, "kl": 1.0},
                     {"step": 100, "elapsed": 10.0, "reconstruction_loss": 0.01, "kl": 2.0}]}  # fmt: skip
    status = Status("x", "t", Phase.TRAINING, "", 0.0, None, False, plan="four")
    said = plan_view.status_html("four", status, parts, records, {})
    assert 'aria-valuenow="25"' in said and "<b>100</b> of 400 steps" in said
    drawn = plan_view.curves_html(parts, records)
    assert 'data-along="steps"' in drawn and "L50.00" in drawn, "half of the axis after 100 of 200"


def test_models_that_have_hardly_begun_are_not_compared(settings):
    entry = {"name": "codebook_size-4", "title": "K 4", "series": "VQ-VAE, K", "images": 60,
             "bits": 98.0, "mse": 0.01, "psnr": 20.0, "ssim": 0.5}  # fmt: skip
    parts = [Part("codebook_size-4", "K 4", "VQ-VAE, K", ModelConfig(), TrainingConfig(steps=40))]
    points = [{"series": "JPEG", "label": "q", "bits": bits, "psnr": psnr}
              for bits, psnr in ((500.0, 15.0), (900.0, 25.0))]  # fmt: skip
    for steps, is_hasty in ((40, True), (400, False)):
        results = {"done": [{**entry, "steps": steps}], "points": points}
        said = "Not trained enough to compare: 40 steps are too few. Give each at least 100."
        assert (said in plan_view.table_html(results)) == is_hasty
        plot = rate_view.plot(settings, None, parts, results)
        assert (said in plot) == is_hasty and ("the VQ-VAE takes" in plot) != is_hasty
        assert "Your sweep, 40 steps each" in plot


def test_points_stand_where_their_figures_say_and_texts_are_escaped():
    points = [
        {"series": "JPEG", "label": "<b>", "bits": 64, "psnr": 20.0},
        {"series": "JPEG", "label": "q", "bits": 256, "psnr": 30.0},
        {"series": "JPEG", "label": "bad", "bits": 0, "psnr": math.inf},
    ]
    html = rate_plot.rate_html(points)
    assert html.count("vq-rate-point") == 2 and "<b>:" not in html and "&lt;b&gt;" in html
    lefts = [
        float(part.split("%")[0])
        for part in html.split('style="left:')[1:]
        if "bottom:" in part[:24]
    ]
    assert lefts == [0.0, 100.0]
    assert "vq-empty" in rate_plot.rate_html([])
    told = {"series": "quantizer", "label": "FSQ", "bits": 64, "psnr": 20.0, "about": "A grid."}
    html = rate_plot.rate_html([told])
    assert 'aria-label="FSQ: 64 bits, 20.0 dB. A grid."' in html and rate_plot.POINT_AT in html
    two = [{**told, "label": name, "psnr": psnr} for name, psnr in (("low", 20.0), ("high", 21.0))]
    names = re.findall(r'class="vq-rate-name( vq-left)?".*?>(\w+)<', rate_plot.rate_html(two))
    assert names == [("", "high"), ("", "low")], "at the left edge both are on the right"
    far = {**told, "label": "far", "bits": 4096}
    names = re.findall(
        r'class="vq-rate-name( vq-left)?".*?>(\w+)<', rate_plot.rate_html([*two, far])
    )
    assert (" vq-left", "far") in names


def test_the_stored_sweep_is_there_at_once_and_a_damaged_one_is_left_out(settings):
    path = settings.checkpoints / rate_view.STORED
    path.write_text(
        json.dumps(
            {
                "images": 10,
                "steps": 5,
                "points": [{"series": "WebP", "label": "quality 1", "bits": 100.0, "psnr": 20.0}],
            }
        )
    )
    html = rate_view.plot(settings, None, [], {})
    assert (
        "WebP, quality 1: 100 bits" in html
        and "mnist-vae, VAE" in html
        and "without their headers" in html
    )
    for bad in ("{", "[]", '{"points": 3}', '{"points": [{}], "images": 1, "steps": 1}'):
        path.write_text(bad)
        assert rate_view.read_stored(path) == {}


def test_the_plot_says_what_it_shows():
    def point(series, bits, psnr):
        return {"series": series, "label": "x", "bits": bits, "psnr": psnr}

    points = [
        point("VQ-VAE, K", 98.0, 20.0),
        point("VQ-VAE, K", 490.0, 28.0),
        point("JPEG", 1_000.0, 27.0),
        point("JPEG", 1_300.0, 29.0),
        point("WebP", 900.0, 29.0),
        point("WebP", 1_100.0, 33.0),
    ]
    said = rate_view.finding(points)
    assert said.startswith("For 28.0 dB the VQ-VAE takes 490 bits, JPEG 1,150: what all")
    assert rate_view.finding(points[2:]) == rate_view.finding(points[:2]) == ""
    stored = rate_view.plot(Settings(), None, [], {})
    assert "dB the VQ-VAE takes 490 bits, JPEG" in stored


def test_a_model_without_a_codebook_at_the_top_is_called_that():
    from demo.models import sets

    assert "has no codebook" in sets.open_set(sets.SHIPPED, "mnist-ae", Settings()).note
    assert "learned other pictures" in sets.open_set(sets.SHIPPED, "cifar10", Settings()).note
    assert sets.open_set(sets.SHIPPED, "mnist", Settings()).note == ""
