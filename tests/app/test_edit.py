"""The Edit tab's server side on small models made here, and its plain scripts against the Python
they mirror."""

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import vqvae
from demo.door import answer
from demo.models import library as models
from demo.page import modules
from demo.settings import Settings
from demo.tabs.edit import questions as edit_requests
from demo.tabs.edit import tab as edit
from demo.tabs.edit.questions import (
    QUESTIONS,
    edit_cell,
    edit_commit,
    edit_model,
    edit_open,
    edit_previews,
    edit_share,
    edit_votes,
)
from tests import grid_edits as edits
from tests.names import own_id
from vqvae.checkpoints.gallery import Gallery
from vqvae.grids import packing
from vqvae.grids.codes import IndexGrid

JS = Path(__file__).parents[1] / "js"
VISITOR = "0123456789abcdef" * 2


def make(path, seed=0, gallery=False, **options):
    """A model with random weights and a codebook spread widely enough that codes differ on the
    picture."""
    config = vqvae.ModelConfig(hidden_channels=8, residual_blocks=1, embedding_dim=4, **options)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = vqvae.build_model(config)
    h, w = config.grid
    K, rng = config.codebook_size, torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.codebook.copy_(torch.randn(K, 4, generator=rng))
    kept = None
    if gallery:
        kept = Gallery(
            indices=torch.randint(K, (5, h, w), generator=rng),
            counts=torch.arange(K),
            position_counts=torch.zeros(h * w, K, dtype=torch.int64),
            latents=torch.zeros(1, 4),
            latent_indices=torch.zeros(1, dtype=torch.int64),
            latent_positions=torch.zeros(1, dtype=torch.int64),
            labels=torch.tensor([3, 1, 4, 1, 5]),
            class_counts=torch.zeros(10, K, dtype=torch.int64),
        )
    vqvae.save_checkpoint(path, model.eval(), training={"dataset": "mnist"}, gallery=kept)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("edit")
    digits = tuple("0123456789")
    make(root / "checkpoints" / "digits", gallery=True, codebook_size=512, classes=digits)
    make(
        root / "checkpoints" / "colour",
        codebook_size=4096,
        downsample=2,
        channels=3,
        height=32,
        width=32,
    )
    make(root / "checkpoints" / "plain", codebook_size=2)
    make(root / "runs" / VISITOR / "a1b2" / "checkpoint", codebook_size=16)
    return Settings(checkpoints=root / "checkpoints", runs=root / "runs", data_dir=root)


@pytest.fixture
def ask(settings):
    """A function (question, model, ...) -> its answer, which must be ok."""

    def ask_(question, model="digits", **request):
        reply = answer(question, {"model": model, "n": 7, **request}, settings)
        assert reply["ok"], reply
        assert reply["n"] == 7
        json.dumps(reply)
        return reply

    return ask_


def grid_of(h=7, w=7, size=512, seed=0):
    return IndexGrid.random((h, w), size, random.Random(seed))


def pixels(text, *shape):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def test_a_commit_is_the_decoders_picture_and_the_grid_as_text(ask, settings):
    grid = grid_of()
    reply = ask(edit_commit, indices=grid.tolist())
    expected = models.get_model("digits", settings).decode(torch.tensor(grid.rows)[None])[0, 0]
    assert np.abs(pixels(reply["pixels"], 28, 28) - expected.numpy() * 255).max() <= 0.5001
    assert packing.from_text(reply["text"]) == grid


@pytest.mark.parametrize(
    "model, h, K, shape", [("digits", 7, 512, (28, 28, 1)), ("colour", 16, 4096, (32, 32, 3))]
)
def test_every_preview_is_what_a_commit_would_show(ask, model, h, K, shape):
    grid, cells, candidates = grid_of(h, h, K), [3, 8, 9], [0, 5, K - 1]
    reply = ask(edit_previews, model, indices=grid.tolist(), cells=cells, candidates=candidates)
    many = pixels(reply["pixels"], 3, *shape)
    for code, picture in zip(candidates, many, strict=True):
        changed = IndexGrid.of(
            edits.cells_set(np.array(grid.rows), [divmod(p, h) for p in cells], code), K
        )
        one = pixels(ask(edit_commit, model, indices=changed.tolist())["pixels"], *shape)
        assert np.abs(one.astype(int) - picture).max() <= 1  # a batch adds up in another order


