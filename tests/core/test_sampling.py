"""Drawing, filling, ranking, surprise, polish and the likelihood bound."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.priors import grids_of, make_prior
from vqvae.config import ConfigError
from vqvae.prior.cell_order import even_order, turns
from vqvae.prior.sampling import Sampling, inpaint, polish, sample, sample_steps
from vqvae.prior.scoring import bits_per_image, cell_probabilities, random_masks, surprise

PRIOR = make_prior()
GRIDS = grids_of(PRIOR, 3)
MASKS = st.lists(st.booleans(), min_size=36, max_size=36) | st.sampled_from(
    [[True] * 36, [False] * 36]
)
SETTINGS = st.builds(
    Sampling,
    steps=st.integers(1, 20),
    temperature=st.sampled_from([0.0, 0.7, 1.0, 3.0]),
    top_k=st.sampled_from([0, 1, 5, 99]),
    top_p=st.sampled_from([0.0, 0.5, 1.0]),
    guidance=st.sampled_from([0.0, 1.0, 2.5]),
)


@settings(deadline=None, max_examples=60)
@given(mask=MASKS, sampling=SETTINGS, seed=st.integers(0, 2**63 - 1), with_labels=st.booleans())
def test_known_cells_never_change_and_every_other_is_drawn_once(mask, sampling, seed, with_labels):
    known = torch.tensor(mask).reshape(3, 3, 4)
    drawn = torch.zeros_like(known)
    before = GRIDS.where(known, 0)
    for state in sample_steps(
        PRIOR, GRIDS, known, torch.tensor([0, -1, 2]) if with_labels else None, sampling, seed
    ):
        assert torch.equal(state.indices[known], GRIDS[known])
        assert torch.equal(state.indices[drawn], before[drawn]), "what was drawn stays"
        assert not (state.fresh & (known | drawn)).any()
        drawn, before = drawn | state.fresh, state.indices
        assert torch.equal(state.known, known | drawn)
    assert state.known.all() and state.step == state.steps == min(
        sampling.steps, int((~known).sum((1, 2)).max())
    )
    assert state.indices.min() >= 0 and state.indices.max() < 12


def test_the_first_item_is_the_state_before_and_steps_are_counted():
    states = list(
        sample_steps(
            PRIOR, GRIDS, torch.zeros(3, 3, 4, dtype=torch.bool), sampling=Sampling(steps=5)
        )
    )
    assert [s.step for s in states] == [0, 1, 2, 3, 4, 5] and not states[0].known.any()
    sizes = [int(s.fresh[0].sum()) for s in states[1:]]
    assert sum(sizes) == 12 and min(sizes) >= 1


def test_a_seed_gives_one_result_and_another_seed_another():
    a, b, c = (sample(PRIOR, 6, torch.arange(6) % 3, seed=s) for s in (1, 1, 2))
    assert (
        torch.equal(a, b)
        and not torch.equal(a, c)
        and a.shape == (6, 3, 4)
        and a.dtype == torch.int64
    )
    assert torch.equal(sample(PRIOR, 4, 2, seed=3), sample(PRIOR, 4, torch.full((4,), 2), seed=3))


def test_alternatives_differ_and_keep_what_is_known():
    known = torch.zeros(3, 4, dtype=torch.bool)
    known[0] = True
    filled = inpaint(
        PRIOR, GRIDS[0], known, label=1, alternatives=4, sampling=Sampling(temperature=1.0)
    )
    assert filled.shape == (4, 3, 4) and (filled[:, 0] == GRIDS[0, 0]).all()
    assert len({tuple(f.flatten().tolist()) for f in filled}) == 4


def test_one_cell_is_drawn_with_its_probabilities():
    p = cell_probabilities(PRIOR, GRIDS[0], 1, 2, label=1)
    assert p.shape == (12,) and p.sum().item() == pytest.approx(1, abs=1e-5)
    known = torch.ones(3, 4, dtype=torch.bool)
    known[1, 2] = False
    drawn = inpaint(
        PRIOR, GRIDS[0], known, label=1, alternatives=4000, sampling=Sampling(temperature=1.0)
    )[:, 1, 2]
    shares = torch.bincount(drawn, minlength=12) / 4000
    assert (shares - p).abs().max() < 5 * math.sqrt(0.25 / 4000)


@pytest.mark.parametrize(
    "sampling, allowed",
    [
        (Sampling(temperature=0.0), 1),
        (Sampling(top_k=1), 1),
        (Sampling(temperature=1.0, top_k=3), 3),
        (Sampling(temperature=1.0, top_p=0.5), None),
    ],
)
def test_temperature_0_top_k_and_top_p_draw_among_the_likeliest_only(sampling, allowed):
    p = cell_probabilities(PRIOR, GRIDS[0], 1, 2)
    order = p.argsort(descending=True)
    if allowed is None:
        allowed = int((p[order].cumsum(0) < sampling.top_p).sum()) + 1
    known = torch.ones(3, 4, dtype=torch.bool)
    known[1, 2] = False
    drawn = inpaint(PRIOR, GRIDS[0], known, alternatives=300, sampling=sampling)[:, 1, 2]
    assert set(drawn.tolist()) == set(order[:allowed].tolist())


@pytest.mark.parametrize(
    "guidance, weights", [(9.0, [9, 7, 5, 3, 1]), (1.0, [1] * 5), (0.5, [0.5] * 5), (0.0, [0] * 5)]
)
@torch.no_grad()
def test_guidance_fades_to_1_by_the_last_step_and_below_1_it_stays(guidance, weights):
    """Without noise each step takes the likeliest codes by p(code) (p(code | class) / p(code)) ^
    weight."""
    labels, differing = torch.tensor([0, 1, 2]), 0
    known = torch.zeros(3, 3, 4, dtype=torch.bool)
    states = list(
        sample_steps(PRIOR, GRIDS, known, labels, Sampling(5, temperature=0.0, guidance=guidance))
    )
    for before, after, weight in zip(states, states[1:], weights, strict=False):
        with_class, without = (
            PRIOR(before.indices, before.known, of).log_softmax(-1) for of in (labels, None)
        )
        likeliest = (without + weight * (with_class - without)).argmax(-1)
        assert torch.equal(after.indices[after.fresh], likeliest[after.fresh])
        unfaded = (without + guidance * (with_class - without)).argmax(-1)
        differing += int((unfaded != likeliest)[after.fresh].sum())
    assert (differing > 0) == (guidance > 1), "the steps tell fading from standing still"


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 4), (7, 7), (16, 16)])
def test_cells_are_settled_in_an_order_that_covers_the_grid_evenly(shape):
    order = even_order(*shape)
    h, w = shape
    assert sorted(order.flatten().tolist()) == list(range(h * w))
    if min(shape) < 7:
        return
    cells = torch.stack(torch.unravel_index(order.flatten().argsort(), shape), 1)
    for count in (2, 4, 8):
        apart = (cells[:count, None] - cells[None, :count]).abs()
        apart = torch.minimum(apart, torch.tensor(shape) - apart).float().norm(
            dim=2
        ) + 99 * torch.eye(count)
        assert apart.min() >= 0.6 * (h * w / count) ** 0.5, (
            "as far from one another as so many can nearly be"
        )


def test_the_order_of_a_grid_is_shifted_and_mirrored_both_ways():
    order = turns(torch.zeros(200, 5, 6, dtype=torch.bool), torch.Generator().manual_seed(0))
    firsts = [divmod(int(grid.argmin()), 6) for grid in order]
    assert len(set(firsts)) == 30
    unshifted = {
        tuple(grid.roll((-row, -column), (0, 1)).flatten().tolist())
        for grid, (row, column) in zip(order, firsts, strict=True)
    }
    assert len(unshifted) == 4


def test_the_cells_of_an_early_step_are_no_neighbours_whatever_is_known():
    prior = make_prior(height=7, width=7)
    known = torch.zeros(20, 7, 7, dtype=torch.bool)
    known[10:, :3] = True
    grids = torch.zeros(20, 7, 7, dtype=torch.int64)
    early = [
        state.fresh
        for state in sample_steps(prior, grids, known, sampling=Sampling(steps=10), seed=5)
    ][:4]
    for fresh in early:
        assert (
            not (fresh[:, 1:] & fresh[:, :-1]).any()
            and not (fresh[:, :, 1:] & fresh[:, :, :-1]).any()
        )
    drawn = sum(early).bool()[:10]
    assert len({tuple(grid.flatten().tolist()) for grid in drawn}) > 5, (
        "each grid in an order of its own"
    )


def test_without_a_class_each_fresh_grid_gets_one_as_often_as_the_training_set_has_it(monkeypatch):
    asked = []
    whole = type(PRIOR).forward
    monkeypatch.setattr(
        type(PRIOR),
        "forward",
        lambda self, i, k, labels=None, cells=None: (
            asked.append(labels) if k.any() else None,
            whole(self, i, k, labels, cells),
        )[1],
    )
    uneven = make_prior()
    uneven.class_counts *= torch.tensor([6, 0, 2])[:, None, None, None]
    sample(uneven, 3000, sampling=Sampling(steps=2, guidance=1.0))
    shares = torch.bincount(torch.cat(asked), minlength=3) / 3000
    assert (
        shares - torch.tensor([17 * 6, 0, 16 * 2]) / (17 * 6 + 16 * 2)
    ).abs().max() < 0.05 and shares[1] == 0
    asked.clear()
    inpaint(
        PRIOR,
        GRIDS[0],
        torch.eye(3, 4, dtype=torch.bool),
        alternatives=1,
        sampling=Sampling(steps=1),
    )
    assert asked[0] is None, "where something is known, that tells the class"


# -- surprise, polish, likelihood ------------------------------------------------------------------


def test_surprise_is_the_cost_of_each_cell_given_all_others():
    nats = surprise(PRIOR, GRIDS, torch.tensor([0, 1, -1]))
    for b, label in enumerate((0, 1, None)):
        for row, column in itertools.product(range(3), range(4)):
            p = cell_probabilities(PRIOR, GRIDS[b], row, column, label)[GRIDS[b, row, column]]
            assert nats[b, row, column].item() == pytest.approx(-math.log(p), abs=1e-4)


def test_surprise_of_a_large_grid_takes_64_passes_and_reaches_every_cell():
    large = make_prior(9, 17, 0)
    nats = surprise(large, grids_of(large, 2))
    assert nats.shape == (2, 9, 17) and (nats > 0).all()


@settings(deadline=None, max_examples=25)
@given(
    mask=st.lists(st.booleans(), min_size=12, max_size=12), share=st.sampled_from([0.0, 0.25, 1.0])
)
def test_polish_never_changes_locked_cells(mask, share):
    locked = torch.tensor(mask).reshape(3, 4)
    polished = polish(PRIOR, GRIDS[1], locked=locked, share=share, rounds=2)
    assert torch.equal(polished[locked], GRIDS[1][locked])


def test_every_round_of_polish_draws_anew():
    """Where all cells are drawn a round's noise alone decides: the same again would change nothing,
    and end it."""
    rounds = [
        polish(PRIOR, GRIDS[0], share=1.0, rounds=n, sampling=Sampling(temperature=3.0))
        for n in (1, 2, 3)
    ]
    assert len({tuple(grid.flatten().tolist()) for grid in rounds}) == 3


def test_polish_redraws_the_most_surprising_cells_only():
    grid = sample(PRIOR, 1, sampling=Sampling(temperature=0.0))[0]
    worst = surprise(PRIOR, grid[None])[0].flatten().topk(3).indices
    polished = polish(PRIOR, grid, share=0.25, rounds=1, sampling=Sampling(temperature=5.0))
    changed = (polished != grid).flatten().nonzero().flatten()
    assert set(changed.tolist()) <= set(worst.tolist())


def test_the_bound_is_the_exact_mean_over_all_orders_and_a_distribution_for_each():
    """2 x 2 cells of 3 codes: every grid and every order can be gone through."""
    toy = make_prior(2, 2, 0, codebook_size=3)
    every = torch.tensor(list(itertools.product(range(3), repeat=4))).reshape(81, 2, 2)
    nats, totals = torch.zeros(81), []
    orders = list(itertools.permutations(range(4)))
    with torch.no_grad():
        for order in orders:
            known, cost = torch.zeros(81, 4, dtype=torch.bool), torch.zeros(81)
            for cell in order:
                log_p = toy(every, known.reshape(81, 2, 2)).log_softmax(-1).flatten(1, 2)[:, cell]
                cost -= log_p.gather(1, every.flatten(1)[:, cell, None]).squeeze(1)
                known[:, cell] = True
            totals.append((-cost).exp().sum().item())
            nats += cost / len(orders)
    assert totals == pytest.approx([1.0] * 24, abs=1e-4), (
        "each order is a distribution over all grids"
    )
    assert (-nats).exp().sum() <= 1, "the mean over orders is a bound"
    estimates = torch.stack([bits_per_image(toy, every, seed=s) for s in range(400)])
    standard_error = estimates.std(0) / math.sqrt(400)
    assert ((estimates.mean(0) - nats / math.log(2)).abs() < 5 * standard_error + 1e-3).all()


def test_masks_hide_every_number_of_cells_equally_often():
    known, weight = random_masks(1200, (3, 4), torch.Generator().manual_seed(0))
    hidden = (~known).sum((1, 2))
    assert torch.equal(weight, 12 / hidden)
    assert (torch.bincount(hidden, minlength=13)[1:] - 100).abs().max() <= 1 and hidden.min() == 1
    assert (known.float().mean(0) - 11 / 24).abs().max() < 0.08


# -- wrong calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"steps": 0}, "steps is 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"guidance": math.nan}, "guidance is nan"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Sampling(**wrong)


@pytest.mark.parametrize(
    "indices, known, labels, sentence",
    [
        (
            torch.zeros(1, 4, 3, dtype=torch.int64),
            torch.ones(1, 4, 3, dtype=torch.bool),
            None,
            "must be int64",
        ),
        (torch.zeros(1, 3, 4), torch.ones(1, 3, 4, dtype=torch.bool), None, "must be int64"),
        (torch.zeros(1, 3, 4, dtype=torch.int64), torch.ones(1, 3, 4), None, "must be bool"),
        (torch.full((1, 3, 4), 12), torch.ones(1, 3, 4, dtype=torch.bool), None, "0..11"),
        (
            torch.zeros(1, 3, 4, dtype=torch.int64),
            torch.ones(1, 3, 4, dtype=torch.bool),
            torch.tensor([3]),
            "0..2, or -1",
        ),
        (
            torch.zeros(1, 3, 4, dtype=torch.int64),
            torch.ones(1, 3, 4, dtype=torch.bool),
            torch.tensor([-2]),
            "0..2, or -1",
        ),
        (
            torch.zeros(1, 3, 4, dtype=torch.int64),
            torch.ones(1, 3, 4, dtype=torch.bool),
            torch.tensor([0, 0]),
            "one for each of 1 grids",
        ),
    ],
)
def test_what_does_not_fit_is_refused(indices, known, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        next(sample_steps(PRIOR, indices, known, labels))


def test_an_unconditional_prior_takes_no_class_but_minus_one():
    prior = make_prior(classes=0)
    assert torch.equal(sample(prior, 2, torch.tensor([-1, -1])), sample(prior, 2))
    with pytest.raises(ValueError, match="no classes"):
        sample(prior, 1, 0)


def test_passes_that_fit_the_memory_give_the_same(monkeypatch):
    labels = torch.tensor([0, -1, 2])
    whole = (
        surprise(PRIOR, GRIDS, labels),
        bits_per_image(PRIOR, GRIDS, labels),
        sample(PRIOR, 3, labels),
    )
    monkeypatch.setattr("vqvae.prior.passes.PASS_LOGITS", 1)
    parts = surprise(PRIOR, GRIDS, labels), bits_per_image(PRIOR, GRIDS, labels)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(whole, parts, strict=False))
    assert sample(PRIOR, 3, labels).shape == whole[2].shape


@pytest.mark.parametrize("k, height, width", [(16_384, 8, 8), (64, 16, 16)])
def test_large_codebooks_and_grids_are_drawn_too(k, height, width):
    large = make_prior(height, width, 0, codebook_size=k)
    assert sample(large, 2, sampling=Sampling(steps=3)).shape == (2, height, width)
