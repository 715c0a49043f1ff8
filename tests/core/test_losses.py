"""The objectives against formulas written out, and beta in its one place."""

import math

import pytest
import torch

from vqvae import metrics
from vqvae.nn import losses


def test_reconstruction_loss_is_mse_in_units_of_the_variance():
    x, x_recon = torch.rand(3, 1, 4, 4), torch.rand(3, 1, 4, 4)
    expected = (
        sum(
            (a - b) ** 2
            for a, b in zip(x.flatten().tolist(), x_recon.flatten().tolist(), strict=True)
        )
        / 48
    )
    assert losses.reconstruction_loss(x_recon, x).item() == pytest.approx(expected, rel=1e-5)
    assert losses.reconstruction_loss(x_recon, x, 0.1).item() == pytest.approx(
        10 * expected, rel=1e-5
    )


def test_structural_loss_is_what_ssim_lacks_and_moves_a_picture_towards_the_other():
    x, x_recon = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16, requires_grad=True)
    loss = losses.structural_loss(x_recon, x)
    assert loss.item() == pytest.approx(1 - metrics.ssim(x_recon, x).mean().item())
    assert losses.structural_loss(x, x).item() == pytest.approx(0, abs=1e-6)
    loss.backward()
    assert x_recon.grad.isfinite().all() and (x_recon.grad.flatten(1).norm(dim=1) > 0).all()
    nearer = (x_recon - 1e-2 * x_recon.grad / x_recon.grad.norm()).detach()
    assert losses.structural_loss(nearer, x) < loss
    with torch.autocast("cpu", torch.bfloat16):
        assert losses.structural_loss(x_recon, x).item() == loss.item()


def test_structural_loss_has_a_slope_on_flat_and_on_small_pictures():
    for shape in ((1, 1, 28, 28), (2, 1, 4, 4)):
        x_recon = torch.full(shape, 0.5, requires_grad=True)
        losses.structural_loss(x_recon, torch.zeros(shape)).backward()
        assert x_recon.grad.isfinite().all() and x_recon.grad.abs().sum() > 0


@pytest.mark.parametrize("beta", [0.0, 0.25, 2.0])
def test_beta_weighs_the_commitment_loss_and_nothing_else(beta):
    parts = [torch.tensor(value, requires_grad=True) for value in (3.0, 5.0, 7.0)]
    total = losses.vqvae_loss(*parts, beta)
    assert total.item() == pytest.approx(3 + 5 + beta * 7)
    total.backward()
    assert [part.grad.item() for part in parts] == pytest.approx([1, 1, beta])


def test_kl_divergence_equals_torchs_own():
    mean, log_variance = torch.randn(4, 3, 2, 2), torch.randn(4, 3, 2, 2)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(mean, (log_variance / 2).exp()), normal(0.0, 1.0)
    )
    torch.testing.assert_close(losses.kl_divergence(mean, log_variance), expected.flatten(1).sum(1))
    assert losses.kl_divergence(torch.zeros(2, 5), torch.zeros(2, 5)).tolist() == [0, 0]


def test_vae_loss_spreads_the_mean_kl_over_the_pixels():
    assert losses.vae_loss(
        torch.tensor(2.0), torch.tensor([10.0, 30.0]), 40, 0.5
    ).item() == pytest.approx(2.25)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_finiteness_looks_at_every_value(value):
    fine = torch.tensor(1.0, requires_grad=True)
    assert losses.is_finite(fine, torch.tensor(0.0))
    assert not losses.is_finite(fine, torch.tensor(value))
    assert not losses.is_finite(torch.tensor(value), fine)


def test_bernoulli_loss_is_torchs_kl_and_its_slope_before_the_sigmoid_is_the_difference():
    z, x = torch.randn(2, 1, 4, 4).mul(3).requires_grad_(), torch.rand(2, 1, 4, 4)
    x[0, 0, 0, :2] = torch.tensor([0.0, 1.0])  # black and white, where logarithms end
    loss = losses.bernoulli_loss(z.sigmoid(), x, 0.1)
    coins = [torch.distributions.Bernoulli(probs=p) for p in (x, z.detach().sigmoid())]
    assert loss.item() == pytest.approx(
        10 * torch.distributions.kl_divergence(*coins).mean().item(), rel=1e-4
    )
    assert loss > 2 * losses.reconstruction_loss(z.sigmoid(), x, 0.1)
    loss.backward()
    assert torch.allclose(z.grad, 10 * (z.detach().sigmoid() - x) / x.numel(), atol=1e-6)
    assert losses.bernoulli_loss(x, x).item() == pytest.approx(0, abs=1e-6)