def test_the_steps_are_the_models_own_numbers(ask, settings):
    model = models.get_model("digits", settings)
    opened = ask(edit_open, kind="example", number=2)
    row, column = 3, 5
    reply = ask(edit_cell, indices=opened["indices"], input=opened["input"], cell=row * 7 + column)
    x = torch.tensor(pixels(opened["input"], 1, 1, 28, 28).copy()).float() / 255
    z_e = model.latents(x)[0, :, row, column]
    expected = ((model.codebook - z_e) ** 2).sum(1)
    distances = torch.frombuffer(
        bytearray(base64.b64decode(reply["distances"])), dtype=torch.float32
    )
    torch.testing.assert_close(distances, expected, rtol=1e-4, atol=1e-4)
    assert (
        reply["nearest"]
        == reply["held"]
        == int(expected.argmin())
        == opened["indices"][row][column]
    )
    assert reply["step"] == pytest.approx(
        float((model.codebook[reply["held"]] - z_e).norm()), abs=1e-4
    )
    similarity = torch.frombuffer(
        bytearray(base64.b64decode(reply["similarity"])), dtype=torch.float32
    )
    assert int(similarity.argmin()) == reply["held"]


@pytest.mark.parametrize(
    "model, h, K, H", [("digits", 7, 512, 28), ("colour", 16, 4096, 32), ("plain", 7, 2, 28)]
)
def test_no_code_moves_a_pixel_outside_the_effect_map_by_much(ask, model, h, K, H):
    grid = grid_of(h, h, K)
    picture = ask(edit_commit, model, indices=grid.tolist())["pixels"]
    effect = ask(edit_cell, model, indices=grid.tolist(), input=picture, cell=h + 2, effect=True)[
        "effect"
    ]
    moved = pixels(effect["map"], H, H) * effect["peak"]  # 0..255 in grey levels
    assert effect["peak"] > 0 and effect["tried"] == min(24, K - 1)
    cell = H // h
    assert moved[cell : 2 * cell, 2 * cell : 3 * cell].max() >= moved[-cell:, -cell:].max()
    reach = moved > 0
    for code in random.Random(1).sample(range(K), min(K, 40)):
        other = ask(
            edit_commit,
            model,
            indices=edits.cells_set(np.array(grid.rows), [(1, 2)], code).tolist(),
        )["pixels"]
        change = np.abs(pixels(other, H, H, -1).astype(int) - pixels(picture, H, H, -1)).max(2)
        assert change[~reach].max(initial=0) <= 0.2 * 255 * effect["peak"] + 1


def test_an_example_belongs_together_with_its_input(ask):
    opened = ask(edit_open, kind="example", number=0)
    assert opened["about"] == "example 0, class 3" and opened["stand_in"]
    again = ask(edit_open, kind="grid", indices=opened["indices"], picture=None)
    assert again["pixels"] == opened["pixels"] and again["stand_in"]


def test_text_json_link_and_png_open_as_the_grid_they_were_made_of(ask):
    grid = grid_of()
    shared = ask(edit_share, indices=grid.tolist())
    link = f"http://127.0.0.1:7860/?model=digits&grid={shared['text']}"
    for text in (
        shared["text"],
        f"  {shared['text']}\n",
        shared["json"],
        link,
        json.dumps(grid.tolist()),
    ):
        assert ask(edit_open, kind="text", text=text)["indices"] == grid.tolist()
    opened = ask(edit_open, kind="picture", file=shared["png"])
    assert opened["indices"] == grid.tolist() and opened["stand_in"]
    assert json.loads(shared["json"])["model"] == "digits"
    saved = base64.b64encode(shared["json"].encode()).decode()
    assert ask(edit_open, kind="picture", file=saved)["indices"] == grid.tolist()


def test_a_picture_is_encoded_as_the_reconstruct_tab_does(ask, settings):
    import io

    from PIL import Image

    from demo.tabs.reconstruct.questions import reconstruct

    sheet = np.full((60, 50, 3), 240, np.uint8)
    sheet[15:45, 22:27] = 20
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    file = base64.b64encode(buffer.getvalue()).decode()
    opened = ask(edit_open, kind="picture", file=file)
    there = answer(
        reconstruct, {"model": "digits", "image": file, "tidy": True, "source": "upload"}, settings
    )
    assert (
        np.ravel(opened["indices"]).tolist() == there["indices"]
        and opened["input"] == there["input"]
    )


def test_a_random_grid_is_the_same_for_the_same_seed(ask):
    first, second, other = (ask(edit_open, kind="random", seed=s)["indices"] for s in (1, 1, 2))
    assert first == second != other


def test_what_is_shared_of_ones_own_model_names_it_without_the_token(ask, settings):
    own = own_id(settings.runs, VISITOR, "a1b2")
    shared = ask(edit_share, own, indices=grid_of(size=16).tolist())
    assert own in shared["json"] and VISITOR not in str(shared)


