"""What the Edit tab asks a prior, on a small one made here: locked cells never change, figures are
the prior's own."""

import base64
import json
import math
import random

import numpy as np
import pytest
import torch

import vqvae
from demo.door import answer
from demo.models import library as models
from demo.settings import Settings
from demo.tabs.edit import prior as edit_prior
from demo.tabs.edit import tab as edit_tab
from demo.tabs.edit.prior import (
    PRIOR_QUESTIONS,
    prior_fill,
    prior_odds,
    prior_polish,
    prior_surprise,
)
from demo.tabs.edit.questions import QUESTIONS, edit_commit, edit_model
from vqvae.data.index_set import IndexSet
from vqvae.prior.checkpoint import save_prior
from vqvae.prior.scoring import cell_probabilities, surprise
from vqvae.prior.training import new_prior

K, CELLS = 64, 49


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Models `digits` (a prior of two classes), `plain` (none), `any` (one without classes), `torn`
    (a damaged one)."""
    root = tmp_path_factory.mktemp("edit-prior") / "checkpoints"
    for name, classes in (("digits", 2), ("plain", None), ("any", 0), ("torn", None)):
        config = vqvae.ModelConfig(
            hidden_channels=8,
            residual_blocks=0,
            embedding_dim=4,
            codebook_size=K,
            classes=("nought", "one") if classes else (),
        )
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model = vqvae.build_model(config).eval()
            with torch.no_grad():
                model.codebook.normal_()
            vqvae.save_checkpoint(root / name, model)
            if classes is None:
                continue
            labels = torch.arange(300) % classes if classes else None
            data = IndexSet(
                "noise",
                torch.randint(K, (300, 7, 7)).short(),
                labels,
                ("nought", "one")[:classes],
                K,
                model.fingerprint(),
            )
            prior = new_prior(model, data, channels=16, layers=1, heads=2)
            with torch.no_grad():
                prior.head.weight.normal_()  # what it says of a cell depends on the others
            save_prior(root / name, prior)
    (root / "torn" / "prior.safetensors").write_bytes(b"torn")
    return Settings(checkpoints=root, runs=root / "runs", data_dir=root)


@pytest.fixture
def ask(settings):
    """A function (question, model, ...) -> its answer, which must be ok."""

    def ask_(question, model="digits", **request):
        reply = answer(question, {"model": model, "n": 7, "label": None, **request}, settings)
        assert reply["ok"] and reply["n"] == 7, reply
        json.dumps(reply)
        return reply

    return ask_


def some_grid(seed=0):
    rng = random.Random(seed)
    return [[rng.randrange(K) for _ in range(7)] for _ in range(7)]


def floats(text):
    return np.frombuffer(base64.b64decode(text), np.float32)


def masks():
    """No cell locked, all of them, one alone, and random ones of every density."""
    rng = random.Random(5)
    yield from ([], list(range(CELLS)), [24], [p for p in range(CELLS) if p != 24])
    for n in range(12):
        yield [p for p in range(CELLS) if rng.random() < (n + 1) / 13]


@pytest.mark.parametrize("question", [prior_fill, prior_polish])
def test_locked_cells_never_change(ask, question):
    changed = 0
    for seed, locked in enumerate(masks()):
        grid = some_grid(seed)
        reply = ask(question, indices=grid, locked=locked, seed=seed, label=seed % 2)
        grids = np.array(reply["indices"]).reshape(-1, CELLS)
        assert (grids[:, locked] == np.array(grid).flatten()[locked]).all()
        assert ((grids >= 0) & (grids < K)).all()
        changed += (grids != np.array(grid).flatten()).sum()
    assert changed > 100, "the other cells do change"


def test_four_different_ways_each_with_its_own_picture_and_the_seed_repeats_them(ask):
    asked = {"indices": some_grid(), "locked": list(range(28)), "seed": 3}
    reply = ask(prior_fill, **asked)
    assert ask(prior_fill, **asked) == reply != ask(prior_fill, **{**asked, "seed": 4})
    assert len({json.dumps(rows) for rows in reply["indices"]}) == edit_prior.ALTERNATIVES == 4
    pictures = np.frombuffer(base64.b64decode(reply["pixels"]), np.uint8).reshape(4, 28, 28)
    for rows, picture in zip(reply["indices"], pictures, strict=True):
        one = np.frombuffer(
            base64.b64decode(ask(edit_commit, indices=rows)["pixels"]), np.uint8
        ).reshape(28, 28)
        assert np.abs(one.astype(int) - picture).max() <= 1  # a batch adds up in another order


@pytest.mark.parametrize("label", [None, 1])
def test_odds_and_surprise_are_the_priors_own_and_agree(ask, settings, label):
    prior, grid = models.get_prior("digits", settings), torch.tensor(some_grid(2))
    bits = floats(ask(prior_surprise, indices=grid.tolist(), label=label)["bits"]).reshape(7, 7)
    expected = surprise(prior, grid[None], None if label is None else torch.tensor([label]))[
        0
    ] / math.log(2)
    np.testing.assert_allclose(bits, expected.numpy(), rtol=1e-4, atol=1e-4)
    for p in (0, 24, 48):
        odds = floats(ask(prior_odds, indices=grid.tolist(), cell=p, label=label)["probabilities"])
        row, column = divmod(p, 7)
        np.testing.assert_allclose(
            odds, cell_probabilities(prior, grid, row, column, label).numpy(), rtol=1e-4
        )
        assert odds.sum() == pytest.approx(1, abs=1e-4)
        assert -math.log2(odds[int(grid[row, column])]) == pytest.approx(
            bits[row, column], abs=1e-3
        )


def test_polish_takes_the_least_likely_cells_and_makes_the_grid_likelier(ask, settings):
    prior, grid = models.get_prior("digits", settings), torch.tensor(some_grid(4))
    polished = torch.tensor(ask(prior_polish, indices=grid.tolist(), locked=[], seed=0)["indices"])
    assert not torch.equal(polished, grid)
    before, after = surprise(prior, torch.stack([grid, polished])).sum((1, 2))
    assert after < before


def test_the_page_is_told_of_the_prior_and_its_classes_or_why_there_is_none(ask):
    assert ask(edit_model)["prior"] == {"classes": ["nought", "one"]}
    assert ask(edit_model, "any")["prior"] == {"classes": []}
    plain, torn = ask(edit_model, "plain"), ask(edit_model, "torn")
    assert plain["prior"] is torn["prior"] is None
    assert "Train tab" in plain["why"] and "prior.safetensors" in torn["why"]


GOOD = {
    "model": "digits",
    "indices": some_grid(),
    "locked": [],
    "seed": 0,
    "label": None,
    "cell": 0,
}


@pytest.mark.parametrize("question", [prior_fill, prior_polish, prior_odds, prior_surprise])
@pytest.mark.parametrize(
    "more, message",
    [
        ({"model": "plain"}, "has no prior"),
        ({"model": "../digits"}, "name of a model"),
        ({"indices": [[0]]}, "7 rows"),
        ({"indices": [[K] * 7] * 7}, "63|codes"),
        ({"indices": None}, "7 rows"),
        ({"label": 2}, "from 0 to 1"),
        ({"label": True}, "from 0 to 1"),
        ({"label": "1"}, "from 0 to 1"),
        ({"model": "any", "label": 0}, "no classes"),
        ({"model": "torn"}, "damaged"),
    ],
)
def test_a_bad_question_is_refused_with_a_sentence(settings, question, more, message):
    refused(settings, question, more, message)


@pytest.mark.parametrize("question", [prior_fill, prior_polish])
@pytest.mark.parametrize(
    "more, message",
    [
        ({"locked": None}, "positions"),
        ({"locked": [49]}, "positions"),
        ({"locked": [0.0]}, "positions"),
        ({"locked": [0] * 50}, "positions"),
        ({"locked": [True]}, "positions"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": None}, "seed"),
        ({"seed": True}, "seed"),
    ],
)
def test_bad_locks_and_seeds_are_refused(settings, question, more, message):
    refused(settings, question, more, message)


@pytest.mark.parametrize("cell", [None, 49, -1, "0", [0]])
def test_a_bad_cell_is_refused(settings, cell):
    refused(settings, prior_odds, {"cell": cell}, "positions")


def refused(settings, question, more, message):
    import re

    reply = answer(question, {**GOOD, **more}, settings)
    assert reply["ok"] is False and re.search(message, reply["error"]), reply
    assert "its log says why" not in reply["error"], "this was not foreseen"


def test_a_grid_too_large_to_be_asked_about_says_so(settings, monkeypatch):
    monkeypatch.setattr(edit_prior, "MOST_CELLS", 48)
    refused(settings, prior_fill, {}, "7 × 7 cells")


def test_two_are_answered_at_a_time_and_the_page_asks_again_for_the_third(settings, monkeypatch):
    monkeypatch.setattr("demo.door.WAIT_SECONDS", 0.01)
    ask = {function.__name__: function for function in edit_tab.functions(settings)}
    subject, inner = edit_prior._subject, []

    def nested(request, settings):
        inner.append(ask["prior_surprise"](GOOD))
        return subject(request, settings)

    monkeypatch.setattr(edit_prior, "_subject", nested)
    assert ask["prior_odds"]({**GOOD, "cell": 3})["ok"]
    refused, answered = inner
    assert answered["ok"] and not refused["ok"]
    assert refused["again"] and "busy" in refused["error"]


def test_the_component_has_all_questions(settings):
    asked = {function.__name__ for function in edit_tab.functions(settings)}
    assert asked == {question.__name__ for question in (*QUESTIONS, *PRIOR_QUESTIONS)}
