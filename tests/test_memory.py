"""A container's limit counts, whatever the machine it runs on has."""

import pytest

from vqvae import machine, memory
from vqvae.config import ConfigError, ModelConfig

V2, V1 = ("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")


@pytest.mark.parametrize("names, limit, taken, expected", [
    (V2, "1000", "400", (1000, 400)),
    (V2, "max", "400", (0, 0)),
    (V1, "1000", "400", (1000, 400)),
    (V1, "9223372036854771712", "400", (0, 0)),
    (V2, "garbage", "400", (0, 0)),
])
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
