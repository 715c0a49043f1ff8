"""What the Generate tab asks the server, called as plain functions, on small random models with
small random priors."""

import base64
import io
import json
import shutil
import time

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from demo.door import answer
from demo.models import generating, nearest
from demo.models import library as models
from demo.models.generating import packed, sheet_labels
from demo.page.handing import hand_over
from demo.runs import files as runfiles
from demo.settings import Settings
from demo.tabs.edit.prior import prior_info
from demo.tabs.edit.questions import edit_votes
from demo.tabs.generate import sheets as generate_jobs
from demo.tabs.generate.questions import (
    QUESTIONS,
    generate_cell,
    generate_continue,
    generate_film,
    generate_near,
    generate_open,
    generate_reference,
    generate_sample,
    generate_stop,
)
from tests.names import own_id
from vqvae.data.index_set import IndexSet, write_indices
from vqvae.prior.training import new_prior

K, CLASSES = 16, ("zero", "one", "two", "three", "four")


def make(path, seed=0, prior=True, training=True, classes=CLASSES, **options):
    """A model with random weights and, where asked for, a prior whose logits are spread, and 200
    training grids."""
    rng = torch.Generator().manual_seed(seed)
    config = vqvae.ModelConfig(
        hidden_channels=8,
        residual_blocks=0,
        embedding_dim=4,
        codebook_size=K,
        classes=classes,
        **options,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = vqvae.build_model(config).eval()
    with torch.no_grad():
        model.codebook.copy_(torch.randn(K, 4, generator=rng))
    vqvae.save_checkpoint(path, model, training={"dataset": "mnist"})
    h, w = config.grid
    indices = torch.randint(K, (200, h, w), generator=rng)
    labels = torch.arange(200) % len(classes) if classes else None
    grids = IndexSet("mnist", indices.short(), labels, classes, K, model.fingerprint())
    if training:
        write_indices(path, grids)
    if prior:
        made = new_prior(model, grids, channels=8, layers=1, heads=2)
        with torch.no_grad():
            made.head.weight.normal_(std=2, generator=rng)
        vqvae.save_prior(path, made, metrics={"bits_per_image": 150.5, "marginal_bits": 190.25})


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("generate")
    make(root / "models" / "digits")
    make(root / "models" / "free", classes=(), training=False, channels=3, height=16, width=24)
    make(root / "models" / "bare", prior=False)
    return Settings(checkpoints=root / "models", runs=root / "runs", data_dir=root)


@pytest.fixture
def ask(settings):
    """A function (question, model, ...) -> its answer, which must be ok."""

    def ask_(question, model="digits", **request):
        reply = answer(question, {"model": model, "n": 7, **request}, settings)
        assert reply["ok"], reply
        assert reply["n"] == 7
        json.dumps(reply)
        return reply

    return ask_


def drawn(ask, model="digits", **request):
    """A whole sheet, however long it takes."""
    reply = ask(generate_sample, model, **request)
    while "job" in reply:
        reply = ask(generate_sample, model, **request, job=reply["job"])
    return reply


def numbers(text, *shape):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<u2").astype(np.int64)).reshape(
        shape
    )


