"""Folders and zips of images: what is found, what is skipped and why, what is refused, and the
cache."""

import io
import os
import stat
import struct
import time
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests import bad_files
from vqvae.data import cache, folders
from vqvae.data.archives import LIMITS
from vqvae.data.datasets import DataError, load_dataset
from vqvae.data.folder_look import look_at
from vqvae.data.pictures import PictureError, read_picture
from vqvae.data.splits import divide


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def colour(side: int = 32, value: tuple[int, int, int] = (200, 40, 90)) -> Image.Image:
    return Image.new("RGB", (side, side), value)


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def good(count: int = 4, side: int = 32) -> dict[str, bytes]:
    return {f"good{n}.png": encoded(colour(side, (n, 2 * n, 255 - n))) for n in range(count)}


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds almost nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def nan_tiff() -> bytes:
    values = np.full((16, 16), 0.5, np.float32)
    values[3, 3] = np.nan
    return encoded(Image.fromarray(values), "TIFF")


def animated() -> bytes:
    frames = [Image.new("RGB", (16, 16), name) for name in ("red", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def turned() -> bytes:
    """Left half red as stored; Exif says: turn by 90 degrees, so that the top is red when
    upright."""
    image = Image.new("RGB", (64, 64), "blue")
    image.paste("red", (0, 0, 32, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(image, "JPEG", exif=exif, quality=95)


def transparent() -> bytes:
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 16, 32, 32))
    return encoded(image)


def palette_with_transparency() -> bytes:
    image = Image.new("P", (32, 32), 0)
    image.putpalette([0, 0, 0, 0, 0, 255])
    image.paste(1, (0, 16, 32, 32))
    return encoded(image, transparency=0)


JPEG = encoded(Image.effect_noise((64, 64), 50), "JPEG")
BAD = {
    "empty": (b"", "the file is empty"),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], "damaged or cut short"),
    "truncated png": (encoded(Image.effect_noise((64, 64), 50))[:900], "damaged or cut short"),
    "header only": (encoded(colour())[:20], "not an image, or damaged at its start"),
    "text with a fake extension": (b"hello, I am no picture", "not an image"),
    "svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    "html": (b"\n<!DOCTYPE html><html></html>", "a web page"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    "pdf": (b"%PDF-1.7\n", "not an image"),
    "pickle": (b"\x80\x04\x95\x10\0\0\0", "not an image"),
    "zip with a fake extension": (b"PK\x03\x04" + b"\0" * 60, "an archive, not an image"),
    "heic": (b"\0\0\0\x18ftypheic" + b"\0" * 60, "a HEIC file, cut off or damaged"),
    "1 x 1": (encoded(colour(1)), "1 x 1 pixels are too few"),
    "20000 x 1": (encoded(Image.new("L", (20000, 1))), "20000 x 1 pixels are too few"),
    "9000 x 9000": (png_header(9000, 9000), "9000 x 9000 pixels are too many"),
    "10000 x 10000": (png_header(10_000, 10_000), "too many"),
    "60000 x 60000": (png_header(60_000, 60_000), "too many pixels"),
    "NaN": (nan_tiff(), "not numbers"),
    "negative": (
        encoded(Image.fromarray(np.full((16, 16), -5, np.float32)), "TIFF"),
        "holds values from -5",
    ),
}

