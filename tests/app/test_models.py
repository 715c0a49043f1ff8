"""The list of models, and models in and out of the app, on small checkpoints made here."""

import io
import json
import logging
import re
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

import vqvae
from demo.models import library as models
from demo.models import transfer
from demo.models.cache import FolderCache
from demo.models.ids import ModelId
from demo.models.library import (
    ModelError,
    find_model,
    get_checkpoint,
    get_model,
    list_models,
    resolve,
)
from demo.models.transfer import TransferError, download, unpack
from demo.settings import Settings
from tests.names import own_id

VISITOR = "0123456789abcdef" * 2
OTHER = "f" * 32


def make_checkpoint(path, *, metrics=None, training=None, **options):
    config = vqvae.ModelConfig(
        hidden_channels=8, codebook_size=16, embedding_dim=4, residual_blocks=1, **options
    )
    vqvae.save_checkpoint(
        path, vqvae.build_model(config), metrics=metrics, training=training or {"dataset": "mnist"}
    )
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return make_checkpoint(
        tmp_path_factory.mktemp("template") / "mnist", metrics={"psnr": 30.44, "usage": 1.0}
    )


@pytest.fixture
def settings(tmp_path, template):
    """Shipped models `mnist` and `other`, no runs."""
    import shutil

    shutil.copytree(template, tmp_path / "checkpoints" / "mnist")
    shutil.copytree(template, tmp_path / "checkpoints" / "a-second")
    models._cache = FolderCache()
    return Settings(checkpoints=tmp_path / "checkpoints", runs=tmp_path / "runs", data_dir=tmp_path)


def add_run(settings, template, visitor=VISITOR, run="a1b2", inner="checkpoint"):
    import shutil

    return shutil.copytree(template, settings.runs / visitor / run / inner)


def test_the_title_says_what_the_model_is(settings):
    first, second = list_models(settings)
    assert (first.id, second.id) == ("mnist", "a-second")
    assert first.title == "mnist · MNIST · K 16 · 7 × 7 grid · 30.4 dB"
    assert not first.own


def test_own_models_are_seen_by_their_visitor_only(settings, template):
    add_run(settings, template)
    mine = [entry for entry in list_models(settings, VISITOR) if entry.own]
    assert [entry.id for entry in mine] == [own_id(settings.runs, VISITOR, "a1b2")]
    assert mine[0].title.startswith("Mine: a1b2 · "), (
        "an uploaded one does not tell when it was begun"
    )
    job = settings.runs / VISITOR / "a1b2" / "job.json"
    job.write_text(json.dumps({"created": 40.0 * 86_400}))
    [named] = [entry.name for entry in list_models(settings, VISITOR) if entry.own]
    assert re.fullmatch(r"Mine: \d\d Feb \d\d:\d\d", named)
    assert len(list_models(settings, OTHER)) == len(list_models(settings)) == 2


def test_a_run_that_has_saved_nothing_yet_is_not_listed(settings):
    (settings.runs / VISITOR / "fresh").mkdir(parents=True)
    assert not [entry for entry in list_models(settings, VISITOR) if entry.own]


@pytest.mark.parametrize(
    "file, content",
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b'{"format": 1, "codebook_size": -5}'),
        ("config.json", b"\xff\xfe"),
        ("metrics.json", b"not json"),
        ("training.json", b"[1]"),
    ],
)
def test_a_damaged_folder_costs_only_itself(settings, caplog, file, content):
    (settings.checkpoints / "a-second" / file).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert [entry.id for entry in list_models(settings)] == ["mnist"]
    assert "a-second" in caplog.text


@pytest.mark.parametrize("psnr", ["NaN", "Infinity", '"<b>30</b>"', "null", "[]"])
def test_strange_figures_are_no_figures(settings, psnr):
    (settings.checkpoints / "mnist" / "metrics.json").write_text(f'{{"psnr": {psnr}}}')
    assert list_models(settings)[0].title.endswith("not evaluated yet")


def test_baselines_are_listed_only_on_request(settings):
    make_checkpoint(settings.checkpoints / "mnist-ae", kind="ae")
    assert "mnist-ae" not in {entry.id for entry in list_models(settings)}
    assert "mnist-ae" in {entry.id for entry in list_models(settings, kinds=None)}


