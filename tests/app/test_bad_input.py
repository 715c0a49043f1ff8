"""Every bad file through every door: a sentence, nothing changed on disk, nothing run. And the same
door still works.

Doors are what a visitor or a caller can hand bytes to; the files are those of `bad_files.py`. The
other test files prove each reader alone; here it is the app as a whole that must hold.
"""

import base64
import re
from pathlib import Path

import gradio as gr
import pytest

import vqvae
from demo.door import answer
from demo.models import transfer
from demo.page import header
from demo.settings import Settings
from demo.tabs.edit import questions as edit_requests
from demo.tabs.reconstruct import questions as reconstruction
from tests import bad_files
from tests.names import own_id
from vqvae.__main__ import main
from vqvae.grids import packing

pytestmark = pytest.mark.usefixtures("uploads")

VISITOR = "0123456789abcdef" * 2
CONFIG = vqvae.ModelConfig(hidden_channels=8, codebook_size=16, embedding_dim=4, residual_blocks=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The roots of an app: a shipped model, a visitor with a model of their own."""
    import torch

    root = tmp_path_factory.mktemp("place")
    torch.manual_seed(0)
    vqvae.save_checkpoint(
        root / "checkpoints/mnist",
        vqvae.build_model(CONFIG),
        metrics={"psnr": 30.0},
        training={"dataset": "mnist"},
    )
    vqvae.save_checkpoint(root / f"runs/{VISITOR}/a1b2/checkpoint", vqvae.build_model(CONFIG))
    (root / "data").mkdir()
    own_id(root / "runs", VISITOR, "a1b2")  # the key of the names is made once, not at a door
    return Settings(
        checkpoints=root / "checkpoints",
        runs=root / "runs",
        data_dir=root / "data",
        max_upload_bytes=2**20,
    )


def state(settings: Settings) -> dict[str, bytes]:
    """Every file under the roots with its content."""
    root = settings.runs.parent
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }


# -- the doors: each takes bytes and gives the sentence of the refusal, or "" where it took them ---


def draw(data: bytes, settings: Settings, folder: Path) -> str:
    reply = answer(reconstruction.open_upload, {"model": "mnist", "file": _base64(data)}, settings)
    return "" if reply["ok"] else reply["error"]


def show(data: bytes, settings: Settings, folder: Path) -> str:
    request = {"model": "mnist", "image": _base64(data), "tidy": True, "source": "upload"}
    reply = answer(reconstruction.reconstruct, request, settings)
    return "" if reply["ok"] else reply["error"]


def edit(data: bytes, settings: Settings, folder: Path) -> str:
    request = {"model": "mnist", "kind": "picture", "file": _base64(data)}
    reply = answer(edit_requests.edit_open, request, settings)
    return "" if reply["ok"] else reply["error"]


def paste(data: bytes, settings: Settings, folder: Path) -> str:
    request = {"model": "mnist", "kind": "text", "text": data.decode("latin-1")}
    reply = answer(edit_requests.edit_open, request, settings)
    return "" if reply["ok"] else reply["error"]


def upload(data: bytes, settings: Settings, folder: Path) -> str:
    file = folder / "<img src=x onerror=alert(1)>.zip"
    file.write_bytes(data)
    try:
        header.upload(settings, str(file), VISITOR, 0)
    except gr.Error as error:
        return str(error.message)
    return ""


def learn(data: bytes, settings: Settings, folder: Path) -> str:
    file = folder / "mine.zip"
    file.write_bytes(data)
    try:
        vqvae.load_dataset(file, data_dir=settings.data_dir, size=(16, 16), channels=1)
    except vqvae.DataError as error:
        return str(error)
    return ""


def command(*argv: str):
    def door(data: bytes, settings: Settings, folder: Path) -> str:
        import contextlib
        import io

        file, output, err = folder / "input", folder / "output.png", io.StringIO()
        file.write_bytes(data)
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            code = main(
                [argv[0], str(settings.checkpoints / "mnist"), str(file), "--output", str(output)]
            )
        if code == 0:
            output.unlink()
            return ""
        assert code == 1 and not output.exists()
        return err.getvalue().strip()

    return door


DOORS = {
    "draw": draw,
    "show": show,
    "edit": edit,
    "paste": paste,
    "upload": upload,
    "learn": learn,
    "encode": command("encode"),
    "decode": command("decode"),
    "reconstruct": command("reconstruct"),
}
FOR_PICTURES = ("draw", "show", "edit", "encode", "reconstruct")

# What each door says to a file that is none of its kind; EXPECTED below names those that deserve
# better.
USUAL = {
    "draw": (
        r"cannot be read as a picture|cut off or damaged|empty|million|each side|SVG|web "
        r"page|PDF|no number"
    ),
    "paste": r"grid text|JSON|Paste",
    "upload": r"not a readable zip|not a model|holds no usable model|larger than 1 MB|twice",
    "learn": r"not a zip file|empty file|holds no images|usable image|encrypted",
    "encode": r"not an image|damaged|empty|too many|too few|SVG|web page|archive|HEIC|not numbers",
    "decode": r"not an encoded picture|cut short|version 9|checksum|no file of indices",
}
USUAL |= {"show": USUAL["draw"], "edit": USUAL["draw"], "reconstruct": USUAL["encode"]}
EXPECTED = {
    ("draw", "empty"): r"^The file is empty; PNG, JPEG",
    (
        "draw",
        "truncated PNG",
    ): r"^The file is cut off or damaged: its PNG data cannot be decoded\. Save or download it",
    ("draw", "truncated JPEG"): r"its JPEG data cannot be decoded",
    ("draw", "PNG of 16 x 16 kilopixels"): r"up to 64 million pixels are valid: make it smaller",
    ("draw", "PNG of 3.6 gigapixels"): r"up to 64 million pixels are valid: make it smaller",
    ("draw", "1 x 1 PNG"): r"^The picture is 1 × 1 pixels; each side must have at least 4",
    ("draw", "20000 x 1 PNG"): r"20,000 × 1 pixels",
    ("draw", "SVG"): r"an SVG drawing, which has no pixels",
    ("draw", "HTML"): r"a web page, not a picture",
    ("draw", "TIFF of NaN"): r"every pixel is NaN or infinite",
    ("draw", "HEIC"): r"^The HEIC file is cut off or damaged\.$",
    ("edit", "truncated PNG"): r"cut off or damaged",
    ("edit", "JSON"): r'The JSON has no "indices"; it must be',
    ("edit", "nested JSON"): r"JSON cannot be read",
    ("paste", "empty"): r"^The grid text is empty; paste the text that Share shows",
    ("paste", "a grid text cut short"): r"cut short",
    ("paste", "a grid text of version 9"): r"not a grid text of version 1",
    ("paste", "a long text"): r"60000 characters",
    ("paste", "nested JSON"): r"JSON cannot be read",
    ("learn", "empty"): r"^mine\.zip is an empty file\. Give a zip or a folder of images",
    ("learn", "empty zip"): r"mine\.zip holds no images",
    ("learn", "zip bomb"): r"bomb\.png: 80\.0 MiB unpacked; at most 64\.0 MiB",
    ("learn", "zip with climbing paths"): r"its path leads outside the archive",
    ("learn", "zip with absolute names"): r"its path leads outside the archive",
    ("learn", "zip of a link"): r"a link or special file",
    ("learn", "zip in a zip"): r"archives inside are not opened",
    ("learn", "zip of a damaged table"): r"metadata\.csv: cannot be read \(BadZipFile",
    ("learn", "encrypted zip"): r"is encrypted; make a zip without a password",
    (
        "learn",
        "zip of no pictures",
    ): r"None of the 2 files of mine\.zip is a usable image \(a\.png: not an image",
    (
        "upload",
        "empty zip",
    ): r"^That zip is not a model: it needs config\.json and model\.safetensors",
    ("upload", "zip bomb"): r"needs config\.json",
    ("upload", "model: pickle"): r"^That zip holds no usable model: model\.safetensors is damaged",
    ("upload", "model: pickled config"): r"config\.json is damaged",
    ("upload", "model: truncated weights"): r"model\.safetensors is damaged or no safetensors file",
    (
        "upload",
        "model: header of 2^62 bytes",
    ): r"model\.safetensors is damaged or no safetensors file",
    (
        "upload",
        "model: overlapping tensors",
    ): r"model\.safetensors is damaged or no safetensors file",
    ("upload", "model: a wrong shape"): r"config\.json asks for torch\.float32",
    ("upload", "model: another dtype"): r"is torch\.int32 .*config\.json asks for torch\.float32",
    ("upload", "model: NaN weights"): r"holds NaN or infinite numbers",
    ("upload", "model: a foreign key"): r"unknown \[.*evil.*\]",
    ("upload", "model: a missing key"): r"does not fit its config\.json: missing \[",
    ("upload", "model: weights of another program"): r"was not written by this program",
    (
        "upload",
        "model: weights from the future",
    ): r"has format 99; this program reads up to 1\. Update it",
    ("upload", "model: config from the future"): r"config\.json has format 99",
    ("upload", "model: config without a format"): r"names no format",
    ("upload", "model: config with a foreign key"): r"evil",
    ("upload", "model: config of a billion codes"): r"codebook_size is 1000000000",
    ("upload", "model: config of NaN"): r"ema_decay",
    ("upload", "model: config of text"): r"embedding_dim",
    ("upload", "model: config nested deeply"): r"config\.json is damaged",
    ("upload", "model: config is a list"): r"it must hold one object",
    ("upload", "model: gallery with a number for a list"): r"latent_indices is torch\.int64 \(\)",
    ("upload", "model: damaged metrics"): r"metrics\.json is damaged",
    ("upload", "model: two in one"): r"upload one model at a time",
    ("upload", "model: encrypted"): r"complete and not encrypted",
    ("encode", "HTML"): r"a web page, not an image",
    ("encode", "HEIC"): r"a HEIC file, cut off or damaged",
    ("encode", "gzip"): r"an archive, not an image",
    ("decode", "empty"): r"its first bytes are not 'VQC'",
    ("decode", "an encoded file of version 9"): r"of version 9; this program reads version 1",
    ("decode", "an encoded file cut short"): r"cut short: 10 bytes",
    ("decode", "an encoded file with a wrong checksum"): r"its checksum does not fit its bytes",
}
CORPUS_SIZE = 89


@pytest.fixture(scope="module")
def corpus(place):
    return bad_files.corpus(place.checkpoints / "mnist")


def test_the_corpus_is_as_large_as_the_readme_says(corpus):
    assert len(corpus) == CORPUS_SIZE and {name for _, name in EXPECTED} <= corpus.keys()
    assert CORPUS_SIZE - len(bad_files.ODD_PICTURES) >= 60


@pytest.mark.parametrize("door", DOORS)
def test_every_bad_file_is_a_sentence_at_every_door_and_changes_nothing(
    door, corpus, place, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before, wrong = state(place), {}
    for name, data in corpus.items():
        said = DOORS[door](data, place, tmp_path)
        if name in bad_files.ODD_PICTURES and door in FOR_PICTURES:
            if said:
                wrong[name] = f"refused: {said}"
            continue
        pattern = EXPECTED.get((door, name), USUAL[door])
        if not re.search(pattern, said):
            wrong[name] = f"{said!r} is not {pattern!r}"
        elif (
            not said.endswith((".", ".)"))
            or len(said) > 500
            or re.search(r"Traceback|<(img|script|html)", said)
        ):
            wrong[name] = f"{said!r} is no sentence"
        elif str(place.runs) in said:
            wrong[name] = f"{said!r} tells a visitor where the app's folders are"
    assert not wrong
    assert state(place) == before
    assert not list(tmp_path.rglob("exploded")), "a pickle was run"


def test_the_doors_still_take_what_is_good(place, tmp_path):
    picture = bad_files.image(bad_files.written())
    for door in FOR_PICTURES:
        assert DOORS[door](picture, place, tmp_path) == ""
    model = vqvae.load(place.checkpoints / "mnist")
    grid = packing.IndexGrid.of([[1] * 7] * 7, 16)
    assert paste(packing.to_text(grid).encode(), place, tmp_path) == ""
    assert DOORS["decode"](packing.to_bytes(grid, 16, model.fingerprint()), place, tmp_path) == ""
    assert learn(bad_files.zipped({f"{i}.png": picture for i in range(3)}), place, tmp_path) == ""
    whole = b"".join(transfer.download("mnist", place)[1])
    before = set(state(place))
    assert upload(whole, place, tmp_path) == ""
    assert len(set(state(place)) - before) == 4


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
