"""Two trainings that differ in one thing: the form of the first, and the one setting that the
second has otherwise. Both take the same images, seed and steps."""

from __future__ import annotations

from typing import Any

from demo.runs.presets import BY_NAME, DEFAULTS, FIELDS, PRESETS, SHAPES, FormValues
from demo.runs.settings import RunSettings, SettingsError, check_steps, read_form, shown
from vqvae.quantizers import MAX_CODEBOOK_SIZE, nearest_sizes, suitable_dim

PRESET = "preset"
"""In the place of a setting: B is as a preset has it, in all of its settings."""
SHARED = ("dataset", "seconds", "prior_seconds", "steps")
"""What A and B always have in common."""
STEPS = 500
"""At first: enough to tell a healthy codebook from a collapsed one, and over within a minute."""
STEP_LIMITS = (10, 100_000)
TRIED = {
    "codebook_size": (4, 16, 64, 256, 1024),
    "embedding_dim": (2, 4, 16, 64),
    "hidden_channels": (16, 32, 64, 96),
    "residual_blocks": (0, 1, 2, 4),
    "entropy_weight": (0, 0.01, 0.1, 1),
    "commitment_weight": (0, 0.05, 0.25, 1, 100, 1000),
    "ssim_weight": (0, 0.1, 0.5),
    "ema_decay": (0, 0.5, 0.9, 0.99),
    "batch_size": (8, 32, 128, 512),
    "learning_rate": (0.0004, 0.001, 0.004, 0.02),
    "seed": (0, 1, 2, 3),
}
"""Values worth trying of a number; any other can be typed."""
FIRST = ("codebook_size", "16")
"""What B has otherwise until something else is chosen, and how."""


def settings() -> list[tuple[str, str]]:
    """(label, name) of what can be another one in B."""
    return [
        *((field.label, field.name) for field in FIELDS if field.name not in SHARED),
        ("A whole preset", PRESET),
    ]


def values_of(name: str) -> list[tuple[str, str]]:
    """(label, value as text) that B can be given, or is offered; [] of what is no setting."""
    if name == PRESET:
        return [(preset.title, key) for key, preset in PRESETS.items()]
    if name not in BY_NAME or name in SHARED:
        return []
    field = BY_NAME[name]
    if field.choices:
        return [(label, str(value)) for label, value in field.choices]
    if isinstance(field.default, bool):
        return [("on", "on"), ("off", "off")]
    return [(f"{value:g}", f"{value:g}") for value in TRIED[name]]


def other_value(name: str, values: FormValues) -> str | None:
    """The first of these that A does not have."""
    own = as_text(values.get(name, DEFAULTS.get(name)))
    return next((value for _, value in values_of(name) if value != own), None)


def as_text(value: Any) -> str:
    """A value of the form as the lists of this module have it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)


def second_form(first: FormValues, name: Any, value: Any) -> FormValues:
    """The form of B: that of A with one setting, or with all of a preset, as B has it. A quantizer
    brings the sizes that it can have. SettingsError where that is none, or what A has already."""
    first = {**DEFAULTS, **first}
    if name == PRESET and isinstance(value, str) and value in PRESETS:
        kept = {field: first[field] for field in (*SHARED, "seed")}
        second = {**DEFAULTS, **PRESETS[value].values, **kept}
    elif isinstance(name, str) and name in BY_NAME and name not in SHARED:
        second = {**first, name: _meant(name, value)}
        if name == "quantizer":
            second |= _sizes(second)
    else:
        raise SettingsError(
            f"What differs in B is {shown(name)} with the value {shown(value)}; choose both from "
            "the lists."
        )
    if all(first[one.name] == second[one.name] for one in FIELDS):
        raise SettingsError(
            f"B would be the same as A, whose {_called(name)} is {shown(value)} already; choose "
            "another value for B."
        )
    return second


def read_pair(
    first: FormValues, name: Any, value: Any, steps: Any, **options: Any
) -> tuple[RunSettings, RunSettings]:
    """The checked settings of A and B, for `steps` each and without a prior. options: as read_form
    takes them. SettingsError names what cannot be used, and in which of the two."""
    steps = check_steps("Steps for each", steps, *STEP_LIMITS)
    first = {**first, "prior_seconds": 0, "seconds": DEFAULTS["seconds"], "steps": steps}
    a, second = read_form(first, **options), second_form(first, name, value)
    try:
        return a, read_form(second, **options)
    except SettingsError as error:
        raise SettingsError(f"In B: {error}") from error


def _meant(name: str, text: Any) -> Any:
    """The value of the form that a text stands for; what is none is left for the form to refuse."""
    field = BY_NAME[name]
    if field.choices:
        return next((value for _, value in field.choices if str(value) == str(text)), text)
    if isinstance(field.default, bool):
        return {"on": True, "off": False}.get(str(text), text)
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text
    return int(number) if number == number // 1 else number


def _sizes(values: FormValues) -> FormValues:
    """Codebook size and code length near to those there are, as the quantizer can have them."""
    quantizer, size = values["quantizer"], values.get("codebook_size")
    if not isinstance(size, int) or not 2 <= size <= MAX_CODEBOOK_SIZE:
        return {}
    channels, _ = SHAPES.get(str(values.get("dataset")), (3, 0))
    is_grid = quantizer == "fsq"
    dim = suitable_dim(quantizer, size, channels) if is_grid else values["embedding_dim"]
    sizes = nearest_sizes(quantizer, size, dim)
    return {"codebook_size": sizes.codebook_size, "embedding_dim": sizes.embedding_dim}


def said(name: str, value: Any) -> str:
    """What B has otherwise, in words."""
    labels = {of: label for label, of in values_of(name)}
    return f"{_called(name)}: {labels.get(str(value), value)}"


def _called(name: Any) -> str:
    return "preset" if name == PRESET else BY_NAME[name].label
