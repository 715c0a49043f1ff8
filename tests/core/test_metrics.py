"""Figures of merit against NumPy, loops and formulas; evaluation against one picture at a time."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae.analysis.evaluation import evaluate
from vqvae.config import ModelConfig
from vqvae.data.imageset import ImageSet
from vqvae.metrics import entropy_bits, mse, perplexity, psnr, ssim, usage
from vqvae.nn.build import build_model

TINY = {
    "height": 8,
    "width": 12,
    "hidden_channels": 8,
    "residual_blocks": 1,
    "embedding_dim": 4,
    "codebook_size": 16,
    "kmeans_start": False,
    "classes": ("a", "b", "c"),
}


def pictures(n: int = 3, c: int = 1, h: int = 28, w: int = 28, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, c, h, w, generator=torch.Generator().manual_seed(seed))


def image_set(n: int = 25, *, labelled: bool = True, seed: int = 0) -> ImageSet:
    images = (pictures(n, 1, 8, 12, seed) * 255).to(torch.uint8)
    return ImageSet(
        "made",
        "test",
        images,
        torch.arange(n) % 3 if labelled else None,
        ("a", "b", "c") if labelled else (),
    )


def spread_model(seed: int = 0):
    """A model whose codebook lies where its latents are, so that many codes are chosen."""
    model = build_model(ModelConfig(**TINY), seed)
    z_e = model.latents(pictures(8, 1, 8, 12, 5)).movedim(1, -1).reshape(-1, 4)
    with torch.no_grad():
        model.codebook.copy_(
            z_e[torch.randperm(len(z_e), generator=torch.Generator().manual_seed(1))[:16]]
        )
    return model


def slow_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004, eq. 13, one window at a time in float64; x and y (C, H, W)."""
    side = min(11, *x.shape[1:])
    offsets = np.arange(side) - (side - 1) / 2
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    scores = []
    for a, b in zip(x.astype(np.float64), y.astype(np.float64), strict=True):
        for i in range(a.shape[0] - side + 1):
            for j in range(a.shape[1] - side + 1):
                p, q = a[i : i + side, j : j + side], b[i : i + side, j : j + side]
                mp, mq = (window * p).sum(), (window * q).sum()
                vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
                cov = (window * (p - mp) * (q - mq)).sum()
                scores.append(
                    (2 * mp * mq + 1e-4)
                    * (2 * cov + 9e-4)
                    / ((mp**2 + mq**2 + 1e-4) * (vp + vq + 9e-4))
                )
    return float(np.mean(scores))


@pytest.mark.parametrize(
    "shape", [(2, 1, 28, 28), (2, 3, 16, 20), (1, 1, 8, 8), (1, 3, 11, 30), (1, 1, 5, 40)]
)
def test_ssim_equals_the_formula_window_by_window(shape):
    x = pictures(*shape, seed=1)
    y = (x + 0.2 * pictures(*shape, seed=2) - 0.1).clamp(0, 1)
    expected = [slow_ssim(a, b) for a, b in zip(y.numpy(), x.numpy(), strict=True)]
    np.testing.assert_allclose(ssim(y, x).numpy(), expected, atol=2e-5)


def test_ssim_of_equal_pictures_is_one_and_it_is_symmetric():
    x, y = pictures(), pictures(seed=9)
    torch.testing.assert_close(ssim(x, x), torch.ones(3))
    torch.testing.assert_close(ssim(x, y), ssim(y, x))
    flat = torch.full((1, 1, 28, 28), 0.98)
    torch.testing.assert_close(ssim(flat, flat), torch.ones(1))
    assert ssim(x, y).abs().max() < 0.2


