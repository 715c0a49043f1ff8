"""Muon and how parameters are divided between the optimisers."""

import pytest
import torch
from torch import nn

from vqvae.config import ModelConfig
from vqvae.nn.build import build_model
from vqvae.quantizers import QUANTIZERS
from vqvae.training.optimizer import Muon, make_optimizers, orthogonalize


def test_orthogonalize_keeps_the_directions_and_levels_the_singular_values():
    g = torch.Generator().manual_seed(0)
    u, _ = torch.linalg.qr(torch.randn(8, 8, generator=g))
    v, _ = torch.linalg.qr(torch.randn(20, 8, generator=g))
    s = torch.logspace(-1.5, 1, 8)
    [result] = orthogonalize([u * s @ v.T])
    levelled = torch.diagonal(u.T @ result @ v)
    assert levelled.min() > 0.6 and levelled.max() < 1.3
    off = u.T @ result @ v - torch.diag(levelled)
    assert off.abs().max() < 1e-3


def test_matrices_worked_together_move_as_each_would_alone():
    g = torch.Generator().manual_seed(1)
    shapes = [(6, 10), (10, 6), (6, 10), (4, 3, 3, 3), (5, 5)]
    start = [torch.randn(s, generator=g) for s in shapes]
    grads = [torch.randn(s, generator=g) for s in shapes]

    def moved(chosen):
        params = [nn.Parameter(start[i].clone()) for i in chosen]
        optimizer = Muon(params, lr=0.1, weight_decay=0.01)
        for p, i in zip(params, chosen, strict=True):
            p.grad = grads[i].clone()
        optimizer.step()
        return [p.detach() for p in params]

    together = moved(range(len(shapes)))
    for i, value in enumerate(together):
        torch.testing.assert_close(value, moved([i])[0])


def test_the_size_of_a_gradient_does_not_change_the_step():
    def step(scale):
        p = nn.Parameter(torch.eye(4, 6))
        p.grad = scale * torch.randn(4, 6, generator=torch.Generator().manual_seed(2))
        Muon([p], lr=0.1).step()
        return p.detach()

    torch.testing.assert_close(step(1.0), step(1000.0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_every_parameter_has_exactly_one_optimizer_and_a_codebook_does_not_decay(quantizer):
    model = build_model(
        ModelConfig(hidden_channels=8, codebook_size=16, embedding_dim=4, quantizer=quantizer)
    )
    groups = [g for o in make_optimizers(model, 1e-3, 0.1) for g in o.param_groups]
    owned = [id(p) for g in groups for p in g["params"]]
    assert sorted(owned) == sorted(id(p) for p in model.parameters())
    for group in groups:
        if any(p is model.codebook for p in group["params"]):
            assert group["weight_decay"] == 0


def test_depthwise_filters_are_no_matrices():
    model = build_model(ModelConfig(hidden_channels=8, codebook_size=16))
    muon = make_optimizers(model, 1e-3, 0.0)[1]
    owned = {id(p) for g in muon.param_groups for p in g["params"]}
    assert id(model.encoder.layers[2].depthwise.weight) not in owned
    assert id(model.encoder.layers[2].expand.weight) in owned
