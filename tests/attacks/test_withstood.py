"""What was withstood before the rows of issue 12, and is: names and pages of others, hostile files
over the wire, markup in names. Traversal, links and fetching for strangers are in
test_file_references.py and test_downloads.py.
"""

import base64
import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.bad_files import ODD_PICTURES, checkpoint_parts, corpus, zipped
from tests.running_app import ROOT

DOORS = (
    "queue/join",
    "component_server",
    "upload",
    "run/predict",
    "call/encode",
    "reset",
    "cancel",
)
MARKUP = "<img src=x onerror=alert(1)>"
VISITOR = "f" * 32
MEMORY = 2**30
SENTENCE = 600
"""Characters that no refusal reaches: it is no traceback."""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The folder of a shipped model, with what it needs."""
    folder = tmp_path_factory.mktemp("model") / "mnist"
    folder.mkdir()
    for name in ("config.json", "metrics.json", "model.safetensors"):
        shutil.copy(ROOT / "checkpoints" / "mnist" / name, folder)
    return folder


@pytest.fixture(scope="module")
def hostile(model) -> dict[str, bytes]:
    """Every file of bad_files.py, those of models made from a good one."""
    return corpus(model)


def offer(target, name: str, data: bytes, session: str, visitor: str = VISITOR) -> dict:
    """What becomes of a file that a visitor uploads as a model."""
    config = target.config()
    button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "vq-upload")
    event = next(e for e in config["dependencies"] if e["targets"][:1] == [[button, "upload"]])
    meta = {"_type": "gradio.FileData"}
    file = {"path": target.upload(name, data), "meta": meta, "orig_name": name}
    assert target.join(event["id"], [file, visitor, 0], session).status_code == 200
    return next(m for m in target.outcome(session) if m["msg"] == "process_completed")


# -- names and pages of others ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
                                  "evil.example:80@127.0.0.1", "2130706433", ""])  # fmt: skip
def test_a_name_that_was_bent_to_this_machine_reaches_nothing(target, name):
    port = urlsplit(target.url).port
    for host in (name, f"{name}:{port}"):
        for path in ("/", "/config", "/gradio_api/info", "/gradio_api/file=x"):
            assert target.client.get(path, headers={"Host": host}).status_code == 400
        for door in DOORS:
            answer = target.client.post(f"/gradio_api/{door}", json={}, headers={"Host": host})
            assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
        {"Origin": "https://evil.example", "Referer": "https://evil.example/"},
    ],
)
def test_a_page_of_another_site_changes_nothing(target, headers):
    for door in DOORS:
        for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
            sent = {"Content-Type": kind, **headers}
            answer = target.client.post(f"/gradio_api/{door}", content=b"{}", headers=sent)
            assert answer.status_code == 403, (door, kind)


def test_no_site_frames_the_page_and_it_loads_from_nowhere_else(target):
    for path in ("/", "/config", "/nothing"):
        headers = target.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy
        assert "http" not in policy and headers["x-content-type-options"] == "nosniff"


# -- hostile files ---------------------------------------------------------------------------------


def test_no_hostile_file_becomes_a_model_and_each_is_told_in_a_sentence(target, hostile):
    before = target.most_memory()
    for n, (name, data) in enumerate(hostile.items()):
        ended = offer(target, f"{MARKUP}.zip", data, f"zip{n}")
        told = ended["output"]["error"]
        assert not ended["success"] and 10 < len(told) < SENTENCE, (name, told)
        assert "<" not in told and str(target.runs) not in told and "Error:" not in told, name
    assert not list((target.runs / VISITOR).glob("*")), "nothing is left of them"
    assert not (ROOT / "exploded").exists(), "no pickle was run"
    assert target.most_memory() - before < MEMORY
    target.honest_seconds()


def test_what_a_model_says_of_itself_is_shown_as_text(target, model):
    config = target.config()
    parts = checkpoint_parts(model)
    parts["training.json"] = json.dumps({"dataset": f"/data/{MARKUP}", "date": MARKUP}).encode()
    parts["README.md"] = MARKUP.encode()
    ended = offer(target, "model.zip", zipped(parts), "markup", "e" * 32)
    assert ended["success"]
    name = ended["output"]["data"][0]["value"]
    picker = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "vq-model")
    picked = [e for e in config["dependencies"] if e["targets"] == [[picker, "change"]]]
    shown = ""
    for event in picked:
        if event["inputs"] == [picker] and event["backend_fn"]:
            assert target.join(event["id"], [name], f"picked{event['id']}").status_code == 200
            shown += json.dumps(target.outcome(f"picked{event['id']}"))
    assert "onerror=alert(1)&gt;" in shown and MARKUP not in shown


def test_no_hostile_picture_stops_the_server_and_odd_ones_are_read(target, hostile):
    before = target.most_memory()
    for name, data in hostile.items():
        if name.startswith("model:"):
            continue
        asked = {"data": [base64.b64encode(data).decode(), "mnist", None, 0.0, 0]}
        event = target.client.post("/gradio_api/call/encode", json=asked).json()["event_id"]
        said = target.client.get(f"/gradio_api/call/encode/{event}").text
        kind, told = said.split("event: ")[-1].split("\n", 1)
        told = json.loads(told.removeprefix("data: ").strip())
        if kind == "complete":
            assert name in ODD_PICTURES or name.startswith(("1 x 1", "20000 x 1", "PNG with")), name
        else:
            assert len(told["error"]) < SENTENCE and "<" not in told["error"], (name, told)
    assert target.most_memory() - before < MEMORY
    target.honest_seconds()
