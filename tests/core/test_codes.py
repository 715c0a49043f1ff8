"""An index grid survives every way of being written down, and every damage is refused."""

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae.grids import packing
from vqvae.grids.codes import CodesError, IndexGrid


@st.composite
def grids(draw, max_side=9):
    size = draw(st.sampled_from([1, 2, 3, 255, 256, 257, 512, 1000, 4096, 16_384]))
    shape = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    return IndexGrid.random(shape, size, random.Random(draw(st.integers(0, 10**6))))


def grid_of(h=7, w=7, size=512, seed=0):
    return IndexGrid.random((h, w), size, random.Random(seed))


@settings(deadline=None, max_examples=80)
@given(grids())
def test_every_form_gives_the_grid_back(grid):
    assert packing.from_text(packing.to_text(grid)) == grid
    assert packing.from_json(packing.to_json(grid, model="mnist")) == grid
    assert packing.from_bytes(packing.to_bytes(grid, grid.codebook_size, "00c0ffee")) == (
        grid,
        "00c0ffee",
    )


def test_mnist_grid_takes_56_bytes_and_a_short_text():
    grid = grid_of()
    assert len(packing.to_text(grid)) <= 84
    assert math.ceil(49 * math.log2(512) / 8) == 56
    assert len(packing.to_bytes(grid, 512, "00c0ffee")) - 56 <= 20
    assert all(ch.isalnum() or ch in "-_" for ch in packing.to_text(grid))


def test_text_may_be_wrapped_by_a_mail_program():
    text = packing.to_text(grid_of())
    assert packing.from_text(f"  {text[:40]}\r\n {text[40:]}==\n") == grid_of()


def test_every_changed_cut_or_lengthened_text_is_refused():
    text = packing.to_text(grid_of())
    rng = random.Random(1)
    for at in range(len(text)):
        for damaged in (
            text[:at],
            text[:at] + rng.choice([c for c in "aZ09-_" if c != text[at]]) + text[at + 1 :],
        ):
            with pytest.raises(CodesError):
                packing.from_text(damaged)
    with pytest.raises(CodesError, match="too long"):
        packing.from_text(text + "AAAA")


@pytest.mark.parametrize("width, spare_bits", [(1, 2), (2, 0), (3, 4)])
def test_a_grid_has_one_text_only(width, spare_bits):
    """Six bits a character are more than the bytes fill: what is left of the last one is no second
    way to write it."""
    text = packing.to_text(grid_of(1, width, 256))
    assert len(text) * 6 - (7 + width) * 8 == spare_bits
    for last in packing.base64.urlsafe_b64encode(bytes(range(256))).decode().rstrip("="):
        if last != text[-1]:
            with pytest.raises(CodesError, match="wrong checksum"):
                packing.from_text(text[:-1] + last)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (None, "empty"),
        (17, "empty"),
        ("hello, world!", "holds ','"),
        ("CAcHAf8A", "not a grid text of version 1"),
        ("AQcHAf8A", "cut short"),
        ("A" * 50_000, "50000 characters"),
        ("AQAAAf8AAAAA", "grid of 0 x 0"),
        ("Aé", "letters, digits"),
    ],
)
def test_bad_text_says_what_is_wrong(text, message):
    with pytest.raises(CodesError, match=message):
        packing.from_text(text)


def test_text_with_an_index_out_of_range_says_so():
    body = packing._TEXT_HEADER.pack(1, 1, 1, 2) + bytes([3])  # K = 3 holds 0, 1, 2
    text = packing.base64.urlsafe_b64encode(
        body + packing._TEXT_CHECK.pack(packing.binascii.crc32(body) & 0xFFFF)
    )
    with pytest.raises(CodesError, match="index out of range; indices run from 0 to 2"):
        packing.from_text(text.decode())


def test_a_grid_of_another_model_is_refused_by_name():
    with pytest.raises(CodesError, match="7 x 7 of 512 codes and the model takes 8 x 8 of 512"):
        packing.from_text(packing.to_text(grid_of()), shape=(8, 8), codebook_size=512)
    with pytest.raises(CodesError, match="takes any size of 64"):
        packing.from_text(packing.to_text(grid_of()), codebook_size=64)


def test_every_flipped_bit_and_every_cut_of_a_file_is_refused():
    data = packing.to_bytes(grid_of(), 512, "00c0ffee")
    for at in range(len(data)):
        with pytest.raises(CodesError):
            packing.from_bytes(data[:at])
        for bit in range(8):
            with pytest.raises(CodesError):
                packing.from_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
    with pytest.raises(CodesError, match="checksum"):
        packing.from_bytes(data + b"x")


@pytest.mark.parametrize("fingerprint", ["", "xyz", "00c0ff", "00c0ffee00", None])
def test_a_wrong_fingerprint_is_refused(fingerprint):
    with pytest.raises(CodesError, match="8 hexadecimal digits"):
        packing.to_bytes([[0]], 2, fingerprint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("{}", 'no "indices"'),
        ("[[1, 2]]", "no codebook_size"),
        (json.dumps({"codebook_size": 4, "indices": [[1, 4]]}), "Row 0, column 1 holds '4'"),
        (json.dumps({"codebook_size": 4, "indices": [[1, 2], [1]]}), "equally long"),
        (json.dumps({"codebook_size": 4, "indices": [[1.5]]}), "'1.5'"),
        (json.dumps({"codebook_size": 4, "indices": [[True]]}), "'True'"),
        (json.dumps({"codebook_size": "4", "indices": [[1]]}), "codebook size is '4'"),
        (json.dumps({"codebook_size": 4, "indices": []}), "0 rows"),
        (json.dumps({"codebook_size": 4, "indices": {"a": 1}}), "list of rows"),
        ('{"codebook_size": 4, "indices": [[' + "9" * 5000 + "]]}", "far too long"),
    ],
)
def test_bad_json_says_what_is_wrong(text, message):
    with pytest.raises(CodesError, match=message):
        packing.from_json(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: IndexGrid([[1]], 2),
        lambda: IndexGrid.from_flat([1, 2], (1, 1), 4),
        lambda: IndexGrid(((4,),), 4),
        lambda: IndexGrid(((-1,),), 4),
        lambda: IndexGrid(((0,), (0, 0)), 4),
    ],
)
def test_a_wrong_grid_is_refused(make):
    with pytest.raises(CodesError):
        make()
