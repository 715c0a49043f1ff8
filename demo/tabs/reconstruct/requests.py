"""What the page of the Reconstruct tab sends with each of its questions. Files are base64."""

from typing import Any

from demo.door import OfModel, valued

TRUTH = "it must be true or false"


class WholeRequest(OfModel):
    """A photo that is coded whole."""

    file: Any = None


class UploadRequest(WholeRequest):
    """A picture file for the pad; `whole` keeps all of it, with margins, instead of its middle."""

    whole: bool = valued("Whether all of it is kept", TRUTH, False)


class ChoiceRequest(WholeRequest):
    """The same file again, and what of it goes in: demo.pictures.choosing.checked_choice."""

    digit: Any = 0
    box: Any = None
    turn: Any = 0


class PictureRequest(OfModel):
    """What the pad shows, as a PNG file, and how it came there: `drawing_to_input`."""

    image: Any = None
    tidy: bool = valued("The layout", TRUTH, False)
    source: str | None = valued("The source", "it must be a text", None)
