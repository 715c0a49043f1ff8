"""Names of models, and what the names of visitors' runs stand for."""

import stat

import pytest

from demo.interface import open_page
from demo.models.ids import ModelId
from demo.models.sharing import SECRET, Sharing
from demo.settings import Settings
from demo.tabs.train.handlers import use_model
from vqvae import ModelConfig, build_model, save_checkpoint

VISITOR, OTHER = "0123456789abcdef" * 2, "f" * 32


@pytest.mark.parametrize("text", ["mnist", "a.b-c_d", "share:" + "0" * 32])
def test_a_name_is_written_as_it_was_read(text):
    assert str(ModelId.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        5,
        "",
        "..",
        "a/b",
        "mnist\n",
        "share:",
        "share:" + "A" * 32,
        "a" * 65,
        f"run:{VISITOR}/a1b2",
    ],
)
def test_everything_else_is_no_name(text):
    assert ModelId.parse(text) is None


def test_a_name_outlives_a_restart_and_is_found_by_looking(tmp_path):
    (tmp_path / VISITOR / "a1b2").mkdir(parents=True)
    name = Sharing(tmp_path).name(VISITOR, "a1b2")
    assert Sharing(tmp_path).find(name) == (VISITOR, "a1b2")
    assert stat.S_IMODE((tmp_path / SECRET).stat().st_mode) == 0o600
    (tmp_path / SECRET).unlink()
    assert (
        Sharing(tmp_path).name(VISITOR, "a1b2") != name
    )  # the hash is keyed: nobody works it out from a token


def test_unknown_names_do_not_look_through_the_runs_again_and_again(tmp_path, monkeypatch):
    sharing, looks = Sharing(tmp_path), []
    monkeypatch.setattr(Sharing, "_all", lambda self: looks.append(1) or [])
    assert all(sharing.find(ModelId(share=f"{i:032x}")) is None for i in range(200))
    assert len(looks) == 1


def test_a_run_is_mine_to_its_owner_and_shared_to_others(tmp_path):
    config = ModelConfig(height=16, width=16, hidden_channels=8, residual_blocks=1)
    save_checkpoint(tmp_path / "runs" / VISITOR / "a1b2" / "checkpoint", build_model(config))
    settings = Settings(checkpoints=tmp_path, runs=tmp_path / "runs")
    name = str(Sharing(settings.runs).name(VISITOR, "a1b2"))
    _, picker, *_ = open_page(settings, VISITOR, name, None)
    assert picker["value"] == name and picker["choices"][0][0].startswith("Mine: ")
    _, picker, *_ = open_page(settings, OTHER, None, name)
    assert picker["value"] == name and picker["choices"][0][0].startswith("Shared: ")
    assert VISITOR not in str(picker)
    _, picker, *_ = open_page(settings, OTHER, f"run:{VISITOR}/a1b2", f"run:{VISITOR}/a1b2")
    assert (
        picker["value"] is None and picker["choices"] == []
    )  # a link as it once was opens nothing


def test_a_trained_model_is_chosen_by_the_name_that_the_list_has(tmp_path):
    config = ModelConfig(height=16, width=16, hidden_channels=8, residual_blocks=1)
    save_checkpoint(tmp_path / "runs" / VISITOR / "a1b2" / "checkpoint", build_model(config))
    settings = Settings(checkpoints=tmp_path, runs=tmp_path / "runs")
    picker, tabs = use_model(settings, "generate", VISITOR, "a1b2")
    assert picker["value"] in [model_id for _, model_id in picker["choices"]]
    assert tabs.selected == "reconstruct"  # there is no prior yet to see in Generate
