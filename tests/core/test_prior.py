"""The masked transformer: what it may look at, how it starts, its config and its naive rivals."""

import math

import pytest
import torch

from tests.priors import grids_of, make_prior
from vqvae.config import ConfigError
from vqvae.prior.config import PriorConfig
from vqvae.prior.model import count_codes
from vqvae.prior.naive import gaussian_codes, marginal_codes, random_codes


@torch.no_grad()
def test_what_stands_in_an_unknown_cell_is_not_looked_at():
    prior = make_prior()
    indices, known = (
        grids_of(prior),
        torch.rand(5, 3, 4, generator=torch.Generator().manual_seed(2)) < 0.5,
    )
    other = torch.where(known, indices, (indices + 5) % 12)
    assert torch.equal(prior(indices, known), prior(other, known))
    assert prior(indices, known).shape == (5, 3, 4, 12)


@torch.no_grad()
def test_every_known_cell_the_class_and_the_position_matter():
    prior = make_prior()
    indices, known = grids_of(prior, 1), torch.ones(1, 3, 4, dtype=torch.bool)
    known[0, 1, 1] = False
    base = prior(indices, known)[0, 1, 1]
    for row in range(3):
        for column in range(4):
            changed = indices.clone()
            changed[0, row, column] = (changed[0, row, column] + 1) % 12
            same = torch.equal(prior(changed, known)[0, 1, 1], base)
            assert same == ((row, column) == (1, 1))
    with_class = prior(indices, known, torch.tensor([2]))[0, 1, 1]
    assert not torch.equal(with_class, base)
    assert torch.equal(prior(indices, known, torch.tensor([-1]))[0, 1, 1], base), (
        "-1 is the same as no labels"
    )


@torch.no_grad()
def test_a_fresh_prior_knows_the_marginals_of_each_class_and_nothing_else():
    prior = make_prior(lively=False)
    logits = prior(grids_of(prior), torch.rand(5, 3, 4) < 0.5, torch.tensor([-1, 0, 1, 2, -1]))
    free = (prior.counts + 0.5) / (prior.counts + 0.5).sum(-1, keepdim=True)
    assert torch.allclose(logits[0].softmax(-1), free, atol=1e-6)
    for label in range(3):
        counts = prior.class_counts[label] + 10 * free
        assert torch.allclose(
            logits[label + 1].softmax(-1), counts / counts.sum(-1, keepdim=True), atol=1e-6
        )


@torch.no_grad()
def test_where_tables_of_every_class_were_too_large_all_share_one(monkeypatch):
    monkeypatch.setattr("vqvae.prior.config.MAX_COUNTS", 100)
    prior = make_prior(lively=False)
    assert prior.class_counts.shape == (1, 3, 4, 12) and prior.counts.sum() == 50 * 12
    logits = prior(grids_of(prior), torch.rand(5, 3, 4) < 0.5, torch.tensor([-1, 0, 1, 2, -1]))
    assert torch.equal(logits[0], logits[1])


def test_every_parameter_gets_a_gradient_and_the_codebook_none():
    prior = make_prior()
    indices, known = grids_of(prior, 4), torch.zeros(4, 3, 4, dtype=torch.bool)
    known[:, ::2] = True
    logits = prior(indices, known, torch.tensor([0, 1, 2, -1]))
    torch.nn.functional.cross_entropy(logits[~known], indices[~known]).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in prior.parameters())
    assert "codebook" in dict(prior.named_buffers()) and not prior.codebook.requires_grad


@torch.no_grad()
def test_logits_of_some_cells_are_those_of_all():
    prior = make_prior()
    indices, cells, labels = (
        grids_of(prior),
        torch.rand(5, 3, 4) < 0.4,
        torch.tensor([2, -1, 0, 0, 1]),
    )
    assert torch.allclose(
        prior(indices, ~cells, labels, cells), prior(indices, ~cells, labels)[cells], atol=1e-5
    )
    alone = torch.cat(
        [prior(indices[i : i + 1], ~cells[i : i + 1], labels[i : i + 1]) for i in range(5)]
    )
    assert torch.allclose(alone, prior(indices, ~cells, labels), atol=1e-5), (
        "a grid does not depend on its batch"
    )


def test_the_same_seed_builds_the_same_weights_and_leaves_the_global_state():
    before = torch.random.get_rng_state()
    a, b, c = (make_prior(seed=s, lively=False).state_dict() for s in (3, 3, 4))
    assert all(torch.equal(a[k], b[k]) for k in a) and not torch.equal(a["position"], c["position"])
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"channels": 10, "heads": 4}, "heads is 4; it must divide channels"),
        ({"classes": -1}, "classes is -1"),
        ({"height": 33, "width": 32}, "at most 1,024"),
        ({"codebook_size": 1}, "codebook_size is 1"),
        ({"label_dropout": 2.0}, "label_dropout is 2.0"),
    ],
)
def test_a_config_out_of_range_is_refused(wrong, sentence):
    with pytest.raises(ConfigError, match=sentence):
        PriorConfig(**wrong)


def test_count_codes_counts_each_class_apart():
    grids = torch.tensor([[[0, 1]], [[0, 2]], [[2, 2]]], dtype=torch.int16)
    config = PriorConfig(codebook_size=3, height=1, width=2, classes=2)
    assert count_codes(grids, config, torch.tensor([0, 1, 1])).tolist() == [
        [[[1, 0, 0], [0, 1, 0]]],
        [[[1, 0, 1], [0, 0, 2]]],
    ]
    assert count_codes(grids, PriorConfig(codebook_size=3, height=1, width=2)).tolist() == [
        [[[2, 0, 1], [0, 1, 2]]]
    ]


# -- the samplers that know too little -------------------------------------------------------------


def test_naive_samplers_are_reproducible_and_in_range():
    prior = make_prior()
    for sampler in (random_codes, marginal_codes, gaussian_codes):
        drawn = sampler(prior, 7, seed=5)
        assert drawn.shape == (7, 3, 4) and drawn.dtype == torch.int64
        assert drawn.min() >= 0 and drawn.max() < 12
        assert torch.equal(drawn, sampler(prior, 7, seed=5)) and not torch.equal(
            drawn, sampler(prior, 7, seed=6)
        )


def test_marginal_codes_follow_the_counts_of_their_position():
    prior = make_prior()
    shares = torch.nn.functional.one_hot(marginal_codes(prior, 4000), 12).float().mean(0)
    expected = prior.counts / prior.counts.sum(-1, keepdim=True)
    assert (shares - expected).abs().max() < 5 * math.sqrt(0.25 / 4000)
    assert not (shares > 0)[prior.counts == 0].any(), (
        "a code never seen at a position is never drawn there"
    )


def test_gaussian_codes_have_the_mean_of_their_position_where_one_code_stands():
    prior = make_prior()
    prior.class_counts.zero_()[..., 7] = 50
    assert (gaussian_codes(prior, 20) == 7).all(), "no spread: the one code is drawn"
