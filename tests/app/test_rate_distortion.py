"""k-means on patches, JPEG and WebP: their bits and errors against what is known of simple
pictures."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from demo.models.sets import EXAMPLES
from vqvae.analysis import rate_distortion


def test_the_payload_is_the_file_without_its_headers():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (32, 32), dtype=np.uint8))
    flat = Image.new("L", (32, 32), 128)
    for form in ("JPEG", "WEBP"):
        sizes = []
        for picture in (image, flat):
            file = io.BytesIO()
            picture.save(file, form, quality=50)
            sizes.append((rate_distortion.payload_bytes(file.getvalue()), len(file.getvalue())))
        (noisy, whole), (empty, small) = sizes
        assert 0 < empty < 40 < noisy < whole and empty < small
        if form == "JPEG":  # headers and tables do not depend on the picture
            assert whole - noisy == small - empty
    with pytest.raises(ValueError, match="baseline JPEG"):
        rate_distortion.payload_bytes(b"GIF89a")


def test_kmeans_on_patches_with_a_centre_for_every_patch_is_exact_and_counts_its_bits():
    kinds = torch.tensor([0, 90, 200, 255], dtype=torch.uint8)
    blocks = kinds[torch.randint(0, 4, (40, 1, 2, 2), generator=torch.Generator().manual_seed(0))]
    images = blocks.repeat_interleave(4, 2).repeat_interleave(4, 3)
    points = [rate_distortion.patch_kmeans(images, images, 4, k, iterations=20) for k in (1, 32)]
    assert points[1].bits == 4 * 5 and points[1].mse < 1e-9 and points[0].bits == 0
    centre = (
        images.float().div(255).view(40, 2, 4, 2, 4).permute(0, 1, 3, 2, 4).reshape(-1, 16).mean(0)
    )
    assert points[0].mse == pytest.approx(
        (images.float() / 255 - centre[0]).square().mean().item(), rel=1e-3
    )


def test_more_quality_takes_more_bits_and_gives_a_better_picture():
    images = torch.from_numpy(np.asarray(Image.open(EXAMPLES)).copy()).view(28, 20, 28)
    images = images.permute(1, 0, 2)[:, None]
    for form in ("JPEG", "WEBP"):
        low, high = rate_distortion.image_format(images, form, (10, 80))
        assert low.bits < high.bits and low.psnr < high.psnr