@pytest.mark.parametrize(
    "model_id",
    [
        None,
        5,
        "",
        ".",
        "..",
        "../runs",
        "mnist/../mnist",
        "/etc",
        "mnist\x00",
        "mnist\n",
        "absent",
        "a" * 5000,
        f"run:{VISITOR}/a1b2",  # names as they were: nobody's token opens anything
        f"run:{VISITOR}/../{OTHER}",
        f"share:{VISITOR}",
        f"share:{VISITOR}/a1b2",
        "share:..",
        "share:" + "0" * 32,
        "share:" + "0" * 31 + "\n",
    ],
)
def test_no_id_reads_outside_the_roots(settings, template, model_id):
    add_run(settings, template)
    with pytest.raises(ModelError, match=r"choose (one|another one) at the top of the page\.$"):
        resolve(model_id, settings)


def test_a_link_that_leads_out_is_refused(settings, template):
    (settings.checkpoints / "outside").symlink_to(template, target_is_directory=True)
    with pytest.raises(ModelError):
        resolve("outside", settings)


def test_a_model_is_loaded_once_by_many_threads(settings, monkeypatch):
    loads = []
    original = vqvae.load_checkpoint

    def slow(path):
        loads.append(path)
        threading.Event().wait(0.05)
        return original(path)

    monkeypatch.setattr(vqvae, "load_checkpoint", slow, raising=False)
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: get_model("mnist", settings), range(8)))
    assert len(loads) == 1
    assert all(model is loaded[0] for model in loaded)
    assert not loaded[0].training
    assert not any(parameter.requires_grad for parameter in loaded[0].parameters())


def test_only_so_many_stay_loaded_and_the_oldest_goes(settings):
    few = Settings(settings.checkpoints, settings.runs, settings.data_dir, loaded_models=1)
    first = get_checkpoint("mnist", few)
    assert get_checkpoint("mnist", few) is first
    get_checkpoint("a-second", few)
    assert get_checkpoint("mnist", few) is not first


def test_a_model_that_trained_on_is_read_again(settings, template):
    folder = add_run(settings, template)
    model_id = own_id(settings.runs, VISITOR, "a1b2")
    before = get_checkpoint(model_id, settings)
    make_checkpoint(folder, metrics={"psnr": 31.0})
    after = get_checkpoint(model_id, settings)
    assert after is not before
    assert after.metrics["psnr"] == 31.0
    assert find_model(model_id, settings).title.endswith("31.0 dB")


def packed(model_id, settings, folder):
    """The file that a browser would have saved."""
    name, archive = download(model_id, settings)
    data = b"".join(archive)
    assert len(data) == archive.size
    (folder / name).write_bytes(data)
    return folder / name


def test_a_model_survives_download_and_upload(settings, tmp_path):
    file = packed("mnist", settings, tmp_path)
    model_id = unpack(file, VISITOR, settings)
    assert ModelId.parse(model_id).share and VISITOR not in model_id
    assert get_model(model_id, settings).fingerprint() == get_model("mnist", settings).fingerprint()
    assert [entry.id for entry in list_models(settings, VISITOR) if entry.own] == [model_id]


def test_the_state_of_a_run_is_not_handed_out(settings, template, tmp_path):
    folder = add_run(settings, template)
    (folder / "training.safetensors").write_bytes(b"optimiser")
    (folder / "notes.txt").write_text("private")
    file = packed(own_id(settings.runs, VISITOR, "a1b2"), settings, tmp_path)
    with zipfile.ZipFile(file) as archive:
        names = {name.split("/", 1)[1] for name in archive.namelist()}
    assert names == {"config.json", "metrics.json", "training.json", "model.safetensors"}


@pytest.mark.parametrize("inner", [None, [], {"config": [1]}])
def test_a_download_does_not_tell_where_a_run_lies(settings, template, tmp_path, inner):
    folder = add_run(settings, template)
    config = {"dataset": str(folder / "holidays.zip"), "data_dir": str(tmp_path), "steps": 5}
    record = {"config": config, "seconds": 1.5} if inner is None else inner
    (folder / "training.json").write_text(json.dumps(record))
    file = packed(own_id(settings.runs, VISITOR, "a1b2"), settings, tmp_path)
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if VISITOR in name]
        text = next(archive.read(n).decode() for n in archive.namelist() if "training" in n)
    assert VISITOR not in text and str(tmp_path) not in text
    if inner is None:
        told = json.loads(text)
        assert told["config"] == {"dataset": "holidays.zip", "data_dir": tmp_path.name, "steps": 5}
        assert told["seconds"] == 1.5
    else:
        assert json.loads(text) == {}