RED_AND_BLUE_WHITE = ((255, 255, 255), (0, 0, 255))
ODD = {  # name: (bytes, expected RGB at the top, expected RGB at the bottom)
    "16-bit grey": (
        encoded(Image.fromarray(np.full((32, 32), 65535, np.uint16))),
        (255,) * 3,
        (255,) * 3,
    ),
    "16-bit grey, dark": (
        encoded(Image.fromarray(np.full((32, 32), 257, np.uint16))),
        (1,) * 3,
        (1,) * 3,
    ),
    "float in 0..1": (
        encoded(Image.fromarray(np.full((32, 32), 0.2, np.float32)), "TIFF"),
        (51,) * 3,
        (51,) * 3,
    ),
    "palette": (
        encoded(colour().convert("P", palette=Image.Palette.ADAPTIVE)),
        (200, 40, 90),
        (200, 40, 90),
    ),
    "palette with transparency": (palette_with_transparency(), *RED_AND_BLUE_WHITE),
    "CMYK": (
        encoded(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "TIFF"),
        (255, 0, 0),
        (255, 0, 0),
    ),
    "1-bit": (encoded(Image.new("1", (32, 32), 1)), (255,) * 3, (255,) * 3),
    "alpha": (transparent(), *RED_AND_BLUE_WHITE),
    "grey with alpha": (encoded(Image.new("LA", (32, 32), (0, 0))), (255,) * 3, (255,) * 3),
    "Exif-rotated": (turned(), (254, 0, 0), (0, 0, 254)),
    "animated": (animated(), (255, 0, 0), (255, 0, 0)),
    "webp": (encoded(colour(), "WEBP", lossless=True), (200, 40, 90), (200, 40, 90)),
    "heic": (
        bad_files.image(colour(), "HEIF", quality=-1, chroma=444),
        (200, 40, 90),
        (200, 40, 90),
    ),
    "avif": (
        encoded(colour(), "AVIF", quality=100, subsampling="4:4:4"),
        (200, 40, 90),
        (200, 40, 90),
    ),
    "a png named .jpg": (encoded(colour()), (200, 40, 90), (200, 40, 90)),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_skipped_with_its_name_and_reason(tmp_path, case):
    data, reason = BAD[case]
    path = make_zip(tmp_path / "set.zip", {**good(), "bad one.jpg": data})
    images = load_dataset(path, data_dir=tmp_path)
    assert len(images) + len(load_dataset(path, "test", data_dir=tmp_path)) == 4
    assert [skipped.name for skipped in images.skipped] == ["bad one.jpg"]
    assert reason in images.skipped[0].reason and "\n" not in images.skipped[0].reason


@pytest.mark.parametrize("case", ODD)
def test_an_odd_file_is_read_as_a_person_sees_it(case):
    data, top, bottom = ODD[case]
    pixels = read_picture(data, (32, 32), 3)
    assert pixels.shape == (3, 32, 32) and pixels.dtype == np.uint8
    assert np.abs(pixels[:, 6, 16].astype(int) - top).max() <= 3
    assert np.abs(pixels[:, 26, 16].astype(int) - bottom).max() <= 3
    assert read_picture(data, (24, 16), 1).shape == (1, 24, 16)


def test_a_wide_picture_is_cropped_in_the_middle_and_a_photo_drafted():
    image = Image.new("RGB", (3000, 1000), "white")
    image.paste("black", (1000, 0, 2000, 1000))
    for kind in ("PNG", "JPEG"):
        assert read_picture(encoded(image, kind), (32, 32), 3).max() < 30
    ramp = Image.linear_gradient("L").resize((2000, 2000))
    exact = np.asarray(ramp.resize((32, 32), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(read_picture(encoded(ramp, "JPEG"), (32, 32), 1)[0] - exact).max() <= 4


def test_picture_error_is_raised_for_a_single_picture():
    with pytest.raises(PictureError, match="empty"):
        read_picture(b"", (8, 8), 1)


def hostile_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in good().items():
            archive.writestr(name, data)
        for name in (
            "../climbs.png",
            "a/../../b.png",
            "/absolute.png",
            "C:\\windows.png",
            "..\\back.png",
        ):
            archive.writestr(zipfile.ZipInfo(name), encoded(colour()))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", b"PK\x05\x06" + b"\0" * 18)
        archive.writestr("bomb.png", b"\0" * (65 << 20))
        archive.writestr("__MACOSX/._good0.png", b"x")
        archive.writestr(".DS_Store", b"x")
    return path


def test_hostile_members_are_skipped_and_nothing_is_written(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    images = load_dataset(hostile_zip(folder / "set.zip"), data_dir=tmp_path / "data")
    reasons = {skipped.name: skipped.reason for skipped in images.skipped}
    assert len(reasons) == 8
    for name in ("../climbs.png", "a/../../b.png", "/absolute.png"):
        assert "outside the archive" in reasons[name]
    assert "link" in reasons["link.png"] and "not opened" in reasons["inner.zip"]
    assert reasons["bomb.png"] == "65.0 MiB unpacked; at most 64.0 MiB"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "set.zip"]


def set_encrypted(path: Path, only_first: bool = False) -> Path:
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = -1 if only_first else data.find(signature, at + 4)
    path.write_bytes(data)
    return path


def test_encrypted_zips(tmp_path):
    with pytest.raises(DataError, match=r"all\.zip is encrypted; make a zip without a password"):
        load_dataset(set_encrypted(make_zip(tmp_path / "all.zip", good())), data_dir=tmp_path)
    images = load_dataset(
        set_encrypted(make_zip(tmp_path / "one.zip", good()), True), data_dir=tmp_path
    )
    assert [tuple(skipped) for skipped in images.skipped] == [("good0.png", "encrypted")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "set.zip is an empty file"),
        (b"PK\x05\x06" + b"\0" * 18, "set.zip holds no images. Give a folder or zip"),
        (b"not a zip", "set.zip is not a zip file, or is damaged"),
        (b"PK\x03\x04" + b"x" * 300, "set.zip is not a zip file, or is damaged"),
    ],
)
def test_a_useless_zip_is_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "set.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        load_dataset(path, data_dir=tmp_path)


def test_zips_of_nothing_usable_are_a_sentence(tmp_path):
    with pytest.raises(
        DataError, match=r"None of the 2 files of set.zip is a usable image \(a.png: not an image"
    ):
        load_dataset(
            make_zip(tmp_path / "set.zip", {"a.png": b"hello", "b.png": b"world"}),
            data_dir=tmp_path,
        )
    with pytest.raises(DataError, match=r"one\.zip holds one usable image; at least 2"):
        load_dataset(make_zip(tmp_path / "one.zip", good(1)), data_dir=tmp_path)
    with pytest.raises(DataError, match=r"nested.zip holds no images \(a.zip: an archive"):
        load_dataset(make_zip(tmp_path / "nested.zip", {"a.zip": b"PK"}), data_dir=tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match="nothing holds no images"):
        load_dataset(tmp_path / "nothing", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ({"files": 3}, "holds more than 3 files"),
        ({"total_bytes": 100}, "unpacked; at most 100 bytes"),
        ({"result_bytes": 1000}, "4 images of 32 x 32 need 12.0 KiB of memory; at most 1000 bytes"),
    ],
)
def test_limits_are_a_sentence_for_zip_and_folder(tmp_path, limit, sentence):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in good().items():
        (folder / name).write_bytes(data)
    for path in (folder, make_zip(tmp_path / "set.zip", good())):
        with pytest.raises(DataError, match=sentence):
            folders.load_folder(path, "train", data_dir=tmp_path, limits=replace(LIMITS, **limit))


