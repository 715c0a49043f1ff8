"""Quantizers beside those of vector-quantize-pytorch: `python benchmarks/quantizer_speed.py`.

Prints one JSON line a quantizer and size: how many times as fast a training step of ours is,
forward and backward through the quantizer alone, on the CPU. Both take the same latents, 128
pictures of 7 x 7 cells, and do the same: where theirs has no such option (k-means, restarts), ours
has it off. Steps of the two alternate; the figure is the ratio of their medians. The other package
is installed at the first run, into a folder of the benchmark's own, `outputs/quantizer_speed`. Some
2 minutes.
"""

from __future__ import annotations

import argparse
import importlib
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import report  # noqa: E402 (beside this file)
from running import run  # noqa: E402

FOLDER = ROOT / "outputs" / "quantizer_speed"
PACKAGES = ("vector-quantize-pytorch==1.32.0", "torch-einops-utils", "einops", "einx", "frozendict",
            "loguru")  # fmt: skip
"""Without what they need: torch is here already."""
NAMES = ("ema", "codebook_loss", "rotation", "fsq", "lfq", "bsq", "simvq", "residual")
SIZES = (512, 8192)
D = 8
LATENTS = (128, 7, 7)
SECONDS = 4.0
"""Of each pair."""
WARM_UP = 3
GRIDS = {512: (8, 8, 8), 8192: (16, 16, 32)}
STAGES = {512: (23, 22), 8192: (91, 90)}


def main() -> None:
    """Every quantizer at every size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each pair (default: 4)")
    args = parser.parse_args()
    install()
    for name in args.only:
        for size in SIZES:
            ratio, ours, theirs = compare(name, size, args.seconds)
            report(
                f"{name}_{size}_codes_times_as_fast",
                ratio,
                "times",
                ">= 1",
                f"python benchmarks/quantizer_speed.py --only {name}",
                ms=round(1000 * ours, 3),
                ms_theirs=round(1000 * theirs, 3),
            )


def install() -> None:
    """The other package, where no earlier run has left it."""
    if not FOLDER.is_dir():
        print(f"Installing {PACKAGES[0]} into {FOLDER}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*command, str(FOLDER), *PACKAGES], check=True, stdout=sys.stderr)
    sys.path.append(str(FOLDER))


def makers(size: int) -> dict[str, tuple[Callable, Callable]]:
    """By name: our quantizer and theirs with so many codes, each a function that makes it."""
    theirs = importlib.import_module("vector_quantize_pytorch")  # no requirement of ours
    from vqvae.config import ModelConfig
    from vqvae.nn.build import build_quantizer

    def ours(**settings):
        plain = {"kmeans_start": False, "restart_threshold": 0.0}
        return lambda: build_quantizer(
            ModelConfig(**{"codebook_size": size, "embedding_dim": D, **plain, **settings})
        )

    bits = (size - 1).bit_length()
    signs = {"embedding_dim": bits}
    learned = {"learnable_codebook": True, "ema_update": False}

    def vq(**settings):
        return lambda: theirs.VectorQuantize(
            D, size, decay=0.99, accept_image_fmap=True, **{"rotation_trick": False, **settings}
        )

    def lfq(**settings):
        return lambda: theirs.LFQ(dim=bits, codebook_size=size, **settings)

    def fsq():
        return theirs.FSQ(list(GRIDS[size]))

    def residual():
        return theirs.ResidualVQ(
            dim=D,
            codebook_size=STAGES[size],
            decay=0.99,
            rotation_trick=False,
        )

    def simvq():
        return theirs.SimVQ(dim=D, codebook_size=size, channel_first=True, rotation_trick=False)

    return {
        "ema": (ours(), vq()),
        "codebook_loss": (ours(quantizer="gradient"), vq(**learned)),
        "rotation": (ours(gradient_estimator="rotation"), vq(rotation_trick=True)),
        "fsq": (ours(quantizer="fsq", levels=GRIDS[size], embedding_dim=3), fsq),
        "lfq": (ours(quantizer="lfq", **signs), lfq()),
        "bsq": (ours(quantizer="bsq", **signs), lfq(spherical=True)),
        "simvq": (ours(quantizer="simvq"), simvq),
        "residual": (
            ours(quantizer="residual", codebook_size=math.prod(STAGES[size]), levels=STAGES[size]),
            residual,
        ),
    }


def compare(name: str, size: int, seconds: float) -> tuple[float, float, float]:
    """How many times as fast ours is, and the medians of both, seconds per step."""
    import torch

    torch.manual_seed(0)
    make_ours, make_theirs = makers(size)[name]
    ours, theirs = make_ours().train(), make_theirs().train()
    batch, height, width = LATENTS
    z_e = torch.randn(batch, ours.embedding_dim, height, width)

    def step_ours() -> None:
        x = z_e.clone().requires_grad_()
        out = ours(ours.squash(x))
        losses = (out.commitment_loss, out.codebook_loss, out.entropy_loss)
        (out.z_q.square().mean() + sum(losses)).backward()

    def step_theirs() -> None:
        x = z_e.clone().requires_grad_()
        # Of theirs the residual one takes no maps of features, only cells in a row (B, N, D).
        z_q, *rest = theirs(x.flatten(2).transpose(1, 2) if name == "residual" else x)
        losses = [one.sum() for one in rest if one.is_floating_point()]
        (z_q.square().mean() + sum(losses)).backward()

    took: dict[Callable, list[float]] = {step_ours: [], step_theirs: []}
    for step in took:
        for _ in range(WARM_UP):
            step()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for step, times in took.items():
            begun = time.perf_counter()
            step()
            times.append(time.perf_counter() - begun)
    first, second = (statistics.median(times) for times in took.values())
    return second / first, first, second


if __name__ == "__main__":
    run(main)
