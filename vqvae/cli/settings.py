"""The flags of `train` and what becomes of them: a `ModelConfig` and a `TrainingConfig`.

Every flag defaults to None, "not given", so that a value can come from the command line, a --config
file, a run that is resumed or, at last, the dataclasses: in this order. Defaults stand in
`vqvae.config` and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from vqvae.cli.parsing import UsageError, levels, number, whole
from vqvae.config import DOWNSAMPLES, KINDS, PRECISIONS, ConfigError, ModelConfig, TrainingConfig
from vqvae.quantizers import ABOUT, ABOUT_ESTIMATORS, About, suitable_dim

BUDGETS = ("seconds", "epochs", "steps")
MACHINE = ("device", "precision", "compile")
"""How a run uses the machine it is on: may change when it is resumed."""
DEFAULTS = {
    field.name: field.default
    for config in (ModelConfig, TrainingConfig)
    for field in fields(config)
}
NOT_IN_FILE = ("config", "debug", "help")


def add_precision(parser: argparse.ArgumentParser, more: str = "") -> None:
    """--precision, of anything that trains."""
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="numbers of the networks: auto is bfloat16 on a GPU "
        f"or processor with instructions for it, else float32{more} (default: auto)",
    )


def about(choices: dict[str, About]) -> str:
    """What each choice gains and gives up."""
    return " ".join(
        f"{name}: {sentence[:1].lower()}{sentence[1:]}" for name, (_, sentence) in choices.items()
    )


class Flag(NamedTuple):
    """One setting: the field it fills, and how it is written on the command line."""

    field: str
    help: str
    options: dict


MODEL_FLAGS = (
    Flag(
        "kind",
        "vqvae, or to compare with it an autoencoder (ae), a variational one (vae), or one that "
        "is told the class (cvae), on the same encoder and decoder",
        {"choices": KINDS},
    ),
    Flag("quantizer", about(ABOUT), {"choices": tuple(ABOUT)}),
    Flag(
        "gradient_estimator",
        f"how the gradient passes the quantizer. {about(ABOUT_ESTIMATORS)}",
        {"choices": tuple(ABOUT_ESTIMATORS)},
    ),
    Flag("codebook_size", "codes in the codebook", {"type": whole, "metavar": "K"}),
    Flag(
        "embedding_dim",
        "numbers per code; lfq and bsq take log2 K, fsq 2 for grey images and 4 for colour",
        {"type": whole, "metavar": "D"},
    ),
    Flag(
        "levels",
        "fsq: how many values each number takes; residual: how many vectors each stage has; their "
        "product is K",
        {"type": levels, "metavar": "LxL"},
    ),
    Flag("hidden_channels", "width of encoder and decoder", {"type": whole, "metavar": "C"}),
    Flag(
        "residual_blocks",
        "residual blocks in the encoder, and as many in the decoder",
        {"type": whole, "metavar": "N"},
    ),
    Flag(
        "downsample",
        "side of the square of pixels per code",
        {"type": whole, "choices": DOWNSAMPLES},
    ),
    Flag(
        "ema_decay",
        "decay of the moving averages, per step, at the start; it rises to 0.99 by the end",
        {"type": number, "metavar": "R"},
    ),
    Flag(
        "restart_threshold",
        "codes used less than this share of the mean usage are restarted; 0 turns it off",
        {"type": number, "metavar": "R"},
    ),
)
TRAINING_FLAGS = (
    Flag(
        "commitment_weight",
        "weight of the commitment loss, the paper's beta",
        {"type": number, "metavar": "B"},
    ),
    Flag(
        "entropy_weight",
        "weight of the entropy loss of lfq and bsq",
        {"type": number, "metavar": "R"},
    ),
    Flag(
        "ssim_weight",
        "weight of the structural loss, 1 - SSIM, beside the squared error; 0.1 to 0.5 give "
        "sharper photos at the same PSNR",
        {"type": number, "metavar": "R"},
    ),
    Flag(
        "kl_weight",
        "weight of the KL divergence of a vae or cvae; 1 is the evidence lower bound",
        {"type": number, "metavar": "R"},
    ),
    Flag(
        "free_bits",
        "bits of KL divergence per image that cost a vae or cvae nothing",
        {"type": number, "metavar": "N"},
    ),
    Flag("batch_size", "images per step", {"type": whole, "metavar": "N"}),
    Flag("learning_rate", "peak learning rate", {"type": number, "metavar": "R"}),
    Flag("seed", "seed of everything random", {"type": whole, "metavar": "N"}),
)
FIXED_ON_RESUME = (
    *(f.field for f in (*MODEL_FLAGS, *TRAINING_FLAGS)),
    "kmeans_start",
    "size",
    "channels",
)
"""What a run that is resumed has already and cannot change."""


def shown(default: object) -> str:
    """A default as --help has it."""
    return str(default) if default != () else "as even as can be"


def option(field: str) -> str:
    """The flag that the user types for a field."""
    return "--no-kmeans-start" if field == "kmeans_start" else "--" + field.replace("_", "-")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the budget and all settings of the model and its training."""
    budget = parser.add_argument_group("budget, one of").add_mutually_exclusive_group()
    budget.add_argument(
        "--seconds", type=number, metavar="S", help="seconds of training (default: 60)"
    )
    budget.add_argument(
        "--epochs", type=number, metavar="N", help="passes over the training images"
    )
    budget.add_argument("--steps", type=whole, metavar="N", help="steps, of one batch each")
    model, training = parser.add_argument_group("model"), parser.add_argument_group("training")
    for group, flags in ((model, MODEL_FLAGS), (training, TRAINING_FLAGS)):
        for flag in flags:
            group.add_argument(
                option(flag.field),
                default=None,
                **flag.options,
                help=f"{flag.help} (default: {shown(DEFAULTS[flag.field])})",
            )
    model.add_argument(
        "--no-kmeans-start",
        dest="kmeans_start",
        action="store_const",
        const=False,
        default=None,
        help="start the codebook from uniform noise instead of k-means over encoder outputs",
    )


