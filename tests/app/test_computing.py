"""What the pages compute themselves is what the server would say."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import vqvae
from demo.door import answer
from demo.models.weights import WEIGHTS
from demo.pictures.images import encode_png
from demo.settings import Settings
from demo.tabs.edit.questions import edit_cell, edit_commit, edit_model, edit_open, edit_previews
from demo.tabs.reconstruct.questions import open_model, reconstruct
from tests.core.test_engine import cannot_run, drawn_config, drawn_model, of_quantizer

PAGE = Path(__file__).resolve().parents[1] / "js" / "computing.mjs"


def in_page(asked: dict) -> list:
    """What the scripts of the page answer, in node."""
    program = shutil.which("node")
    if program is None:
        cannot_run("needs node to run the page's scripts: install nodejs")
    ran = subprocess.run(
        [program, PAGE],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(
    scope="module", params=["mnist", "cifar10", "drawn 3", "drawn 8", "fsq", "residual"]
)
def server(request, tmp_path_factory) -> tuple[Settings, str]:
    """Settings, and the name of a model they have: two shipped ones, and some of random weights."""
    runs = tmp_path_factory.mktemp("runs")
    if request.param in ("mnist", "cifar10"):
        return Settings(runs=runs), request.param
    models, (_, _, seed) = tmp_path_factory.mktemp("models"), request.param.partition(" ")
    config = drawn_config(int(seed)) if seed else of_quantizer(request.param)
    vqvae.save_checkpoint(models / "drawn", drawn_model(config, int(seed or 1)), training={})
    return Settings(runs=runs, checkpoints=models), "drawn"


def bytes_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).astype(int)


def floats_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.float32)


def weights_file(settings: Settings, name: str) -> str:
    return str((settings.checkpoints / name / WEIGHTS).resolve())


def test_the_editor_gets_in_the_page_what_the_server_would_say(server):
    settings, name = server

    def ask(question, **request):
        return answer(question, {"model": name, **request}, settings)

    info = ask(edit_model)
    h, w, K = info["h"], info["w"], info["K"]
    opened = ask(edit_open, kind="random", seed=3)
    rows, flat = opened["indices"], [code for row in opened["indices"] for code in row]
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, info["height"] * info["width"] * info["channels"], dtype=np.uint8)
    cells, candidates = sorted({0, h * w - 1, h * w // 2}), sorted({0, K // 2, K - 1})
    cell = h * w // 2
    text = base64.b64encode(pixels.tobytes()).decode()
    commit, previews, steps = in_page(
        {
            "config": info["config"],
            "weights": weights_file(settings, name),
            "info": info,
            "edit": [
                ["commit", {"flat": flat, "n": 7}],
                ["previews", {"flat": flat, "cells": cells, "candidates": candidates}],
                ["cell", {"flat": flat, "cell": cell, "pixels": pixels.tolist(), "effect": True}],
            ],
        }
    )
    assert commit["ok"] and commit["n"] == 7
    assert np.abs(bytes_of(ask(edit_commit, indices=rows)["pixels"]) - commit["pixels"]).max() <= 1
    said = ask(edit_previews, indices=rows, cells=cells, candidates=candidates)
    assert previews["candidates"] == candidates
    assert np.abs(bytes_of(said["pixels"]) - previews["pixels"]).max() <= 1

    said = ask(edit_cell, indices=rows, input=text, cell=cell, effect=True)
    assert [steps["cell"], steps["held"]] == [cell, flat[cell]]
    for field in ("z_e", "z_q", "step"):
        np.testing.assert_allclose(steps[field], said[field], rtol=1e-4, atol=1e-4, err_msg=field)
    for field in ("distances", "similarity"):
        np.testing.assert_allclose(
            steps[field], floats_of(said[field]), rtol=1e-4, atol=1e-3, err_msg=field
        )
    assert steps["nearest"] == said["nearest"]
    effect, server_effect = steps["effect"], said["effect"]
    assert effect["tried"] == server_effect["tried"]
    if len(set(np.round(steps["similarity"], 9))) < K:
        return  # codes at the same distance may be tried in another order, and others of them
    assert effect["peak"] == pytest.approx(server_effect["peak"], abs=1e-4)
    assert np.abs(bytes_of(server_effect["map"]) - effect["map"]).max() <= 1
    assert abs(effect["moved"] - server_effect["moved"]) <= 2


def strokes(size: tuple[int, int], seed: int, colour: bool) -> Image.Image:
    """A pad that somebody has drawn on: from a dot to lines all over it, with soft edges as a
    canvas draws them."""
    rng, (height, width) = np.random.default_rng(seed), size
    big = Image.new("RGB", (2 * width, 2 * height))
    draw = ImageDraw.Draw(big)
    for _ in range(seed % 4):
        ink = tuple(rng.integers(0, 256, 3).tolist()) if colour else (255, 255, 255)
        points = [tuple(point) for point in (rng.random((4, 2)) * [2 * width, 2 * height]).tolist()]
        draw.line(points, ink, width=int(rng.integers(6, 60)), joint="curve")
    if seed % 5 == 0:
        x, y = rng.integers(20, 200, 2).tolist()
        draw.ellipse((x, y, x + 24, y + 24), (255, 255, 255))
    return big.resize((width, height), Image.Resampling.BOX)


@pytest.fixture(scope="module", params=["mnist", "cifar10", "fashion", "drawn 5"])
def drawn_on(request, tmp_path_factory) -> tuple[Settings, str]:
    """Settings and a model: of digits, of photos, of clothes, and of random weights and no data
    set."""
    runs = tmp_path_factory.mktemp("runs")
    if request.param in ("mnist", "cifar10"):
        return Settings(runs=runs), request.param
    models = tmp_path_factory.mktemp("models")
    if request.param == "fashion":
        model, training = drawn_model(vqvae.load("mnist").config, 1), {"dataset": "fashion-mnist"}
    else:
        model, training = drawn_model(drawn_config(5), 5), {}
    vqvae.save_checkpoint(models / "drawn", model, training=training)
    return Settings(runs=runs, checkpoints=models), "drawn"


def test_a_drawing_becomes_in_the_page_what_it_becomes_on_the_server(drawn_on):
    settings, name = drawn_on
    opened = answer(open_model, {"model": name}, settings)
    height, width = opened["pad"]
    hows = [
        ("drawn", True),
        ("drawn", False),
        ("example", True),
        ("blank", True),
        ("upload", False),
    ]
    pads = [
        (strokes((height, width), seed, opened["size"][2] == 3), *hows[seed % len(hows)])
        for seed in range(24)
    ]
    pads += [(strokes((height, width), seed, False), "drawn", True) for seed in range(24, 36)]
    pads += [(Image.new("RGB", (width, height), "white"), "drawn", True)]
    made = in_page(
        {
            "config": opened["config"],
            "weights": weights_file(settings, name),
            "model": opened,
            "pads": [
                {
                    "source": source,
                    "tidy": tidy,
                    "height": height,
                    "width": width,
                    "data": base64.b64encode(np.asarray(image.convert("RGBA")).tobytes()).decode(),
                }
                for image, source, tidy in pads
            ],
        }
    )
    nothing = 0
    for (image, source, tidy), here in zip(pads, made, strict=True):
        png = base64.b64encode(encode_png(np.asarray(image.convert("RGBA")))).decode()
        there = answer(
            reconstruct, {"model": name, "image": png, "source": source, "tidy": tidy}, settings
        )
        assert here["ok"] and there["ok"], (here, there)
        if "nothing" in there:
            assert here["nothing"] == there["nothing"]
            nothing += 1
            continue
        assert here["did"] == there["did"]
        assert (bytes_of(there["input"]) == here["input"]).all(), (
            "the input is the server's, pixel for pixel"
        )
        assert here["indices"] == there["indices"]
        for picture in ("recon", "unquantized", "error"):
            assert np.abs(bytes_of(there[picture]) - here[picture]).max() <= 1, picture
        if there["latents"] is not None:
            np.testing.assert_allclose(
                here["latents"], floats_of(there["latents"]), rtol=1e-3, atol=1e-3
            )
        for figure in ("psnr", "ssim", "psnr_unquantized"):
            assert here[figure] == pytest.approx(there[figure], abs=1e-2), figure
    assert 0 < nothing < 12
