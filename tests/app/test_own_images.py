"""A visitor's own images: what a look finds, what is refused, and that only the root's folders can
be named."""

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.runs import files as runfiles
from demo.runs.folders import make_folder
from demo.runs.settings import RunSettings, SettingsError
from demo.settings import Settings
from demo.tabs.train.own_images import chosen, describe, find, sources
from vqvae.config import ModelConfig, TrainingConfig
from vqvae.data.folder_look import look_at
from vqvae.data.imageset import DataError


@pytest.fixture
def root(tmp_path):
    """pets/{cat,dog}/*.png with a text among them, an empty folder, a zip, a link out, a hidden
    folder."""
    root = tmp_path / "root"
    for name in ("cat", "dog"):
        (root / "pets" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (40, 30), (50 * number, 0, 0)).save(
                root / "pets" / name / f"{number}.png"
            )
    (root / "pets" / "dog" / "notes.txt").write_text("no picture")
    (root / "empty").mkdir()
    (root / ".hidden").mkdir()
    (tmp_path / "secret").mkdir()
    (root / "way-out").symlink_to(tmp_path / "secret")
    with zipfile.ZipFile(root / "digits.zip", "w") as archive:
        for number in range(10):
            archive.write(root / "pets" / "cat" / "0.png", f"{number}.png")
    return root


def test_only_folders_and_zips_of_the_root_are_offered_and_found(root):
    assert sources(root) == ["digits.zip", "empty", "pets"] and sources(None) == [] == sources(
        root / "nowhere"
    )
    assert find(root, "pets") == root / "pets"
    for name in (
        "../secret",
        "way-out",
        ".hidden",
        "/etc",
        "pets/cat",
        "",
        None,
        3,
        "digits.zip/0.png",
    ):
        with pytest.raises(SettingsError, match="is no folder or zip that this server offers"):
            find(root, name)
    with pytest.raises(SettingsError):
        find(None, "pets")


def test_an_upload_goes_before_a_folder(root, uploads):
    settings = Settings(images=root)
    (uploads / "a.zip").write_bytes(b"")
    assert chosen(settings, str(uploads / "a.zip"), "pets") == ((uploads / "a.zip").resolve(), True)
    assert chosen(settings, None, "pets") == (root / "pets", False) and chosen(
        settings, None, ""
    ) == (None, False)


def test_an_array_is_looked_at_offered_and_trained_on(root, uploads, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 128, 128), dtype=np.uint8)
    np.savez(root / "scans.npz", images=pixels, labels=np.arange(20) % 2)
    assert "scans.npz" in sources(root)
    said, size, colour = describe(Settings(images=root), None, "scans.npz")
    assert "Found 20 images in 2 classes (0, 1) of which 10 % are kept for the test." in said
    assert (
        "They are 128 × 128 pixels and are taken at 28 × 28; a larger size keeps more of them."
        in said
    )
    assert (size, colour) == (28, False)
    np.save(uploads / "a.npy", pixels)
    assert "Found 20 images" in describe(Settings(images=root), str(uploads / "a.npy"), None)[0]
    settings = RunSettings(ModelConfig(), TrainingConfig())
    make_folder(tmp_path / "visitor" / "run", settings, "", uploads / "a.npy", None)
    job = runfiles.read_json(tmp_path / "visitor" / "run" / runfiles.JOB)
    assert job["training"]["dataset"] == str((tmp_path / "visitor" / "run" / "a.npy").resolve())
    (uploads / "b.npz").write_bytes(b"no zip")
    assert "cannot be read" in describe(Settings(), str(uploads / "b.npz"), None)[0]


def test_what_was_found_and_what_is_left_out_is_said(root, uploads):
    said, size, colour = describe(Settings(images=root), None, "pets")
    assert "Found 10 images in 2 classes (cat, dog)" in said and "notes.txt (not an image" in said
    assert (size, colour) == (32, True)
    assert describe(Settings(images=root), None, "") == ("", None, None)
    assert describe(Settings(images=root), str(root / "digits.zip"), None)[0].startswith(
        '<p class="vq-note">Found 10'
    )


def test_a_split_folder_is_counted_whole(tmp_path):
    for name in ("train/a", "train/b", "test/a", "test/b"):
        (tmp_path / name).mkdir(parents=True)
        Image.new("L", (16, 16)).save(tmp_path / name / "x.png")
    found = look_at(tmp_path)
    assert (found.files, found.classes, found.presplit) == (4, ("a", "b"), True)
    assert (found.size, found.channels) == ((16, 16), 1)


def archive(path: Path, kind: str) -> Path:
    if kind == "not a zip":
        path.write_bytes(b"PK no")
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        if kind == "climbs":
            made.writestr("../../evil.png", b"x")
        elif kind == "texts":
            made.writestr("a.txt", "no picture")
        elif kind == "bomb":
            made.writestr("a.png", bytes(1000))
    if kind == "bomb":  # the directory claims sizes that no honest archive of images has
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02")
        data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
        path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "kind, sentence",
    [
        ("not a zip", "is not a zip file"),
        ("climbs", "leads outside the archive"),
        ("texts", "a.txt: not an image, by its name"),
        ("bomb", "unpacked; at most"),
        ("empty", "holds no images"),
    ],
)
def test_a_bad_upload_is_a_sentence(uploads, kind, sentence):
    path = archive(uploads / "a.zip", kind)
    with pytest.raises(DataError, match=sentence):
        look_at(path)
    said, size, colour = describe(Settings(), str(path), None)
    assert sentence in said and 'class="vq-bad"' in said and size is colour is None
