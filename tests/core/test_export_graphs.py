"""A model as graphs of ONNX and of torch.export: they answer as PyTorch does, for any batch and any
size."""

import contextlib
import importlib.util
import io
import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

import vqvae
from vqvae.__main__ import main
from vqvae.checkpoints.checkpoint import load, save_checkpoint
from vqvae.checkpoints.files import CheckpointError
from vqvae.config import ModelConfig
from vqvae.export import graphs
from vqvae.export.graphs import programs, write_graphs
from vqvae.nn.build import build_model
from vqvae.quantizers import QUANTIZERS

BATCHES = (1, 9, 40)
COLOUR = ModelConfig(
    channels=3,
    height=12,
    width=20,
    downsample=2,
    hidden_channels=8,
    residual_blocks=1,
    embedding_dim=4,
    codebook_size=33,
    kmeans_start=False,
)


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """A checkpoint of colour pictures that are not square, its codes spread over what its encoder
    says."""
    model, x = build_model(COLOUR, 3).eval(), torch.rand(20, 3, 12, 20)
    rows = model.latents(x).movedim(1, -1).reshape(-1, 4)
    with torch.no_grad():
        model.codebook.copy_(rows[torch.arange(33) * 30])
    return save_checkpoint(tmp_path_factory.mktemp("graphs") / "colour", model)


@pytest.fixture(scope="module")
def written(colour, tmp_path_factory):
    """`written(format, name)`: the folder that `export` wrote for a shipped model or for `colour`,
    and what it said; each is written once."""

    @cache
    def write(format: str, name: str) -> tuple[Path, str]:
        folder, said = tmp_path_factory.mktemp("written") / "a" / "b", io.StringIO()
        model = colour if name == "colour" else name
        with contextlib.redirect_stdout(said):
            assert main(["export", str(model), "--format", format, "--output", str(folder)]) == 0
        return folder, said.getvalue()

    return write


def check(model, encode, decode, pixels: float) -> None:
    """encode and decode of a graph against the model's: indices equal but for codes that are
    equally near to 1e-5, pictures within `pixels`."""
    config, seen = model.config, set()
    for batch in BATCHES:
        sizes = [(config.height, config.width)]
        if batch < 10:
            sizes += [
                (5 * config.downsample, 3 * config.downsample),
                (2 * config.height, config.width),
            ]
        for size in sizes:
            x = torch.rand(
                batch, config.channels, *size, generator=torch.Generator().manual_seed(batch)
            )
            indices, expected = encode(x), model.encode(x)
            assert indices.dtype == torch.int64 and indices.shape == expected.shape
            other = indices != expected
            distances = model.quantizer.distances(model.latents(x).movedim(1, -1)[other])
            torch.testing.assert_close(
                distances.gather(1, indices[other][:, None])[:, 0],
                distances.amin(1),
                rtol=1e-5,
                atol=1e-5,
            )
            assert other.float().mean() < 1e-3
            x_recon = decode(indices)
            assert x_recon.shape == x.shape and x_recon.dtype == torch.float32
            torch.testing.assert_close(x_recon, model.decode(indices), rtol=0, atol=pixels)
            seen |= set(indices.flatten().tolist())
    assert len(seen) > 8, "codes must have been put to the test"


@pytest.mark.parametrize("name", ["mnist", "colour"])
def test_programs_of_torch_export_answer_as_the_model_does(name, colour, written):
    folder, said = written("torch", name)
    assert "encoder.pt2, decoder.pt2, graphs.json" in said
    files = [folder / "encoder.pt2", folder / "decoder.pt2"]
    encode, decode = (torch.export.load(file).module() for file in files)
    check(load(colour if name == "colour" else "mnist"), encode, decode, 1e-5)
    if name == "mnist":
        half = load("mnist").codebook.numel() * 12 + 4 * sum(
            p.numel() for p in load("mnist").encoder.parameters()
        )
        assert files[0].stat().st_size < 1.5 * half, "the encoder's file holds the decoder too"


