"""What the page of the Compare tab sends with its questions."""

from typing import Any

from demo.door import OfModel, valued, whole

MOST_SEED = 2**31 - 1


class OfSet(OfModel):
    """A question about a set of models (demo.models.sets); `model` is the one at the top of the
    page."""

    set: Any = None


class UploadRequest(OfSet):
    """A picture file, in base64."""

    file: Any = None


class Told(OfSet):
    """A question in which the conditional VAE is told a class, or -1 for the one that fits."""

    label: int = valued("The class", "choose one of the list", -1)


class PictureRequest(Told):
    """A picture, PNG in base64."""

    image: Any = None
    tidy: bool = valued("The layout", "it must be true or false", False)
    source: str | None = valued("The source", "it must be a text", None)


class BetweenRequest(Told):
    """Two inputs that the page was sent before: raw pixels in base64."""

    a: Any = None
    b: Any = None


class SamplesRequest(Told):
    """Samples from one seed."""

    seed: int = whole("The seed", 0, MOST_SEED)
