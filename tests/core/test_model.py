"""The model's public border: shapes, ranges, refusals, and that the same seed and settings give the
same model."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae.config import ModelConfig
from vqvae.nn.build import build_model
from vqvae.quantizers import QUANTIZERS


def tiny(**changes) -> ModelConfig:
    return ModelConfig(
        **{
            "height": 16,
            "width": 16,
            "hidden_channels": 8,
            "residual_blocks": 1,
            "embedding_dim": 4,
            "codebook_size": 16,
            "kmeans_start": False,
            **changes,
        }
    )


def spread(model, x):
    """Put the codebook on the latents of x, so that different places choose different codes."""
    z_e = model.latents(x).movedim(1, -1).reshape(-1, model.config.embedding_dim)
    rows = torch.randint(
        len(z_e), (model.config.codebook_size,), generator=torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        model.codebook.copy_(z_e[rows])
    return model


@settings(max_examples=15, deadline=None)
@given(
    channels=st.sampled_from([1, 3]),
    downsample=st.sampled_from([2, 4, 7, 8]),
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    batch=st.integers(1, 6),
    quantizer=st.sampled_from(QUANTIZERS),
)
def test_shapes_for_every_size_that_the_factor_divides(
    channels, downsample, rows, columns, batch, quantizer
):
    model = build_model(
        tiny(channels=channels, height=112, width=112, downsample=downsample, quantizer=quantizer)
    ).eval()
    x = torch.rand(batch, channels, rows * downsample, columns * downsample)
    indices = model.encode(x)
    assert indices.shape == (batch, rows, columns) and indices.dtype == torch.int64
    assert indices.min() >= 0 and indices.max() < 16
    assert model.latents(x).shape == model.embed(indices).shape == (batch, 4, rows, columns)
    x_recon = model.decode(indices)
    assert x_recon.shape == x.shape and x_recon.dtype == torch.float32
    output = model(x)
    assert output.x_recon.shape == x.shape and torch.equal(output.quantized.indices, indices)
    torch.testing.assert_close(output.x_recon.clamp(0, 1), x_recon, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "config, grid",
    [
        (ModelConfig(), (7, 7)),
        (ModelConfig(channels=3, height=32, width=32), (8, 8)),
        (ModelConfig(downsample=2), (14, 14)),
        (ModelConfig(channels=3, height=32, width=32, downsample=8), (4, 4)),
    ],
)
def test_the_usual_sizes(config, grid):
    model = build_model(config).eval()
    x = torch.rand(2, config.channels, config.height, config.width)
    assert model.encode(x).shape == (2, *grid) and model.decode(model.encode(x)).shape == x.shape


def test_a_picture_of_256_pixels_gives_a_grid_of_64():
    model = build_model(tiny(channels=3)).eval()
    indices = model.encode(torch.rand(3, 256, 256))
    assert indices.shape == (64, 64) and model.decode(indices).shape == (3, 256, 256)


def test_a_single_picture_gives_what_a_batch_of_one_gives():
    x = torch.rand(1, 1, 16, 16)
    model = spread(build_model(tiny()), torch.rand(4, 1, 16, 16)).eval()
    indices = model.encode(x[0])
    assert torch.equal(indices, model.encode(x)[0])
    for single, batch in [
        (model.latents(x[0]), model.latents(x)),
        (model.embed(indices), model.embed(indices[None])),
        (model.decode(indices), model.decode(indices[None])),
        (model.decode_latents(model.latents(x[0])), model.decode_latents(model.latents(x))),
    ]:
        torch.testing.assert_close(single, batch[0])


def test_a_picture_does_not_depend_on_the_rest_of_its_batch():
    x = torch.rand(9, 1, 16, 16)
    model = spread(build_model(tiny()), x).eval()
    torch.testing.assert_close(model.latents(x)[4], model.latents(x[4]))
    torch.testing.assert_close(
        model.decode(model.encode(x))[4], model.decode(model.encode(x)[4]), rtol=1e-4, atol=1e-5
    )


def test_encode_is_the_nearest_code_of_the_latents():
    x = torch.rand(5, 1, 16, 16)
    model = spread(build_model(tiny()), x).eval()
    z_e = model.latents(x).movedim(1, -1)
    indices = model.encode(x)
    assert torch.equal(
        indices,
        torch.cdist(z_e.double().reshape(-1, 4), model.codebook.double())
        .argmin(1)
        .view(indices.shape),
    )
    assert len(indices.unique()) > 4
    torch.testing.assert_close(model.embed(indices), model.codebook[indices].movedim(-1, 1))


def test_whole_shares_of_pixels_are_kept_whatever_the_float_type():
    x = torch.rand(2, 1, 16, 16)
    model = spread(build_model(tiny()), x).eval()
    assert torch.equal(model.encode(x.double()), model.encode(x))
    assert model.encode(x.half()).shape == (2, 4, 4)


def test_decoding_stays_in_range_and_needs_no_code():
    model = build_model(tiny()).eval()
    x_recon = model.decode_latents(1e3 * torch.randn(2, 4, 3, 5))
    assert x_recon.shape == (2, 1, 12, 20) and x_recon.min() >= 0 and x_recon.max() <= 1
    assert not model.decode(torch.zeros(1, 4, 4, dtype=torch.int64)).requires_grad
    assert not model.encode(torch.rand(1, 16, 16)).requires_grad


@pytest.mark.parametrize(
    "x",
    [
        torch.rand(2, 3, 16, 16),
        torch.rand(2, 1, 15, 16),
        torch.rand(2, 1, 16, 18),
        torch.rand(16, 16),
        torch.rand(16),
        torch.rand(0, 1, 16, 16),
        torch.rand(1, 1, 0, 16),
        torch.rand(1, 1, 1, 16, 16),
        torch.zeros(2, 1, 16, 16, dtype=torch.uint8),
        torch.zeros(1, 16, 16, dtype=torch.int64),
    ],
)
def test_pictures_that_do_not_fit_are_refused_in_words(x):
    model = build_model(tiny())
    for call in (model.encode, model.latents, model):
        with pytest.raises(
            ValueError, match=r"^x has .*it must be float \(B, 1, H, W\).*divisible by 4"
        ):
            call(x)


@pytest.mark.parametrize("kind", ["vqvae", "vae", "ae"])
@pytest.mark.parametrize(
    "x",
    [
        255 * torch.rand(2, 1, 16, 16),
        torch.randn(2, 1, 16, 16),
        torch.full((2, 1, 16, 16), 1.001),
        torch.full((2, 1, 16, 16), -1e-3),
        torch.rand(2, 1, 16, 16).index_fill(2, torch.tensor([3]), float("nan")),
    ],
)
def test_pixels_outside_0_to_1_and_nan_are_refused_in_words(kind, x):
    model = build_model(tiny(kind=kind)).eval()
    for call in (model.encode, *((model.latents, model) if kind == "vqvae" else ())):
        with pytest.raises(
            ValueError, match=r"^x holds values from .*must lie in \[0, 1\].*Divide 8-bit pixels"
        ):
            call(x)


def test_what_float32_leaves_beyond_0_and_1_is_taken():
    model = build_model(tiny()).eval()
    x = torch.rand(1, 1, 16, 16).round() * (1 + 2e-6) - 1e-6
    assert torch.equal(model.encode(x), model.encode(x.clamp(0, 1)))


@pytest.mark.parametrize("kind", ["vqvae", "vae", "cvae", "ae"])
@pytest.mark.parametrize(
    "dtype, off", [(torch.float16, 0.01), (torch.bfloat16, 0.05), (torch.float64, 1e-5)]
)
def test_a_model_in_another_precision_encodes_and_decodes(kind, dtype, off):
    x = torch.rand(6, 1, 16, 16)
    model = build_model(tiny(kind=kind, classes=("a", "b"), quantizer="gradient")).eval()
    other = build_model(model.config).eval().to(dtype)
    result = torch.float64 if dtype == torch.float64 else torch.float32
    if kind != "vqvae":
        x_recon, expected = (
            m.reconstruct(x, torch.zeros(6, dtype=torch.int64)) for m in (other, model)
        )
    else:
        spread(model, x), spread(other, x)
        assert (other.encode(x) == model.encode(x)).float().mean() > 0.9
        assert other.encode(x.to(dtype)).dtype == torch.int64 and other(x).x_recon.dtype == result
        x_recon, expected = (m.decode(model.encode(x)) for m in (other, model))
    assert x_recon.dtype == result
    torch.testing.assert_close(x_recon.float(), expected, rtol=0, atol=off)


@pytest.mark.parametrize("quantizer", ["ema", "gradient"])
def test_a_double_model_learns_as_a_float_one_and_a_half_one_says_what_does(quantizer):
    x = torch.rand(8, 1, 16, 16)
    models = [
        build_model(tiny(quantizer=quantizer, kmeans_start=True)).train().to(dtype)
        for dtype in (torch.float32, torch.float64)
    ]
    for model in models:
        for step in range(3):
            output = model(x, torch.Generator().manual_seed(step))
        (output.quantized.codebook_loss + output.quantized.commitment_loss).backward()
        assert model.encoder.layers[1].weight.grad.isfinite().all()
    torch.testing.assert_close(
        models[0].codebook.double(), models[1].codebook, rtol=1e-3, atol=1e-4
    )
    for dtype in (torch.float16, torch.bfloat16):
        with pytest.raises(
            ValueError, match=f"codebook is {dtype}, too coarse to learn in; train in float32.*half"
        ):
            build_model(tiny(quantizer=quantizer)).to(dtype).train()(x)


@pytest.mark.parametrize(
    "indices, words",
    [
        (torch.zeros(4, dtype=torch.int64), r"must be int64 \(B, h, w\)"),
        (torch.zeros(2, 4, 4), r"must be int64 \(B, h, w\)"),
        (torch.zeros(2, 4, 4, dtype=torch.int32), r"must be int64 \(B, h, w\)"),
        (torch.zeros(1, 2, 4, 4, dtype=torch.int64), r"must be int64 \(B, h, w\)"),
        (torch.zeros(1, 0, 4, dtype=torch.int64), r"must be int64 \(B, h, w\)"),
        (torch.full((1, 4, 4), 16), "from 16 to 16; they must lie in 0..15"),
        (torch.full((4, 4), -1), "from -1 to -1; they must lie in 0..15"),
    ],
)
def test_indices_that_do_not_fit_are_refused_in_words(indices, words):
    model = build_model(tiny())
    for call in (model.decode, model.embed):
        with pytest.raises(ValueError, match=words):
            call(indices)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 4), (4, 4), (1, 4, 0, 4)])
def test_latents_that_do_not_fit_are_refused_in_words(shape):
    with pytest.raises(ValueError, match=r"z has shape .* it must be \(B, 4, h, w\)"):
        build_model(tiny()).decode_latents(torch.zeros(shape))


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_seeds_decide_the_weights_and_the_global_state_is_left_alone(quantizer):
    config, state = tiny(quantizer=quantizer), torch.get_rng_state()
    first, second, other = (build_model(config, seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_the_fingerprint_follows_codebook_and_decoder_and_nothing_else():
    model = build_model(tiny())
    before = model.fingerprint()
    assert len(before) == 8 and int(before, 16) >= 0
    with torch.no_grad():
        next(model.encoder.parameters()).add_(1)
        model.quantizer.usage_counts.add_(1)
        model.eval().to(memory_format=torch.channels_last)
    assert model.fingerprint() == before == build_model(tiny()).fingerprint()
    assert build_model(tiny(), seed=1).fingerprint() != before
    for part in [model.codebook, *model.decoder.parameters()]:
        with torch.no_grad():
            kept = part.clone()
            part[(0,) * part.ndim] += 0.5
            assert model.fingerprint() != before
            part.copy_(kept)
    assert model.fingerprint() == before


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_every_parameter_learns(quantizer):
    model = build_model(tiny(quantizer=quantizer), seed=1).train()
    x = torch.rand(8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(
        3
    ):  # a block that starts as the identity passes gradients on only after its first step
        optimizer.zero_grad()
        output = model(x, torch.Generator().manual_seed(1))
        loss = (
            (output.x_recon - x).square().mean()
            + output.quantized.codebook_loss
            + output.quantized.commitment_loss
        )
        loss.backward()
        optimizer.step()
    still = [
        name
        for name, value in model.named_parameters()
        if value.grad is None or not value.grad.abs().sum() > 0
    ]
    assert not still