def test_a_model_is_described_once(ask):
    info = ask(edit_model)
    assert (info["h"], info["w"], info["K"], info["examples"]) == (7, 7, 512, 5)
    assert info["counts"] == list(range(512))
    colour = ask(edit_model, "colour")
    assert colour["counts"] is None and colour["sheet"]["columns"] * colour["sheet"]["rows"] == 4096
    assert len(base64.b64decode(colour["sheet"]["png"])) < 200_000


GOOD = {"model": "digits", "n": 1, "indices": grid_of().tolist(), "kind": "grid", "seed": 0}
BAD_GRIDS = [
    None,
    "x",
    7,
    {},
    [],
    [[0]],
    grid_of(8, 8).tolist(),
    [[0] * 7] * 6,
    [[0] * 8] * 7,
    [[0] * 7] * 6 + [[0] * 6],
    [[512] + [0] * 6] + [[0] * 7] * 6,
    [[-1] + [0] * 6] + [[0] * 7] * 6,
    [[1.0] + [0] * 6] + [[0] * 7] * 6,
    [["0"] + [0] * 6] + [[0] * 7] * 6,
    [[True] + [0] * 6] + [[0] * 7] * 6,
    [[None] + [0] * 6] + [[0] * 7] * 6,
    [[10**400] + [0] * 6] + [[0] * 7] * 6,
    [[[0]] + [0] * 6] + [[0] * 7] * 6,
    ["0000000"] * 7,
]


@pytest.mark.parametrize(
    "question", [edit_commit, edit_previews, edit_cell, edit_share, edit_votes]
)
@pytest.mark.parametrize("indices", BAD_GRIDS)
def test_a_bad_grid_is_refused_with_a_sentence(settings, question, indices):
    refused(settings, question, {**GOOD, "indices": indices}, "grid|index|Row")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("request_", [None, 7, "x", [], True, [GOOD]])
def test_what_is_no_request_is_refused(settings, question, request_):
    refused(settings, question, request_, "not a JSON object")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    "model", [None, 7, "", "../digits", "no-such", "run:x/y", "/etc", "digits\n", ["digits"], {}]
)
def test_a_model_that_is_not_there_is_refused(settings, question, model):
    refused(settings, question, {**GOOD, "model": model}, "model")


@pytest.mark.parametrize(
    "more, message",
    [
        ({"cells": [0], "candidates": []}, "preview takes"),
        ({"cells": [0], "candidates": [512]}, "from 0 to 511"),
        ({"cells": [0], "candidates": [1.5]}, "from 0 to 511"),
        ({"cells": [0], "candidates": [True]}, "from 0 to 511"),
        ({"cells": [0], "candidates": list(range(512))}, "preview takes 1 to 48"),
        ({"cells": [0], "candidates": "12"}, "preview takes"),
        ({"cells": [], "candidates": [1]}, "list of positions"),
        ({"cells": [49], "candidates": [1]}, "from 0 to 48"),
        ({"cells": [-1], "candidates": [1]}, "from 0 to 48"),
        ({"cells": [0] * 1000, "candidates": [1]}, "list of positions"),
        ({"candidates": [1]}, "list of positions"),
    ],
)
def test_a_bad_preview_is_refused(settings, more, message):
    refused(settings, edit_previews, {**GOOD, **more}, message)


@pytest.mark.parametrize(
    "more, message",
    [
        ({"cell": 0}, "28 × 28"),
        ({"cell": 0, "input": "AAAA"}, "28 × 28"),
        ({"cell": 0, "input": "A" * 10**7}, "28 × 28"),
        ({"cell": 0, "input": "é" * 1046}, "28 × 28"),
        ({"cell": 49, "input": base64.b64encode(bytes(784)).decode()}, "positions"),
        ({"cell": None, "input": base64.b64encode(bytes(784)).decode()}, "positions"),
        ({"cell": [0], "input": base64.b64encode(bytes(784)).decode()}, "positions"),
    ],
)
def test_a_bad_cell_is_refused(settings, more, message):
    refused(settings, edit_cell, {**GOOD, **more}, message)


