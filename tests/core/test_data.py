"""Data sets by name: read from disk, downloaded from a local server, and every failure in one clear
sentence."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from vqvae.data import downloads
from vqvae.data.datasets import DataError, ImageSet, SkippedFile, default_data_dir, load_dataset

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        + array.astype(np.uint8).tobytes()
    )


def small_idx_files() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    files = {}
    for prefix, count in (("train", 12), ("t10k", 5)):
        files[f"{prefix}-images-idx3-ubyte"] = idx(rng.integers(0, 256, (count, 28, 28)))
        files[f"{prefix}-labels-idx1-ubyte"] = idx(np.arange(count) % 10)
    return files


@pytest.fixture
def small_mnist(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in small_idx_files().items():
        (raw / name).write_bytes(data)
    return tmp_path


class Server:
    """A loopback server of
    ``files``; ``cut`` closes the connection in the middle that many times, ``status`` fails."""

    def __init__(self):
        self.files, self.requests, self.cut, self.status, self.wrong = {}, [], 0, 200, 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.requests.append(self.path)
                body = owner.files.get(self.path.lstrip("/"), b"")
                self.send_response(owner.status if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if owner.cut:
                    owner.cut -= 1
                    body = body[: len(body) // 2]
                elif owner.wrong:
                    owner.wrong -= 1
                    body = body[::-1]
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()


@pytest.fixture
def server(monkeypatch):
    from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

    server = Server()
    server.files = {f"{name}.gz": gzip.compress(data) for name, data in small_idx_files().items()}
    sums = [(f"{name}.gz", hashlib.md5(server.files[f"{name}.gz"]).hexdigest()) for name in NAMES]
    for source in (MNIST, FashionMNIST):
        monkeypatch.setattr(source, "mirrors", [server.url])
        monkeypatch.setattr(source, "resources", sums)
    monkeypatch.setattr(CIFAR10, "url", server.url + CIFAR10.filename)
    monkeypatch.setattr(downloads, "BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 5.0)
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_real_mnist_is_the_official_one(mnist_dir):
    test = load_dataset("mnist", "test", data_dir=mnist_dir)
    assert test.images.shape == (10_000, 1, 28, 28) and test.images.dtype == torch.uint8
    assert test.labels.bincount().tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    assert test.images[0].sum() > 0 and test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_files_on_disk_need_no_network_and_no_torchvision(small_mnist, monkeypatch):
    monkeypatch.setattr(downloads, "fetch", lambda *_: pytest.fail("nothing may be downloaded"))
    train = load_dataset("MNIST", data_dir=small_mnist)
    assert (
        len(train) == 12
        and train.labels.tolist() == [*range(10), 0, 1]
        and train.classes == tuple("0123456789")
    )
    assert len(load_dataset("mnist", "test", data_dir=small_mnist)) == 5
    monkeypatch.setenv("VQVAE_DATA_DIR", str(small_mnist))
    assert default_data_dir() == small_mnist and len(load_dataset("mnist")) == 12


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "Fashion_MNIST"])
def test_download_reports_progress_unpacks_and_is_not_repeated(server, tmp_path, name):
    calls = []
    train = load_dataset(name, data_dir=tmp_path, progress=lambda *call: calls.append(call))
    expected = torch.from_numpy(
        np.frombuffer(small_idx_files()[NAMES[0]][16:], np.uint8).reshape(12, 1, 28, 28).copy()
    )
    assert torch.equal(train.images, expected) and len(train.classes) == 10
    assert len(server.requests) == 4
    assert all(0 < done <= total and "Downloading" in text for done, total, text in calls)
    load_dataset(name, "test", data_dir=tmp_path)
    assert len(server.requests) == 4
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("fault", ["cut", "wrong"])
def test_one_bad_transfer_is_tried_again(server, tmp_path, fault):
    setattr(server, fault, 1)
    assert len(load_dataset("mnist", data_dir=tmp_path)) == 12
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            {"cut": 99},
            "could not be downloaded .*the connection was cut after .* of .*Connect to the network",
        ),
        ({"wrong": 99}, "could not be downloaded .*wrong checksum"),
        ({"status": 503}, "could not be downloaded .*the server answered 503"),
    ],
)
def test_a_failed_download_says_so_and_leaves_no_half_file(server, tmp_path, fault, sentence):
    for key, value in fault.items():
        setattr(server, key, value)
    with pytest.raises(DataError, match=sentence):
        load_dataset("mnist", data_dir=tmp_path)
    assert len(server.requests) == downloads.ATTEMPTS
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_offline_is_a_sentence_that_offers_a_way_out(server, tmp_path):
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(
        DataError, match=r"MNIST is not here .*Connection refused.*synthetic digits .*draws itself"
    ):
        load_dataset("mnist", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("file", "damage", "sentence"),
    [
        (
            NAMES[0],
            lambda data: data[:-100],
            "images-idx3-ubyte is damaged: it holds 9,324 bytes where .* 9,424",
        ),
        (NAMES[0], lambda data: data + b"\0", "is damaged: it holds 9,425 bytes"),
        (NAMES[0], lambda data: b"", "is not an idx file of 3 axes"),
        (NAMES[0], lambda data: b"<html>" + data[6:], "is not an idx file of 3 axes"),
        (
            NAMES[0],
            lambda data: data[:4] + b"\xff" * 12 + data[16:],
            "is damaged: it holds 9,424 bytes where its header",
        ),
        (NAMES[0], lambda data: idx(np.zeros((12, 14, 56))), "is damaged"),
        (NAMES[1], lambda data: data[:-1] + b"\x0a", "holds the label 10, and the labels end at 9"),
        (
            NAMES[1],
            lambda data: idx(np.arange(7)),
            "holds 12 images and train-labels-idx1-ubyte 7 labels",
        ),
    ],
)
def test_a_corrupt_file_on_disk_is_named_with_its_cure(small_mnist, file, damage, sentence):
    path = small_mnist / "MNIST" / "raw" / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=sentence) as caught:
        load_dataset("mnist", data_dir=small_mnist)
    assert "Delete" in str(caught.value) and str(path.parent) in str(caught.value)


def cifar_archive() -> tuple[bytes, dict[str, str]]:
    """A stand-in for the official archive with 2 images per batch, and the md5 of each file in it."""
    rng, buffer, sums = np.random.default_rng(0), io.BytesIO(), {}
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in [
            *(f"data_batch_{number}" for number in range(1, 6)),
            "test_batch",
            "batches.meta",
        ]:
            entry = {"label_names": [f"class {number}" for number in range(10)]}
            if name != "batches.meta":
                entry = {"data": rng.integers(0, 256, (2, 3072), dtype=np.uint8), "labels": [3, 9]}
            data = pickle.dumps(entry)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
            sums[name] = hashlib.md5(data).hexdigest()
    return buffer.getvalue(), sums


@pytest.fixture
def small_cifar(server, monkeypatch):
    from torchvision.datasets import CIFAR10

    archive, sums = cifar_archive()
    server.files[CIFAR10.filename] = archive
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in list(sums)[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    return server


def test_cifar10_downloads_once_and_a_changed_file_is_never_unpickled(small_cifar, tmp_path):
    train = load_dataset("cifar10", data_dir=tmp_path)
    assert train.images.shape == (10, 3, 32, 32) and train.labels.tolist() == [3, 9] * 5
    assert train.classes[3] == "class 3"
    assert len(load_dataset("cifar10", "test", data_dir=tmp_path)) == 2
    assert len(small_cifar.requests) == 1
    path = tmp_path / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(DataError, match=r"data_batch_2 is damaged .*md5.*Delete"):
        load_dataset("cifar10", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("mnits",), "no data set and no file named 'mnits'.*Did you mean mnist?"),
        (("fashion",), "give one of mnist, fashion-mnist, cifar10, synthetic, or the path"),
        (("",), "give one of mnist"),
        ((None,), "The data set is None"),
        (("a\0b",), "give one of mnist"),
        (("x" * 5000,), "xxx\\.\\.\\.'; give one of"),
        (("/no/such/folder",), "no file named '/no/such/folder'"),
        (("synthetic", "validation"), "no split 'validation'; it is train or test"),
    ],
)
def test_wrong_names_and_splits_are_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(DataError, match=sentence):
        load_dataset(*arguments)


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        *[
            ({"size": size}, "size is .*; it must be one side or")
            for size in (0, -8, 7, 1025, 28.0, "28", (28,), (28, None), True)
        ],
        *[
            ({"channels": channels}, "channels is .*; it must be 1")
            for channels in (0, 2, 4, "1", True)
        ],
        *[
            ({"count": count}, "count is .*; it must be a whole number")
            for count in (0, -1, 1.5, True)
        ],
        *[
            ({"seed": seed}, "seed is .*; it must be a whole number")
            for seed in (-1, 0.5, None, 2**63)
        ],
        *[
            ({"workers": workers}, "workers is .*; it must be a whole number")
            for workers in (-1, 65, 1.5, True)
        ],
    ],
)
def test_wrong_options_are_refused_in_a_sentence(keywords, sentence):
    with pytest.raises(DataError, match=sentence):
        load_dataset("synthetic", **keywords)


def test_size_channels_and_count_apply_to_public_sets(small_mnist):
    grey = load_dataset("mnist", data_dir=small_mnist)
    colour = load_dataset("mnist", data_dir=small_mnist, size=(32, 40), channels=3)
    assert colour.shape == (3, 32, 40) and torch.equal(colour.images[:, 0], colour.images[:, 2])
    assert (colour.images.float().mean() - grey.images.float().mean()).abs() < 3
    few = load_dataset("mnist", data_dir=small_mnist, count=4, seed=1)
    again = load_dataset("mnist", data_dir=small_mnist, count=4, seed=1)
    assert len(few) == 4 and torch.equal(few.images, again.images) and len(few.labels) == 4


def test_progress_may_cancel_a_download(server, tmp_path):
    class Cancelled(Exception):
        pass

    def cancel(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        load_dataset("mnist", data_dir=tmp_path, progress=cancel)
    assert not list(tmp_path.rglob("*.part"))


def test_an_image_set_checks_what_it_is_given():
    with pytest.raises(ValueError, match="images must be uint8"):
        ImageSet("x", "train", torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match="labels must be int64"):
        ImageSet(
            "x",
            "train",
            torch.zeros(2, 1, 8, 8, dtype=torch.uint8),
            torch.zeros(3, dtype=torch.int64),
        )
    assert SkippedFile("a.png", "empty").reason == "empty"
