"""What `train` can do beside training: bfloat16, torch.compile, several processes refused."""

import pytest
import torch

import vqvae
from vqvae.__main__ import main
from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.data.imageset import ImageSet
from vqvae.nn.build import build_model
from vqvae.training.machine import resolve_precision
from vqvae.training.training import Training


def training(**changes) -> Training:
    pixels = torch.randint(
        0, 256, (40, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    model = ModelConfig(
        height=8, width=8, hidden_channels=8, residual_blocks=1, embedding_dim=4, codebook_size=16
    )
    config = TrainingConfig(
        **{"steps": 3, "batch_size": 16, "device": "cpu", "dataset": "made", **changes}
    )
    return Training(build_model(model), ImageSet("made", "train", pixels), config)


def test_bfloat16_trains_float32_weights_and_ends_near_float32():
    exact, rounded = training(precision="float32"), training(precision="bfloat16")
    for ours, theirs in zip(rounded.steps(), exact.steps(), strict=True):
        assert ours.reconstruction_loss == pytest.approx(theirs.reconstruction_loss, rel=0.05)
    assert all(
        p.dtype == torch.float32
        for p in rounded.model.state_dict().values()
        if p.is_floating_point()
    )
    assert rounded.describe()["precision"] == "bfloat16"
    a, b = (t.model.encoder.state_dict() for t in (exact, rounded))
    assert any(not torch.equal(a[name], b[name]) for name in a), "bfloat16 must have been used"


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ({"avx2": True}, torch.float32),
        ({"avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_auto_precision_on_a_processor_is_what_it_has_instructions_for(
    monkeypatch, capabilities, precision
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert resolve_precision("auto", torch.device("cpu")) == precision
    assert resolve_precision("float32", torch.device("cpu")) == torch.float32


def test_other_precisions_are_refused():
    with pytest.raises(
        ConfigError, match="precision is 'float16'; it must be one of auto, float32, bfloat16"
    ):
        TrainingConfig(precision="float16")


def test_compile_is_asked_of_both_networks_and_changes_no_name(monkeypatch, tmp_path):
    compiled = []
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda self: compiled.append(type(self).__name__)
    )
    run = training(compile=True)
    assert compiled == ["Encoder", "Decoder"]
    list(run.steps())
    run.save(tmp_path)
    assert set(vqvae.load(tmp_path).state_dict()) == set(training().model.state_dict())


def test_networks_that_cannot_be_compiled_are_a_sentence(monkeypatch, tmp_path, capsys):
    from torch._inductor.exc import InductorError, InvalidCxxCompiler

    def fail(self, x):
        raise InductorError(InvalidCxxCompiler(), None)

    monkeypatch.setattr(vqvae.nn.networks.Encoder, "forward", fail)
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: None)
    code = main(
        [
            "train",
            "--dataset",
            "synthetic",
            "--compile",
            "--steps",
            "2",
            "--output",
            str(tmp_path / "model"),
        ]
    )
    told = capsys.readouterr().err.splitlines()[-1]
    assert code == 2 and "could not be compiled here" in told and "train without compiling" in told
    assert not (tmp_path / "model").exists()


def test_precision_may_change_when_a_run_is_resumed(tmp_path):
    run = training()
    next(run.steps())
    run.save(tmp_path)
    again = Training.resume(
        tmp_path,
        run.data,
        config=TrainingConfig(**{**run.config.to_dict(), "precision": "bfloat16"}),
    )
    assert again.step == 1 and again.precision == torch.bfloat16
    assert main(["train", "--resume", str(tmp_path / "none"), "--precision", "float64"]) == 2


@pytest.mark.parametrize("kind", ["ae", "vae", "cvae"])
def test_bfloat16_trains_every_baseline_and_keeps_its_statistics_exact(kind):
    pixels = torch.randint(
        0, 256, (40, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    model = ModelConfig(
        kind=kind, height=8, width=8, hidden_channels=8, residual_blocks=1, classes=("a", "b")
    )
    run = Training(
        build_model(model),
        ImageSet("made", "train", pixels, torch.arange(40) % 2, ("a", "b")),
        TrainingConfig(steps=3, batch_size=16, device="cpu", dataset="made", precision="bfloat16"),
    )
    assert all(record.loss < 10 for record in run.steps())
    assert all(value.dtype != torch.bfloat16 for value in run.model.state_dict().values())
