"""Images in .npy and .npz: shapes, types, names of MedMNIST, what is refused, and never a
pickle."""

import io
import zipfile

import numpy as np
import pytest

from vqvae.data.datasets import DataError, load_dataset

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


def both(path, **options):
    return [load_dataset(path, split, **options) for split in ("train", "test")]


@pytest.mark.parametrize(
    "array, shape",
    [
        (GREY, (1, 28, 28)),
        (GREY[:, None], (1, 28, 28)),
        (GREY[..., None], (1, 28, 28)),
        (COLOUR, (3, 32, 32)),
        (COLOUR.transpose(0, 3, 1, 2), (3, 32, 32)),
        (RNG.random((40, 16, 24)), (1, 16, 24)),
        (GREY.astype(np.int64), (1, 28, 28)),
        (GREY > 99, (1, 28, 28)),
    ],
)
def test_an_array_of_images_is_a_set_of_two_parts(tmp_path, array, shape):
    np.save(tmp_path / "set.npy", array)
    train, test = both(tmp_path / "set.npy")
    assert (
        len(train) + len(test) == 40
        and len(test) >= 1
        and train.shape == shape
        and train.name == "set"
    )
    assert train.labels is None
    pixels = np.concatenate([part.images.numpy() for part in (train, test)])
    if array is GREY or array.dtype == np.int64:
        assert sorted(image.tobytes() for image in pixels[:, 0]) == sorted(
            image.tobytes() for image in GREY
        )
    if array.dtype == bool:
        assert set(np.unique(pixels)) == {0, 255}
    if array.dtype == float:
        assert pixels.max() == 255 and abs(pixels.mean() - 127.5) < 3


def test_labels_come_along_and_names_do_not_change_sides(tmp_path):
    labels = RNG.integers(3, 7, 40)
    np.savez(tmp_path / "set.npz", images=COLOUR, labels=labels)
    train, test = both(tmp_path / "set.npz")
    assert train.classes == test.classes == ("3", "4", "5", "6")
    for part in (train, test):
        for image, label in zip(part.images, part.labels, strict=True):
            row = next(
                n for n in range(40) if (COLOUR[n].transpose(2, 0, 1) == image.numpy()).all()
            )
            assert train.classes[label] == str(labels[row])


def test_the_names_of_medmnist_are_splits_and_the_third_is_said(tmp_path):
    parts = {
        f"{split}_images": GREY[:count]
        for split, count in (("train", 20), ("val", 5), ("test", 10))
    }
    parts |= {
        f"{split}_labels": np.arange(count)[:, None] % 3
        for split, count in (("train", 20), ("val", 5), ("test", 10))
    }
    np.savez_compressed(tmp_path / "med.npz", **parts)
    train, test = both(tmp_path / "med.npz")
    assert (len(train), len(test)) == (20, 10) and train.classes == ("0", "1", "2")
    assert test.labels.tolist() == [n % 3 for n in range(10)]
    assert [tuple(file) for file in train.skipped] == [("val_images", "5 images of a third split")]


def test_size_channels_and_notes_are_as_of_a_folder(tmp_path):
    np.save(tmp_path / "large.npy", RNG.integers(0, 256, (12, 128, 128), dtype=np.uint8))
    train, _ = both(tmp_path / "large.npy")
    assert train.shape == (1, 28, 28) and "are taken at 28 x 28" in train.notes[0]
    train, _ = both(tmp_path / "large.npy", size=64, channels=3)
    assert train.shape == (3, 64, 64) and not train.notes
    np.save(tmp_path / "deep.npy", np.full((12, 28, 28), 4095, np.uint16))
    assert "have little contrast" in both(tmp_path / "deep.npy")[0].notes[0]


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}] * 4, dtype=object), allow_pickle=True)
    return buffer.getvalue()


def lying() -> bytes:
    """A header of a million images, and nothing behind it."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 999, 999)}
    )
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("images.npy", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("a.npy", pickled(), "cannot be read"),
        ("a.npz", zipped(pickled()), "cannot be read"),
        ("a.npy", b"", "cannot be read"),
        ("a.npz", b"no zip", "cannot be read"),
        ("a.npy", b"\x93NUMPY", "cannot be read"),
        ("a.npy", lying(), "a.npy"),
        ("a.npz", zipped(lying()), "The arrays are called nothing; call the images `images`"),
    ],
)
def test_what_is_no_array_of_images_is_a_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        load_dataset(tmp_path / name)


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        (
            {"images": np.zeros((4, 9))},
            r"has images of shape \(4, 9\) and type float64; give numbers in the shape",
        ),
        ({"images": np.zeros((9, 28, 28)) - 1}, "holds values from -1 to -1; they must lie in"),
        ({"images": np.full((9, 28, 28), np.nan)}, "holds values from nan to nan"),
        (
            {"images": GREY, "labels": np.arange(9)},
            "has 40 images and 9 labels; give one for each image",
        ),
        ({"images": GREY[:1]}, "holds 1 images; at least 2 are needed"),
        ({"pictures": GREY}, "The arrays are called pictures; call the images `images`"),
    ],
)
def test_arrays_that_do_not_fit_are_a_sentence(tmp_path, arrays, sentence):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(DataError, match=sentence):
        load_dataset(tmp_path / "set.npz")


def test_a_damaged_header_is_a_sentence_whatever_the_damage(tmp_path):
    """Each was a good file but for some bytes of its header, which NumPy reads as Python."""
    np.save(tmp_path / "good.npy", GREY)
    whole = (tmp_path / "good.npy").read_bytes()
    draw = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for place in draw.integers(0, 128, 3):
            damaged[place] = draw.integers(256)
        (tmp_path / "a.npy").write_bytes(damaged)
        try:
            load_dataset(tmp_path / "a.npy")
        except DataError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": GREY, "labels": np.array(3)},
        {"train_images": GREY, "test_images": GREY, "extra_images": np.array(3)},
    ],
)
def test_a_single_number_beside_the_images_is_passed_over(tmp_path, arrays):
    np.savez(tmp_path / "set.npz", **arrays)
    loaded = load_dataset(tmp_path / "set.npz")
    assert loaded.labels is None and len(loaded) and not loaded.skipped