def test_a_damaged_member_is_skipped(tmp_path):
    path = make_zip(tmp_path / "set.zip", good())
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF  # inside the first, stored, member: its CRC no longer holds
    path.write_bytes(data)
    images = load_dataset(path, data_dir=tmp_path)
    assert [skipped.name for skipped in images.skipped] == ["good0.png"]
    assert "cannot be read" in images.skipped[0].reason


def tree(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def test_class_folders_and_split_folders(tmp_path):
    files = {
        f"my pets/{split}/{animal}/{n}.png": encoded(colour(32, (n, len(animal), 9)))
        for split, count in (("train", 6), ("test", 3))
        for animal in ("zebra", "Äffchen")
        for n in range(count)
    }
    for path in (tree(tmp_path / "set", files), make_zip(tmp_path / "set.zip", files)):
        train = load_dataset(path, data_dir=tmp_path)
        test = load_dataset(path, "test", data_dir=tmp_path)
        assert torch.equal(
            test.images, load_dataset(path, "test", data_dir=tmp_path, workers=1).images
        )
        assert train.classes == test.classes == ("zebra", "Äffchen") and train.name == "set"
        assert train.labels.bincount().tolist() == [6, 6] and test.labels.bincount().tolist() == [
            3,
            3,
        ]
        assert all(
            train.images[row, 1, 0, 0] == len(train.classes[label])
            for row, label in enumerate(train.labels)
        )


def test_a_folder_without_splits_is_divided_the_same_way_each_time(tmp_path):
    files = {
        f"{animal}/{n}.png": encoded(colour(16, (n, 0, 0)))
        for animal in ("cat", "dog")
        for n in range(25)
    }
    path = tree(tmp_path / "set", files)
    train, test = (load_dataset(path, split, data_dir=tmp_path) for split in ("train", "test"))
    assert len(train) + len(test) == 50 and 2 <= len(test) <= 10 and train.shape == (3, 16, 16)

    def values(part):
        return sorted(
            (int(label), int(red))
            for label, red in zip(part.labels, part.images[:, 0, 0, 0], strict=True)
        )

    assert sorted(values(train) + values(test)) == [
        (label, red) for label in range(2) for red in range(25)
    ]
    assert values(load_dataset(path, "test", data_dir=tmp_path)) == values(test)
    assert values(load_dataset(path, "test", data_dir=tmp_path, seed=1)) != values(test)
    (path / "readme.txt").write_text("pictures of pets")
    noted = load_dataset(path, data_dir=tmp_path)
    assert noted.classes == ("cat", "dog"), "a note beside the classes is no image without a class"
    assert [skipped.name for skipped in noted.skipped] == ["readme.txt"]


def test_no_picture_changes_sides_when_others_come(tmp_path):
    path = tree(tmp_path / "set", {f"{n}.png": encoded(colour(16, (n, 0, 0))) for n in range(60)})

    def sides():
        parts = {split: load_dataset(path, split, data_dir=tmp_path) for split in ("train", "test")}
        return {int(red): split for split, part in parts.items() for red in part.images[:, 0, 0, 0]}

    before = sides()
    tree(path, {f"more/{n}.png": encoded(colour(16, (n + 100, 0, 0))) for n in range(60)})
    after = sides()
    assert len(after) == 120 and before.items() <= after.items()
    assert 4 <= list(after.values()).count("test") <= 24


def test_two_pictures_are_one_of_each(tmp_path):
    for number in range(6):  # whatever their names draw
        path = make_zip(
            tmp_path / f"{number}.zip", {f"{number}{n}.png": encoded(colour()) for n in "ab"}
        )
        assert [
            len(load_dataset(path, split, data_dir=tmp_path)) for split in ("train", "test")
        ] == [1, 1]


@pytest.mark.parametrize(
    "train, test",
    [
        ("train", "test"),
        ("Training", "testing"),
        ("TRAIN", "val"),
        ("train", "Valid"),
        ("training", "Validation"),
    ],
)
def test_folders_of_splits_by_any_usual_name_are_no_classes(tmp_path, train, test):
    files = {
        f"{split}/{animal}/{n}.png": encoded(colour())
        for split, count in ((train, 4), (test, 2))
        for animal in ("cat", "dog")
        for n in range(count)
    }
    files |= {"readme.png": encoded(colour()), "extra/1.png": encoded(colour())}
    path = make_zip(tmp_path / "set.zip", files)
    sets = [load_dataset(path, split, data_dir=tmp_path) for split in ("train", "test")]
    assert [len(part) for part in sets] == [8, 4] and sets[0].classes == ("cat", "dog")
    assert {(file.name, file.reason) for file in sets[0].skipped} == {
        ("readme.png", "beside the folders of the splits"),
        ("extra/", "1 file of a folder beside the splits"),
    }


def test_a_third_split_is_left_out_and_said(tmp_path):
    files = {
        f"{split}/{n}.png": encoded(colour())
        for split in ("train", "test", "val")
        for n in range(3)
    }
    images = load_dataset(make_zip(tmp_path / "set.zip", files), data_dir=tmp_path)
    assert len(images) == 3 and [tuple(file) for file in images.skipped] == [
        ("val/", "3 files of a third split")
    ]


@pytest.mark.parametrize("above", ["", "my pets/"])
def test_a_stray_picture_beside_class_folders_is_named_and_labels_stay(tmp_path, above):
    files = {
        f"{above}{animal}/{n}.png": encoded(colour())
        for animal in ("cat", "dog")
        for n in range(10)
    }
    path = make_zip(tmp_path / "set.zip", {**files, "loose.png": encoded(colour())})
    images = load_dataset(path, data_dir=tmp_path)
    assert images.classes == ("cat", "dog") and images.labels is not None
    assert [tuple(file) for file in images.skipped] == [
        ("loose.png", "a picture beside the folders of the classes")
    ]
    many = make_zip(
        tmp_path / "many.zip", files | {f"{n}.png": encoded(colour()) for n in range(9)}
    )
    mixed = load_dataset(many, data_dir=tmp_path)
    assert mixed.labels is None and not mixed.skipped, "so many are meant"


def test_a_stray_picture_beside_one_folder_is_one_of_them(tmp_path):
    files = {f"photos/{n}.png": encoded(colour()) for n in range(20)} | {
        "one more.png": encoded(colour())
    }
    path = make_zip(tmp_path / "set.zip", files)
    assert (
        sum(len(load_dataset(path, split, data_dir=tmp_path)) for split in ("train", "test")) == 21
    )


def test_a_table_of_labels_goes_before_folders(tmp_path):
    rows = "".join(f"{n}.png,{n},{'dog' if n % 3 else 'cat'}\n" for n in range(9))
    for split in ("train", "test"):
        tree(
            tmp_path / "set" / split,
            {f"{n}.png": encoded(colour(16, (n, 0, 0))) for n in range(10)},
        )
        (tmp_path / "set" / split / "metadata.csv").write_text(
            f"file_name,id,label\n{rows}", "utf-8"
        )
    images = load_dataset(tmp_path / "set", data_dir=tmp_path)
    assert images.classes == ("cat", "dog") and len(images) == 9
    assert [
        (int(red) % 3 > 0) for red in images.images[:, 0, 0, 0]
    ] == images.labels.bool().tolist()
    assert [tuple(file) for file in images.skipped] == [
        ("test/9.png", "without a label in metadata.csv"),
        ("train/9.png", "without a label in metadata.csv"),
    ]


@pytest.mark.parametrize(
    "table",
    [
        "file_name,size\na.png,3\n",
        "",
        "label\n3\n",
        "\0\0",
        'file_name,label\n"a',
        "file_name,label\n" + "".join(f"good{n}.png,\n" for n in range(4)),
    ],
)
def test_a_table_without_labels_changes_nothing(tmp_path, table):
    path = make_zip(tmp_path / "set.zip", {**good(), "metadata.csv": table.encode()})
    images = load_dataset(path, data_dir=tmp_path)
    assert images.labels is None and len(images) >= 1
    assert [tuple(file) for file in images.skipped] == [
        ("metadata.csv", "a table that labels less than half of the files")
    ]


@pytest.mark.parametrize("damage", ["first line", "row", "checksum"])
def test_a_table_that_cannot_be_read_is_named_and_the_folders_decide(tmp_path, damage):
    files = {f"{n % 2}/{name}": data for n, (name, data) in enumerate(good(12).items())}
    long = "x" * 200_000  # longer than a field may be
    table = {"first line": f"file_name,{long}\n", "row": f"file_name,label\n{long},a\n"}.get(damage)
    path = make_zip(tmp_path / "set.zip", {**files, "metadata.csv": (table or "label").encode()})
    if damage == "checksum":
        path.write_bytes(path.read_bytes().replace(b"label", b"LABEL"))
    loaded = load_dataset(path, data_dir=tmp_path)
    assert loaded.classes == ("0", "1")
    for skipped in (loaded.skipped, look_at(path).skipped):
        (file,) = skipped
        assert file.name == "metadata.csv" and file.reason.startswith("cannot be read")


def test_many_files_without_a_label_are_divided_in_one_pass():
    """Each of them is looked at a few times, not once for every file beside it."""

    class Name(str):
        looks = 0
        __slots__ = ()

        def __hash__(self):
            Name.looks += 1
            return super().__hash__()

    names = [Name(f"{n % 10}/{n}.png") for n in range(400)]
    divided = divide(names, {name: str(n % 10) for n, name in enumerate(names) if n % 10})
    assert len(divided.train) == 360 and len(divided.skipped) == 40
    assert Name.looks < 20 * len(names)


def test_classes_that_are_numbers_are_in_their_order(tmp_path):
    rows = "".join(f"{n}.png,{n}\n" for n in range(12))
    path = make_zip(
        tmp_path / "set.zip",
        {f"{n}.png": encoded(colour(16, (n, 0, 0))) for n in range(12)}
        | {"metadata.csv": f"file_name,label\n{rows}".encode()},
    )
    images = load_dataset(path, data_dir=tmp_path)
    assert images.classes == tuple(map(str, range(12)))
    assert images.labels.tolist() == images.images[:, 0, 0, 0].tolist()


def test_links_are_followed_as_long_as_they_stay_inside(tmp_path):
    path = tree(tmp_path / "set", {f"all/{name}": data for name, data in good().items()})
    (tmp_path / "secret.png").write_bytes(encoded(colour()))
    (path / "chosen").mkdir()
    os.symlink(path / "all" / "good0.png", path / "chosen" / "one.png")
    os.symlink(path / "all", path / "again")
    os.symlink(tmp_path / "secret.png", path / "link.png")
    os.symlink(tmp_path, path / "up")
    os.symlink(path, path / "all" / "loop")
    sets = [load_dataset(path, split, data_dir=tmp_path) for split in ("train", "test")]
    assert sum(map(len, sets)) == 9 and sets[0].classes == ("again", "all", "chosen")
    assert {file.name: file.reason for file in sets[0].skipped} == {
        "link.png": "a link that leads outside the folder",
        "up": "a link that leads outside the folder",
        "all/loop": "a link that leads outside the folder",
        "again/loop": "a link that leads outside the folder",
    }


def deep_tiff(low: int, high: int) -> bytes:
    return encoded(
        Image.fromarray(np.linspace(low, high, 32 * 32, dtype=np.uint16).reshape(32, 32)), "TIFF"
    )


def test_deep_grey_has_one_scale_for_the_whole_set(tmp_path):
    """12 bits in 16: white is 4095, also for a file that is darker than the others."""
    path = make_zip(
        tmp_path / "set.zip",
        {"bright.tif": deep_tiff(0, 4095), "dark.tif": deep_tiff(0, 1000)}
        | {f"{n}.tif": deep_tiff(0, 4000) for n in range(8)},
    )
    sets = [load_dataset(path, split, data_dir=tmp_path) for split in ("train", "test")]
    highest = sorted(int(image.max()) for part in sets for image in part.images)
    assert highest == [62, *[249] * 8, 255] and not sets[0].notes


def test_a_set_that_uses_little_of_its_range_is_told(tmp_path):
    path = make_zip(
        tmp_path / "set.zip", {f"{n}.tif": deep_tiff(30_000, 33_000 + n) for n in range(8)}
    )
    images = load_dataset(path, data_dir=tmp_path)
    assert images.notes == (
        "The deep grey images use only values from 30000 to 33007 of 0 to 65535, so that they have "
        "little contrast here: spread them over the range, and save them again.",
    )


def test_large_pictures_that_are_taken_small_are_told(tmp_path):
    path = make_zip(
        tmp_path / "set.zip", {f"{n}.png": encoded(colour(128, (n, 0, 0))) for n in range(4)}
    )
    (note,) = load_dataset(path, data_dir=tmp_path).notes
    assert note.startswith("The images are 128 x 128 pixels and are taken at 32 x 32: give a size")
    assert not load_dataset(path, data_dir=tmp_path, size=32).notes, "who asks for a size knows"


@pytest.mark.parametrize(
    ("mode", "side", "expected"),
    [
        ("RGB", 48, (3, 48, 48)),
        ("RGB", 100, (3, 32, 32)),
        ("L", 28, (1, 28, 28)),
        ("L", 100, (1, 28, 28)),
        ("1", 64, (1, 64, 64)),
        ("RGB", 31, (3, 32, 32)),
    ],
)
def test_size_and_channels_follow_the_files_unless_given(tmp_path, mode, side, expected):
    path = make_zip(
        tmp_path / "set.zip", {f"{n}.png": encoded(Image.new(mode, (side, side))) for n in range(3)}
    )
    assert load_dataset(path, data_dir=tmp_path).shape == expected
    assert load_dataset(path, data_dir=tmp_path, size=(24, 40), channels=1).shape == (1, 24, 40)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A zip of 12 images that is worth a cache."""
    monkeypatch.setattr(folders, "CACHE_FROM", 10)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return make_zip(tmp_path / "set.zip", {**good(12), "bad.png": b"x"}), tmp_path / "data"


def test_the_second_load_reads_the_cache_and_gives_the_same(cached, monkeypatch):
    path, data_dir = cached
    first = load_dataset(path, data_dir=data_dir)
    monkeypatch.setattr(folders, "read_picture", lambda *_: pytest.fail("the cache should be read"))
    again, test = (
        load_dataset(path, data_dir=data_dir),
        load_dataset(path, "test", data_dir=data_dir),
    )
    assert (
        torch.equal(first.images, again.images)
        and first.skipped == again.skipped
        and len(test) == 1
    )
    monkeypatch.undo()
    os.utime(path, ns=(1, 1))
    calls = []
    load_dataset(path, data_dir=data_dir, progress=lambda *call: calls.append(call))
    assert calls[-1] == (13, 13, "Reading images")  # a changed file is read anew


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:100],
        lambda data: data[:-50],
        lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        lambda data: b"\xff" * 16 + data[16:],
        lambda data: b"\x80\x04pickle",
    ],
)
def test_a_damaged_cache_is_ignored_and_rewritten(cached, damage):
    path, data_dir = cached
    first = load_dataset(path, data_dir=data_dir)
    (file,) = (data_dir / "cache").iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert torch.equal(load_dataset(path, data_dir=data_dir).images, first.images)
    assert file.read_bytes() == whole


def test_where_no_cache_can_be_written_loading_goes_on(cached, tmp_path, monkeypatch):
    path, _ = cached
    blocker = tmp_path / "a file"
    blocker.write_bytes(b"")
    images = load_dataset(path, data_dir=blocker / "data")  # a folder cannot be made below a file
    assert len(images) == 11 and list((tmp_path / "home").rglob("*.safetensors"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocker))
    os.utime(path, ns=(2, 2))
    assert len(load_dataset(path, data_dir=blocker / "data")) == 11


def test_old_caches_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "KEEP_FILES", 2)
    loaded = cache.Loaded(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), ("a",), ("",), (), False, ())
    for number in range(4):
        written = cache.write(f"key{number}", tmp_path, loaded)
        os.utime(written, (number + 1, number + 1))
    assert {path.stem for path in (tmp_path / "cache").iterdir()} == {"key2", "key3"}
    assert cache.read("key0", tmp_path) is None and cache.read("key3", tmp_path).names == ("a",)


def test_progress_counts_up_and_may_cancel(tmp_path):
    path = make_zip(tmp_path / "set.zip", good(200))
    calls = []
    load_dataset(path, data_dir=tmp_path, progress=lambda *call: calls.append(call))
    counts = [done for done, _, _ in calls]
    assert calls[-1] == (200, 200, "Reading images") and counts == sorted(counts)

    def cancel(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_dataset(path, data_dir=tmp_path, progress=cancel)


def test_a_share_of_the_real_zip_loads_at_speed(cifar_zip, tmp_path):
    """Listing 60,000 members and decoding 1,000 of them, in processor time: 60,000 then take some
    15 s of it."""
    start = time.process_time()
    source = folders.open_source(cifar_zip)
    listing = source.list()
    found = divide(listing.names)
    pixels, good_rows, bad = folders._decode(
        source, [name for name, _ in (found.test or [])[:1000]], (32, 32), 3, None, None
    )
    source.close()
    assert len(listing.names) == 60_000 and len(found.test or []) == 10_000
    assert len(found.classes) == 10
    assert pixels.shape == (1000, 3, 32, 32) and good_rows.all() and not bad
    assert time.process_time() - start < 8
