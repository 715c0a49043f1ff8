"""The door that weights leave by, for pages that run the model: who may, what is kept, what is
refused."""

import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import vqvae
from demo.models.weights import WEIGHTS, for_page
from demo.settings import Settings
from demo.web.served.weights import weights_route
from tests.names import own_id

ROOT = Path(__file__).resolve().parents[2]
CONFIG = vqvae.load("mnist").config
OWNER, RUN = "ab" * 16, "0123456789abcdef"


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A shipped model, and the same as a visitor's own."""
    shutil.copytree(ROOT / "checkpoints" / "mnist", tmp_path / "models" / "mnist")
    shutil.copytree(ROOT / "checkpoints" / "mnist", tmp_path / "runs" / OWNER / RUN / "checkpoint")
    return Settings(runs=tmp_path / "runs", checkpoints=tmp_path / "models")


@pytest.fixture
def client(settings) -> TestClient:
    return TestClient(Starlette(routes=[weights_route(settings)]))


def test_a_page_gets_the_weights_once_and_for_ever(client, settings):
    said = for_page("mnist", CONFIG, settings)
    assert said["config"]["codebook_size"] == CONFIG.codebook_size
    assert not said["weights"].startswith("/"), "the page may lie below a sub-path"
    answer = client.get(f"/{said['weights']}")
    assert answer.status_code == 200
    assert answer.content == (settings.checkpoints / "mnist" / WEIGHTS).read_bytes()
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert {"public", "immutable"} <= set(answer.headers["cache-control"].split(", "))


def test_weights_of_ones_own_have_a_name_to_give_away_and_no_shared_cache_keeps_them(
    client, settings
):
    name = own_id(settings.runs, OWNER, RUN)
    address = for_page(name, CONFIG, settings)["weights"]
    assert OWNER not in address and RUN not in address
    answer = client.get(f"/{address}")
    assert answer.status_code == 200 and "private" in answer.headers["cache-control"]


def test_another_content_has_another_address_and_the_old_one_is_gone(client, settings):
    before = for_page("mnist", CONFIG, settings)["weights"]
    assert before == for_page("mnist", CONFIG, settings)["weights"]
    (settings.checkpoints / "mnist" / WEIGHTS).touch()
    assert before != for_page("mnist", CONFIG, settings)["weights"]
    answer = client.get(f"/{before}")
    assert answer.status_code == 404 and answer.text.endswith(".")


@pytest.mark.parametrize(
    "model",
    [
        None,
        "",
        "absent",
        "../models/mnist",
        "/etc/passwd",
        "mnist/../mnist",
        "share:" + "0" * 32,
        "%00",
        f"{OWNER}/{RUN}",
        RUN,
    ],
)
def test_what_is_no_model_is_a_sentence(client, settings, model):
    stamp = for_page("mnist", CONFIG, settings)["weights"].split("?")[0]
    answer = client.get(f"/{stamp}", params={} if model is None else {"model": model})
    assert answer.status_code == 404 and answer.text.endswith(".") and "model" in answer.text
    assert str(settings.runs) not in answer.text
