"""Settings: every wrong value is refused in a sentence that names the field, and JSON gives back
what went in."""

import ast
import inspect
import itertools
import json
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqvae.config import DOWNSAMPLES, MAX_CODEBOOK_SIZE, ConfigError, ModelConfig, TrainingConfig
from vqvae.prior.config import PriorConfig, PriorTrainingConfig
from vqvae.prior.sampling import Sampling
from vqvae.setting import Number, Wholes, settings_of


@pytest.mark.parametrize(
    "field, value",
    [
        ("kind", "gan"),
        ("kind", ["vqvae"]),
        ("channels", 2),
        ("channels", True),
        ("channels", 1.0),
        ("downsample", 3),
        ("downsample", 4.0),
        ("height", 30),
        ("height", 0),
        ("height", 28.0),
        ("width", -4),
        ("width", 4096),
        ("hidden_channels", 4),
        ("hidden_channels", 10**5),
        ("residual_blocks", -1),
        ("residual_blocks", True),
        ("embedding_dim", 0),
        ("codebook_size", 1),
        ("codebook_size", 10**9),
        ("codebook_size", "512"),
        ("quantizer", "magic"),
        ("gradient_estimator", "magic"),
        ("levels", 8),
        ("levels", (8, 1)),
        ("ema_decay", 1.0),
        ("ema_decay", float("nan")),
        ("ema_decay", None),
        ("restart_threshold", -0.1),
        ("kmeans_start", 1),
        ("classes", "0123"),
        ("classes", ("a", 1)),
        ("classes", 7),
    ],
)
def test_a_wrong_model_setting_is_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=f"^{field} .*must be"):
        ModelConfig(**{field: value})


@pytest.mark.parametrize(
    "field, value",
    [
        ("seconds", 0.0),
        ("seconds", float("inf")),
        ("seconds", "60"),
        ("epochs", -1.0),
        ("steps", 0),
        ("steps", 1.5),
        ("batch_size", 0),
        ("batch_size", 10**7),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1.0),
        ("commitment_weight", -0.25),
        ("kl_weight", -1.0),
        ("ssim_weight", -0.1),
        ("gradient_clip", 0.0),
        ("seed", -1),
        ("seed", 2**63),
        ("seed", 1.0),
        ("device", "tpu"),
        ("autosave_seconds", -1.0),
        ("dataset", 5),
        ("data_dir", 5),
    ],
)
def test_a_wrong_training_setting_is_refused_by_name(field, value):
    with pytest.raises(ConfigError, match=f"^{field} .*must be"):
        TrainingConfig(**{field: value})


def test_one_budget_and_sixty_seconds_without_one():
    assert TrainingConfig().seconds == 60.0
    assert TrainingConfig(steps=5).seconds is None
    with pytest.raises(ConfigError, match="seconds and steps were given; a run has one budget"):
        TrainingConfig(seconds=1.0, steps=5)


def test_a_conditional_model_needs_classes():
    with pytest.raises(ConfigError, match="cvae needs a data set with classes"):
        ModelConfig(kind="cvae")
    assert ModelConfig(kind="cvae", classes=("a", "b")).classes == ("a", "b")


@settings(max_examples=50, deadline=None)
@given(
    downsample=st.sampled_from(DOWNSAMPLES),
    rows=st.integers(1, 32),
    columns=st.integers(1, 32),
    k=st.integers(2, MAX_CODEBOOK_SIZE),
    d=st.integers(1, 64),
    channels=st.sampled_from([1, 3]),
    quantizer=st.sampled_from(["ema", "gradient", "simvq"]),
    decay=st.floats(0, 0.9999),
    names=st.lists(st.text(), max_size=3),
)
def test_a_model_config_survives_json(
    downsample, rows, columns, k, d, channels, quantizer, decay, names
):
    config = ModelConfig(
        channels=channels,
        height=rows * downsample,
        width=columns * downsample,
        downsample=downsample,
        codebook_size=k,
        embedding_dim=d,
        quantizer=quantizer,
        ema_decay=decay,
        classes=tuple(names),
    )
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert config.grid == (rows, columns)
    assert 2 ** (config.bits_per_image / (rows * columns)) == pytest.approx(k)


@pytest.mark.parametrize("budget", [{"seconds": 2}, {"epochs": 0.5}, {"steps": 7}, {}])
def test_a_training_config_survives_json_with_paths_as_text(budget):
    config = TrainingConfig(dataset=Path("pictures"), data_dir=Path("data"), **budget)
    assert (config.dataset, config.data_dir) == ("pictures", "data")
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("cls", [ModelConfig, TrainingConfig])
def test_foreign_json_is_refused(cls):
    with pytest.raises(ConfigError, match=f"{cls.__name__} has unknown fields colour; it knows "):
        cls.from_dict({"colour": 1})
    for value in ([], "text", None, 3):
        with pytest.raises(ConfigError, match="must be a JSON object"):
            cls.from_dict(value)


CONFIGS = [ModelConfig, TrainingConfig, PriorConfig, PriorTrainingConfig, Sampling]


@pytest.mark.parametrize("cls", CONFIGS)
def test_settings_are_frozen_and_each_is_explained(cls):
    """In the line of its help, or in a string below it."""
    with pytest.raises(FrozenInstanceError):
        setattr(cls(), fields(cls)[0].name, "x")
    told = set()
    for owner in cls.__mro__[:-1]:
        tree = ast.parse(Path(inspect.getfile(owner)).read_text("utf-8"))
        for node in (n for n in tree.body if isinstance(n, ast.ClassDef)):
            told |= {
                field.target.id
                for field, below in itertools.pairwise(node.body)
                if node.name == owner.__name__
                and isinstance(field, ast.AnnAssign)
                and isinstance(below, ast.Expr)
            }
    for name, setting in settings_of(cls).items():
        assert setting.help or name in told, f"{name} has no explanation"


@pytest.mark.parametrize("cls", CONFIGS)
def test_a_default_is_valid_and_what_lies_outside_a_range_is_refused_with_it(cls):
    """Of every setting, those that a subclass gives another default too: none is unchecked."""
    for name, setting in settings_of(cls).items():
        assert setting.default is None or setting.valid.allows(setting.default)
        if isinstance(setting.valid, Number) and not isinstance(setting.valid, Wholes):
            for outside in (setting.valid.low - 1, setting.valid.high * 2):
                with pytest.raises(ConfigError, match=rf"^{name} is .*; it must be .*number from"):
                    cls(**{name: outside})
        with pytest.raises(ConfigError, match=rf"^{name} is .*; it must be "):
            cls(**{name: object()})


def test_a_range_is_said_in_digits():
    with pytest.raises(ConfigError, match=r"a number from 0\.1 to 2,592,000\.$"):
        TrainingConfig(seconds=0)
