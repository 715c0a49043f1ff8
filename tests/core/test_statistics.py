"""What a codebook is used for: counts against a loop, patches against the pictures, and what is
said of them."""

import numpy as np
import pytest
import torch

import vqvae
from vqvae.analysis.counting import count_usage, crop_cells
from vqvae.analysis.statistics import UsageCounts, clusters, use_of_gallery, verdict
from vqvae.data.imageset import ImageSet

SMALL = {"height": 16, "width": 16, "hidden_channels": 8, "residual_blocks": 0, "embedding_dim": 4}


def images(count=40, channels=1, classes=("a", "b")) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        0, 256, (count, channels, 16, 16), generator=generator, dtype=torch.uint8
    )
    labels = torch.randint(0, len(classes), (count,), generator=generator) if classes else None
    return ImageSet("mnist", "test", pixels, labels, classes)


def model(K=16, **changes):
    made = vqvae.build_model(vqvae.ModelConfig(**{**SMALL, "codebook_size": K, **changes})).eval()
    with torch.no_grad():  # a codebook among the latents, as after training
        made.codebook.copy_(
            torch.randn(made.codebook.shape, generator=torch.Generator().manual_seed(1))
        )
    return made


def test_counts_agree_with_a_loop_over_the_images():
    made, data = model(), images()
    use = count_usage(made, data, batch_size=7)
    expected, by_class = np.zeros((16, 16), int), np.zeros((2, 16), int)
    for image, label in zip(data.images, data.labels, strict=True):
        for position, code in enumerate(made.encode(image.float() / 255).flatten().tolist()):
            expected[position, code] += 1
            by_class[label, code] += 1
    np.testing.assert_array_equal(use.position_counts, expected)
    np.testing.assert_array_equal(use.class_counts, by_class)
    np.testing.assert_array_equal(use.counts, expected.sum(0))
    _, gallery = vqvae.evaluate(made, data)
    assert (
        torch.equal(use_of_gallery(gallery).counts, use.counts)
        and use_of_gallery(gallery).images == 40
    )


def test_kept_patches_are_pixels_around_cells_that_chose_the_code():
    made, data = model(), images()
    use = count_usage(made, data, batch_size=7)
    indices = made.encode(data.images.float() / 255)
    padded = torch.nn.functional.pad(data.images, (4, 4, 4, 4))
    for code in range(16):
        choosers = (indices == code).flatten(1).any(1).sum()
        assert use.kept[code] == min(12, int(choosers))  # one of an image
        windows = {
            padded[n, :, 4 * r : 4 * r + 12, 4 * c : 4 * c + 12].numpy().tobytes()
            for n, r, c in (indices == code).nonzero().tolist()
        }
        assert {patch.numpy().tobytes() for patch in use.patches[code, : use.kept[code]]} <= windows


def test_cells_are_cropped_with_black_beyond_the_edge():
    picture = torch.arange(1, 17, dtype=torch.uint8).view(1, 1, 4, 4)
    crop = crop_cells(picture, torch.tensor([0]), torch.tensor([3]), (2, 2), 2)
    assert crop.shape == (1, 1, 6, 6)
    assert (
        torch.equal(crop[0, 0, :4, :4], picture[0, 0])
        and int(crop[0, 0, 4:].sum() + crop[0, 0, :, 4:].sum()) == 0
    )


def test_counting_can_be_stopped():
    def stop(done, total, text):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        count_usage(model(), images(), progress=stop)


@pytest.mark.parametrize(
    ("counts", "level", "word"),
    [
        ([0] * 64, "unknown", "Nothing was counted"),
        ([9] + [0] * 63, "bad", "one of 64"),
        ([5] * 3 + [0] * 61, "bad", "3 of 64 codes are used at all"),
        ([10_000] + [1] * 63, "bad", "about 1 do nearly all"),
        ([5] * 30 + [0] * 34, "fair", "Many dead codes: 34 of 64"),
        ([5] * 15 + [0] * 49, "bad", "15 of 64 codes are used at all"),
        ([5] * 16 + [0] * 48, "fair", "48 of 64"),
        ([1_000] + [10] * 63, "fair", "Lopsided"),
        ([5] * 64, "good", "Healthy: every code is"),
        ([5] * 60 + [0] * 4, "good", "60 of 64 codes are"),
        ([3, 5], "good", "every"),
    ],
)
def test_the_verdict_names_the_illness(counts, level, word):
    counts = torch.tensor(counts)
    use = UsageCounts(counts, counts[None], None, 1)
    assert verdict(use)[0] == level and word in verdict(use)[1]


def test_clusters_are_found_and_the_largest_comes_first():
    codebook = torch.cat([torch.zeros(5, 2), torch.full((9, 2), 10.0)]) + 0.01 * torch.randn(14, 2)
    assert clusters(codebook, 2).tolist() == [1] * 5 + [0] * 9
    assert clusters(torch.ones(6, 2)).tolist() == [0] * 6
