"""The small models of MNIST for "what if": complete, small, in half precision, and told truly by
their index."""

import json

import pytest
import torch
from safetensors import safe_open

import vqvae
from vqvae.checkpoints.checkpoint import SHIPPED, list_checkpoints, read_info

MINIS = SHIPPED / "minis"
CODES, SIDES = (4, 16, 64, 256, 512), (4, 7, 14)
NAMES = [f"k{codes}-{side}x{side}" for codes in CODES for side in SIDES]
INDEX = json.loads((MINIS / "index.json").read_text("utf-8"))
MODELS = {model["name"]: model for model in INDEX["models"]}


def test_there_is_one_for_each_number_of_codes_and_each_grid():
    assert sorted(MODELS) == sorted(NAMES) == sorted(path.name for path in list_checkpoints(MINIS))
    assert INDEX["dataset"] == "mnist" and INDEX["split"] == "test" and INDEX["images"] == 10_000


@pytest.mark.parametrize("name", NAMES)
def test_a_small_model_is_what_the_index_says(name):
    file, told, info = MINIS / name / "model.safetensors", MODELS[name], read_info(f"minis/{name}")
    assert file.stat().st_size == told["bytes"] < 150_000
    assert (info["codebook_size"], info["grid"], info["height"]) == (
        told["codebook_size"],
        told["grid"],
        28,
    )
    assert name == f"k{told['codebook_size']}-{told['grid'][0]}x{told['grid'][1]}"
    assert {
        figure: info["metrics"][figure] for figure in ("mse", "psnr", "ssim", "perplexity", "usage")
    } == {figure: told[figure] for figure in ("mse", "psnr", "ssim", "perplexity", "usage")}
    with safe_open(file, framework="pt") as opened:
        kinds = {opened.get_slice(key).get_dtype() for key in opened.keys()}  # noqa: SIM118 (no mapping)
    assert "F16" in kinds and "F32" not in kinds
    model = vqvae.load(f"minis/{name}")
    generator = torch.Generator().manual_seed(0)
    x = model.decode(torch.randint(told["codebook_size"], (3, *told["grid"]), generator=generator))
    assert x.shape == (3, 1, 28, 28) and model.encode(x).shape == (3, *told["grid"])


def test_more_codes_and_more_cells_show_more():
    for side in SIDES:
        psnr = [MODELS[f"k{codes}-{side}x{side}"]["psnr"] for codes in CODES]
        assert psnr == sorted(psnr), side
    for codes in CODES:
        psnr = [MODELS[f"k{codes}-{side}x{side}"]["psnr"] for side in SIDES]
        assert psnr == sorted(psnr), codes
    assert all(model["usage"] > 0.9 for model in MODELS.values())


def test_they_are_no_models_of_the_picker():
    assert not any(
        path.name == "minis" or path.parent.name == "minis" for path in list_checkpoints(SHIPPED)
    )
