"""Where the app reads and writes: resolved once at the edge, handed down to everything else."""

import os
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def default_data_dir() -> Path:
    """The folder of data sets: what `VQVAE_DATA_DIR` names, else `data/` in the working
    directory."""
    return Path(os.environ.get("VQVAE_DATA_DIR") or "data").absolute()


@dataclass(frozen=True)
class Settings:
    """The roots of the app and the bounds it keeps. Nothing outside the three folders is read or
    written."""

    checkpoints: Path = PROJECT / "checkpoints"
    """Shipped models, read only: one folder each."""
    runs: Path = PROJECT / "runs"
    """Models that visitors trained or uploaded: `<visitor>/<run id>/`."""
    data_dir: Path = field(default_factory=default_data_dir)
    """Data sets, downloaded here when they are asked for."""
    images: Path | None = None
    """Folder whose folders and zips of images visitors may train on; none may without it. Read
    only."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins of sites that may show the page in a frame."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Reverse proxies whose X-Forwarded headers are believed."""
    public_origins: tuple[str, ...] = ()
    """Origins under which browsers have the app, where a proxy stands before it."""
    root_path: str = ""
    """Sub-path below which browsers have the app, such as /vq."""
    max_upload_bytes: int = 2**30
    """Largest file a visitor may send, in bytes."""
    upload_room_bytes: int = 2**31
    """Most that the uploads of one address may take on the disk, in bytes."""
    requests_per_second: float = 500.0
    """Most requests of one address, ten times as many at once. A page being opened makes about a
    hundred, a pen in motion thirty a second, and a whole class may share one address."""
    train_seconds: float = 86_400.0
    """Longest training of one run, prior and all parts of a plan included."""
    loaded_models: int = 6
    """How many models stay in memory; the least recently used one goes first."""
    max_models: int = 40
    """How many models one visitor may keep."""
    keep_days: float | None = None
    """Runs of a visitor who has not been here for so many days are removed; None keeps them."""
