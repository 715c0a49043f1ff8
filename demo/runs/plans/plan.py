"""What a plan is: several trainings as one run.

A plan is a run of demo.runs.jobs like any other (queue, progress, stop, found again), whose
job.json holds a `plan` with a list of parts, each the settings of one model.
demo.runs.plans.worker trains them one after another.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.prior.config import PriorTrainingConfig

ENOUGH_STEPS = 100
"""Below this a model has hardly begun to learn, and nothing of it can be compared with
another's."""


@dataclass(frozen=True)
class SmallPrior:
    """The prior that a quantizer's codes are measured by."""

    steps: int
    most_seconds: float


@dataclass(frozen=True)
class Part:
    """The training of one model."""

    name: str
    title: str
    series: str
    """Of its point in a plot."""
    model: ModelConfig
    training: TrainingConfig
    most_seconds: float = math.inf
    """After so many it ends in any case; finite where the budget is in steps."""
    prior: SmallPrior | None = None
    """Trained after a quantizer."""

    @property
    def budget(self) -> float:
        """Steps where it has so many, else seconds."""
        return self.training.steps or self.training.seconds or 0.0

    @property
    def seconds(self) -> float:
        """The longest that it trains."""
        own = min(self.most_seconds, self.training.seconds or math.inf)
        return own + (self.prior.most_seconds if self.prior else 0.0)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what it does not have is left out."""
        values = asdict(self) | {"model": self.model.to_dict(), "training": self.training.to_dict()}
        return {name: value for name, value in values.items() if value not in (None, math.inf)}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Part:
        is_prior = "of" in values
        config = PriorTrainingConfig if is_prior else TrainingConfig
        known: dict[str, Any] = {
            "model": ModelConfig.from_dict(values["model"]),
            "training": config.from_dict(values["training"]),
        }
        if "prior" in values:
            known["prior"] = SmallPrior(**values["prior"])
        return (PriorPart if is_prior else Part)(**(values | known))


@dataclass(frozen=True)
class PriorPart(Part):
    """The training of a model's prior."""

    training: PriorTrainingConfig
    of: str = field(kw_only=True)
    """The part that trains the model."""


@dataclass(frozen=True)
class Plan:
    """A checked plan, in the form that `Jobs.start` takes."""

    kind: str
    """four, sweep or quantizers."""
    title: str
    dataset: str
    parts: tuple[Part, ...]

    def to_dict(self) -> dict[str, Any]:
        """What a run's job has of it."""
        parts = [part.to_dict() for part in self.parts]
        seconds = sum(part.seconds for part in self.parts)
        return {
            "plan": {"kind": self.kind, "dataset": self.dataset, "parts": parts},
            "training": {"dataset": self.dataset, "seconds": seconds},
        }

    @classmethod
    def from_job(cls, job: dict[str, Any]) -> Plan:
        """The plan of a run's job; ConfigError where this version does not know it."""
        plan = job["plan"]
        try:
            parts = tuple(map(Part.from_dict, plan["parts"]))
            return cls(plan["kind"], str(job.get("title") or ""), plan["dataset"], parts)
        except (KeyError, TypeError) as error:
            raise ConfigError(
                "Another version of this app made this plan; make it anew."
            ) from error


def each(training: TrainingConfig) -> str:
    """What each part gets, in words."""
    return f"{training.steps:,} steps each" if training.steps else f"{training.seconds:g} s each"