def zipped(entries: dict[str, bytes], **options) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parts(template) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in template.iterdir()}


BAD_ZIPS = {
    "empty file": (lambda files: b"", "not a readable zip"),
    "no zip": (lambda files: b"<html>", "not a readable zip"),
    "cut zip": (lambda files: zipped(files)[:-200], "not a readable zip"),
    "empty zip": (lambda files: zipped({}), "needs config.json and model.safetensors"),
    "no weights": (
        lambda files: zipped({"config.json": files["config.json"]}),
        "needs config.json and model",
    ),
    "climbs out": (
        lambda files: zipped({f"../{k}": v for k, v in files.items()}),
        "needs config.json and model",
    ),
    "too deep": (
        lambda files: zipped({f"a/b/{k}": v for k, v in files.items()}),
        "needs config.json and model",
    ),
    "two models": (
        lambda files: zipped({f"{d}/{k}": v for d in "ab" for k, v in files.items()}),
        "twice",
    ),
    "many files": (
        lambda files: zipped({**files, **{f"{i}.txt": b"" for i in range(70)}}),
        "holds 7. files",
    ),
    "bomb": (lambda files: zipped({**files, "README.md": bytes(3 * 2**20)}), "larger than 1 MB"),
    "pickle": (
        lambda files: zipped({**files, "model.safetensors": b"\x80\x04K\x01."}),
        "model.safetensors is damaged",
    ),
    "cut weights": (
        lambda files: zipped({**files, "model.safetensors": files["model.safetensors"][:-9]}),
        "model.safetensors is damaged",
    ),
    "other shapes": (
        lambda files: zipped(
            {**files, "config.json": altered(files["config.json"], codebook_size=32)}
        ),
        "no usable model",
    ),
    "future": (
        lambda files: zipped({**files, "config.json": altered(files["config.json"], format=99)}),
        "format 99",
    ),
}


def altered(content: bytes, **changes) -> bytes:
    return json.dumps({**json.loads(content), **changes}).encode()


@pytest.mark.parametrize("case", BAD_ZIPS)
def test_a_bad_zip_is_one_sentence_and_leaves_nothing(settings, template, tmp_path, case):
    make, sentence = BAD_ZIPS[case]
    file = tmp_path / "upload.zip"
    file.write_bytes(make(parts(template)))
    small = Settings(settings.checkpoints, settings.runs, settings.data_dir, max_upload_bytes=2**20)
    with pytest.raises(TransferError, match=sentence) as raised:
        unpack(file, VISITOR, small)
    assert str(tmp_path) not in str(raised.value)
    assert not [
        path for path in settings.runs.rglob("*") if path.is_file() or path.parent != settings.runs
    ]


def test_an_encrypted_member_is_one_sentence(settings, template, tmp_path):
    content = bytearray(zipped(parts(template)))
    for mark, flags in (
        (b"PK\x03\x04", 6),
        (b"PK\x01\x02", 8),
    ):  # the flag bit "encrypted" of both headers
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    file = tmp_path / "upload.zip"
    file.write_bytes(content)
    with pytest.raises(TransferError, match="complete and not encrypted"):
        unpack(file, VISITOR, settings)


def test_a_visitor_keeps_only_so_many_models(settings, tmp_path):
    file = packed("mnist", settings, tmp_path)
    few = Settings(settings.checkpoints, settings.runs, settings.data_dir, max_models=2)
    unpack(file, VISITOR, few)
    unpack(file, VISITOR, few)
    with pytest.raises(TransferError, match="You have 2 models here"):
        unpack(file, VISITOR, few)
    unpack(file, OTHER, few)


def test_an_upload_of_a_malformed_visitor_is_refused(settings, tmp_path):
    file = packed("mnist", settings, tmp_path)
    with pytest.raises(ValueError, match="reload the page"):
        unpack(file, "../../etc", settings)
    assert not settings.runs.exists()


def test_a_full_disk_is_one_sentence(settings, tmp_path, monkeypatch):
    file = packed("mnist", settings, tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(transfer, "_extract", full)
    with pytest.raises(TransferError, match="could not be stored: No space left on device"):
        unpack(file, VISITOR, settings)
