"""No request makes the server read, copy, hash, fetch or name a file that was not uploaded to it.

The tests walk /config, so an event or a door that is added later is attacked without anybody
thinking of it.
"""

import json
import re
from contextlib import contextmanager

import gradio as gr
import httpx
import pytest
from starlette.testclient import TestClient

SECRET = "the words nobody was given"
META = {"_type": "gradio.FileData"}


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """A file of the server's that nobody uploaded."""
    file = tmp_path_factory.mktemp("private") / "secret.txt"
    file.write_text(SECRET)
    return file


def reference(path) -> dict:
    return {"path": str(path), "meta": META, "orig_name": "a.zip", "size": 1}


def shapes(path) -> list:
    """A reference where a value is due, in a list, in an object, and in the `props` of a
    component."""
    one = reference(path)
    return [one, [one], [[{"image": one}]], {"value": one}, {"value": {"deep": [one]}, "path": "x"}]


def events(config: dict) -> list[tuple[int, int]]:
    """(index, number of inputs) of every event."""
    return [(event["id"], len(event["inputs"])) for event in config["dependencies"]]


def picked(config: dict) -> int:
    """The event of a dropdown: another model was picked."""
    model = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "vq-model")
    return next(
        e["id"]
        for e in config["dependencies"]
        if e["targets"] == [[model, "change"]]
        and e["inputs"] == [model]
        and e["outputs"]
        and e["backend_fn"]
    )


def leaked(target) -> bool:
    """Whether the secret has come into the folder that the server hands out files from."""
    return any(
        SECRET.encode() in file.read_bytes() for file in target.runs.rglob("*") if file.is_file()
    )


def test_no_event_takes_a_file_that_was_not_uploaded_in_any_position(walker, secret):
    tried = 0
    for fn_index, inputs in events(walker.config()):
        for position in range(max(1, inputs)):
            data = [None] * max(1, inputs)
            data[position] = shapes(secret)[tried % 5]
            answer = walker.join(fn_index, data, session=f"reads{fn_index}")
            assert answer.status_code == 403, (fn_index, position, data, answer.text)
            assert str(secret.parent) not in answer.text
            tried += 1
    assert tried > 200 and not leaked(walker)


def test_no_other_door_takes_one(walker, secret):
    """Named endpoints, the older ways to call one, server functions, and whatever else takes a
    body."""
    config, value = walker.config(), reference(secret)
    names = [event["api_name"] for event in config["dependencies"] if event.get("api_name")]
    doors = [f"/gradio_api/{verb}/{name}" for name in names for verb in ("call", "api", "run")]
    doors += [
        f"/gradio_api/{door}"
        for door in ("queue/join", "component_server", "api/predict", "run/predict")
    ]
    for door in doors:
        for body in (
            {"data": [value]},
            {"data": [value], "session_hash": "x", "fn_index": 0, "component_id": 1},
        ):
            answer = walker.client.post(door, json=body)
            assert answer.status_code == 403, (door, answer.text)
    for component in config["components"]:
        for name in component["props"].get("server_fns") or []:
            body = {
                "data": [value],
                "fn_name": name,
                "component_id": component["id"],
                "session_hash": "x",
            }
            assert (
                walker.client.post("/gradio_api/component_server", json=body).status_code == 403
            ), name
    assert not leaked(walker)


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text.replace('"path"', '"p\\u0061th"').encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-32-le"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace('"meta"', '"path": "/nowhere", "meta"', 1).encode(),
        lambda text: text.replace('"path": ', '"path": "/nowhere", "path": ', 1).encode(),
    ],
    ids=["escaped", "UTF-16", "UTF-32", "with a mark", "named twice, last", "named twice, first"],
)
@pytest.mark.parametrize(
    "kind",
    ["application/json", "text/plain", "multipart/mixed", "application/x-www-form-urlencoded"],
)
def test_a_reference_spelled_another_way_is_one(target, secret, spell, kind):
    text = json.dumps({"fn_index": 0, "data": [reference(secret)] * 8, "session_hash": "spell"})
    answer = target.client.post(
        "/gradio_api/queue/join", content=spell(text), headers={"Content-Type": kind}
    )
    assert answer.status_code in (403, 422) and not leaked(target)


@pytest.mark.parametrize(
    "path",
    [
        "/dev/zero",
        "/dev/stdin",
        "/proc/self/environ",
        "/",
        "C:\\Windows\\win.ini",
        "secret.txt",
        "",
        "http://127.0.0.1:1/",
        "https://192.0.2.1/a.zip",
        "file:///etc/passwd",
        "\0",
    ],
)
def test_devices_folders_addresses_and_what_is_not_there_are_refused_alike(target, path):
    """An endless device file once stopped the server for good; the answer does not tell what
    exists."""
    answer = target.join(0, [reference(path)] * 8)
    assert answer.status_code == 403
    assert answer.text == target.join(0, [reference("/no/such/file")] * 8).text
    assert target.honest_seconds() < 60