@pytest.mark.parametrize("name", ["minis/k16-4x4", "colour"])
def test_onnx_graphs_answer_as_the_model_does(name, colour, written):
    pytest.importorskip("onnx", reason="needs onnx: pip install -r requirements-dev.txt")
    pytest.importorskip(
        "onnxscript", reason="needs onnxscript: pip install -r requirements-dev.txt"
    )
    runtime = pytest.importorskip(
        "onnxruntime", reason="needs onnxruntime: pip install -r requirements-dev.txt"
    )
    folder, _ = written("onnx", name)
    about = json.loads((folder / "graphs.json").read_text(encoding="utf-8"))
    model = load(colour if name == "colour" else name)
    assert (
        about["fingerprint"] == model.fingerprint()
        and ModelConfig.from_dict(about["config"]) == model.config
    )
    sessions = {}
    for graph in ("encoder", "decoder"):
        file = folder / f"{graph}.onnx"
        sessions[graph] = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
        assert about[graph]["file"] == file.name
        assert sessions[graph].get_inputs()[0].name == about[graph]["input"]
        assert sessions[graph].get_outputs()[0].name == about[graph]["output"]
    factor, channels = model.config.downsample, model.config.channels
    assert sessions["decoder"].get_inputs()[0].shape == ["batch", "h", "w"]
    assert sessions["encoder"].get_inputs()[0].shape == [
        "batch",
        channels,
        f"{factor}*h",
        f"{factor}*w",
    ]

    def encode(x):
        return torch.from_numpy(sessions["encoder"].run(None, {"x": x.numpy()})[0])

    def decode(indices):
        return torch.from_numpy(sessions["decoder"].run(None, {"indices": indices.numpy()})[0])

    check(model, encode, decode, 1e-4)


def test_a_program_can_be_made_of_the_methods_and_read_back(colour):
    """As somebody would who does not know this module: any batch and any size, gradients on or
    off."""

    class Through(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = load(colour)

        def forward(self, x):
            return self.model.decode(self.model.encode(x))

    sizes = {
        0: torch.export.Dim.DYNAMIC,
        2: 2 * torch.export.Dim("h"),
        3: 2 * torch.export.Dim("w"),
    }
    program = torch.export.export(Through(), (torch.rand(2, 3, 12, 20),), dynamic_shapes=(sizes,))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    through, x = torch.export.load(file).module(), torch.rand(5, 3, 8, 14)
    torch.testing.assert_close(through(x), Through()(x), rtol=0, atol=1e-5)
    assert not load(colour).decode(load(colour).encode(x)).requires_grad


@pytest.mark.parametrize("quantizer", sorted(set(QUANTIZERS) - {"ema"}))
def test_every_quantizer_goes_through_torch_export(quantizer):
    sizes = {
        "fsq": {"codebook_size": 64, "embedding_dim": 3},
        "lfq": {"codebook_size": 16, "embedding_dim": 4},
        "bsq": {"codebook_size": 16, "embedding_dim": 4},
        "residual": {"codebook_size": 16},
    }
    model = build_model(replace(COLOUR, quantizer=quantizer, **sizes.get(quantizer, {}))).eval()
    made, x = (
        {name: program.module() for name, program in programs(model).items()},
        torch.rand(5, 3, 8, 14),
    )
    indices = made["encoder"](x)
    assert (indices == model.encode(x)).float().mean() > 0.99
    torch.testing.assert_close(made["decoder"](indices), model.decode(indices), rtol=0, atol=1e-5)


@pytest.mark.parametrize("format", ["torch", "onnx"])
def test_no_graph_tells_where_anything_lay_on_the_disk(format, colour, written):
    """The tracer writes down the file of each line of the model."""
    if format == "onnx":
        pytest.importorskip("onnxscript")
    home = str(Path(vqvae.__file__).parent.parent).encode()
    files = list(written(format, "colour")[0].iterdir())
    assert len(files) >= 3
    for file in files:
        content = [file.read_bytes()]
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                content = [archive.read(name) for name in archive.namelist()]
        for part in content:
            assert home not in part and str(colour.parent).encode() not in part, file.name
            assert b"graphs.py" not in part and b"site-packages" not in part, file.name


def test_what_cannot_be_exported_is_a_sentence(colour, tmp_path, capsys, monkeypatch):
    with pytest.raises(CheckpointError, match="of kind ae; only a vqvae has codes"):
        write_graphs("mnist-ae", "torch", tmp_path)
    (tmp_path / "file").touch()
    assert (
        main(["export", str(colour), "--format", "torch", "--output", str(tmp_path / "file")]) == 2
    )
    assert "is a file; give a folder" in capsys.readouterr().err
    assert main(["export", str(colour), "--format", "torch", "--output", "-"]) == 2
    assert "this writes a folder" in capsys.readouterr().err
    assert main(["export", str(colour), "--format", "tflite", "--output", str(tmp_path / "a")]) == 2
    assert "choose from 'html', 'onnx', 'torch'" in capsys.readouterr().err
    found = importlib.util.find_spec
    monkeypatch.setattr(
        graphs.importlib.util, "find_spec", lambda name: None if "onnx" in name else found(name)
    )
    assert main(["export", str(colour), "--format", "onnx", "--output", str(tmp_path / "a")]) == 1
    assert (
        "needs onnx and onnxscript, which are not installed; run `pip install"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "a").exists() and vqvae.load(colour).config == COLOUR
