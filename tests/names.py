"""Names of visitors' models, for tests that lay the folders of runs down themselves."""

from pathlib import Path

from demo.models.sharing import sharing_of


def own_id(runs: Path, visitor: str, run: str) -> str:
    """What the model of a run is called."""
    return str(sharing_of(runs).name(visitor, run))
