"""The masked transformer: what it may look at, how it starts, its config and its naive rivals."""

import math

import pytest
import torch

from tests.priors import grids_of, make_prior
from vqvae.config import ConfigError
from vqvae.naive import gaussian_codes, marginal_codes, random_codes
from vqvae.prior import PriorConfig, position_counts


@torch.no_grad()
def test_what_stands_in_an_unknown_cell_is_not_looked_at():
    prior = make_prior()
    indices, known = grids_of(prior), torch.rand(5, 3, 4, generator=torch.Generator().manual_seed(2)) < 0.5
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
    assert torch.equal(prior(indices, known, torch.tensor([-1]))[0, 1, 1], base), "-1 is the same as no labels"


@torch.no_grad()
def test_a_fresh_prior_knows_the_marginals_and_nothing_else():
    prior = make_prior(lively=False)
    logits = prior(grids_of(prior), torch.rand(5, 3, 4) < 0.5)
    expected = (prior.counts + 0.5) / (prior.counts + 0.5).sum(-1, keepdim=True)
    assert torch.allclose(logits.softmax(-1), expected.expand(5, -1, -1, -1), atol=1e-6)


def test_every_parameter_gets_a_gradient_and_the_codebook_none():
    prior = make_prior()
    indices, known = grids_of(prior, 4), torch.zeros(4, 3, 4, dtype=torch.bool)
    known[:, ::2] = True
    logits = prior(indices, known, torch.tensor([0, 1, 2, -1]))
    torch.nn.functional.cross_entropy(logits[~known], indices[~known]).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in prior.parameters())
    assert "codebook" in dict(prior.named_buffers()) and not prior.codebook.requires_grad


@torch.no_grad()
def test_scores_of_some_cells_are_those_of_all():
    prior = make_prior()
    indices, cells = grids_of(prior), torch.rand(5, 3, 4) < 0.4
    hidden = prior.hidden(indices, ~cells)
    assert torch.allclose(prior.score(hidden, cells), prior.score(hidden)[cells], atol=1e-5)


def test_the_same_seed_builds_the_same_weights_and_leaves_the_global_state():
    before = torch.random.get_rng_state()
    a, b, c = (make_prior(seed=s, lively=False).state_dict() for s in (3, 3, 4))
    assert all(torch.equal(a[k], b[k]) for k in a) and not torch.equal(a["position"], c["position"])
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("wrong, sentence", [
    ({"channels": 10, "heads": 4}, "heads is 4; it must divide channels"), ({"classes": -1}, "classes is -1"),
    ({"height": 65, "width": 64}, "at most 4,096"), ({"codebook_size": 1}, "codebook_size is 1"),
    ({"label_dropout": 2.0}, "label_dropout is 2.0")])
def test_a_config_out_of_range_is_refused(wrong, sentence):
    with pytest.raises(ConfigError, match=sentence):
        PriorConfig(**wrong)


def test_position_counts_count():
    grids = torch.tensor([[[0, 1]], [[0, 2]], [[2, 2]]], dtype=torch.int16)
    assert position_counts(grids, 3).tolist() == [[[2, 0, 1], [0, 1, 2]]]


# -- the samplers that know too little --------------------------------------------------------------------------------

def test_naive_samplers_are_reproducible_and_in_range():
    prior = make_prior()
    for sampler in (random_codes, marginal_codes, gaussian_codes):
        drawn = sampler(prior, 7, seed=5)
        assert drawn.shape == (7, 3, 4) and drawn.dtype == torch.int64
        assert drawn.min() >= 0 and drawn.max() < 12
        assert torch.equal(drawn, sampler(prior, 7, seed=5)) and not torch.equal(drawn, sampler(prior, 7, seed=6))


def test_marginal_codes_follow_the_counts_of_their_position():
    prior = make_prior()
    shares = torch.nn.functional.one_hot(marginal_codes(prior, 4000), 12).float().mean(0)
    expected = prior.counts / prior.counts.sum(-1, keepdim=True)
    assert (shares - expected).abs().max() < 5 * math.sqrt(0.25 / 4000)
    assert not (shares > 0)[prior.counts == 0].any(), "a code never seen at a position is never drawn there"


def test_gaussian_codes_have_the_mean_of_their_position_where_one_code_stands():
    prior = make_prior()
    prior.counts.zero_()[..., 7] = 50
    assert (gaussian_codes(prior, 20) == 7).all(), "no spread: the one code is drawn"
