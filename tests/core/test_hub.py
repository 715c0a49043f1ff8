"""from_pretrained, save_pretrained, push_to_hub and the model card: our own files, no network, no
pickle."""

import json
from pathlib import Path

import pytest
import torch

import vqvae
from vqvae.checkpoints.card import model_card
from vqvae.checkpoints.checkpoint import read_info, save_checkpoint
from vqvae.checkpoints.files import CheckpointError
from vqvae.config import ModelConfig
from vqvae.nn.build import build_model

CONFIG = ModelConfig(
    height=8, width=8, hidden_channels=8, residual_blocks=1, embedding_dim=4, codebook_size=16
)


@pytest.fixture
def folder(tmp_path):
    """A checkpoint with figures, a record of its training, a prior's file and an unfinished run."""
    path = tmp_path / "mine"
    save_checkpoint(
        path,
        build_model(CONFIG),
        metrics={"mse": 0.002, "psnr": 27.0, "split": "test", "images": 10},
        training={
            "dataset": "mnist",
            "step": 12,
            "images": 50,
            "elapsed_seconds": 3.0,
            "device": "cpu",
        },
    )
    (path / "prior.safetensors").write_bytes(b"prior")
    (path / "training.safetensors").write_bytes(b"run")
    return path


def test_a_folder_comes_back_through_both_doors_with_all_that_belongs_to_it(folder, tmp_path):
    model = vqvae.VQVAE.from_pretrained(folder)
    assert not model.training and model.config == CONFIG
    model.save_pretrained(tmp_path / "out")
    again = vqvae.load(tmp_path / "out")
    assert all(
        torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items()
    )
    assert read_info(tmp_path / "out")["metrics"]["mse"] == 0.002
    assert (tmp_path / "out" / "prior.safetensors").read_bytes() == b"prior"
    assert not (tmp_path / "out" / "training.safetensors").exists(), (
        "a run that goes on is nobody else's"
    )
    assert not list((tmp_path / "out").glob("*.bin")) and (tmp_path / "out" / "README.md").is_file()


def test_weights_that_changed_take_no_figures_along(folder, tmp_path):
    model = vqvae.VQVAE.from_pretrained(folder)
    with torch.no_grad():
        next(model.encoder.parameters()).add_(1)
    model.save_pretrained(tmp_path / "out")
    assert (
        read_info(tmp_path / "out")["metrics"] == {}
        and not (tmp_path / "out" / "prior.safetensors").exists()
    )
    assert "mean squared error" not in (tmp_path / "out" / "README.md").read_text()


def test_saving_over_its_own_folder_keeps_everything(folder):
    vqvae.VQVAE.from_pretrained(folder).save_pretrained(folder)
    assert read_info(folder)["metrics"]["mse"] == 0.002 and vqvae.load(folder).config == CONFIG


def test_the_hub_is_asked_for_our_files_only(folder, monkeypatch):
    asked = {}

    def snapshot(repo_id, **options):
        asked.update(options, repo_id=repo_id)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    model = vqvae.VQVAE.from_pretrained("someone/digits", revision="v2", token="secret")
    assert model.config == CONFIG and (asked["repo_id"], asked["revision"]) == (
        "someone/digits",
        "v2",
    )
    assert not any(
        Path(name).match(pattern)
        for pattern in asked["allow_patterns"]
        for name in ("a.bin", "a.pkl")
    )


def test_push_uploads_the_folder_that_save_writes(folder, monkeypatch):
    from huggingface_hub import HfApi

    seen = {}
    monkeypatch.setattr(
        HfApi,
        "create_repo",
        lambda self, **options: type("Repo", (), {"repo_id": options["repo_id"]}),
    )
    monkeypatch.setattr(
        HfApi,
        "upload_folder",
        lambda self, **options: seen.update(
            files=sorted(p.name for p in Path(options["folder_path"]).iterdir()), **options
        ),
    )
    vqvae.VQVAE.from_pretrained(folder).push_to_hub("someone/digits")
    assert seen["repo_id"] == "someone/digits"
    assert seen["files"] == [
        "README.md",
        "config.json",
        "metrics.json",
        "model.safetensors",
        "prior.safetensors",
        "training.json",
    ]


def test_a_push_that_fails_is_a_sentence(folder, monkeypatch):
    from huggingface_hub import HfApi

    def refuse(*_, **__):
        raise OSError("no such host\nand more")

    monkeypatch.setattr(HfApi, "create_repo", refuse)
    with pytest.raises(
        CheckpointError, match=r"pushed to 'someone/digits' on the hub \(no such host\)\. Check"
    ):
        vqvae.VQVAE.from_pretrained(folder).push_to_hub("someone/digits")


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("nowhere", "is no checkpoint"),
        ("/no/such/folder", "is no checkpoint"),
        ("someone/nothing", "could not be downloaded from the hub"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_sentence(name, sentence, monkeypatch):
    def refuse(*_, **__):
        raise OSError("offline")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(CheckpointError, match=sentence):
        vqvae.VQVAE.from_pretrained(name)


@pytest.mark.parametrize("name", ["mnist", "someone/digits"])
def test_an_option_that_there_is_not_is_refused_here_and_for_the_hub(name):
    model = vqvae.build_model(CONFIG)
    with pytest.raises(TypeError, match="local_file_only"):
        vqvae.VQVAE.from_pretrained(name, local_file_only=True)
    with pytest.raises(TypeError, match="privat"):
        model.push_to_hub(name, privat=True)


def test_a_model_of_another_kind_is_refused(tmp_path):
    save_checkpoint(tmp_path / "ae", build_model(ModelConfig(**{**CONFIG.to_dict(), "kind": "ae"})))
    with pytest.raises(CheckpointError, match="kind ae, not a VQVAE"):
        vqvae.VQVAE.from_pretrained(tmp_path / "ae")
    assert vqvae.Autoencoder.from_pretrained(tmp_path / "ae").config.kind == "ae"


def test_the_card_has_the_hubs_metadata(folder):
    from huggingface_hub import ModelCard

    card = ModelCard(model_card(read_info(folder), "Trained on odd pictures."))
    data = card.data.to_dict()
    assert (
        data["license"] == "mit"
        and data["datasets"] == ["ylecun/mnist"]
        and "vqvae" in data["tags"]
    )
    assert data["model-index"][0]["results"][0]["metrics"][0] == {
        "type": "mse",
        "value": 0.002,
        "name": "mean squared error, pixels in [0, 1]",
    }
    assert (
        "2 × 2 indices into a codebook of 16" in card.text
        and "Trained on odd pictures." in card.text
    )
    assert json.loads(json.dumps(data))