def test_a_path_out_of_the_uploads_and_a_link_in_them_are_refused(target, secret):
    upload = target.upload("a.zip", b"PK")
    folder = upload.rsplit("/", 1)[0]
    assert target.join(0, [reference(f"{folder}/../../../../{secret}")]).status_code == 403
    link = target.runs / "uploads" / "link.zip"
    link.symlink_to(secret)
    assert target.join(0, [reference(link)]).status_code == 403


def test_the_server_fetches_no_address_for_a_visitor(target):
    for path in (
        "/gradio_api/file=http://127.0.0.1:1/x",
        "/gradio_api/file=https%3A//192.0.2.1/",
        "/file=http://192.0.2.1/",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/FILE=http://192.0.2.1/",
    ):
        assert target.client.get(path).status_code in (403, 404), path


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "/proc/self/environ",
        "checkpoints/mnist/config.json",
        "%2e%2e/%2e%2e/etc/passwd",
        "/dev/zero",
        "~/.ssh/id_rsa",
    ],
)
def test_no_file_is_served_by_its_path(target, path):
    for prefix in (
        "/gradio_api/file=",
        "/gradio_api/file/",
        "/file=",
        "/static/",
        "/assets/",
        "/gradio_api/stream/",
    ):
        assert target.client.get(prefix + path).status_code in (400, 403, 404, 405), prefix


def test_what_was_uploaded_passes_and_a_bad_zip_is_one_sentence(target):
    """The honest way is open: an uploaded file reaches its handler, which says what is wrong with
    it."""
    config = target.config()
    button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "vq-upload")
    event = next(
        e for e in config["dependencies"] if e["targets"] and e["targets"][0] == [button, "upload"]
    )
    data = [reference(target.upload("model.zip", b"no zip")), "0" * 32, 0]
    assert target.join(event["id"], data, session="honest").status_code == 200
    ended = next(m for m in target.outcome("honest") if m["msg"] == "process_completed")
    assert "not a readable zip" in json.dumps(ended) and str(target.runs) not in json.dumps(ended)


def test_an_uploaded_svg_stays_a_download(target):
    """Gradio takes the pictures of an app for safe that has not launched, and serves them
    inline."""
    path = target.upload(
        "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    )
    assert target.join(picked(target.config()), [reference(path)], session="svg").status_code == 200
    assert target.outcome("svg")
    answer = target.client.get(f"/gradio_api/file={path}")
    assert "attachment" in answer.headers["content-disposition"]
    assert re.match("application/octet-stream", answer.headers["content-type"])


# -- the second lock: what Gradio and the handlers do where the first is open ----------------------


@contextmanager
def inside(monkeypatch, tmp_path):
    """The server in this process, without the middleware's look at references."""
    from demo.interface import create_app
    from demo.settings import Settings
    from demo.web import file_references
    from demo.web.server import create_server

    monkeypatch.setattr(file_references, "_refusal", lambda body: "")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    settings = Settings(runs=tmp_path / "runs", data_dir=tmp_path)
    with TestClient(
        create_server(create_app(settings), settings), base_url="http://127.0.0.1"
    ) as client:
        yield client


def test_gradio_itself_refuses_what_was_not_uploaded(monkeypatch, tmp_path, secret):
    with inside(monkeypatch, tmp_path) as client:
        client.post(
            "/gradio_api/queue/join",
            json={
                "fn_index": picked(client.get("/config").json()),
                "session_hash": "s",
                "data": [reference(secret)],
            },
        )
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "s"}) as stream:
            said = [
                json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")
            ]
    ended = next(m for m in said if m["msg"] == "process_completed")
    assert not ended["success"] and SECRET not in json.dumps(said)
    assert not [file for file in (tmp_path / "uploads").rglob("*") if file.is_file()]


def test_the_handlers_refuse_it_too(monkeypatch, tmp_path, secret):
    from demo.page import header
    from demo.runs.settings import SettingsError
    from demo.settings import Settings
    from demo.tabs.train import own_images
    from demo.uploads import UploadError, uploaded

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads" / "a").mkdir(parents=True)
    good = tmp_path / "uploads" / "a" / "good.zip"
    good.write_bytes(b"")
    assert uploaded(str(good)) == good.resolve()
    (good.parent / "link.zip").symlink_to(secret)
    for bad in (
        secret,
        good.parent / "link.zip",
        good.parent,
        "good.zip",
        None,
        3,
        "/dev/zero",
        good.parent / ".." / "a" / "good.zip",
    ):
        with pytest.raises(UploadError, match="was not uploaded"):
            uploaded(bad)
    settings = Settings(runs=tmp_path / "runs")
    with pytest.raises(gr.Error, match="was not uploaded"):
        header.upload(settings, str(secret), "0" * 32, 0)
    with pytest.raises(SettingsError, match="was not uploaded"):
        own_images.chosen(settings, str(secret), None)


def test_an_honest_page_comes(target):
    assert httpx.get(target.url).status_code == 200 and target.honest_seconds() < 60
