"""What the page of the Generate tab sends with each of its questions."""

from demo.door import OfModel, Request, valued, whole
from demo.models.generating import MOST_PICTURES, OPENING
from demo.models.prior_requests import MOST_SEED, MOST_STEPS


class SamplingRequest(OfModel):
    """How to draw; what is left out has the default of `vqvae.Sampling`, which knows the ranges."""

    label: int | None = valued("The class", "it must be the number of a class", None)
    seed: int = whole("The seed", 0, MOST_SEED, OPENING["seed"])
    steps: int | None = whole("Steps", 1, MOST_STEPS, None)
    temperature: float | None = valued("temperature", "it must be a number", None)
    top_k: int | None = whole("top_k", 0, 2**31, None)
    top_p: float | None = valued("top_p", "it must be a number", None)
    guidance: float | None = valued("guidance", "it must be a number", None)

    def settings(self) -> dict[str, float]:
        """Those of the drawing that were sent."""
        return self.model_dump(
            include={"steps", "temperature", "top_k", "top_p", "guidance"}, exclude_none=True
        )


class SampleRequest(SamplingRequest):
    """A sheet of samples, or more of the one that `job` draws."""

    count: int = whole("The number of pictures", 1, MOST_PICTURES, OPENING["count"])
    job: str | None = None


class ContinueRequest(SamplingRequest):
    """One sample and the step from which it is drawn anew; grids in base64 of uint16."""

    indices: str | None = None
    when: str | None = None
    step: int = whole("The step", 0, MOST_STEPS)


class CellRequest(OfModel):
    """One cell of one sample at a step."""

    indices: str | None = None
    when: str | None = None
    step: int = whole("The step", 0, MOST_STEPS)
    cell: int | None = None
    label: int | None = valued("The class", "it must be the number of a class", None)


class FilmRequest(OfModel):
    """Samples whose every step is drawn."""

    indices: str | None = None
    when: str | None = None
    steps: int = whole("The number of steps", 0, 2 * MOST_STEPS)


class ReferenceRequest(OfModel):
    """What a prior is compared with, of one seed."""

    seed: int = whole("The seed", 0, MOST_SEED, 0)
    label: int | None = valued("The class", "it must be the number of a class", None)


class NearRequest(OfModel):
    """One grid."""

    indices: str | None = None


class StopRequest(Request):
    """A drawing that is not wanted any more."""

    job: str | None = None
