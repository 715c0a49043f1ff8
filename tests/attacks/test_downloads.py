"""A download costs no disk, however often it is asked for, and a sentence says what is not
there."""

import io
import shutil
import socket
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

import vqvae
from demo.models.transfer import download
from demo.models.weights import for_page
from demo.models.zip_stream import ChangedError
from demo.settings import Settings
from tests.attacks.conftest import HONEST_SECONDS
from vqvae.export.html import to_html

ROOT = Path(__file__).resolve().parents[2]


def test_many_downloads_write_nothing(target):
    before = target.disk()

    def fetch(_: int) -> int:
        url = f"{target.url}/model.zip"
        return len(httpx.get(url, params={"model": "mnist"}, timeout=60, verify=False).content)

    with ThreadPoolExecutor(6) as pool:
        sizes = set(pool.map(fetch, range(40)))
    assert len(sizes) == 1 and sizes.pop() > 2**20
    assert target.disk() - before < 2**20
    assert target.honest_seconds() < HONEST_SECONDS


@pytest.mark.parametrize("door", ["model.zip", "model.html", "weights"])
def test_downloads_that_nobody_reads_cost_little_memory(target, door):
    weights = for_page("mnist", vqvae.load("mnist").config, Settings())["weights"]
    path = weights if door == "weights" else f"{door}?model=mnist"
    assert target.client.get(f"/{path}").status_code == 200
    before, address = target.memory(), urlsplit(target.url)
    ask = f"GET /{path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    with ExitStack() as stack:
        waiting = []
        for _ in range(200):
            idle = stack.enter_context(socket.create_connection((address.hostname, address.port)))
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.sendall(ask)
            waiting.append(idle)
        for idle in waiting:
            assert idle.recv(12) == b"HTTP/1.1 200"
        assert target.honest_seconds() < HONEST_SECONDS
        assert target.memory() - before < 2**27


def test_the_zip_is_whole_known_beforehand_and_not_sent_twice(target):
    answer = target.client.get("/model.zip", params={"model": "mnist"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if not name.endswith("training.json"):
                assert archive.read(name) == (ROOT / "checkpoints" / name).read_bytes()
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert 'filename="vqvae-mnist.zip"' in answer.headers["content-disposition"]
    known = {"If-None-Match": answer.headers["etag"]}
    again = target.client.get("/model.zip", params={"model": "mnist"}, headers=known)
    assert again.status_code == 304 and not again.content


def test_the_page_is_what_the_command_line_writes_and_its_length_is_known(target):
    answer = target.client.get("/model.html", params={"model": "mnist"})
    assert answer.text == to_html("mnist")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert 'attachment; filename="vqvae-mnist.html"' in answer.headers["content-disposition"]
    known = {"If-None-Match": answer.headers["etag"]}
    again = target.client.get("/model.html", params={"model": "mnist"}, headers=known)
    assert again.status_code == 304 and not again.content
    other = target.client.get("/model.html", params={"model": "mnist-vae"})
    assert other.status_code == 404 and "only a vqvae has codes" in other.text


@pytest.mark.parametrize("door", ["model.zip", "model.html"])
@pytest.mark.parametrize(
    "model", ["", "absent", "../runs", "/etc/passwd", "mnist/../mnist", "share:" + "0" * 32, "%00"]
)
def test_what_is_no_model_is_a_sentence(target, door, model):
    answer = target.client.get(f"/{door}", params={"model": model})
    assert answer.status_code == 404 and answer.text.endswith(".") and "model" in answer.text
    assert str(target.runs) not in answer.text and "Traceback" not in answer.text


def test_a_model_that_is_saved_again_meanwhile_is_not_mixed(tmp_path):
    shutil.copytree(ROOT / "checkpoints" / "mnist", tmp_path / "mnist")
    _, archive = download("mnist", Settings(checkpoints=tmp_path, runs=tmp_path / "runs"))
    other = tmp_path / "other"
    other.write_bytes(b"other weights")
    other.replace(tmp_path / "mnist" / "model.safetensors")
    with pytest.raises(ChangedError):
        b"".join(archive)
