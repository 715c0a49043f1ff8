"""A container's limit counts, whatever the machine it runs on has."""

import pytest
import torch

from vqvae.analysis.counting import count_usage
from vqvae.analysis.evaluation import evaluate
from vqvae.config import ConfigError, ModelConfig
from vqvae.data.imageset import ImageSet
from vqvae.data.index_set import encode_set
from vqvae.nn.batches import WORKING_BYTES, images_at_once, picture_bytes
from vqvae.nn.build import build_model
from vqvae.training import machine, memory

V2, V1 = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


@pytest.mark.parametrize(
    "names, limit, taken, expected",
    [
        (V2, "1000", "400", (1000, 400)),
        (V2, "max", "400", (0, 0)),
        (V1, "1000", "400", (1000, 400)),
        (V1, "9223372036854771712", "400", (0, 0)),
        (V2, "garbage", "400", (0, 0)),
    ],
)
def test_the_limit_of_a_container(tmp_path, names, limit, taken, expected):
    for name, value in zip(names, (limit, taken), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(value + "\n")
    assert memory.container_limit(tmp_path) == expected
    assert memory.container_limit(tmp_path / "nowhere") == (0, 0)


def test_a_run_is_refused_by_the_limit_and_not_by_the_machine(monkeypatch):
    machine.check_memory(ModelConfig(), 128)
    monkeypatch.setattr(memory, "container_limit", lambda: (2**27, 2**26))
    assert memory.total_bytes() == 2**27 and memory.free_bytes() <= 2**26
    with pytest.raises(ConfigError, match=r"and this machine has 0 GB\. Lower batch_size"):
        machine.check_memory(ModelConfig(), 1024)


def test_batches_that_are_only_looked_at_are_counted_in_bytes():
    large = ModelConfig(channels=3, height=256, width=256)
    assert images_at_once(ModelConfig(), 28, 28, 500) == 500
    assert 1 < images_at_once(large, 256, 256, 500) < 30
    assert images_at_once(large, 4096, 4096, 500) == 1
    for side in (28, 64, 256, 512):
        count = images_at_once(large, side, side, 10_000)
        assert count * picture_bytes(large, side, side) <= WORKING_BYTES


@pytest.mark.parametrize("kind", ["vqvae", "vae"])
def test_large_pictures_are_measured_counted_and_encoded_a_few_at_a_time(kind, monkeypatch):
    monkeypatch.setattr("vqvae.nn.batches.WORKING_BYTES", 2**20)
    config = ModelConfig(
        kind=kind, height=64, width=64, hidden_channels=8, residual_blocks=1, kmeans_start=False
    )
    model, seen = build_model(config), []
    model.encoder.register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    data = ImageSet("made", "test", torch.randint(0, 256, (20, 1, 64, 64), dtype=torch.uint8))
    once = images_at_once(config, 64, 64, 500)
    assert 1 <= once < 10
    evaluation, _ = evaluate(model, data)
    assert evaluation.images == 20
    if kind == "vqvae":
        assert count_usage(model, data).total == encode_set(model, data).indices.numel() == 20 * 256
    assert max(seen) == once


def test_the_estimate_of_a_run_counts_what_measuring_it_takes():
    """A small batch of large pictures: a step takes less than a look at the test images."""
    config = ModelConfig(channels=3, height=256, width=256, hidden_channels=16, residual_blocks=0)
    assert machine.estimate_bytes(config, 1) > images_at_once(
        config, 256, 256, 500
    ) * picture_bytes(config, 256, 256)


def test_the_pictures_themselves_count(monkeypatch):
    monkeypatch.setattr(machine, "total_bytes", lambda: 2**30)
    machine.check_memory(ModelConfig(), 32)
    with pytest.raises(ConfigError, match="need about 4 GB of memory and this machine has 1 GB"):
        machine.check_memory(ModelConfig(), 32, 4 * 2**30)
