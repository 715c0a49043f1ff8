"""What the page of the Codebook tab sends with each of its questions."""

from typing import Any, Literal

from demo.door import OfModel, Request, valued, whole
from demo.tabs.codebook.subject import PUBLIC, STORED

SPLITS = {"test": "test set", "train": "training set"}
COUNTED = (STORED, *(f"{name}/{split}" for name in PUBLIC for split in SPLITS))
MAX_SEED = 2**32 - 1


class Counted(OfModel):
    """A model, and what its statistics are of."""

    counted: Literal[COUNTED] = valued(  # ty: ignore[invalid-type-form]: the list is made of the data sets'
        "What is counted", "choose one of the list", STORED
    )


class UsageRequest(Counted):
    """The figure of usage."""

    order: Literal["index", "sorted"] = valued("The order", "it must be index or sorted", "sorted")
    scale: Literal["log", "linear"] = valued("The scale", "it must be log or linear", "linear")
    only: int | None = valued("The class", "it must be the number of a class", None)


class CodeRequest(Counted):
    """One code."""

    code: int = valued("The code", "it must be a whole number, one of the model's codes")


class MapRequest(Counted):
    """A map of the codebook, with a picture dropped onto it."""

    method: str = "pca"
    dimensions: Literal[2, 3] = valued("The number of dimensions", "it must be 2 or 3", 2)
    seed: int = whole("The seed", 0, MAX_SEED, 0)
    colour: str = "usage"
    picture: Any = None
    """See `maps.read_picture`."""


class TableRequest(Counted):
    """One table as a file."""

    table: str = ""


class JobRequest(Request):
    """A long computation."""

    job: str | None = None
