"""Synthetic digits: seeded, labelled, framed like MNIST, and really digits."""

import time

import pytest
import torch

from vqvae.data.datasets import load_dataset
from vqvae.data.synthetic import CHUNK, synthetic_digits


def test_same_seed_same_bytes_and_other_seed_or_split_differs():
    images, labels = synthetic_digits(40, seed=3)
    again, labels_again = synthetic_digits(40, seed=3)
    assert torch.equal(images, again) and torch.equal(labels, labels_again)
    assert not torch.equal(images, synthetic_digits(40, seed=4)[0])
    test_images = synthetic_digits(40, seed=3, split="test")[0]
    alike = (images.flatten(1)[:, None] == test_images.flatten(1)[None]).all(-1)
    assert not alike.any()


def test_a_short_set_is_the_beginning_of_a_long_one():
    images, labels = synthetic_digits(CHUNK + 30)
    for count in (0, 1, 17, CHUNK, CHUNK + 1):
        fewer, fewer_labels = synthetic_digits(count)
        assert fewer.shape == (count, 1, 28, 28)
        assert torch.equal(fewer, images[:count]) and torch.equal(fewer_labels, labels[:count])


def test_types_labels_and_framing():
    images, labels = synthetic_digits(1280)
    assert images.dtype == torch.uint8 and labels.dtype == torch.int64
    assert labels.bincount(minlength=10).tolist() == [128] * 10
    assert (labels[:-1] != labels[1:]).any() and labels[:20].tolist() != sorted(
        labels[:20].tolist()
    )
    ink = images[:, 0].float() / 255
    mass = ink.sum((1, 2))
    axis = torch.arange(28.0)
    for weights in (ink.sum(1), ink.sum(2)):
        centre = (weights * axis).sum(1) / mass
        assert (centre.mean() - 13.5).abs() < 0.3 and (centre - 13.5).abs().max() < 3
        inked = weights > 0.5
        extent = 28 - inked.int().argmax(1) - inked.flip(1).int().argmax(1)
        assert extent.max() <= 26
    assert (ink[:, 0].max() == 0) and (
        ink[:, :, -1].max() == 0
    )  # the border stays black, as MNIST's does
    assert 0.09 < ink.mean() < 0.17  # MNIST: 0.131
    assert len({picture.numpy().tobytes() for picture in images}) == 1280


def test_real_digits_are_recognised_by_their_synthetic_neighbours(mnist_dir):
    """Nearest neighbour from 6,000 synthetic digits on 1,000 real ones: chance would give a
    tenth."""
    images, labels = synthetic_digits(6000)
    real = load_dataset("mnist", "test", data_dir=mnist_dir, count=1000)

    def vectors(pictures):
        # Blurred a little, so that a shift by a pixel is no other picture.
        soft = torch.nn.functional.avg_pool2d(pictures.float(), 3, 2, padding=1).flatten(1)
        return soft / soft.norm(dim=1, keepdim=True)

    nearest = (vectors(real.images) @ vectors(images).T).argmax(1)
    assert (labels[nearest] == real.labels).float().mean() > 0.75


def test_a_thousand_a_second_at_the_very_least():
    synthetic_digits(CHUNK)
    start = time.process_time()
    synthetic_digits(4 * CHUNK)
    assert time.process_time() - start < 4 * CHUNK / 1000  # about 7,000 a second on a quiet core


def test_load_dataset_gives_the_two_splits_and_no_more_than_asked():
    calls = []
    train = load_dataset("synthetic", count=600, progress=lambda *call: calls.append(call))
    assert train.shape == (1, 28, 28) and len(train) == 600 and train.classes == tuple("0123456789")
    assert calls[-1][:2] == (600, 600) and calls[-1][2]
    test = load_dataset("synthetic", "test")
    assert len(test) == 2000 and test.split == "test"


@pytest.mark.parametrize(
    "arguments", [{"count": -1}, {"count": 1, "seed": -1}, {"count": 1, "split": "validation"}]
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must be 0 or more"):
        synthetic_digits(**arguments)
