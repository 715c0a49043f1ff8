"""The engine in the page says what PyTorch says: on every shipped VQ-VAE, and on configurations
drawn at random."""

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import vqvae
from vqvae import engine, metrics
from vqvae.analysis.statistics import draw_codes
from vqvae.checkpoints import checkpoint as checkpoints
from vqvae.config import DOWNSAMPLES, ModelConfig
from vqvae.nn.build import build_model
from vqvae.quantizers import QUANTIZERS

ROOT = Path(__file__).resolve().parents[2]
JS = ROOT / "tests" / "js" / "engine"
SHIPPED = [
    path.name
    for path in checkpoints.list_checkpoints(checkpoints.SHIPPED)
    if json.loads((path / "config.json").read_text())["kind"] == "vqvae"
]
MINIS = [f"minis/k16-{side}x{side}" for side in (4, 7, 14)]
"""Of the small models, one for each grid: their files are read as they are, in half precision."""
TIE = 1e-5
"""Squared distances that differ by less are a tie: which code wins is then a matter of rounding."""


def cannot_run(reason: str) -> None:
    """What cannot run fails where it must not be missed (CI=true), and is skipped elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def node(*arguments) -> subprocess.CompletedProcess:
    program = shutil.which("node")
    if program is None:
        cannot_run("needs node to run the engine: install nodejs")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False
    )


def drawn_config(seed: int) -> ModelConfig:
    """A small configuration, sides and widths that are odd or one among them."""
    rng = random.Random(seed)
    downsample = rng.choice(DOWNSAMPLES)
    return ModelConfig(
        channels=rng.choice([1, 3]),
        downsample=downsample,
        height=downsample * rng.randint(1, 7),
        width=downsample * rng.randint(1, 7),
        hidden_channels=rng.randint(8, 26),
        residual_blocks=rng.randint(0, 4),
        embedding_dim=rng.randint(1, 9),
        codebook_size=rng.choice([2, 3, 5, 16, 63, 600]),
        quantizer=rng.choice(["ema", "gradient"]),
    )


def of_quantizer(quantizer: str) -> ModelConfig:
    """The same networks with each kind, odd and even levels among its codebooks."""
    dim = {"fsq": 3, "lfq": 6, "bsq": 6}.get(quantizer, 5)
    levels = {"fsq": (5, 4, 2), "residual": (5, 4, 2)}.get(quantizer, ())
    return ModelConfig(
        height=16,
        width=20,
        hidden_channels=12,
        residual_blocks=2,
        embedding_dim=dim,
        codebook_size=64 if dim == 6 else 40,
        quantizer=quantizer,
        levels=levels,
    )


def drawn_model(config: ModelConfig, seed: int, dtype: torch.dtype = torch.float32):
    """Every weight at random, so that none is idle (a fresh block is the identity), and rounded to
    `dtype`."""
    model, generator = build_model(config, seed).eval(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point() and not name.startswith("quantizer"):
                around = 1.0 if value.ndim == 1 and name.endswith("weight") else 0.0
                value.copy_(around + 0.2 * torch.randn(value.shape, generator=generator))
            value.copy_(value.to(dtype) if value.is_floating_point() else value)
        spread = model.latents(
            torch.rand(8, config.channels, config.height, config.width, generator=generator)
        )
        rows = spread.movedim(1, -1).reshape(-1, config.embedding_dim)
        for name in ("codebook", "frozen", "stages", "basis"):
            if name in model.quantizer.state_dict():
                table = getattr(model.quantizer, name)
                codes = rows[torch.randint(len(rows), table.shape[:1], generator=generator)]
                table.copy_((codes + 0.1 * torch.randn(codes.shape, generator=generator)).to(dtype))
    return model


def write_case(folder: Path, model, x: torch.Tensor, dtype: torch.dtype = torch.float32) -> Path:
    """What answers.mjs reads. x float (B, C, H, W)."""
    folder.mkdir(parents=True)
    checkpoints.write_json(folder / "config.json", {"format": 1, **model.config.to_dict()})
    state = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }
    checkpoints.write_tensors(folder / "model.safetensors", state)
    (folder / "x.f32").write_bytes(channels_last(x).tobytes())
    return folder


def channels_last(x: torch.Tensor) -> np.ndarray:
    """float (B, C, H, W) -> float32 (B, H, W, C)."""
    return x.movedim(1, -1).contiguous().float().numpy()


def check_case(folder: Path, model, x: torch.Tensor) -> tuple[int, float]:
    """Holds the answers beside PyTorch's; how many indices are ties decided otherwise, and the
    largest difference of a pixel of the same grid, in 1."""

    def answer(name: str, shape: tuple[int, ...]) -> np.ndarray:
        return np.fromfile(folder / f"{name}.f64", np.float64).reshape(shape)

    n, config = len(x), model.config
    z = model.latents(x)
    indices = torch.from_numpy(answer("indices", (n, *config.grid))).long()
    np.testing.assert_allclose(
        answer("latents", (n, *config.grid, config.embedding_dim)),
        channels_last(z),
        atol=1e-4 * float(z.abs().max()),
    )
    distances = model.quantizer.distances(z.movedim(1, -1))
    gap = distances.gather(-1, indices[..., None])[..., 0] - distances.amin(-1)
    assert float(gap.max()) <= TIE * max(1.0, float(z.square().sum(1).max())), (
        "a code that is not the nearest"
    )
    pictures, shape = model.decode(indices), (n, config.height, config.width, config.channels)
    worst = np.abs(answer("pictures", shape) - channels_last(pictures)).max()
    worst = max(
        worst, np.abs(answer("unquantized", shape) - channels_last(model.decode_latents(z))).max()
    )
    errors = (x - pictures).abs().mean(1)
    np.testing.assert_allclose(answer("errors", errors.shape), errors, atol=1e-4)
    figures = torch.stack([f(pictures, x) for f in (metrics.mse, metrics.psnr, metrics.ssim)], 1)
    np.testing.assert_allclose(
        json.loads((folder / "figures.json").read_text()), figures, rtol=1e-3, atol=1e-4
    )
    tiles = np.fromfile(folder / "tiles.u8", np.uint8).astype(int)
    drawn = channels_last(draw_codes(model)).ravel() * 255
    assert np.abs(tiles - drawn).max() <= 0.51
    return int((indices != model.encode(x)).sum()), float(worst)


@pytest.fixture(scope="module")
def cases(tmp_path_factory, small_sets):
    """Every case by its name: (folder, model, pictures), answered by the engine in one process."""
    root, generator, made = tmp_path_factory.mktemp("engine"), torch.Generator().manual_seed(0), {}

    def add(name: str, model, x: torch.Tensor, dtype: torch.dtype = torch.float32) -> None:
        made[name] = (write_case(root / name, model, x, dtype), model, x)

    for name in SHIPPED:
        shipped = vqvae.load_checkpoint(name)
        add(name, shipped.model, shipped.model.decode(shipped.gallery.indices[:40:2]))
    for name in MINIS:
        mini = vqvae.load(name)
        indices = torch.randint(
            mini.config.codebook_size, (8, *mini.config.grid), generator=generator
        )
        add(name, mini, mini.decode(indices), torch.float16)
        shutil.copyfile(
            checkpoints.SHIPPED / name / "model.safetensors", made[name][0] / "model.safetensors"
        )
    for seed in range(20):
        config = drawn_config(seed)
        x = torch.rand(3, config.channels, config.height, config.width, generator=generator)
        add(f"drawn-{seed}", drawn_model(config, seed), x)
    for quantizer in QUANTIZERS:
        x = torch.rand(3, 1, 16, 20, generator=generator)
        add(quantizer, drawn_model(of_quantizer(quantizer), 7), x)
    for dtype in (torch.float16, torch.bfloat16):
        config = drawn_config(99)
        x = torch.rand(3, config.channels, config.height, config.width, generator=generator)
        add(str(dtype), drawn_model(config, 99, dtype), x, dtype)
    ran = node(JS / "answers.mjs", *(folder for folder, _, _ in made.values()))
    assert ran.returncode == 0, ran.stderr
    return made


NAMES = [
    *SHIPPED,
    *MINIS,
    *(f"drawn-{seed}" for seed in range(20)),
    *QUANTIZERS,
    "torch.float16",
    "torch.bfloat16",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_answers_as_pytorch_does(cases, name):
    otherwise, worst = check_case(*cases[name])
    assert worst <= 1 / 255
    assert otherwise == 0 or name not in SHIPPED


def test_the_modules_are_found():
    modules = engine.modules()
    assert {"model.js", "client.js", "worker.js"} <= set(modules)
    assert all(
        (engine.FOLDER / name).read_text(encoding="utf-8") == text for name, text in modules.items()
    )


def test_the_engines_own_tests_pass():
    ran = node("--test", JS / "engine.test.mjs")
    assert ran.returncode == 0, ran.stdout


def test_the_engine_stays_small_enough_to_be_read():
    """780 lines of code as the formatter lays them out (which makes a third more of them than they
    were by hand), for what computes: without comments and the questions between page and
    worker."""
    lines = 0
    for name, text in engine.modules().items():
        if name not in ("answering.js", "worker.js", "client.js", "metrics.js"):
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
            lines += sum(
                1
                for line in code.splitlines()
                if line.strip() and not line.strip().startswith("//")
            )
    assert lines <= 780
