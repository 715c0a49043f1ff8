"""Two processes with torchrun: one codebook on both, the losses and the codebook of one process,
one who saves; in memory that they share, and without."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vqvae import distributed, shared_memory
from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.data.imageset import ImageSet
from vqvae.nn.build import build_model
from vqvae.nn.quantizers.codebook_loss import VectorQuantizer
from vqvae.quantizers import QUANTIZERS
from vqvae.training.training import Training

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
from test_distributed import QUANTIZERS, loop_of_ones_own, run_of
from test_distributed import train_and_write, use_shared_memory
from vqvae.cli.launch import leave
from vqvae import distributed, shared_memory
from vqvae.__main__ import main
with distributed.process_group("cpu"):
    assert (distributed._shared is not None) == shared_memory.ROOT.is_dir()
    for quantizer in QUANTIZERS:
        train_and_write(quantizer, Path({folder!r}))
    use_shared_memory()
    loop_of_ones_own()
    shared, distributed._shared = distributed._shared, None
    train_and_write("ema", Path({folder!r}), "gloo")
    distributed._shared = shared
    training, done = run_of("ema"), 0
    for done, _ in enumerate(training.steps(), 1):
        if done == 2 and distributed.rank() == 1:
            training.ask_to_stop()
    assert done == 3, "both end after the same step, the one in which the other hears of it"
    code = main(["train", "--dataset", {images!r}, "--size", "8", "--channels", "1", "--steps", "6",
                 "--batch-size", "8", "--hidden-channels", "8", "--residual-blocks", "1",
                 "--codebook-size", "4", "--device", "cpu", "--output", {output!r}])
leave(code)
"""