@given(seed=st.integers(0, 10**6), n=st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_mse_and_psnr_equal_numpy(seed, n):
    x, y = pictures(n, 3, 8, 8, seed), pictures(n, 3, 8, 8, seed + 1)
    expected = ((x.double().numpy() - y.double().numpy()) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(mse(x, y).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(psnr(x, y).numpy(), 10 * np.log10(1 / expected), rtol=1e-5)


def test_psnr_of_equal_pictures_is_the_ceiling():
    assert psnr(pictures(), pictures()).tolist() == [100.0] * 3


@given(counts=st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_perplexity_lies_between_one_and_the_number_of_codes_in_use(counts):
    counts = torch.tensor(counts)
    used = int((counts > 0).sum())
    assert 1 - 1e-9 <= perplexity(counts) <= max(1, used) * (1 + 1e-9)
    assert usage(counts) == pytest.approx(used / len(counts))


@pytest.mark.parametrize("k", [2, 37, 512])
def test_even_usage_has_perplexity_k_and_a_single_code_has_one(k):
    assert perplexity(torch.full((k,), 7)) == pytest.approx(k)
    one_hot = torch.zeros(k, dtype=torch.int64)
    one_hot[k // 2] = 99
    assert perplexity(one_hot) == 1 and usage(one_hot) == pytest.approx(1 / k)
    assert entropy_bits(torch.zeros(k)) == 0


def test_evaluation_equals_one_picture_at_a_time():
    model, data = spread_model(), image_set()
    figures, gallery = evaluate(model, data, batch_size=7)
    counts, class_counts = torch.zeros(16, dtype=torch.int64), torch.zeros(3, 16, dtype=torch.int64)
    position_counts, errors = torch.zeros(6, 16, dtype=torch.int64), []
    for image, label in zip(data.images, data.labels, strict=True):
        x = image.float() / 255
        indices = model.encode(x)
        for position, index in enumerate(indices.flatten().tolist()):
            counts[index] += 1
            class_counts[label, index] += 1
            position_counts[position, index] += 1
        x_recon = model.decode(indices)
        errors.append([f(x_recon[None], x[None]).item() for f in (mse, psnr, ssim)])
    assert torch.equal(gallery.counts, counts)
    assert torch.equal(gallery.class_counts, class_counts)
    assert torch.equal(gallery.position_counts, position_counts)
    assert (counts > 0).sum() > 4
    np.testing.assert_allclose(
        [figures.mse, figures.psnr, figures.ssim], np.mean(errors, axis=0), rtol=1e-4
    )
    assert figures.perplexity == pytest.approx(perplexity(counts)) and figures.usage == usage(
        counts
    )
    assert figures.bits_per_image == 6 * math.log2(16)
    assert (figures.dataset, figures.split, figures.images) == ("made", "test", 25)
    assert list(json.loads(json.dumps(figures.to_dict()))) == [
        "dataset",
        "split",
        "images",
        "mse",
        "psnr",
        "ssim",
        "perplexity",
        "usage",
        "bits_per_image",
        "images_per_second",
    ]
    assert figures.images_per_second > 0


def test_the_gallery_shows_the_first_images_and_real_latents():
    model, data = spread_model(), image_set(60)
    gallery = evaluate(model, data, batch_size=20)[1]
    assert gallery.indices.shape == (60, 2, 3) and torch.equal(gallery.labels, data.labels)
    z_e = model.latents(data.images.float() / 255)
    torch.testing.assert_close(gallery.indices, model.encode(data.images.float() / 255))
    places = z_e.movedim(1, -1).reshape(-1, 4)
    assert gallery.latents.shape == (360, 4)
    for latent, index, position, label in zip(
        gallery.latents[::40],
        gallery.latent_indices[::40],
        gallery.latent_positions[::40],
        gallery.latent_labels[::40],
        strict=True,
    ):
        row = int((places - latent).square().sum(1).argmin())
        torch.testing.assert_close(places[row], latent)
        assert row % 6 == position and data.labels[row // 6] == label
        assert gallery.indices.flatten()[row] == index


def test_a_set_without_labels_has_no_class_figures():
    gallery = evaluate(spread_model(), image_set(labelled=False))[1]
    assert gallery.labels is gallery.class_counts is gallery.latent_labels is None


def test_evaluation_is_repeatable_and_leaves_the_model_and_the_random_state_as_they_were():
    model = spread_model().train()
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    first, second = (evaluate(model, image_set())[1] for _ in range(2))
    assert torch.equal(first.latents, second.latents)
    assert model.training and model.quantizer.training
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert not evaluate(model.eval(), image_set())[1].counts.is_inference() and not model.training


def test_a_cancelled_evaluation_puts_the_mode_back():
    def cancel(done, total, text):
        assert (done, total) == (10, 25)
        raise KeyboardInterrupt

    model = spread_model().train()
    with pytest.raises(KeyboardInterrupt):
        evaluate(model, image_set(), batch_size=10, progress=cancel)
    assert model.training


def test_an_empty_set_is_refused_in_words():
    with pytest.raises(ValueError, match="made holds no images"):
        evaluate(
            spread_model(), ImageSet("made", "test", torch.zeros(0, 1, 8, 12, dtype=torch.uint8))
        )


def test_the_gallery_is_spread_over_a_set_that_is_sorted_by_class(monkeypatch):
    """The test images of a folder come class by class: the first few hundred would all be of
    one."""
    monkeypatch.setattr("vqvae.analysis.evaluation.GALLERY_IMAGES", 10)
    model = build_model(ModelConfig(height=8, width=8, hidden_channels=8, codebook_size=16))
    images = torch.randint(0, 256, (55, 1, 8, 8), dtype=torch.uint8)
    data = ImageSet("made", "test", images, torch.arange(55) // 11, tuple("abcde"))
    _, gallery = evaluate(model, data, batch_size=20)
    assert gallery.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert torch.equal(gallery.indices[3:4], model.eval().encode(images[16:17] / 255))