@pytest.mark.parametrize(
    "more, message",
    [
        ({"kind": None}, "opened from example, random, text, link, picture, grid"),
        ({"kind": ["text"]}, "opened from"),
        ({"kind": "example", "number": 5}, "from 0 to 4"),
        ({"kind": "example", "number": "0"}, "from 0 to 4"),
        ({"kind": "random", "seed": -1}, "whole number"),
        ({"kind": "text"}, "Paste"),
        ({"kind": "text", "text": "x" * 300_000}, "at most"),
        ({"kind": "text", "text": ""}, "empty"),
        ({"kind": "text", "text": "hello there"}, "not a grid text"),
        ({"kind": "text", "text": "http://x/?grid="}, "empty"),
        ({"kind": "text", "text": "[[1]]"}, "1 x 1 of 512 codes and the model takes 7 x 7"),
        ({"kind": "text", "text": packing.to_text(grid_of(8, 8))}, "takes 7 x 7 of 512"),
        ({"kind": "text", "text": packing.to_text(grid_of())[:-1]}, "cut short|checksum"),
        ({"kind": "picture"}, "picture"),
        ({"kind": "picture", "file": "!!!"}, "whole"),
        ({"kind": "picture", "file": base64.b64encode(b"<svg>").decode()}, "picture|image|file"),
        (
            {"kind": "grid", "indices": GOOD["indices"], "picture": "javascript:alert(1)"},
            "not a PNG",
        ),
        (
            {"kind": "grid", "indices": GOOD["indices"], "picture": "data:image/png;base64,AAAA"},
            ".",
        ),
    ],
)
def test_a_bad_source_is_refused(settings, more, message):
    refused(settings, edit_open, {**GOOD, **more}, message)


def refused(settings, question, request, message):
    import re

    reply = answer(question, request, settings)
    assert reply["ok"] is False
    assert re.search(message, reply["error"]), reply["error"]
    assert "its log says why" not in reply["error"], "this was not foreseen"
    assert len(reply["error"]) < 400


def test_an_unforeseen_failure_is_logged_and_answered(settings, caplog):
    def breaks(request, settings):
        raise ZeroDivisionError("secret path")

    reply = answer(breaks, {"n": 3}, settings)
    assert (
        reply == {"ok": False, "n": 3, "error": reply["error"]} and "secret" not in reply["error"]
    )
    assert "secret path" in caplog.text


def test_the_tab_hands_its_component_a_model_or_a_grid():
    first, second = edit.show_model("digits"), edit.show_model("digits")
    assert (
        first["model"] == "digits" and first["grid"] is None and first["stamp"] <= second["stamp"]
    )
    handed = {"model": "digits", "indices": [[1]], "input": None}
    assert edit.show_handed(handed)["grid"] == handed
    for nothing in (None, {}, "x"):
        assert not isinstance(edit.show_handed(nothing), dict) or "grid" not in edit.show_handed(
            nothing
        )


def test_the_component_inserts_no_text_as_html():
    mine = modules.imports("demo/tabs/edit/page/main.js")
    for forbidden in ("innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("):
        assert not any(forbidden.encode() in modules.sources()[name] for name in mine)
    for template in ("edit.html", "edit.css"):
        text = (Path(edit_requests.__file__).parent / "page" / template).read_text(encoding="utf-8")
        assert not any(mark in text for mark in ("{{", "${", "`", "\\", "http:", "https:"))


def node(*arguments, **options):
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs node to run the editor's scripts: install nodejs")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=240, check=False, **options
    )


def test_the_scripts_pass_their_own_tests():
    ran = node("--test", str(JS / "editor.test.mjs"), str(JS / "still.test.mjs"))
    assert ran.returncode == 0, ran.stdout


def test_the_scripts_edit_as_numpy_does():
    h, w, rng, asked, expected = 6, 7, random.Random(3), [], []
    for seed in range(60):
        one, two = grid_of(h, w, seed=seed), grid_of(h, w, seed=seed + 1000)
        first, second = np.array(one.rows), np.array(two.rows)
        row, column = rng.randrange(h), rng.randrange(w)
        region = (row, column, rng.randint(1, h - row), rng.randint(1, w - column))
        a, b, code = rng.randrange(h * w), rng.randrange(h * w), rng.randrange(512)
        down, right = rng.randint(-9, 9), rng.randint(-9, 9)
        axis, share = rng.choice(["horizontal", "vertical"]), rng.random()
        order = rng.choice(["rows", "columns", "scattered"])
        named = dict(zip(("row", "column", "rows", "columns"), region, strict=True))
        common = {"flat": one.flat(), "other": two.flat(), "region": named, "h": h, "w": w}
        at, to = divmod(a, w), divmod(b, w)
        for name, more, result in [
            ("fill", {"cells": [a, b], "code": code}, edits.cells_set(first, [at, to], code)),
            ("swap", {"a": a, "b": b}, edits.swapped(first, at, to)),
            ("shift", {"down": down, "right": right}, edits.shifted(first, region, down, right)),
            ("mirror", {"axis": axis}, edits.mirrored(first, region, axis)),
            ("paste", {"at": a}, edits.pasted(first, second, region, at)),
            (
                "interpolate",
                {"share": share, "order": order},
                edits.interpolated(first, second, share, order),
            ),
        ]:
            asked.append({**common, **more, "do": name})
            expected.append(result.ravel().tolist())
    ran = node(str(JS / "edits.mjs"), input=json.dumps(asked))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == expected
