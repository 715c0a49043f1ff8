"""The flags of `train` and what becomes of them: a `ModelConfig` and a `TrainingConfig`.

Every flag defaults to None, "not given", so that a value can come from the command line, a --config
file, a run that is resumed or, at last, the dataclasses: in this order. Defaults, ranges and what
a flag does are told in `vqvae.config` and nowhere else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import re
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from vqvae.cli.parsing import UsageError, levels, number, whole
from vqvae.config import BUDGETS, PRECISIONS, ConfigError, ModelConfig, TrainingConfig
from vqvae.quantizers import suitable_dim
from vqvae.setting import ON_OFF, Choice, Setting, Whole, Wholes, settings_of

MACHINE = ("device", "precision", "compile")
"""How a run uses the machine it is on: may change when it is resumed."""
DEFAULTS = {
    name: one.default
    for config in (ModelConfig, TrainingConfig)
    for name, one in settings_of(config).items()
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


class Flag(NamedTuple):
    """One setting: the field it fills, and how it is written on the command line."""

    field: str
    help: str
    options: dict


def flags_of(owner: type) -> tuple[Flag, ...]:
    """A flag for each setting that has words for one, but the budget and what is on or off, which
    are written by hand."""
    return tuple(
        Flag(name, one.help, options(one))
        for name, one in settings_of(owner).items()
        if one.help and name not in BUDGETS and one.valid != ON_OFF
    )


def options(one: Setting) -> dict:
    """How the value of a setting is read."""
    match one.valid:
        case Choice(values):
            whole_ones = all(isinstance(value, int) for value in values)
            return {"choices": values} | ({"type": whole} if whole_ones else {})
        case Wholes():
            return {"type": levels, "metavar": one.letter}
        case Whole():
            return {"type": whole, "metavar": one.letter}
        case _:
            return {"type": number, "metavar": one.letter}


MODEL_FLAGS, TRAINING_FLAGS = flags_of(ModelConfig), flags_of(TrainingConfig)
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


def add_budget(group: argparse._ActionsContainer) -> None:
    """The flags of which one can be given."""
    one_of, settings = group.add_mutually_exclusive_group(), settings_of(TrainingConfig)
    for name in BUDGETS:
        one_of.add_argument(option(name), **options(settings[name]), help=settings[name].help)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the budget and all settings of the model and its training."""
    add_budget(parser.add_argument_group("budget, one of"))
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
    of_model = settings_of(ModelConfig)
    add_sizes(given, channels)
    with typed_errors():
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


def add_sizes(given: dict, channels: int) -> None:
    """Add the sizes of the codebook that the quantizer takes where none are given."""
    quantizer, chosen = given.get("quantizer", ModelConfig.quantizer), given.get("levels", ())
    if chosen and quantizer in ("fsq", "residual"):
        given.setdefault("codebook_size", math.prod(chosen))
    K = given.get("codebook_size", ModelConfig.codebook_size)
    if K >= 2:  # else it is refused, by name
        given.setdefault("embedding_dim", suitable_dim(quantizer, K, channels, chosen))


@contextlib.contextmanager
def typed_errors() -> Generator[None]:
    """A ConfigError inside names the flags as they are typed."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(as_typed(str(error))) from error


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
