"""A link to one's own model gives the model away and nothing else: not the token that lists and
deletes the runs."""

import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from demo.runs.files import JOB, STATE
from tests.attacks.conftest import Target
from tests.names import own_id

ROOT = Path(__file__).resolve().parents[2]
OWNER, STRANGER, RUN = "ab" * 16, "cd" * 16, "0123456789abcdef"


@pytest.fixture(scope="module")
def shared(start_target) -> tuple[Target, str]:
    """A server with one run of the owner's, trained on their own zip, and its name to give away."""
    target = start_target()
    run = target.runs / OWNER / RUN
    shutil.copytree(ROOT / "checkpoints" / "mnist", run / "checkpoint")
    path = run / "checkpoint" / "training.json"
    training = json.loads(path.read_text())
    training["config"]["dataset"] = str(run / "holidays.zip")
    path.write_text(json.dumps(training))
    (run / JOB).write_text(
        json.dumps(
            {
                "training": {"dataset": str(run / "holidays.zip"), "seconds": 1},
                "title": "mine",
                "created": 1.0,
            }
        )
    )
    (run / STATE).write_text(json.dumps({"phase": "finished", "text": "", "stage": "model"}))
    return target, own_id(target.runs, OWNER, RUN)


def everything(target: Target, model: str, visitor: str) -> str:
    """All that the server says to every event of the page, given this model everywhere."""
    config, said = target.config(), []
    for number, event in enumerate(config["dependencies"]):
        if not event["backend_fn"]:
            continue
        kinds = [next(c for c in config["components"] if c["id"] == i) for i in event["inputs"]]
        data = [
            visitor
            if kind["type"] == "browserstate"
            else model
            if kind["type"] in ("modelpicker", "dropdown")
            else None
            if kind["type"] == "state"
            else kind["props"].get("value")
            for kind in kinds
        ]
        session = f"walk{number}"
        if target.join(event["id"], data, session).status_code == 200:
            said.append(f"{event['id']} {event['targets']}: {json.dumps(target.outcome(session))}")
    return "\n".join(said)


def test_a_refused_click_is_one_line_without_the_visitors_token(shared):
    """The first here: the log has room yet, and what is refused often is only counted."""
    target, _ = shared
    config = target.config()
    button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "vq-upload")
    event = next(e for e in config["dependencies"] if e["targets"][:1] == [[button, "upload"]])
    file = target.upload(f"{OWNER}.zip", b"no zip")
    meta = {"path": file, "meta": {"_type": "gradio.FileData"}, "orig_name": f"{OWNER}.zip"}

    def click() -> None:
        assert target.join(event["id"], [meta, OWNER, 0], "click").status_code == 200
        assert "not a readable zip" in json.dumps(target.outcome("click"))

    said = target.log_of(click)
    assert said.startswith("Warning: Refused: ") and "\n" not in said and OWNER not in said, said


def test_the_name_tells_nothing_of_the_owner(shared):
    _, name = shared
    assert re.fullmatch(r"share:[0-9a-f]{32}", name) and OWNER not in name and RUN not in name


def test_a_visitor_with_the_link_can_use_the_model_and_never_learns_the_token(shared):
    target, name = shared
    said = everything(target, name, STRANGER)
    assert name in said  # the walk has reached what it was to reach
    assert not [line for line in said.splitlines() if OWNER in line or str(target.runs) in line]


def test_the_link_and_the_api_open_it(shared):
    target, name = shared
    page = target.client.get("/", params={"model": name})
    assert page.status_code == 200 and OWNER not in page.text
    grid = target.client.post(
        "/gradio_api/call/decode", json={"data": [[[0] * 7] * 7, name]}
    ).json()
    answer = target.client.get(f"/gradio_api/call/decode/{grid['event_id']}").text
    assert "event: complete" in answer and OWNER not in answer


def test_an_old_link_with_a_token_opens_nothing(shared):
    target, _ = shared
    grid = target.client.post(
        "/gradio_api/call/decode", json={"data": [[[0] * 7] * 7, f"run:{OWNER}/{RUN}"]}
    ).json()
    answer = target.client.get(f"/gradio_api/call/decode/{grid['event_id']}").text
    assert "event: error" in answer and "not the name of a model" in answer


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_other_users_of_the_machine_cannot_look_into_the_runs(shared):
    target, _ = shared
    for folder in (target.runs, target.runs / "uploads"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    own_id(target.runs, OWNER, RUN)
    assert stat.S_IMODE((target.runs / ".secret").stat().st_mode) == 0o600


def press_delete(target: Target, visitor: str, run: str) -> None:
    """Press Delete twice, as the page does to be sure, with these as the visitor and the run."""
    config = target.config()
    types = {part["id"]: part["type"] for part in config["components"]}
    ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
    wanted = [ids["vq-train-delete"], "click"]
    event = next(event for event in config["dependencies"] if wanted in event["targets"])
    values = {"browserstate": visitor, "state": None}
    data = [values.get(types[number], run) for number in event["inputs"]]
    for _ in range(2):
        target.join(event["id"], data, f"of-{visitor}-{run}")
        assert target.outcome(f"of-{visitor}-{run}")[-1]["msg"] == "close_stream"


def test_a_run_is_deleted_with_its_owners_token_alone(shared):
    target, name = shared
    share = name.partition(":")[2]
    weights = target.runs / OWNER / RUN / "checkpoint" / "model.safetensors"
    for visitor in (STRANGER, name, share):
        for run in (RUN, name, share):
            press_delete(target, visitor, run)
    assert weights.is_file()
    press_delete(target, OWNER, RUN)
    assert not weights.exists()