def run_of(quantizer: str) -> Training:
    """Twelve steps with restarts."""
    pixels = torch.randint(
        0, 256, (50, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    # More codes than the first batch can keep busy, so that codes die and are restarted at every
    # step.
    model = ModelConfig(
        height=8,
        width=8,
        hidden_channels=8,
        residual_blocks=1,
        codebook_size=64,
        embedding_dim=6 if quantizer in ("lfq", "bsq") else 4,
        quantizer=quantizer,
        restart_threshold=0.9,
    )
    return Training(
        build_model(model),
        ImageSet("made", "train", pixels),
        TrainingConfig(steps=12, batch_size=16, device="cpu", dataset="made", precision="float32"),
    )


def train_and_write(quantizer: str, folder: Path, note: str = "") -> None:
    """The records and the weights go to files of this process."""
    training, begin = run_of(quantizer), time.perf_counter()
    records = [record.to_dict() for record in training.steps()]
    wall = time.perf_counter() - begin
    name = f"{quantizer}{note}-{distributed.rank()}-of-{distributed.world_size()}"
    (folder / f"{name}.seconds").write_text(str(wall))
    (folder / f"{name}.json").write_text(json.dumps(records))
    save_file(
        {k: v.contiguous() for k, v in training.model.state_dict().items()},
        folder / f"{name}.safetensors",
    )


def use_shared_memory() -> None:
    """What goes right and wrong between two processes; an assertion that fails ends the launcher
    with an error."""
    first = distributed.is_main()
    if not shared_memory.ROOT.is_dir():
        return
    shared = shared_memory.share_memory()
    shared.sum(torch.zeros(1))  # both have come out of it
    assert not list(shared_memory.ROOT.glob("vqvae-*")), "nothing stays in the file system"
    for number in range(40):  # sizes that change, and one process or the other ahead
        size = 1 + 977 * number
        mine = [
            torch.randn(size, generator=torch.Generator().manual_seed(2 * number + rank))
            for rank in (0, 1)
        ]
        if number % 2 == first:
            time.sleep(0.002)
        assert torch.equal(shared.sum(mine[distributed.rank()]), mine[0] + mine[1])
    ones = torch.ones(shared_memory.CAPACITY + 1)  # more than the memory takes
    assert torch.equal(distributed.all_reduce_sum(ones)[0], 2 * ones)
    missing, there = Path("/no/such/folder"), shared_memory.ROOT
    shared_memory.ROOT = missing if first else there  # too little room on the first
    assert shared_memory.share_memory() is None
    shared_memory.ROOT, map_ = there, shared_memory._map
    if not first:
        shared_memory._map = lambda folder: map_(missing)  # the second runs on another machine
    assert shared_memory.share_memory() is None
    shared_memory._map = map_
    if first:
        with contextlib.suppress(ConnectionError):
            shared.sum(ones[:1])
            raise AssertionError("the other has ended, which must be told")
    shared.close()


def loop_of_ones_own() -> None:
    """DistributedDataParallel with another seed in each process, no generators: every restarted
    code must be a vector that an encoder gave, and the same in both processes."""
    placed, place = [], VectorQuantizer._place

    def noted(quantizer, which, vectors, count):
        placed.append(vectors)
        place(quantizer, which, vectors, count)

    VectorQuantizer._place = noted  # the EMA variant calls it too
    for quantizer in ("ema", "gradient"):
        model = build_model(run_of(quantizer).model.config)
        loop = torch.nn.parallel.DistributedDataParallel(model.train())
        torch.manual_seed(7 + distributed.rank())
        restarted = 0
        for _ in range(4):
            placed.clear()
            output = loop(torch.rand(8, 1, 8, 8))
            (
                output.x_recon.mean()
                + output.quantized.codebook_loss
                + output.quantized.commitment_loss
            ).backward()
            restarted += output.quantized.restarted
            rows = output.z_e.detach().movedim(1, -1).reshape(-1, 4)
            every = torch.cat(
                [
                    distributed.all_reduce_sum(rows * (distributed.rank() == rank))[0]
                    for rank in range(2)
                ]
            )
            codes = model.codebook.detach()
            assert torch.equal(distributed.all_reduce_sum(codes)[0], 2 * codes), (
                "the codebooks differ"
            )
            assert all(
                (vector == every).all(1).any() for vectors in placed for vector in vectors
            ), "codes on no vector"
        assert restarted > 10, "restarts must have been put to the test"
    VectorQuantizer._place = place


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Folder of what both processes, and one alone, have written."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("two")
    (folder / "images").mkdir()
    for number in range(20):
        Image.new("L", (8, 8), 12 * number).save(folder / "images" / f"{number}.png")
    script = folder / "script.py"
    script.write_text(
        SCRIPT.format(
            root=str(ROOT),
            tests=str(ROOT / "tests" / "core"),
            folder=str(folder),
            images=str(folder / "images"),
            output=str(folder / "model"),
        )
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
            str(script),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "VQVAE_DATA_DIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for quantizer in QUANTIZERS:
        train_and_write(quantizer, folder)
    return folder, done


def read(folder: Path, name: str):
    return json.loads((folder / f"{name}.json").read_text()), load_file(
        folder / f"{name}.safetensors"
    )


@pytest.mark.parametrize("run", [*QUANTIZERS, "emagloo"])
def test_both_processes_end_with_the_same_bits(two, run):
    (records, first), (others, second) = (read(two[0], f"{run}-{rank}-of-2") for rank in (0, 1))
    assert (
        all(torch.equal(first[name], second[name]) for name in first)
        and first.keys() == second.keys()
    )
    assert [r["loss"] for r in records] == [r["loss"] for r in others]
    if run.removesuffix("gloo") in ("ema", "gradient", "residual"):
        assert sum(r["restarted"] for r in records) > 20, "restarts must have been put to the test"


def test_the_time_of_a_step_is_the_mean_of_both(two):
    walls = [float((two[0] / f"ema-{rank}-of-2.seconds").read_text()) for rank in (0, 1)]
    for rank in (0, 1):
        records, _ = read(two[0], f"ema-{rank}-of-2")
        assert 0 < 2 * records[-1]["elapsed"] <= sum(walls)


@pytest.mark.parametrize("run", [*QUANTIZERS, "emagloo"])
def test_two_processes_do_what_one_does_with_the_same_batch(two, run):
    records, ours = read(two[0], f"{run}-0-of-2")
    expected, straight = read(two[0], f"{run.removesuffix('gloo')}-0-of-1")
    for name in (
        "loss",
        "reconstruction_loss",
        "codebook_loss",
        "commitment_loss",
        "perplexity",
        "usage",
        "restarted",
        "images_seen",
        "epoch",
    ):
        assert [r[name] for r in records] == pytest.approx([r[name] for r in expected], rel=1e-3), (
            name
        )
    for name in ("quantizer.codebook", "quantizer.stages", "quantizer.frozen", "quantizer.basis"):
        if name in straight:
            torch.testing.assert_close(ours[name], straight[name], rtol=1e-2, atol=1e-3)


def test_the_command_line_writes_one_whole_checkpoint_and_speaks_once(two):
    folder, done = two
    import vqvae

    checkpoint = vqvae.load_checkpoint(folder / "model")
    assert (
        checkpoint.training["processes"] == 2
        and checkpoint.training["step"] == 6
        and checkpoint.metrics["images"]
    )
    assert not (folder / "model" / "training.safetensors").exists()
    assert done.stdout.count("saved in") == 1 and done.stderr.count("images to train on") == 1


def test_alone_everything_is_as_it_was():
    x = torch.arange(6.0).view(3, 2)
    assert distributed.world_size() == 1 and distributed.is_main()
    assert (
        distributed.all_reduce_sum(x)[0] is x
        and distributed.gather(x) is x
        and torch.equal(distributed.shard(x), x)
    )
    assert (
        torch.equal(distributed.select_rows(x, torch.tensor([2, 0])), x[[2, 0]])
        and distributed.of_main(x) is x
    )


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    monkeypatch.setattr(distributed, "world_size", lambda: 3)
    data = ImageSet("made", "train", torch.zeros(50, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(ConfigError, match="batch_size is 16 and 3 processes"):
        Training(
            build_model(ModelConfig(height=8, width=8)),
            data,
            TrainingConfig(batch_size=16, device="cpu"),
        )
    with pytest.raises(ConfigError, match="2 images to train on and 3 processes share"):
        Training(
            build_model(ModelConfig(height=8, width=8)),
            data.take(torch.arange(2)),
            TrainingConfig(batch_size=15, device="cpu"),
        )


@pytest.mark.parametrize("of_a_benchmark", [False, True])
def test_ctrl_c_ends_all_processes_with_one_sentence_and_everything_saved(
    two, tmp_path, of_a_benchmark
):
    """Pressed at a terminal it reaches every process of the group; a benchmark hands it to the
    command it runs."""
    arguments = [
        "train",
        "--processes",
        "2",
        "--dataset",
        str(two[0] / "images"),
        "--size",
        "8",
        "--channels",
        "1",
        "--seconds",
        "600",
        "--batch-size",
        "8",
        "--hidden-channels",
        "8",
        "--residual-blocks",
        "1",
        "--codebook-size",
        "4",
        "--device",
        "cpu",
        "--output",
        str(tmp_path / "model"),
    ]
    command = [sys.executable, "-m", "vqvae", *arguments]
    if of_a_benchmark:
        command = [
            sys.executable,
            "-c",
            f"from running import call, run\nrun(lambda: call(*{arguments!r}))",
        ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "benchmarks"),
        "VQVAE_DATA_DIR": str(tmp_path),
    }
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        said = ""
        for line in process.stderr:
            said += line
            if "  step " in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        said += process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said and said.count("Stopped by SIGINT") == 1
    assert f"vqvae train --resume {tmp_path / 'model'} --processes 2" in said
    assert (tmp_path / "model" / "training.safetensors").is_file()
    assert said.count("Interrupted.") == of_a_benchmark


def test_processes_whose_launcher_was_killed_save_and_end(two, tmp_path):
    model = tmp_path / "model"
    command = [
        *(sys.executable, "-m", "vqvae", "train", "--processes", "2", "--seconds", "600"),
        *("--dataset", str(two[0] / "images"), "--size", "8", "--channels", "1", "--device", "cpu"),
        *("--batch-size", "8", "--hidden-channels", "8", "--residual-blocks", "1"),
        *("--codebook-size", "4", "--output", str(model)),
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as launcher:
        assert launcher.stderr is not None
        said = ""
        for line in launcher.stderr:
            said += line
            if "  step " in line:
                launcher.kill()
                break
        said += launcher.stderr.read()  # to its end: no process holds it any more
    assert "Stopped by SIGTERM" in said and "Traceback" not in said
    assert (model / "training.safetensors").is_file()
