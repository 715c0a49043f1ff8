"""What models are called: the one place where a name from a link, a page or a program is taken
apart.

`mnist` is a shipped model. `share:<32 hex digits>` is one that a visitor trained or uploaded, or a
set of those: whoever has the name can look at it, and nothing in it tells whose it is. To change or
delete anything takes the owner's token, which is in no name.
"""

import re
from dataclasses import dataclass

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What the folder of a model or run may be called."""
_SHIPPED = re.compile(NAME)
_SHARED = re.compile(r"share:([0-9a-f]{32})")


@dataclass(frozen=True)
class ModelId:
    """A well-formed name, whether or not there is such a model. One of the two is set."""

    shipped: str = ""
    """The name of a folder of shipped models."""
    share: str = ""
    """32 hex digits that stand for a run of a visitor's (demo.models.sharing)."""

    @classmethod
    def parse(cls, text: object) -> "ModelId | None":
        """The name in `text`, None for anything else."""
        if not isinstance(text, str):
            return None
        if shared := _SHARED.fullmatch(text):
            return cls(share=shared[1])
        return cls(shipped=text) if _SHIPPED.fullmatch(text) else None

    def __str__(self) -> str:
        return f"share:{self.share}" if self.share else self.shipped
