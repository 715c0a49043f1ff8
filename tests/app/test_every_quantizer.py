"""A model of each kind of quantizer, trained by the command line with its prior, through every part
of the project."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from gradio_client import Client
from PIL import Image

import vqvae
from demo.door import answer
from demo.models.library import get_checkpoint, get_prior
from demo.models.transfer import download, unpack
from demo.settings import Settings
from demo.tabs.codebook import questions as codebook
from demo.tabs.edit.questions import edit_cell, edit_commit, edit_open, edit_previews, edit_share
from demo.tabs.generate.questions import generate_open, generate_sample
from demo.tabs.reconstruct.questions import open_model, reconstruct
from tests.app.test_api import picture, pixels, served
from vqvae.__main__ import main
from vqvae.export.html import to_html
from vqvae.grids import packing
from vqvae.grids.codes import IndexGrid
from vqvae.quantizers import QUANTIZERS

EVERY = pytest.mark.parametrize("kind", QUANTIZERS)
VISITOR = "0123456789abcdef" * 2
K = 64


@pytest.fixture(scope="module")
def settings(tmp_path_factory, small_sets) -> Settings:
    """A checkpoint by the name of each kind, with figures, gallery and prior."""
    root = tmp_path_factory.mktemp("kinds")
    for kind in QUANTIZERS:
        folder = str(root / "checkpoints" / kind)
        assert (
            main(
                [
                    "train",
                    "--dataset",
                    "synthetic",
                    "--output",
                    folder,
                    "--quantizer",
                    kind,
                    "--steps",
                    "20",
                    "--codebook-size",
                    str(K),
                    "--hidden-channels",
                    "8",
                    "--residual-blocks",
                    "1",
                    "--device",
                    "cpu",
                ]
            )
            == 0
        )
        assert (
            main(
                [
                    "train-prior",
                    folder,
                    "--dataset",
                    "synthetic",
                    "--steps",
                    "2",
                    "--channels",
                    "16",
                    "--layers",
                    "1",
                    "--heads",
                    "2",
                    "--device",
                    "cpu",
                    "--class-conditional",
                ]
            )
            == 0
        )
    return Settings(checkpoints=root / "checkpoints", runs=root / "runs", data_dir=root / "data")


@pytest.fixture(scope="module")
def client(settings):
    with served(settings) as url:
        yield Client(url, verbose=False)


@pytest.fixture
def ask(settings, kind):
    """A function (question, ...) -> its answer, which must be ok."""

    def ask_(question, **request):
        reply = answer(question, {"model": kind, **request}, settings)
        assert reply["ok"], reply
        json.dumps(reply)
        return reply

    return ask_


@EVERY
def test_the_command_line(settings, kind, tmp_path, capsys):
    folder, file = str(settings.checkpoints / kind), str(tmp_path / "digit.png")
    Image.open(io.BytesIO(base64.b64decode(picture()))).save(file)
    assert main(["info", folder]) == 0 and kind in capsys.readouterr().out
    assert main(["evaluate", folder, "--dataset", "synthetic", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["bits_per_image"] == 49 * 6 and 1 <= figures["perplexity"] <= K
    assert figures["prior_bits_per_image"] > 0
    assert main(["encode", folder, file, "--output", str(tmp_path / "grid.vq")]) == 0
    assert (
        main(["decode", folder, str(tmp_path / "grid.vq"), "--output", str(tmp_path / "back.png")])
        == 0
    )
    assert main(["reconstruct", folder, file, "--output", str(tmp_path / "sheet.png")]) == 0
    for source in ("prior", "dataset", "random"):
        assert (
            main(
                [
                    "generate",
                    folder,
                    "--from",
                    source,
                    "--count",
                    "4",
                    "--output",
                    str(tmp_path / "s.png"),
                ]
            )
            == 0
        )


@EVERY
def test_edit(settings, kind, ask):
    model = get_checkpoint(kind, settings).model
    opened = ask(edit_open, kind="example", number=1)
    grid = IndexGrid.of(opened["indices"], K)
    shown = np.frombuffer(
        base64.b64decode(ask(edit_commit, indices=grid.tolist())["pixels"]), np.uint8
    )
    assert (
        np.abs(shown - model.decode(torch.tensor(grid.rows)[None]).flatten().numpy() * 255).max()
        <= 0.5001
    )
    assert ask(edit_previews, indices=grid.tolist(), cells=[3], candidates=[0, K - 1])["pixels"]
    cell = ask(edit_cell, indices=grid.tolist(), input=opened["input"], cell=24, effect=True)
    distances = np.frombuffer(base64.b64decode(cell["distances"]), np.float32)
    z_e = torch.tensor(cell["z_e"])
    np.testing.assert_allclose(
        distances, (model.codebook.detach() - z_e).square().sum(1), rtol=1e-3, atol=1e-4
    )
    torch.testing.assert_close(torch.tensor(cell["z_q"]), model.codebook.detach()[cell["held"]])


@EVERY
def test_codebook(kind, ask):
    opened = ask(codebook.codebook_open)
    assert len(opened["counts"]) == K and sum(opened["counts"]) == 60 * 49
    ask(codebook.codebook_drawn)
    assert ask(codebook.codebook_code, code=opened["begin"])["patches"]
    for dimensions in (2, 3):
        shown = ask(codebook.codebook_map, method="pca", dimensions=dimensions)
        assert np.isfinite(shown["codes"]).all() and len(shown["codes"]) == K
    for table in ("codes", "summary", "neighbours"):
        assert ask(codebook.codebook_table, table=table)["text"].endswith("\n")


@EVERY
def test_generate(settings, kind, ask):
    assert ask(generate_open)["prior"]
    reply = ask(generate_sample, label=2, count=2, seed=5, steps=4)
    while "job" in reply:
        reply = ask(generate_sample, label=2, count=2, seed=5, steps=4, job=reply["job"])
    drawn = torch.from_numpy(
        np.frombuffer(base64.b64decode(reply["indices"]), "<u2").astype(np.int64)
    )
    expected = vqvae.sample(get_prior(kind, settings), 2, 2, vqvae.Sampling(steps=4), 5)
    assert torch.equal(drawn.view_as(expected), expected)


@EVERY
def test_reconstruct(kind, ask):
    assert ask(open_model)["codebook_size"] == K
    shown = ask(reconstruct, image=picture(), tidy=False, source="example")
    assert len(shown["indices"]) == 49 and shown["psnr_unquantized"] > 0
    # Without quantization the decoder is given latents in the space of the codes.
    assert shown["unquantized"] != shown["recon"]


@EVERY
def test_programs(settings, kind, client):
    model = get_checkpoint(kind, settings).model
    encoded = client.predict(image=picture(), model=kind, api_name="/encode")
    x = torch.from_numpy(pixels(encoded["input"]).copy())[None, None].float() / 255
    assert (
        torch.tensor(encoded["indices"]).equal(model.encode(x)[0]) and encoded["codebook_size"] == K
    )
    decoded = pixels(
        client.predict(indices=encoded["indices"], model=kind, api_name="/decode")["image"]
    )
    assert (decoded == (model.decode(model.encode(x))[0, 0] * 255).round().numpy()).all()
    drawn = client.predict(model=kind, count=1, label=4, seed=5, api_name="/generate")
    assert np.shape(drawn["indices"]) == (1, 7, 7)


@EVERY
def test_packing_and_links(settings, kind, ask):
    model = get_checkpoint(kind, settings).model
    grid = IndexGrid.of(
        model.encode(torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))), K
    )
    data = packing.to_bytes(grid, K, model.fingerprint())
    assert packing.from_bytes(data) == (grid, model.fingerprint())
    assert (
        ask(edit_open, kind="text", text=ask(edit_share, indices=grid.tolist())["text"])["indices"]
        == grid.tolist()
    )


@EVERY
def test_sharing(settings, kind, tmp_path):
    _, archive = download(kind, settings)
    file = tmp_path / "model.zip"
    file.write_bytes(b"".join(archive))
    model_id = unpack(file, VISITOR, settings)
    there, back = get_checkpoint(kind, settings), get_checkpoint(model_id, settings)
    assert back.model.fingerprint() == there.model.fingerprint() and back.config == there.config


@EVERY
def test_the_model_as_one_file(settings, kind):
    page = to_html(settings.checkpoints / kind)
    assert f'"quantizer": "{kind}"' in page or f'"quantizer":"{kind}"' in page
