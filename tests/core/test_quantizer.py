"""The quantizer against references computed another way: brute force, by hand, and by finite
reasoning on gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae.nn import losses
from vqvae.nn.quantizers import base, search
from vqvae.nn.quantizers.codebook_loss import VectorQuantizer
from vqvae.nn.quantizers.ema import EMAVectorQuantizer
from vqvae.nn.quantizers.search import kmeans

BOTH = pytest.mark.parametrize("variant", [VectorQuantizer, EMAVectorQuantizer])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(
    variant=VectorQuantizer, k: int = 8, d: int = 3, seed: int = 0, **options
) -> VectorQuantizer:
    """A quantizer with a standard normal codebook that nothing moves unless the test asks for
    it."""
    made = variant(k, d, **{"kmeans_start": False, "restart_threshold": 0.0, **options})
    with torch.no_grad():
        made.codebook.copy_(torch.randn(k, d, generator=seeded(seed)))
    return made


def set_codebook(made: VectorQuantizer, rows) -> VectorQuantizer:
    with torch.no_grad():
        made.codebook.copy_(torch.as_tensor(rows, dtype=torch.float32))
    return made


def brute_force(z_e: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    """float64 (B, *spatial, K): every squared distance, written out as a sum of squared
    differences."""
    z = z_e.double().movedim(1, -1).unsqueeze(-2)
    return (z - codebook.double()).square().sum(-1)


# -- the nearest code ------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3),
    d=st.integers(1, 9),
    k=st.integers(2, 40),
    seed=st.integers(0, 10**6),
    spatial=st.lists(st.integers(1, 5), max_size=3),
    variant=st.sampled_from([VectorQuantizer, EMAVectorQuantizer]),
)
def test_equals_brute_force_for_any_spatial_shape(batch, d, k, seed, spatial, variant):
    made = make(variant, k, d, seed).eval()
    z_e = torch.randn(batch, d, *spatial, generator=seeded(seed + 1))
    result = made(z_e)
    expected = brute_force(z_e, made.codebook)
    assert result.indices.shape == (batch, *spatial) and result.indices.dtype == torch.int64
    chosen = expected.gather(-1, result.indices[..., None])[..., 0]
    torch.testing.assert_close(chosen, expected.amin(-1), rtol=1e-4, atol=1e-5)
    rows = made.codebook.detach()[result.indices].movedim(-1, 1)
    torch.testing.assert_close(result.z_q.detach(), rows, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(made.embed(result.indices).detach(), rows, rtol=0, atol=0)
    mean = (rows.double() - z_e.double()).square().mean().float()
    torch.testing.assert_close(result.codebook_loss.detach(), mean)
    torch.testing.assert_close(result.commitment_loss.detach(), mean)


def test_the_size_of_the_issue_is_16384_vectors_of_64_numbers():
    made = make(k=32, d=64).eval()
    z_e = torch.randn(16, 64, 32, 32, generator=seeded(3))
    indices = made(z_e).indices
    assert indices.numel() == 16_384
    sample = z_e[:1, :, :4]
    assert torch.equal(indices[:1, :4], brute_force(sample, made.codebook).argmin(-1))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 70), d=st.integers(1, 6))
def test_ties_go_to_the_lowest_index(seed, k, d):
    # Small whole numbers are exact in float32, so every tie is a tie; the range makes duplicates
    # frequent.
    made = set_codebook(make(k=k, d=d), torch.randint(-2, 3, (k, d), generator=seeded(seed))).eval()
    z_e = torch.randint(-2, 3, (5, d, 7), generator=seeded(seed + 1)).float()
    distances = brute_force(z_e, made.codebook)
    lowest = (distances == distances.amin(-1, keepdim=True)).int().argmax(-1)
    assert torch.equal(made(z_e).indices, lowest)


def test_the_later_of_two_equal_codes_is_never_chosen():
    rows = torch.randn(33, 5, generator=seeded(1))
    made = set_codebook(make(k=66, d=5), torch.cat([rows, rows])).eval()
    assert int(made(torch.randn(4, 5, 20, generator=seeded(2))).indices.max()) < 33


@pytest.mark.parametrize("block", [1, 9, 64, 10**9])
def test_working_in_blocks_changes_nothing(block, monkeypatch):
    made, z_e = make(k=9, d=4).eval(), torch.randn(3, 4, 5, 5, generator=seeded(4))
    expected = brute_force(z_e, made.codebook).argmin(-1)
    monkeypatch.setattr(search, "DISTANCE_BLOCK", block)
    assert torch.equal(made(z_e).indices, expected)


def test_a_large_codebook_never_makes_the_whole_distance_matrix(monkeypatch):
    sizes, real = [], torch.addmm

    def watched(*args, **options):
        product = real(*args, **options)
        sizes.append(product.numel())
        return product

    monkeypatch.setattr(torch, "addmm", watched)
    monkeypatch.setattr(search, "DISTANCE_BLOCK", 2**20)
    made = make(k=16_384, d=2).eval()
    made(torch.randn(2, 2, 10, 10))
    assert len(sizes) > 1 and max(sizes) <= 2**20


def test_distances_equal_brute_force_and_are_never_negative():
    made = make(k=12, d=6)
    z = torch.randn(2, 3, 6, generator=seeded(5))
    torch.testing.assert_close(
        made.distances(z).double(),
        (z.double().unsqueeze(-2) - made.codebook.detach().double()).square().sum(-1),
        rtol=1e-5,
        atol=1e-5,
    )
    assert made.distances(made.codebook.detach() * 100).min() >= 0
    assert made.distances(made.codebook.detach()).diagonal().max() < 1e-5


@BOTH
def test_autocast_changes_no_index(variant):
    made, z_e = make(variant, 256, 8).eval(), torch.randn(4, 8, 6, 6, generator=seeded(6))
    plain = made(z_e)
    with torch.autocast("cpu", torch.bfloat16):
        result = made(z_e)
        flat = z_e.movedim(1, -1).reshape(-1, 8)
        assert torch.equal(made.nearest(flat), plain.indices.flatten())
        distances = made.distances(flat)
    assert torch.equal(result.indices, plain.indices) and torch.equal(
        distances, made.distances(flat)
    )
    assert result.commitment_loss.dtype == torch.float32
    assert torch.equal(result.commitment_loss, plain.commitment_loss)


def test_half_precision_latents_are_taken():
    made, z_e = make(k=16, d=4).eval(), torch.randn(2, 4, 3, 3, generator=seeded(7)).bfloat16()
    assert torch.equal(made(z_e).indices, made(z_e.float()).indices)
    assert torch.equal(made.nearest(z_e.movedim(1, -1).reshape(-1, 4)), made(z_e).indices.flatten())


@pytest.mark.parametrize("shape", [(3,), (2, 4, 5), (2, 5, 3)])
def test_latents_of_another_dimension_are_refused_in_words(shape):
    with pytest.raises(ValueError, match=r"z_e has shape .* it must be \(B, 3, \*spatial\)"):
        make(d=3)(torch.zeros(shape))


# -- gradients -------------------------------------------------------------------------------------


@BOTH
def test_straight_through_hands_the_gradient_over_unchanged(variant):
    made = make(variant)
    z_e = torch.randn(2, 3, 4, 4, generator=seeded(8), requires_grad=True)
    weights = torch.randn(2, 3, 4, 4, generator=seeded(9))
    (made(z_e).z_q * weights).sum().backward()
    assert torch.equal(z_e.grad, weights)
    assert made.codebook.grad is None


def test_each_loss_moves_one_side_only():
    made = make()
    z_e = torch.randn(2, 3, 4, generator=seeded(10), requires_grad=True)
    result = made(z_e)
    assert torch.autograd.grad(
        result.codebook_loss, [z_e], retain_graph=True, allow_unused=True
    ) == (None,)
    assert torch.autograd.grad(
        result.commitment_loss, [made.codebook], retain_graph=True, allow_unused=True
    ) == (None,)
    rows = made.codebook.detach()[result.indices].movedim(-1, 1)
    (to_encoder,) = torch.autograd.grad(result.commitment_loss, [z_e], retain_graph=True)
    torch.testing.assert_close(to_encoder, 2 * (z_e.detach() - rows) / z_e.numel())
    (to_codebook,) = torch.autograd.grad(result.codebook_loss, [made.codebook])
    expected = torch.zeros(8, 3).index_add_(
        0,
        result.indices.flatten(),
        (2 * (rows - z_e.detach()) / z_e.numel()).movedim(1, -1).reshape(-1, 3),
    )
    torch.testing.assert_close(to_codebook, expected)


def test_beta_scales_the_encoders_part_and_leaves_the_codebooks_alone():
    def gradients(beta):
        made = make()
        z_e = torch.randn(2, 3, 4, generator=seeded(11), requires_grad=True)
        result = made(z_e)
        losses.vqvae_loss(
            torch.zeros(()), result.codebook_loss, result.commitment_loss, beta
        ).backward()
        return z_e.grad, made.codebook.grad

    (encoder_1, codebook_1), (encoder_4, codebook_4) = gradients(0.25), gradients(1.0)
    torch.testing.assert_close(encoder_4, 4 * encoder_1)
    assert torch.equal(codebook_4, codebook_1) and codebook_1.abs().sum() > 0


def test_an_ema_codebook_is_no_parameter_and_its_codebook_loss_has_no_gradient():
    made = make(EMAVectorQuantizer)
    assert not list(made.parameters())
    result = made(torch.randn(2, 3, 4, requires_grad=True))
    assert not result.codebook_loss.requires_grad and result.commitment_loss.requires_grad


# -- how the codebook learns -----------------------------------------------------------------------


def test_ema_step_by_hand():
    made = set_codebook(make(EMAVectorQuantizer, 3, 1, ema_decay=0.75), [[0.0], [10.0], [50.0]])
    made.usage_counts.copy_(torch.tensor([4.0, 2.0, 8.0]))
    made.vector_sums.copy_(torch.tensor([[0.0], [20.0], [400.0]]))
    made(torch.tensor([[1.0], [3.0], [12.0]]))
    # counts: 0.75 * (4, 2, 8) + 0.25 * (2, 1, 0); sums: 0.75 * (0, 20, 400) + 0.25 * (1 + 3, 12, 0)
    assert made.usage_counts.tolist() == [3.5, 1.75, 6.0]
    assert made.vector_sums[:, 0].tolist() == [1.0, 18.0, 300.0]
    torch.testing.assert_close(made.codebook[:, 0], torch.tensor([1 / 3.5, 18 / 1.75, 50.0]))


def test_ema_with_decay_zero_is_one_step_of_kmeans():
    made = make(EMAVectorQuantizer, 6, 2, ema_decay=0.0)
    before = made.codebook.clone()
    flat = torch.randn(40, 2, generator=seeded(12))
    indices = made(flat).indices
    for code in range(6):
        members = flat[indices == code]
        expected = members.mean(0) if len(members) else before[code]
        torch.testing.assert_close(made.codebook[code], expected)


def test_ema_from_nothing_has_no_bias_towards_zero():
    made = set_codebook(make(EMAVectorQuantizer, 2, 1, ema_decay=0.99), [[0.0], [100.0]])
    made(torch.full((5, 1), 7.0))
    torch.testing.assert_close(made.codebook[:, 0], torch.tensor([7.0, 100.0]))


@BOTH
def test_evaluation_changes_no_buffer(variant):
    made = make(variant, kmeans_start=True, restart_threshold=0.5).eval()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    made(torch.randn(2, 3, 4, 4))
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


@BOTH
def test_the_start_is_kmeans_over_real_encoder_outputs(variant):
    made = make(variant, 4, 2, kmeans_start=True, ema_decay=0.99)
    corners = torch.tensor([[0.0, 0], [0, 10], [10, 0], [10, 10]])
    z_e = corners.repeat(50, 1) + 0.1 * torch.randn(200, 2, generator=seeded(13))
    assert not made.started
    made(z_e, seeded(5))
    assert made.started
    chosen = made.eval()(z_e)
    # With Lloyd's steps from random points two corners may share a centre; none can lie far from
    # the data.
    assert torch.cdist(made.codebook.detach(), z_e).amin(1).max() < 5
    assert chosen.commitment_loss < z_e.var()
    moved = made.codebook.clone()
    made.train()(z_e * 1.001, seeded(6))
    torch.testing.assert_close(made.codebook, moved, rtol=0.01, atol=0.01)


def test_kmeans_improves_on_its_start_and_counts_every_point():
    points = torch.randn(300, 4, generator=seeded(14))

    def error(steps):
        centres, counts = kmeans(points, 12, steps, seeded(15))
        assert counts.sum() == 300 and centres.shape == (12, 4)
        return torch.cdist(points, centres).amin(1).square().mean()

    assert error(10) < error(1)


def test_a_cluster_that_runs_empty_is_put_on_a_point():
    """Of two centres on equal points one has no points; the mean of none would be 0."""
    points = torch.cat([torch.full((30, 2), 5.0), torch.full((2, 2), 9.0)])
    for seed in range(5):
        centres, _ = kmeans(points, 3, 2, seeded(seed))
        assert centres.min() >= 5, seed


def test_kmeans_with_fewer_points_than_clusters_stays_on_the_data_and_no_two_centres_are_one():
    points = torch.randn(3, 2, generator=seeded(16))
    centres, counts = kmeans(points, 10, 10, seeded(17))
    assert (
        torch.cdist(points, centres).amin(1).max() == 0
        and counts.sort().values.tolist() == [0] * 7 + [1] * 3
    )
    apart = torch.cdist(
        centres, centres, compute_mode="donot_use_mm_for_euclid_dist"
    ) + 9 * torch.eye(10)
    assert apart.min() > 1e-4 and torch.cdist(centres, points).amin(1).max() < 0.1
    with pytest.raises(ValueError, match="at least one point"):
        kmeans(points[:0], 2, 1)


@BOTH
def test_restart_moves_exactly_the_dead_codes_onto_rows_of_the_batch(variant):
    made = set_codebook(
        make(variant, 5, 2, restart_threshold=0.1, ema_decay=0.5),
        [[0, 0], [1, 1], [900, 0], [0, 900], [2, 2]],
    )
    made.usage_counts.copy_(torch.tensor([10.0, 10.0, 0.1, 0.2, 10.0]))
    if variant is EMAVectorQuantizer:
        made.vector_sums.copy_(made.codebook * made.usage_counts[:, None])
    z_e = torch.tensor([[0.1, 0.0], [1.0, 1.1], [2.2, 2.0]])
    before = made.codebook.detach().clone()
    result = made(z_e, seeded(1))
    assert result.restarted == 2
    rows = made.codebook.detach()[2:4]
    assert all((z_e == row).all(1).any() for row in rows)
    if variant is VectorQuantizer:
        assert torch.equal(made.codebook.detach()[[0, 1, 4]], before[[0, 1, 4]])
    mean = torch.tensor([5.5, 5.5, 0.05, 0.1, 5.5]).sum() / 5
    torch.testing.assert_close(made.usage_counts[2:4], mean.expand(2))
    if variant is EMAVectorQuantizer:
        torch.testing.assert_close(made.vector_sums[2:4], rows * mean)
    assert made(z_e, seeded(2)).restarted == 0


@BOTH
def test_threshold_zero_never_restarts(variant):
    made = make(variant, 64, 3, restart_threshold=0.0)
    assert sum(made(torch.randn(4, 3)).restarted for _ in range(5)) == 0


@BOTH
def test_learning_leaves_the_global_random_state_alone(variant):
    made = make(variant, 16, 3, kmeans_start=True, restart_threshold=0.5)
    before = torch.get_rng_state()
    for step in range(3):
        made(torch.randn(20, 3, generator=seeded(step)), seeded(step))
    assert torch.equal(torch.get_rng_state(), before)


# -- what it tells, and what it keeps --------------------------------------------------------------


@BOTH
def test_usage_counts_the_codes_chosen_lately_and_no_other(variant):
    made = set_codebook(make(variant, 4, 1, ema_decay=0.5), [[0.0], [10.0], [20.0], [30.0]])
    assert made.recent_usage() == 0.0
    made(torch.tensor([[0.1], [10.1]]))
    assert made.recent_usage() == 0.5
    for _ in range(base.RECENT_STEPS):
        made(torch.tensor([[0.1]]))
    assert made.recent_usage() == 0.25
    assert made.recent_perplexity() == pytest.approx(1.0, abs=1e-3)


def test_a_restarted_code_is_in_use_only_once_it_is_chosen():
    made = set_codebook(
        make(VectorQuantizer, 4, 1, restart_threshold=0.9), [[0.0], [1e3], [2e3], [3e3]]
    )
    assert made(torch.zeros(3, 1), seeded()).restarted == 3
    assert made.recent_usage() == 0.25


def test_perplexity_of_even_usage_is_the_number_of_codes():
    made = make(k=8)
    made.usage_counts.fill_(3.0)
    assert made.recent_perplexity() == pytest.approx(8)


@BOTH
def test_state_survives_a_round_trip(variant):
    made = make(variant, 8, 3, kmeans_start=True, restart_threshold=0.3)
    for step in range(4):
        made(torch.randn(30, 3, generator=seeded(step)), seeded(step))
    other = make(variant, 8, 3, seed=99, kmeans_start=True, restart_threshold=0.3)
    other.load_state_dict(made.state_dict())
    batch = torch.randn(30, 3, generator=seeded(50))
    first, second = made(batch, seeded(51)), other(batch, seeded(51))
    assert torch.equal(first.indices, second.indices)
    assert all(
        torch.equal(value, other.state_dict()[name]) for name, value in made.state_dict().items()
    )


def test_both_variants_give_the_same_fields():
    first, second = (
        make(variant)(torch.zeros(2, 3)) for variant in (VectorQuantizer, EMAVectorQuantizer)
    )
    for name in first.__dataclass_fields__:
        one, other = getattr(first, name), getattr(second, name)
        assert type(one) is type(other)
        if isinstance(one, torch.Tensor):
            assert one.shape == other.shape and one.dtype == other.dtype


@pytest.mark.parametrize("k, d", [(1, 4), (0, 4), (4, 0)])
def test_impossible_sizes_are_refused(k, d):
    with pytest.raises(ValueError, match="at least 2 and 1"):
        VectorQuantizer(k, d)


def test_uniform_start_lies_within_one_over_k():
    made = VectorQuantizer(50, 4, kmeans_start=False)
    assert (
        made.started
        and made.codebook.abs().max() <= 1 / 50
        and not math.isclose(made.codebook.std().item(), 0)
    )
