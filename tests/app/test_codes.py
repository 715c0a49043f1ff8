"""The card of a code: what the server says of a model's codes, what the page makes of it, and the way
to the Edit tab; and the thumbnails of the model picker."""

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from demo import door
from demo.models import thumbnails
from demo.models.library import ModelError
from demo.page.codes import questions
from demo.page.codes.questions import codes_open, open_in_editor
from demo.page.picking.component import model_thumbnail
from demo.settings import Settings
from vqvae.data.imageset import ImageSet

PAGE = Path(__file__).parent.parent / "js" / "codes.mjs"
K, DEAD = 16, 3


def save(folder, *, gallery=True, channels=1, size=28):
    """A checkpoint of random weights, measured on noise; code DEAD is far from every latent."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = vqvae.ModelConfig(
            height=size, width=size, channels=channels, hidden_channels=8, residual_blocks=0,
            embedding_dim=4, codebook_size=K, classes=tuple("0123456789"),
        )  # fmt: skip
        model = vqvae.build_model(config).eval()
        images = torch.randint(0, 256, (30, channels, size, size), dtype=torch.uint8)
    with torch.no_grad():
        model.codebook[DEAD] = 1e3
    data = ImageSet("mnist", "test", images, torch.arange(30) % 10, config.classes)
    evaluation, found = vqvae.evaluate(model, data)
    vqvae.save_checkpoint(
        folder,
        model,
        metrics=evaluation.to_dict(),
        training={"dataset": "mnist"},
        gallery=found if gallery else None,
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("codes")
    save(root / "models/plain")
    save(root / "models/bare", gallery=False)
    save(root / "models/large", channels=3, size=96)
    shutil.copytree("checkpoints/mnist-ae", root / "models/ae")
    return Settings(checkpoints=root / "models", runs=root / "runs")


def ask(settings, model, question=codes_open):
    return door.answer(question, {"model": model, "n": 1}, settings)


def checkpoint(settings, model):
    return vqvae.load_checkpoint(settings.checkpoints / model)


def in_page(library, codes, cannot_run=pytest.skip):
    """What the page says of some codes, in node."""
    program = shutil.which("node")
    if program is None:
        cannot_run("needs node to run the page's scripts: install nodejs")
    sent = json.dumps({"library": library, "codes": codes})
    ran = subprocess.run(
        [program, PAGE], input=sent, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_page_finds_the_neighbours_that_the_core_finds(settings):
    library, codebook = (
        ask(settings, "plain"),
        checkpoint(settings, "plain").model.codebook.detach(),
    )
    unit = torch.nn.functional.normalize(codebook, dim=1)
    measures = {"euclidean": torch.cdist(codebook, codebook).square(), "cosine": 1 - unit @ unit.T}
    for code, told in enumerate(in_page(library, list(range(K)))):
        for name, distances in measures.items():
            others = distances[code].scatter(0, torch.tensor(code), torch.inf)
            values, neighbours = others.topk(5, largest=False)
            assert [k for k, _ in told[name]] == neighbours.tolist()
            assert [d for _, d in told[name]] == pytest.approx(values.tolist(), rel=1e-4, abs=1e-5)


def test_use_is_told_in_words(settings):
    counts = checkpoint(settings, "plain").gallery.counts
    most = int(counts.argmax())
    library = ask(settings, "plain")
    often, dead = in_page(library, [most, DEAD])
    ratio = int(counts[most]) * K / int(counts.sum())
    assert often["use"] == (
        f"Chosen {int(counts[most]):,} times in 30 test pictures of MNIST: {ratio:.1f} times "
        f"an equal share. Most used of {K}."
    )
    assert dead["use"].startswith("A dead code: no cell of 30 test pictures of MNIST chose it.")
    assert in_page(ask(settings, "bare"), [0])[0]["use"].startswith("Nothing was counted")


def test_a_codebook_too_large_for_a_page_stays_on_the_server(settings, monkeypatch):
    monkeypatch.setattr(questions, "MOST_FLOATS", K * 4 - 1)
    library = ask(settings, "plain")
    assert library["ok"] and library["codebook"] is None and library["sheet"]["png"]
    [told] = in_page(library, [0])
    assert told["euclidean"] is None and told["use"].startswith("Chosen ")


@pytest.mark.parametrize(
    ("model", "words"),
    [("ae", "no codebook"), ("gone", "not here any more"), ("../x", "not the name"), (5, "name")],
)
def test_where_there_are_no_codes_a_sentence_says_so(settings, model, words):
    reply = ask(settings, model)
    assert not reply["ok"] and words in reply["error"]


def test_the_editor_gets_a_picture_that_holds_the_code(settings):
    indices = checkpoint(settings, "plain").gallery.indices
    code = int(indices[7].flatten()[0])
    grid, tabs = open_in_editor(settings, {"model": "plain", "code": code})
    rows = torch.tensor(grid["indices"])
    assert int((rows == code).sum()) == int((indices == code).flatten(1).sum(1).max())
    assert (grid["model"], grid["code"], tabs.selected) == ("plain", code, "edit")
    held, _ = open_in_editor(settings, {"model": "plain", "code": DEAD})
    assert held["indices"][3][3] == DEAD, "in the middle of a picture that has other codes"
    alone, _ = open_in_editor(settings, {"model": "bare", "code": 5})
    assert {code for row in alone["indices"] for code in row} == {5}


@pytest.mark.parametrize("code", [K, -1, True, "1", None])
def test_what_is_no_code_opens_nothing(settings, code):
    assert open_in_editor(settings, {"model": "plain", "code": code}) == (gr.skip(), gr.skip())
    assert open_in_editor(settings, {"model": "ae", "code": 0}) == (gr.skip(), gr.skip())


def test_the_editor_of_a_model_that_is_gone_is_a_sentence(settings):
    with pytest.raises(gr.Error, match="not here any more"):
        open_in_editor(settings, {"model": "gone", "code": 0})


# -- thumbnails ------------------------------------------------------------------------------------


def picture_of(settings, model) -> Image.Image:
    png = ask(settings, model, model_thumbnail)["png"]
    return Image.open(io.BytesIO(base64.b64decode(png)))


def test_a_thumbnail_is_what_the_model_makes_of_four_test_pictures(settings):
    picture = picture_of(settings, "plain")
    assert picture.size == (56, 56) and picture.mode == "L"
    loaded = checkpoint(settings, "plain")
    made = loaded.model.decode(loaded.gallery.indices[[0, 2, 4, 6]]).detach()[:, 0]
    pixels = torch.tensor(np.asarray(picture), dtype=torch.float32)
    for place, one in enumerate(made):
        top, left = 28 * (place // 2), 28 * (place % 2)
        assert torch.allclose(pixels[top : top + 28, left : left + 28], one * 255, atol=1)


def test_a_large_picture_is_made_small(settings):
    assert picture_of(settings, "large").size == (2 * thumbnails.MOST_SIDE,) * 2


def test_a_thumbnail_is_drawn_once_and_costs_no_visitor_a_loaded_model(settings, monkeypatch):
    thumbnails.thumbnail("plain", settings)
    monkeypatch.setattr(vqvae, "load_checkpoint", None)
    assert thumbnails.thumbnail("plain", settings)


def test_without_test_pictures_there_is_none(settings):
    assert ask(settings, "bare", model_thumbnail)["png"] == ""
    assert ask(settings, "ae", model_thumbnail)["png"] == ""
    with pytest.raises(ModelError):
        thumbnails.thumbnail("gone", settings)
    assert "not here" in ask(settings, "gone", model_thumbnail)["error"]