def pictures(png, height, width, columns):
    """The pictures of a sprite: uint8 (n, H, W, C)."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    rows = pixels.shape[0] // height
    return (
        pixels.reshape(rows, height, columns, width, -1)
        .swapaxes(1, 2)
        .reshape(rows * columns, height, width, -1)
    )


def decoded(settings, model, indices):
    x = models.get_model(model, settings).decode(indices)
    return (x.permute(0, 2, 3, 1) * 255).numpy()


# -- opening ---------------------------------------------------------------------------------------


def test_a_model_without_a_prior_says_so_and_asks_for_nothing_more(ask, settings):
    assert ask(generate_open, "bare")["prior"] is False
    reply = answer(generate_sample, {"model": "bare"}, settings)
    assert not reply["ok"] and "train one in the Train tab" in reply["error"]


def test_a_model_whose_prior_is_still_to_come_says_where_to_look(ask, settings):
    assert ask(generate_open, "bare")["awaited"] is False
    run = settings.runs / ("a" * 32) / ("b" * 16)
    model_id = own_id(settings.runs, run.parent.name, run.name)
    shutil.copytree(settings.checkpoints / "bare", run / runfiles.CHECKPOINT)
    runfiles.write_atomic(run / runfiles.JOB, {"training": {}, "prior": {"seconds": 60}})
    for phase, awaited in (
        ("training", True),
        ("paused", True),
        ("interrupted", True),
        ("failed", False),
    ):
        runfiles.write_atomic(run / runfiles.STATE, {"phase": phase, "stage": "prior"})
        assert ask(generate_open, model_id)["awaited"] is awaited
        why = prior_info(model_id, None, settings)["why"]
        assert ("not trained to its end" in why) is awaited and "Train tab" in why


def test_opening_tells_the_sizes_the_classes_and_the_measured_bits(ask):
    reply = ask(generate_open)
    assert (reply["h"], reply["w"], reply["K"], reply["classes"]) == (7, 7, K, list(CLASSES))
    assert reply["bits"] == {"nominal": 49 * 4, "independent": 190.25, "prior": 150.5}
    assert reply["opening"]["temperature"] == vqvae.Sampling().temperature
    assert ask(generate_open, "free")["classes"] == []


# -- samples ---------------------------------------------------------------------------------------


def test_a_sheet_is_the_priors_sample_and_its_pictures(ask, settings):
    reply = drawn(ask, label=2, count=4, seed=5, steps=6)
    indices, when = numbers(reply["indices"], 4, 7, 7), numbers(reply["when"], 4, 7, 7)
    expected = vqvae.sample(models.get_prior("digits", settings), 4, 2, vqvae.Sampling(steps=6), 5)
    assert torch.equal(indices, expected)
    assert reply["labels"] == [2] * 4
    assert set(when.unique().tolist()) == set(range(1, 7)) and reply["steps"] == 6
    shown = pictures(reply["pictures"], 28, 28, 10)[:4]
    assert np.abs(shown - decoded(settings, "digits", indices)).max() <= 0.51


def test_the_seed_gives_the_same_sheet_again_and_another_seed_another(ask):
    first, second, other = (drawn(ask, "free", count=3, seed=s)["indices"] for s in (1, 1, 2))
    assert first == second != other


@pytest.mark.parametrize(
    "label, count, classes, expected",
    [
        (3, 4, 10, [3] * 4),
        (None, 4, 10, [-1] * 4),
        (None, 100, 0, [-1] * 100),
        (None, 100, 10, [i // 10 for i in range(100)]),
        (None, 100, 5, [i // 20 for i in range(100)]),
    ],
)
def test_a_full_sheet_of_any_class_has_rows_in_the_order_of_the_classes(
    label, count, classes, expected
):
    assert sheet_labels(label, count, classes) == expected


def test_a_slow_sheet_is_shown_as_far_as_it_is_and_can_be_stopped(ask, settings, monkeypatch):
    monkeypatch.setattr(generate_jobs, "PATIENCE", 0.0)
    draw = generating.draw

    def slowly(*arguments, on_step, **options):
        def step(number, so_far):
            on_step(number, so_far)
            time.sleep(0.05)

        return draw(*arguments, on_step=step, **options)

    monkeypatch.setattr(generating, "draw", slowly)
    request = {"count": 2, "seed": 77, "steps": 40}
    reply = ask(generate_sample, **request)
    while not reply.get("done"):
        reply = ask(generate_sample, **request, job=reply["job"])
    when = numbers(reply["when"], 2, 7, 7)
    known = when <= reply["steps"]
    assert 0 < known.sum() < known.numel() and (when[~known] == generating.NOT_YET).all()
    assert len(pictures(reply["pictures"], 28, 28, 10)) == 10
    job = generate_jobs.jobs.job(reply["job"])
    ask(generate_stop, job=reply["job"])
    for _ in range(200):
        if job.ended:
            break
        time.sleep(0.02)
    assert job.ended and job.result is None


def test_a_new_prior_on_disk_gives_new_samples(tmp_path):
    make(tmp_path / "m")
    settings = Settings(checkpoints=tmp_path, runs=tmp_path / "runs", data_dir=tmp_path)

    def codes():
        return answer(generate_sample, {"model": "m", "count": 2}, settings)["indices"]

    before = codes()
    make(tmp_path / "other", seed=0)
    with torch.no_grad():
        prior = vqvae.load_prior(tmp_path / "other")
        prior.head.weight.mul_(-1)
    vqvae.save_prior(tmp_path / "other", prior)
    shutil.copy(tmp_path / "other" / "prior.safetensors", tmp_path / "m" / "prior.safetensors")
    assert codes() != before


# -- one sample, step by step ----------------------------------------------------------------------


def test_the_film_begins_with_one_blur_for_all_and_ends_with_the_sample(ask, settings):
    reply = drawn(ask, count=3, seed=1, steps=5)
    film = ask(generate_film, indices=reply["indices"], when=reply["when"], steps=reply["steps"])
    shown = pictures(film["film"], 28, 28, 6).reshape(3, 6, 28, 28, 1)
    assert (shown[0, 0] == shown[1, 0]).all()
    final = decoded(settings, "digits", numbers(reply["indices"], 3, 7, 7))
    assert np.abs(shown[:, -1] - final).max() <= 0.51
    assert not (shown[0, 0] == shown[0, -1]).all()


@pytest.mark.parametrize("step", [0, 1, 4, 6])
def test_going_on_keeps_what_was_there_and_the_chosen_code(ask, step):
    reply = drawn(ask, count=1, label=1, seed=3, steps=6)
    indices, when = numbers(reply["indices"], 1, 7, 7), numbers(reply["when"], 1, 7, 7)
    indices[0, 3, 3] = (indices[0, 3, 3] + 5) % K
    when[0, 3, 3] = min(int(when[0, 3, 3]), step)
    after = ask(
        generate_continue,
        indices=packed(indices),
        when=packed(when),
        step=step,
        label=1,
        seed=9,
        steps=6,
    )
    found, later = numbers(after["indices"], 1, 7, 7), numbers(after["when"], 1, 7, 7)
    known = when <= step
    assert torch.equal(found[known], indices[known]) and torch.equal(later[known], when[known])
    assert (later[~known] > step).all() and int(later.max()) <= after["steps"] == 6


def test_the_codes_of_a_cell_are_ranked_by_the_prior_given_the_known_others(ask, settings):
    reply = drawn(ask, count=1, label=4, seed=3, steps=6)
    indices, when = numbers(reply["indices"], 1, 7, 7), numbers(reply["when"], 1, 7, 7)
    cell = int((when[0] == 2).flatten().nonzero()[0])
    row, column = divmod(cell, 7)
    known = when <= 3
    known[0, row, column] = False
    prior = models.get_prior("digits", settings)
    p = prior(indices, known, torch.tensor([4]))[0, row, column].softmax(-1)
    found = ask(
        generate_cell, indices=reply["indices"], when=reply["when"], step=3, label=4, cell=cell
    )
    assert found["codes"] == p.argsort(descending=True)[:12].tolist()
    assert found["probabilities"] == pytest.approx(p[found["codes"]].tolist(), abs=1e-6)
    held = int(indices[0, row, column])
    assert found["held"]["code"] == held
    assert found["held"]["probability"] == pytest.approx(float(p[held]), abs=1e-6)
    assert found["held"]["rank"] == 1 + int((p > p[held]).sum())
    unseen = ask(
        generate_cell, indices=reply["indices"], when=reply["when"], step=1, label=4, cell=cell
    )
    assert unseen["held"] is None
    # The last step knows all others: what the core's own function says.
    whole = ask(
        generate_cell, indices=reply["indices"], when=reply["when"], step=6, label=4, cell=cell
    )
    core = vqvae.cell_probabilities(prior, indices[0], row, column, 4)
    assert whole["probabilities"] == pytest.approx(core[whole["codes"]].tolist(), abs=1e-6)


# -- below -----------------------------------------------------------------------------------------


def test_distances_are_sums_of_squared_distances_of_code_vectors():
    rng = torch.Generator().manual_seed(0)
    codebook, indices = (
        torch.randn(9, 3, generator=rng),
        torch.randint(9, (40, 4, 5), generator=rng),
    )
    grid = torch.randint(9, (4, 5), generator=rng)
    expected = (codebook[indices] - codebook[grid]).square().sum((1, 2, 3))
    torch.testing.assert_close(nearest.distances(codebook, indices.short(), grid), expected)


def test_the_nearest_training_pictures_vote_for_their_classes(monkeypatch):
    rng = torch.Generator().manual_seed(1)
    codebook, indices = (
        torch.randn(9, 3, generator=rng),
        torch.randint(9, (60, 4, 5), generator=rng),
    )
    labels = torch.randint(4, (60,), generator=rng)
    grid = torch.randint(9, (4, 5), generator=rng)
    order = (codebook[indices] - codebook[grid]).square().sum((1, 2, 3)).argsort()
    for voters in (1, 7, 1000):
        monkeypatch.setattr(nearest, "VOTERS", voters)
        expected = torch.bincount(labels[order[:voters]], minlength=4)
        assert nearest.votes(codebook, indices.short(), labels, grid).tolist() == expected.tolist()


def test_a_grid_is_what_the_nearest_training_pictures_are(ask, settings):
    training = models.get_training_codes("digits", settings)
    grid = training.indices[17].long()
    votes = ask(edit_votes, indices=grid.tolist())["votes"]
    assert sum(votes.values()) == nearest.VOTERS and votes[CLASSES[17 % 5]] >= 1
    zeros = torch.zeros(4, 6, dtype=torch.int64).tolist()
    assert ask(edit_votes, "free", indices=zeros)["votes"] is None


def test_a_copy_of_a_training_picture_is_found_out(ask, settings):
    grid = models.get_training_codes("digits", settings).indices[17].long()
    reply = ask(generate_near, indices=packed(grid))
    first = reply["near"][0]
    assert (first["number"], first["distance"], first["equal"], first["label"]) == (
        17,
        0,
        49,
        CLASSES[17 % 5],
    )
    distances = [near["distance"] for near in reply["near"]]
    assert distances == sorted(distances) and reply["training"] == 200
    assert (
        ask(generate_near, "free", indices=packed(torch.zeros(4, 6, dtype=torch.int64)))["near"]
        is None
    )


def test_the_four_ways_come_from_one_seed(ask):
    first, again, other = (ask(generate_reference, seed=s)["pictures"] for s in (3, 3, 4))
    assert first == again
    assert list(first) == ["random", "marginal", "gaussian", "prior"]
    assert len(set(first.values())) == 4
    assert all(first[way] != other[way] for way in first)


# -- what no page of ours sends --------------------------------------------------------------------

GRID = packed(torch.zeros(1, 7, 7, dtype=torch.int64))


@pytest.mark.parametrize(
    "question, request_, words",
    [
        (generate_sample, {"count": 101}, "from 1 to 100"),
        (generate_sample, {"count": 2.5}, "whole number"),
        (generate_sample, {"count": True}, "whole number"),
        (generate_sample, {"label": 5}, "from 0 to 4"),
        (generate_sample, {"model": "free", "label": 0}, "without classes"),
        (generate_sample, {"seed": -1}, "The seed"),
        (generate_sample, {"steps": 0}, "Steps"),
        (generate_sample, {"steps": 257}, "Steps"),
        (generate_sample, {"temperature": -1}, "temperature"),
        (generate_sample, {"temperature": float("nan")}, "temperature"),
        (generate_sample, {"temperature": "hot"}, "temperature"),
        (generate_sample, {"top_p": 1.5}, "top_p"),
        (generate_sample, {"guidance": 1e9}, "guidance"),
        (generate_film, {"indices": GRID, "when": GRID, "steps": 10**6}, "number of steps"),
        (generate_film, {"indices": "&", "when": GRID, "steps": 3}, "indices must hold"),
        (
            generate_film,
            {"indices": packed(torch.full((7, 7), K)), "when": GRID, "steps": 3},
            f"from 0 to {K - 1}",
        ),
        (
            generate_film,
            {"indices": GRID, "when": packed(torch.full((7, 7), 4)), "steps": 3},
            "when must hold",
        ),
        (generate_film, {"indices": GRID * 2, "when": GRID, "steps": 3}, "indices must hold"),
        (
            generate_film,
            {
                "indices": packed(torch.zeros(101, 7, 7, dtype=torch.int64)),
                "when": GRID,
                "steps": 3,
            },
            "1",
        ),
        (generate_cell, {"indices": GRID, "when": GRID, "step": 1, "cell": 49}, "from 0 to 48"),
        (generate_near, {"indices": None}, "indices must hold"),
        (generate_near, {"model": "../digits", "indices": GRID}, "model"),
        (generate_continue, {"indices": GRID, "when": GRID, "step": -1}, "The step"),
        (generate_reference, {"seed": 1e300}, "The seed"),
    ],
)
def test_a_wrong_request_is_refused_in_a_sentence(settings, question, request_, words):
    reply = answer(question, {"model": "digits", **request_}, settings)
    assert not reply["ok"] and words in reply["error"], reply
    assert "Traceback" not in reply["error"] and "server failed" not in reply["error"]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.__name__)
@pytest.mark.parametrize("request_", [None, [], "x", 5, {}, {"model": None}, {"model": "nothing"}])
def test_nonsense_never_raises(settings, question, request_):
    reply = answer(question, request_, settings)
    assert reply["ok"] is False or question is generate_stop
    if not reply["ok"]:
        assert reply["error"].endswith((".", ":"))


def test_a_sample_is_handed_to_the_editor():
    value = {
        "model": "m",
        "stamp": 1,
        "grid": {"model": "m", "indices": [[1, 2], [3, 4]], "input": None},
    }
    grid, tabs = hand_over(value)
    assert grid == {**value["grid"], "stamp": grid["stamp"]} and tabs.selected == "edit"
    assert hand_over({"model": "m", "grid": {"model": "m", "indices": [[1, -2]]}}) == (
        gr.skip(),
        gr.skip(),
    )
