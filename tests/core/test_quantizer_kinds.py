"""Every kind of quantizer: what all have in common, and each against its paper, computed another
way."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.data.imageset import ImageSet
from vqvae.nn import losses
from vqvae.nn.build import build_model, build_quantizer
from vqvae.nn.quantizers import search
from vqvae.nn.quantizers.base import KMEANS_STEPS
from vqvae.nn.quantizers.ema import EMAVectorQuantizer
from vqvae.nn.quantizers.estimators import ESTIMATORS, rotate, straight_through
from vqvae.nn.quantizers.fsq import FiniteScalarQuantizer
from vqvae.nn.quantizers.lfq import BinarySphericalQuantizer, LookupFreeQuantizer
from vqvae.nn.quantizers.residual import ResidualQuantizer
from vqvae.nn.quantizers.search import kmeans, nearest_rows, nearest_sums, sums_of
from vqvae.nn.quantizers.simvq import SimVQ
from vqvae.quantizers import QUANTIZERS, nearest_sizes, suitable_dim
from vqvae.training.training import Training

EVERY = pytest.mark.parametrize("kind", QUANTIZERS)
K = 64


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def config_of(kind: str, **changes) -> ModelConfig:
    return ModelConfig(
        **{
            "height": 8,
            "width": 8,
            "hidden_channels": 8,
            "residual_blocks": 1,
            "codebook_size": K,
            "embedding_dim": suitable_dim(kind, K, 3),
            "quantizer": kind,
            **changes,
        }
    )


def started(kind: str, **changes):
    """A quantizer that has had its first batch, in training mode."""
    made = build_quantizer(config_of(kind, **changes))
    made(made.squash(latents(made.embedding_dim, 1)), seeded())
    return made


def latents(d: int, seed: int = 0, n: int = 20) -> torch.Tensor:
    """What an encoder may say: float (n, d, 4, 4)."""
    return 1.5 * torch.randn(n, d, 4, 4, generator=seeded(seed))


# -- what all have in common -----------------------------------------------------------------------


@EVERY
def test_each_latent_becomes_the_nearest_row_of_the_codebook_in_the_squashed_space(kind):
    made = started(kind).eval()
    z_e = made.squash(latents(made.embedding_dim))
    result, codebook = made(z_e), made.codebook.detach()
    assert codebook.shape == (K, made.embedding_dim)
    squared = (z_e.double().movedim(1, -1).unsqueeze(-2) - codebook.double()).square().sum(-1)
    chosen = squared.gather(-1, result.indices[..., None])[..., 0]
    torch.testing.assert_close(chosen, squared.amin(-1), rtol=1e-4, atol=1e-5)
    rows = codebook[result.indices].movedim(-1, 1)
    torch.testing.assert_close(result.z_q.detach(), rows, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(made.embed(result.indices).detach(), rows)
    torch.testing.assert_close(
        made.distances(z_e.movedim(1, -1)).double(), squared, rtol=1e-4, atol=1e-4
    )


@EVERY
def test_every_code_is_its_own_nearest_and_lies_within_reach(kind):
    made = started(kind).eval()
    codebook = made.codebook.detach()
    assert torch.equal(made.nearest(codebook), torch.arange(K))
    wide = 2 * torch.randn(20_000, made.embedding_dim, 1, generator=seeded(2))
    if kind in ("fsq", "lfq", "bsq"):  # none is out of reach of the encoder
        assert len(made.nearest(made.squash(wide)[..., 0]).unique()) == K


@EVERY
def test_autocast_changes_no_index_and_no_loss(kind):
    made = started(kind).eval()
    z_e = made.squash(latents(made.embedding_dim, 3))
    plain = made(z_e)
    with torch.autocast("cpu", torch.bfloat16):
        result = made(z_e)
        assert torch.equal(made.nearest(z_e.movedim(1, -1).flatten(0, -2)), plain.indices.flatten())
    assert torch.equal(result.indices, plain.indices)
    for name in ("commitment_loss", "codebook_loss", "entropy_loss"):
        assert torch.equal(getattr(result, name), getattr(plain, name)), name
        assert getattr(result, name).dtype == torch.float32 and getattr(result, name).ndim == 0


@EVERY
def test_evaluation_changes_no_state_and_a_round_trip_keeps_all_of_it(kind):
    made = started(kind, restart_threshold=0.5).eval()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    made(made.squash(latents(made.embedding_dim, 4)))
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
    other = build_quantizer(config_of(kind, restart_threshold=0.5))
    other.load_state_dict(before)
    batch = made.squash(latents(made.embedding_dim, 5))
    first, second = made.train()(batch, seeded(6)), other(batch, seeded(6))
    assert torch.equal(first.indices, second.indices)
    assert all(
        torch.equal(value, other.state_dict()[name]) for name, value in made.state_dict().items()
    )


@EVERY
def test_no_loss_reaches_both_sides(kind):
    made = started(kind).eval()
    z_e = latents(made.embedding_dim, 7).requires_grad_()
    result = made(made.squash(z_e))
    parameters = list(made.parameters())
    for loss in (result.commitment_loss, result.entropy_loss):
        if loss.requires_grad and parameters:
            assert torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True) == (
                None,
            )
    if result.codebook_loss.requires_grad:
        assert torch.autograd.grad(
            result.codebook_loss, [z_e], retain_graph=True, allow_unused=True
        ) == (None,)
    assert result.codebook_loss.requires_grad == bool(parameters) == (kind in ("gradient", "simvq"))
    (passed,) = torch.autograd.grad(result.z_q.sum(), [z_e])
    assert passed.abs().sum() > 0


@EVERY
def test_squash_acts_within_the_models_latents_and_forward(kind):
    model = build_model(config_of(kind), 1)
    x = torch.rand(4, 1, 8, 8, generator=seeded(8))
    model.train()(x, seeded(9))
    model.eval()
    raw = model.encoder(x * 2 - 1)
    z_e = model.latents(x)
    torch.testing.assert_close(z_e, model.quantizer.squash(raw))
    output = model(x)
    torch.testing.assert_close(output.z_e, z_e)
    assert torch.equal(output.quantized.indices, model.encode(x))
    torch.testing.assert_close(model.decode(model.encode(x)), output.x_recon)
    if kind in ("fsq", "bsq"):
        assert not torch.allclose(z_e, raw)


@EVERY
def test_a_training_brings_the_error_down_and_keeps_codes_in_use(kind):
    from vqvae.data.synthetic import synthetic_digits

    pixels = F.avg_pool2d(synthetic_digits(300, 0)[0].float(), 2).round().byte()[..., 1:13, 1:13]
    made = ImageSet("digits", "train", pixels)
    training = Training(
        build_model(config_of(kind, height=12, width=12), 0),
        made,
        TrainingConfig(steps=60, batch_size=32, device="cpu"),
    )
    records = list(training.steps())
    assert records[-1].reconstruction_loss < 0.6 * records[2].reconstruction_loss
    assert records[-1].perplexity > 6 and 0 < records[-1].usage <= 1


# -- finite scalar quantization --------------------------------------------------------------------


def paper_fsq(z: np.ndarray, levels: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """`quantize` and `codes_to_indexes` of the code in appendix A.1: float (N, D) -> codes (N, D),
    indices (N,)."""
    L = np.array(levels)
    half_l = (L - 1) * (1 - 1e-3) / 2
    offset = np.where(L % 2 == 1, 0.0, 0.5)
    shift = np.tan(offset / half_l)
    rounded = np.round(np.tanh(z + shift) * half_l - offset)
    half_width = L // 2
    basis = np.concatenate(([1], np.cumprod(L[:-1])))
    return rounded / half_width, ((rounded + half_width) * basis).sum(-1).astype(np.int64)


@pytest.mark.parametrize("levels", [[8, 5, 5, 5], [2, 3, 4], [7, 7], [23, 22], [2]])
def test_fsq_is_the_code_of_its_paper(levels):
    made = FiniteScalarQuantizer(levels)
    z = 2 * torch.randn(5000, len(levels), generator=seeded(10))
    codes, indices = paper_fsq(z.double().numpy(), levels)
    z_e = made.squash(z)
    result = made(z_e)
    assert (result.indices.numpy() == indices).mean() > 0.9995  # but for roundings of float32
    agree = result.indices.numpy() == indices
    np.testing.assert_allclose(result.z_q.numpy()[agree], codes[agree], atol=1e-6)
    assert (
        made.codebook_size
        == math.prod(levels)
        == len({tuple(row) for row in made.codebook.tolist()})
    )
    assert result.commitment_loss == result.codebook_loss == result.entropy_loss == 0


def test_fsq_has_a_code_for_numbers_that_are_none():
    made = FiniteScalarQuantizer((5, 4))
    found = made.nearest(torch.tensor([[torch.nan, 0.0], [torch.inf, -torch.inf], [0.0, 0.0]]))
    assert found.min() >= 0 and found.max() < 20 and found[2] == made.nearest(torch.zeros(1, 2))


def test_fsqs_gradient_is_that_of_its_tanh():
    made, z = (
        FiniteScalarQuantizer([7, 5]),
        torch.randn(30, 2, generator=seeded(11), requires_grad=True),
    )
    made(made.squash(z)).z_q.sum().backward()
    slope = (1 - z.detach().tanh().square()) * torch.tensor([6 / 3, 4 / 2]) * 0.999 / 2
    torch.testing.assert_close(z.grad, slope)


# -- signs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variant, side", [(LookupFreeQuantizer, 1.0), (BinarySphericalQuantizer, 5**-0.5)]
)
def test_lfq_and_bsq_take_the_signs_and_read_them_as_bits(variant, side):
    made, z = variant(5), torch.randn(200, 5, generator=seeded(12))
    result = made(made.squash(z))
    for row, index, code in zip(z, result.indices, result.z_q, strict=True):
        assert int(index) == sum(2**d for d in range(5) if row[d] > 0)
        torch.testing.assert_close(code.detach(), torch.where(row > 0, side, -side))
    torch.testing.assert_close(made.codebook.norm(dim=1), torch.full((32,), side * 5**0.5))


@pytest.mark.parametrize("variant", [LookupFreeQuantizer, BinarySphericalQuantizer])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_the_entropy_loss_is_that_of_a_softmax_over_all_codes(variant, d):
    made = variant(d, temperature=0.7).double()
    z = torch.randn(50, d, dtype=torch.float64, generator=seeded(13), requires_grad=True)
    flat = made.squash(z)
    q = (-0.7 * (flat[:, None] - made.codebook.double()).square().sum(-1)).softmax(1)
    mean = q.mean(0)
    expected = -(q * q.log()).sum(1).mean() + (mean * mean.log()).sum()
    loss = made.entropy_loss(flat)
    torch.testing.assert_close(loss, expected)
    ours, theirs = (
        torch.autograd.grad(value, z, retain_graph=True)[0] for value in (loss, expected)
    )
    torch.testing.assert_close(ours, theirs)


def test_the_entropy_loss_is_least_where_each_is_sure_and_all_codes_are_used():
    made = LookupFreeQuantizer(3)
    sure_and_even = made.entropy_loss(50 * made.codebook)
    torch.testing.assert_close(sure_and_even, torch.tensor(-3 * math.log(2)))
    assert made.entropy_loss(50 * made.codebook[:1]) == pytest.approx(0, abs=1e-5)
    assert made.entropy_loss(torch.zeros(8, 3)) == pytest.approx(0, abs=1e-5)


# -- one matrix ------------------------------------------------------------------------------------


def test_simvq_is_a_frozen_table_times_a_matrix_that_the_codebook_loss_moves():
    made = SimVQ(16, 4, kmeans_start=False)
    with torch.no_grad():
        made.basis.copy_(torch.randn(4, 4, generator=seeded(14)))
    frozen, z_e = made.frozen.clone(), torch.randn(100, 4, generator=seeded(15))
    torch.testing.assert_close(made.codebook.detach(), frozen @ made.basis.detach())
    result = made(z_e)
    result.codebook_loss.backward()
    chosen = frozen[result.indices]
    expected = 2 * chosen.T @ (chosen @ made.basis.detach() - z_e) / z_e.numel()
    torch.testing.assert_close(made.basis.grad, expected)
    assert torch.equal(made.frozen, frozen) and [n for n, _ in made.named_parameters()] == ["basis"]


def test_simvq_starts_on_kmeans_or_on_a_gaussian():
    z_e = 5 + torch.randn(400, 4, generator=seeded(16))
    made = SimVQ(8, 4)
    made(z_e, seeded(17))
    centres, counts = kmeans(z_e, 8, KMEANS_STEPS, seeded(17))
    torch.testing.assert_close(made.codebook.detach(), centres)
    assert made.started and torch.equal(made.frozen, centres) and counts.sum() == 400
    gaussian = SimVQ(4000, 4, kmeans_start=False).frozen
    assert gaussian.std().item() == pytest.approx(0.5, rel=0.05)


# -- residual --------------------------------------------------------------------------------------


def greedy(vectors: torch.Tensor, stages: list[torch.Tensor]) -> torch.Tensor:
    """Algorithm 1 of arXiv:2107.03312: stage by stage the nearest to what is left; the index, first
    stage slowest."""
    index, left = torch.zeros(len(vectors), dtype=torch.int64), vectors
    for stage in stages:
        chosen = torch.cdist(left, stage).argmin(1)
        index, left = index * len(stage) + chosen, left - stage[chosen]
    return index


def with_stages(*stages: torch.Tensor) -> ResidualQuantizer:
    made = ResidualQuantizer([len(s) for s in stages], stages[0].shape[1], kmeans_start=False)
    made.stages.copy_(torch.cat(stages))
    return made.eval()


def test_the_codebook_of_a_residual_quantizer_is_every_sum():
    stages = [torch.randn(n, 3, generator=seeded(n)) for n in (4, 3, 2)]
    made = with_stages(*stages)
    sums = torch.stack([a + b + c for a, b, c in itertools.product(*stages)])
    torch.testing.assert_close(made.codebook, sums)


def test_the_nearest_sum_is_the_papers_where_stages_are_far_apart_and_nearer_where_they_are_not():
    z = 10 * torch.randn(500, 3, generator=seeded(18))
    coarse, fine = (
        40 * torch.randn(6, 3, generator=seeded(19)),
        torch.randn(5, 3, generator=seeded(20)),
    )
    made = with_stages(coarse, fine)
    near = coarse[torch.randint(6, (500,), generator=seeded(21))] + fine.repeat(100, 1) * 1.01
    assert torch.equal(made.nearest(near), greedy(near, [coarse, fine]))
    stages = [10 * torch.randn(6, 3, generator=seeded(s)) for s in (22, 23)]
    made = with_stages(*stages)
    error, greedy_error = (
        (z - made.rows(index)).square().sum(1) for index in (made.nearest(z), greedy(z, stages))
    )
    assert (error <= greedy_error + 1e-3).all() and error.mean() < 0.9 * greedy_error.mean()


@settings(max_examples=60, deadline=None)
@given(
    levels=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    d=st.integers(1, 9),
    n=st.integers(0, 40),
    scale=st.sampled_from([1e-20, 0.1, 1.0, 30.0]),
    offset=st.sampled_from([0.0, 20.0]),
    seed=st.integers(0, 10**6),
)
def test_the_nearest_sum_is_that_of_brute_force(levels, d, n, scale, offset, seed):
    tables = [
        scale * torch.randn(size, d, generator=seeded(seed + i)) for i, size in enumerate(levels)
    ]
    points = scale * (torch.randn(n, d, generator=seeded(seed + 9)) * len(levels) + offset)
    sums = sums_of(tables).double()
    squared = (points.double()[:, None] - sums).square().sum(-1)
    index = nearest_sums(points, tables)
    assert index.shape == (n,) and index.dtype == torch.int64
    chosen = squared.gather(1, index[:, None])[:, 0]
    size = points.double().square().sum(1) + sums.square().sum(1).amax()
    assert (chosen - squared.amin(1) <= 1e-5 * size).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(1, 4))
def test_of_sums_that_are_as_near_the_lowest_index_is_taken(seed, d):
    def whole(*shape, at):
        return torch.randint(-2, 3, shape, generator=seeded(seed + at)).float()

    tables, points = [whole(5, d, at=1), whole(4, d, at=2), whole(3, d, at=3)], whole(50, d, at=4)
    squared = (points[:, None] - sums_of(tables)).square().sum(-1)
    lowest = (squared == squared.amin(1, keepdim=True)).int().argmax(1)
    assert torch.equal(nearest_sums(points, tables), lowest)


def test_the_nearest_sum_is_found_without_the_distances_of_all_and_in_blocks(monkeypatch):
    tables = [torch.randn(60, 8, generator=seeded(s)) for s in (40, 41)]
    points = 1.5 * torch.randn(700, 8, generator=seeded(42))
    expected, made, real = nearest_rows(points, sums_of(tables)), [], torch.addmm

    def watched(*args, **options):
        made.append(real(*args, **options))
        return made[-1]

    monkeypatch.setattr(torch, "addmm", watched)
    assert torch.equal(nearest_sums(points, tables), expected)
    assert sum(product.numel() for product in made) < 0.1 * 700 * 3600
    for block in ("BOUND_BLOCK", "DISTANCE_BLOCK"):
        monkeypatch.setattr(search, block, 60 * 64)
        made.clear()
        assert torch.equal(nearest_sums(points, tables), expected)
    assert max(product.numel() for product in made) <= 60 * 64
    # Where the bounds tell little, for lack of room, all sums are searched.
    monkeypatch.setattr(search, "SPAN", 0.1)
    assert torch.equal(nearest_sums(points, tables), expected)


def test_numbers_that_are_none_and_sums_that_are_all_the_same_are_searched_as_in_any_table():
    tables = [torch.randn(6, 3, generator=seeded(s)) for s in (43, 44)]
    for bad in (torch.nan, torch.inf, 1e38):
        points = torch.randn(20, 3, generator=seeded(45))
        fine = nearest_sums(points[:-1], tables)
        points[-1, 0] = bad
        assert torch.equal(nearest_sums(points, tables)[:-1], fine), bad
    same = [torch.ones(4, 3), torch.zeros(5, 3)]
    assert torch.equal(nearest_sums(points[:-1], same), torch.zeros(19, dtype=torch.int64))


def test_residual_stages_start_on_kmeans_of_what_is_left_in_order():
    z_e = torch.randn(600, 4, generator=seeded(24))
    made = ResidualQuantizer([5, 4, 3], 4, restart_threshold=0.0, ema_decay=0.9)
    made.start(z_e, seeded(25))
    generator, left = seeded(25), z_e
    for stage in made.stages.split([5, 4, 3]):
        centres, _ = kmeans(left, len(stage), KMEANS_STEPS, generator)
        assert torch.equal(stage, centres)
        left = left - centres[nearest_rows(left, centres)]
    assert made.usage_counts.sum() == 600 and made.started


def test_one_stage_is_the_codebook_of_moving_averages():
    one = ResidualQuantizer([8], 3, restart_threshold=0.0)
    other = EMAVectorQuantizer(8, 3, restart_threshold=0.0)
    for step in range(6):
        z_e = torch.randn(40, 3, 2, generator=seeded(step))
        first, second = one(z_e, seeded(step)), other(z_e, seeded(step))
        assert torch.equal(first.indices, second.indices)
        torch.testing.assert_close(one.codebook, other.codebook, rtol=1e-4, atol=1e-5)


def test_without_memory_a_residual_step_is_least_squares_of_each_stage_in_its_turn():
    made = ResidualQuantizer([4, 3], 2, ema_decay=0.0, restart_threshold=0.0)
    z_e = torch.randn(300, 2, generator=seeded(26))
    made.start(z_e, seeded(27))
    first, second = (stage.clone() for stage in made.stages.split([4, 3]))
    indices = made(z_e).indices
    for code in range(4):
        of_code = indices // 3 == code
        first[code] = (z_e - second[indices % 3])[of_code].mean(0)
    for code in range(3):
        of_code = indices % 3 == code
        second[code] = (z_e - first[indices // 3])[of_code].mean(0)
    torch.testing.assert_close(made.stages, torch.cat([first, second]), rtol=1e-4, atol=1e-5)


def test_a_dead_vector_of_a_stage_is_moved_to_where_it_makes_an_encoder_output():
    made = with_stages(torch.tensor([[0.0], [10.0], [1e4]]), torch.tensor([[0.0], [1.0]])).train()
    made.restart_threshold, made.ema_decay = 0.1, 0.5
    made.usage_counts.copy_(torch.tensor([9.0, 9, 9, 9, 0, 0]))
    made.vector_sums.copy_(made.codebook * made.usage_counts[:, None])
    z_e = torch.tensor([[0.2], [1.1], [10.1], [11.2]])
    assert made(z_e, seeded(28)).restarted == 1
    assert torch.cdist(made.codebook[4:], z_e).min() < 1e-5
    mean = (made.usage_counts[:4].sum() / 6).item()
    assert made.usage_counts[4:].tolist() == pytest.approx([mean, mean])
    torch.testing.assert_close(made.vector_sums[4:], mean * made.codebook[4:])
    assert made(z_e, seeded(29)).restarted == 0


# -- the gradient's way ----------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 8])
def test_the_rotation_trick_hands_the_gradient_over_scaled_and_turned_as_in_its_paper(d):
    z_e = torch.randn(20, d, dtype=torch.float64, generator=seeded(30), requires_grad=True)
    z_q = torch.randn(20, d, dtype=torch.float64, generator=seeded(31))
    upstream = torch.randn(20, d, dtype=torch.float64, generator=seeded(32))
    passed = rotate(z_e, z_q)
    torch.testing.assert_close(passed, z_q)
    (gradient,) = torch.autograd.grad((passed * upstream).sum(), z_e)
    for e, q, up, found in zip(z_e.detach(), z_q, upstream, gradient, strict=True):
        scale = q.norm() / e.norm()
        e, q = e / e.norm(), q / q.norm()
        if d == 1:
            R = (e * q)[None]
        else:  # in the plane of e and q, by the angle between them
            other = q - (q @ e) * e
            other = other / other.norm()
            cos, sin = q @ e, q @ other
            R = (
                torch.eye(d, dtype=torch.float64)
                + (cos - 1) * (torch.outer(e, e) + torch.outer(other, other))
                + sin * (torch.outer(other, e) - torch.outer(e, other))
            )
        torch.testing.assert_close(R @ e, q)
        torch.testing.assert_close(found, scale * R.T @ up)


def test_straight_through_hands_it_over_as_it_is_and_no_estimator_changes_what_is_decoded():
    z_e = torch.randn(20, 4, generator=seeded(33), requires_grad=True)
    z_q = torch.cat([torch.randn(19, 4, generator=seeded(34)), torch.zeros(1, 4)])
    (gradient,) = torch.autograd.grad(straight_through(z_e, z_q).sum(), z_e)
    assert torch.equal(gradient, torch.ones_like(gradient))
    zero = torch.zeros(20, 4, requires_grad=True)
    for name, estimator in ESTIMATORS.items():
        torch.testing.assert_close(estimator(z_e, z_q).detach(), z_q, msg=name)
        (gradient,) = torch.autograd.grad(estimator(zero, z_q).sum(), zero)
        assert gradient.isfinite().all(), name


@EVERY
def test_the_estimator_is_a_choice_of_its_own(kind):
    plain, turned = (
        build_quantizer(config_of(kind, gradient_estimator=name)) for name in ESTIMATORS
    )
    plain(plain.squash(latents(plain.embedding_dim)), seeded())
    turned.load_state_dict(plain.state_dict())
    gradients = []
    for made in (plain.eval(), turned.eval()):
        z_e = made.squash(latents(made.embedding_dim, 35)).requires_grad_()
        result = made(z_e)
        gradients.append(torch.autograd.grad(result.z_q.square().sum(), z_e)[0])
    assert not torch.allclose(*gradients)


# -- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, codebook_size, embedding_dim, levels, nearest",
    [
        ("lfq", 512, 8, (), "codebook_size 512 and embedding_dim 9"),
        ("bsq", 500, 9, (), "codebook_size 512 and embedding_dim 9"),
        ("fsq", 509, 2, (), r"codebook_size 510 and embedding_dim 2 \(levels 30 x 17\)"),
        ("fsq", 512, 10, (), r"codebook_size 512 and embedding_dim 9 \(levels 2 x 2"),
        ("fsq", 512, 8, (8, 8, 8), r"codebook_size 512 and embedding_dim 3 \(levels 8 x 8 x 8\)"),
        ("fsq", 512, 2, (23, 22), "codebook_size 506 and embedding_dim 2"),
        ("residual", 521, 8, (), r"codebook_size 520 and embedding_dim 8 \(levels 26 x 20\)"),
        ("residual", 512, 8, (23, 22), "codebook_size 506 and embedding_dim 8"),
    ],
)
def test_sizes_that_cannot_be_are_refused_with_the_nearest_that_can(
    kind, codebook_size, embedding_dim, levels, nearest
):
    with pytest.raises(
        ConfigError,
        match=f"codebook_size {codebook_size} and embedding_dim {embedding_dim} do not go "
        f"together with quantizer {kind}; the nearest that do are {nearest}",
    ):
        config_of(kind, codebook_size=codebook_size, embedding_dim=embedding_dim, levels=levels)
    config_of(kind, **nearest_sizes(kind, codebook_size, embedding_dim, levels)._asdict())


def test_levels_are_filled_in_once_and_belong_to_two_kinds():
    assert config_of("fsq", codebook_size=512, embedding_dim=3).levels == (8, 8, 8)
    assert config_of("residual", codebook_size=506).levels == (23, 22)
    assert config_of("fsq", codebook_size=2401, embedding_dim=4).levels == (7, 7, 7, 7)
    back = ModelConfig.from_dict(config_of("residual", levels=[4, 4, 4]).to_dict())
    assert back.levels == (4, 4, 4) and build_quantizer(back).levels == (4, 4, 4)
    with pytest.raises(ConfigError, match=r"levels is .* must be empty for quantizer ema"):
        config_of("ema", levels=(8, 8))
    with pytest.raises(ConfigError, match=r"levels is .* must be a list of whole numbers from 2"):
        config_of("fsq", levels=(64, 1))


@EVERY
@pytest.mark.parametrize("codebook_size", [2, 3, 5, 500, 512, 8192, 16_381, 16_384])
def test_the_nearest_possible_is_possible_and_near(kind, codebook_size):
    for channels in (1, 3):
        sizes = nearest_sizes(kind, codebook_size, suitable_dim(kind, codebook_size, channels))
        assert (
            nearest_sizes(kind, *sizes[:2]) == sizes
            and math.prod(sizes.levels or (codebook_size,)) >= 2
        )
        assert config_of(kind, **sizes._asdict()).levels == sizes.levels
        assert 0.7 * codebook_size <= sizes.codebook_size <= 1.42 * codebook_size


def test_the_entropy_loss_has_a_weight_and_the_others_theirs():
    parts = [torch.tensor(float(v)) for v in (1, 2, 3)]
    assert losses.vqvae_loss(*parts, 0.5, torch.tensor(4.0), 0.25) == 1 + 2 + 1.5 + 1


@EVERY
def test_a_model_in_another_precision_says_nearly_the_same(kind):
    model, x = build_model(config_of(kind), 1).train(), torch.rand(3, 1, 8, 8, generator=seeded(36))
    model(torch.rand(60, 1, 8, 8, generator=seeded(38)), seeded(37))
    indices = model.eval().encode(x)
    picture = model.decode(indices)
    double = build_model(model.config).double().eval()
    double.load_state_dict(model.state_dict())
    assert torch.equal(double.encode(x.double()), indices)
    torch.testing.assert_close(double.decode(indices).float(), picture, rtol=1e-4, atol=1e-4)
    half = model.bfloat16()
    assert half.encode(x).shape == indices.shape
    torch.testing.assert_close(half.decode(indices), picture, rtol=0.05, atol=0.05)
    with pytest.raises(ValueError, match="too coarse to learn in"):
        half.train()(x)
