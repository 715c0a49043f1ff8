"""The parsers on anything at all: a value or the one error that the caller catches, never another
exception.

Random bytes seldom get past a magic number, so most inputs here are good ones with something
changed: overwritten, cut out, doubled. Where a damaged input is taken all the same, what comes out
must be whole: of the right shape, finite.
"""

import json
import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vqvae
from demo.models.editing import EditError, check_grid
from demo.pictures import images
from demo.runs.settings import SettingsError, read_form
from tests import bad_files
from vqvae.checkpoints.checkpoint import load_checkpoint, read_info, save_checkpoint
from vqvae.checkpoints.files import CheckpointError
from vqvae.data.pictures import PictureError, read_picture
from vqvae.grids import packing
from vqvae.grids.codes import CodesError, IndexGrid

quick = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GRID = IndexGrid.of([[3, 1, 4], [1, 5, 9]], 16)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=8), st.just(10**400)
)
JSON = st.recursive(
    NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["indices", "codebook_size", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@st.composite
def damaged(draw, good: bytes) -> bytes:
    """`good` with up to four changes."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        some = draw(st.binary(min_size=1, max_size=8))
        change = draw(st.sampled_from(["overwrite", "cut", "insert", "end", "huge"]))
        if change == "overwrite":
            data[at : at + len(some)] = some
        elif change == "cut":
            del data[at : at + len(some)]
        elif change == "insert":
            data[at:at] = some
        elif change == "end":
            del data[at:]
        else:
            data[at : at + 4] = b"\xff\xff\xff\x7f"
    return bytes(data)


def whole(grid: IndexGrid) -> bool:
    """Whether a grid is what it says: rows of one length, every index a code."""
    h, w = grid.shape
    return (
        all(len(row) == w and all(0 <= k < grid.codebook_size for k in row) for row in grid.rows)
        and len(grid.rows) == h > 0 < w
    )


@quick
@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda b: b.decode("latin-1")),
        damaged(packing.to_text(GRID).encode()).map(lambda b: b.decode("latin-1")),
    )
)
def test_code_text(text):
    try:
        assert whole(packing.from_text(text))
    except CodesError as error:
        assert str(error).endswith(".")


@quick
@given(st.one_of(st.binary(), damaged(packing.to_bytes(GRID, 16, "00c0ffee"))))
def test_encoded_file(data):
    try:
        assert whole(packing.from_bytes(data)[0])
    except CodesError as error:
        assert str(error).endswith(".")


@quick
@given(st.binary(max_size=60), st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535))
def test_encoded_file_with_a_right_checksum_and_a_lying_head(body, h, w, last):
    import binascii

    data = struct.pack(">3sB4sBBH", b"VQC", 1, b"1234", h, w, last) + body
    try:
        assert whole(packing.from_bytes(data + struct.pack(">I", binascii.crc32(data)))[0])
    except CodesError as error:
        assert str(error).endswith(".")


@quick
@given(st.one_of(st.text(), JSON.map(lambda value: json.dumps(value))))
def test_json_of_a_grid(text):
    try:
        assert whole(packing.from_json(text, codebook_size=16))
    except CodesError as error:
        assert str(error).endswith(".")


PICTURES = {
    form: bad_files.image(bad_files.gradient(mode, 24), form)
    for mode, form in (
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("RGB", "JPEG"),
        ("P", "GIF"),
        ("RGB", "BMP"),
        ("RGB", "TIFF"),
        ("RGB", "WEBP"),
        ("L", "PPM"),
        ("RGB", "AVIF"),
        ("RGB", "HEIF"),
    )
}


@pytest.mark.parametrize("form", PICTURES)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_pictures(form, data):
    file = data.draw(damaged(PICTURES[form]))
    try:
        pixels = images.read_image(file, max_side=64).pixels
        assert (
            pixels.dtype == "uint8" and pixels.shape[2:] in ((), (3,)) and max(pixels.shape) <= 64
        )
    except images.ImageError as error:
        assert str(error).endswith(".")
    try:
        assert read_picture(file, (16, 16), 1).shape == (1, 16, 16)
    except PictureError as error:
        assert str(error)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    config = vqvae.ModelConfig(
        height=8, width=8, hidden_channels=8, residual_blocks=1, embedding_dim=4, codebook_size=16
    )
    return save_checkpoint(
        tmp_path_factory.mktemp("fuzz") / "model",
        vqvae.build_model(config),
        metrics={"psnr": 1.0},
        training={"dataset": "made"},
    )


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "training.json", "metrics.json"]
)
@quick
@given(data=st.data())
def test_checkpoint_files(folder, name, data):
    good = (folder / name).read_bytes()
    # The head of the weights decides nearly everything; of their numbers any is as good as another.
    head, tail = (good[:3000], good[3000:]) if name == "model.safetensors" else (good, b"")
    try:
        (folder / name).write_bytes(data.draw(damaged(head)) + tail)
        for read in (load_checkpoint, read_info):
            try:
                loaded = read(folder)
            except CheckpointError as error:
                assert len(str(error)) < 1000
            else:
                if read is load_checkpoint:
                    assert all(
                        v.isfinite().all()
                        for v in loaded.model.state_dict().values()
                        if v.is_floating_point()
                    )
    finally:
        (folder / name).write_bytes(good)


@quick
@given(rows=JSON)
def test_a_grid_in_a_request(folder, rows):
    model = vqvae.load(folder)
    try:
        assert check_grid(model, rows).shape == model.config.grid
    except (EditError, CodesError) as error:
        assert str(error).endswith(".")


@quick
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "dataset",
                "codebook_size",
                "seconds",
                "batch_size",
                "learning_rate",
                "seed",
                "downsample",
                "quantizer",
                "kmeans_start",
                "hidden_channels",
            ]
        ),
        NUMBERS,
    )
)
def test_the_train_form(tmp_path_factory, values):
    try:
        read = read_form(values, data_dir=tmp_path_factory.getbasetemp())
        assert math.isfinite(read.training.seconds) and 2 <= read.model.codebook_size <= 16384
    except SettingsError as error:
        assert str(error).endswith(".")