def new_configs(
    args, shape: tuple[int, int, int] | None = None, classes: tuple[str, ...] = ()
) -> tuple[ModelConfig, TrainingConfig]:
    """Checked settings of a new run. shape: (channels, height, width) of the data; None before it
    is loaded, which checks all that does not depend on it. ConfigError names the flags as they are
    typed."""
    if shape is None:
        # 56 is divisible by every downsampling factor; whether there are classes shows when the
        # data is there.
        height, width = args.size if isinstance(args.size, tuple) else (56, 56)
        shape, classes = (args.channels or 1, height, width), ("unknown",)
    channels, height, width = shape
    given = {f.field: getattr(args, f.field) for f in (*MODEL_FLAGS, *TRAINING_FLAGS)} | {
        name: getattr(args, name) for name in ("kmeans_start", *MACHINE, "data_dir", *BUDGETS)
    }
    given = {name: value for name, value in given.items() if value is not None}
    of_model = {field.name for field in fields(ModelConfig)}
    add_sizes(given, channels)
    try:
        model = ModelConfig(
            channels=channels,
            height=height,
            width=width,
            classes=classes,
            **{k: v for k, v in given.items() if k in of_model},
        )
        return model, TrainingConfig(
            dataset=args.dataset, **{k: v for k, v in given.items() if k not in of_model}
        )
    except ConfigError as error:
        raise ConfigError(as_typed(str(error))) from error


def add_sizes(given: dict, channels: int) -> None:
    """Add the sizes of the codebook that the quantizer takes where none are given."""
    quantizer, chosen = given.get("quantizer", ModelConfig.quantizer), given.get("levels", ())
    if chosen and quantizer in ("fsq", "residual"):
        given.setdefault("codebook_size", math.prod(chosen))
    K = given.get("codebook_size", ModelConfig.codebook_size)
    if K >= 2:  # else it is refused, by name
        given.setdefault("embedding_dim", suitable_dim(quantizer, K, channels, chosen))


def as_typed(sentence: str) -> str:
    """The sentence of a ConfigError with fields' names turned into flags."""
    for side in ("height", "width"):
        if sentence.startswith(f"{side} is") and "divisible" in sentence:
            sentence = sentence[:-1].replace(" downsample", " --downsample")
            return f"The images' {sentence}. Choose another --downsample, or a --size that is."
    for name in DEFAULTS:
        if "_" in name or re.match(rf"{name}\b", sentence):
            sentence = re.sub(rf"(?<![\w-]){name}\b", option(name), sentence)
    return sentence


def with_config_file(args):
    """The arguments, with those not given on the command line taken from the --config file."""
    if args.config is None:
        return args
    values = read_settings(Path(args.config))
    if any(getattr(args, name) is not None for name in BUDGETS):
        values = {k: v for k, v in values.items() if k not in BUDGETS}
    try:
        from_file = args.parser.parse_args(to_arguments(values, args.parser))
    except UsageError as error:
        raise UsageError(f"{args.config}: {error}") from error
    for name, value in vars(from_file).items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)
    return args


def read_settings(path: Path) -> dict:
    """A YAML, TOML or JSON file as a flat dict, names with underscores. UsageError when it is
    none."""
    suffix = path.suffix.lower()
    language = {".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".json": "JSON"}.get(suffix)
    if language is None:
        raise UsageError(f"--config is {path}; it must be a .yaml, .toml or .json file.")
    try:
        values = _parse(path.read_text("utf-8"), language)
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--config {path} is no valid {language} ({error}).") from error
    if not isinstance(values, dict):
        raise UsageError(f"--config {path} must hold one object of settings.")
    return {str(name).lstrip("-").replace("-", "_"): value for name, value in values.items()}


def _parse(text: str, language: str) -> object:
    """ValueError when the text is not of this language."""
    if language != "YAML":
        return tomllib.loads(text) if language == "TOML" else json.loads(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def to_arguments(values: dict, parser: argparse.ArgumentParser) -> list[str]:
    """Settings as they would be typed, so that a file is checked by the same rules as the command
    line."""
    known = {o for action in parser._actions for o in action.option_strings}
    typed = []
    for name, value in values.items():
        flag, negated = "--" + name.replace("_", "-"), "--no-" + name.replace("_", "-")
        if name in NOT_IN_FILE or not (
            flag in known or (negated in known and isinstance(value, bool))
        ):
            raise UsageError(
                f"{name!r} is no setting; the settings are the flags of `train`, such as "
                f"codebook-size."
            )
        if isinstance(value, bool):
            wanted = flag if value else negated
            typed += [wanted] if wanted in known else []
        elif isinstance(value, (str, int, float)):
            typed.append(f"{flag}={value}")
        else:
            raise UsageError(
                f"{name!r} is {value!r}; a setting is a text, a number, true or false."
            )
    return typed
