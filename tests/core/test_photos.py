"""Pictures of any size through a small model: whole, in tiles, on the command line."""

import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from vqvae.__main__ import main
from vqvae.checkpoints.checkpoint import save_checkpoint
from vqvae.config import ModelConfig
from vqvae.data.pictures import read_whole_picture
from vqvae.grids.photos import code_photo
from vqvae.nn.build import build_model

CONFIG = ModelConfig(
    channels=3, height=16, width=16, hidden_channels=8, residual_blocks=1, codebook_size=16
)


@pytest.fixture(scope="module")
def model():
    return build_model(CONFIG).eval()


def picture(*size, seed=0):
    return torch.rand(3, *size, generator=torch.Generator().manual_seed(seed))


def test_a_photo_of_256_pixels_becomes_64_codes_a_side_and_comes_back(model):
    photo = code_photo(model, picture(256, 256))
    assert photo.indices.shape == (64, 64) and photo.x_recon.shape == (3, 256, 256)
    assert photo.bits == 64 * 64 * 4 and photo.ratio == pytest.approx(256 * 256 * 24 / photo.bits)
    assert photo.psnr == pytest.approx(
        10 * np.log10(1 / (photo.x_recon - photo.x).square().mean().item()), abs=1e-3
    )


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("size", [(16, 16), (50, 33), (5, 70)])
def test_any_size_keeps_its_size(model, size, tiled):
    photo = code_photo(model, picture(*size), tiled=tiled)
    step = 16 if tiled else 4
    assert photo.x_recon.shape == (3, *size)
    assert photo.indices.shape == tuple(-(-side // step) * step // 4 for side in size)


def test_tiles_are_what_the_model_makes_of_each_alone(model):
    x = picture(32, 48)
    photo = code_photo(model, x, tiled=True)
    corner = x[:, 16:32, 32:48]
    assert torch.equal(photo.indices[4:8, 8:12], model.encode(corner))
    torch.testing.assert_close(photo.x_recon[:, 16:32, 32:48], model.decode(model.encode(corner)))


def test_whole_pictures_are_read_at_their_size_or_scaled_down(tmp_path):
    Image.new("RGB", (300, 120), "red").save(tmp_path / "a.png")
    assert read_whole_picture((tmp_path / "a.png").read_bytes(), 3, 1024).shape == (3, 120, 300)
    assert read_whole_picture((tmp_path / "a.png").read_bytes(), 1, 100).shape == (1, 40, 100)


@pytest.mark.parametrize("flag", ["--whole", "--tiles"])
def test_the_command_line_writes_a_sheet_of_whole_pictures(tmp_path, capsys, model, flag):
    save_checkpoint(tmp_path / "model", model)
    for name, size in (("a", (64, 40)), ("b", (30, 90))):
        Image.effect_noise(size, 60).convert("RGB").save(tmp_path / f"{name}.png")
    assert (
        main(
            [
                "reconstruct",
                str(tmp_path / "model"),
                str(tmp_path / "a.png"),
                str(tmp_path / "b.png"),
                flag,
                "--output",
                str(tmp_path / "sheet.png"),
            ]
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert (
        "40 x 64 pixels as " in lines[0] and "times smaller; psnr" in lines[0] and len(lines) == 3
    )
    assert Image.open(tmp_path / "sheet.png").width >= 3 * 90


def test_a_model_without_codes_and_no_picture_are_refused(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"no picture")
    save_checkpoint(tmp_path / "model", build_model(CONFIG))
    assert (
        main(
            [
                "reconstruct",
                str(tmp_path / "model"),
                str(tmp_path / "a.png"),
                "--whole",
                "--output",
                str(tmp_path / "o.png"),
            ]
        )
        == 1
    )
    assert "a.png" in capsys.readouterr().err and not (tmp_path / "o.png").exists()
    assert vqvae.load(tmp_path / "model").config.channels == 3
