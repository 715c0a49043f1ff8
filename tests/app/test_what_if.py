"""The small models of "what if": what the page is told of them, and how it gets their weights."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.models.minis import minis
from demo.settings import Settings
from demo.tabs.reconstruct.curves import NAME, curves
from demo.web.served.minis import minis_route

FOLDER = Settings().checkpoints


@pytest.fixture
def client():
    return TestClient(Starlette(routes=[minis_route(Settings())]))


def test_there_is_one_for_each_place_of_both_sliders():
    told = [(mini["codes"], mini["side"]) for mini in minis(FOLDER)]
    assert told == [(codes, side) for codes in (4, 16, 64, 256, 512) for side in (4, 7, 14)]
    for mini in minis(FOLDER):
        assert mini["config"]["codebook_size"] == mini["codes"]
        assert mini["bits"] == mini["side"] ** 2 * (mini["codes"].bit_length() - 1)


def test_each_address_gives_the_weights_for_ever(client):
    for mini in minis(FOLDER):
        answer = client.get(mini["weights"])
        folder = FOLDER / "minis" / f"k{mini['codes']}-{mini['side']}x{mini['side']}"
        assert answer.content == (folder / "model.safetensors").read_bytes()
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("address", [
    "minis/0000000000000000/k16-7x7", "minis/../mnist", "minis/x/..%2F..%2Fmnist", "minis/k16-7x7/config.json",
])  # fmt: skip
def test_any_other_address_gives_a_sentence(client, address):
    answer = client.get(f"/{address}")
    assert answer.status_code == 404 and b"\0" not in answer.content


def test_without_their_index_there_are_none(tmp_path):
    assert minis(tmp_path) == ()
    (tmp_path / "minis").mkdir()
    (tmp_path / "minis" / "index.json").write_text('{"models": [{"name": "k4-4x4"}]}')
    minis.cache_clear()
    assert minis(tmp_path) == ()


def test_the_curves_of_other_settings_hold_what_was_measured(tmp_path):
    measured = curves(FOLDER)
    assert {point["setting"] for point in measured} == {"embedding_dim", "commitment_weight"}
    assert all(10 < point["psnr"] < 40 and 0 < point["usage"] <= 1 for point in measured)
    assert curves(tmp_path) == ()
    for damaged in ("[", "{}", '{"points": [{"setting": "embedding_dim"}]}',
                    '{"points": [{"setting": "d", "value": 1, "psnr": NaN, "usage": 1}]}'):  # fmt: skip
        (tmp_path / NAME).write_text(damaged)
        curves.cache_clear()
        assert curves(tmp_path) == ()
