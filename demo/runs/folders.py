"""The folder of a new run: what it is to train, and copies of what it needs, so that a resume finds
them again."""

import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

from demo.roots import PRIVATE, make_private
from demo.runs import files as runfiles
from demo.runs.plans.plan import Plan
from demo.runs.settings import RunSettings

IMAGE_FILES = (".zip", ".npz", ".npy")
"""Endings of what holds the images of a run."""
_SAFE = re.compile(r"[^A-Za-z0-9_.]+")


def place_of(run_dir: Path) -> Path:
    """As what a run takes a place: its folder, or of two that train side by side one for both."""
    beside = runfiles.read_json(run_dir / runfiles.JOB).get("beside")
    return min(run_dir, run_dir.with_name(beside)) if isinstance(beside, str) else run_dir


def make_folder(
    run_dir: Path,
    settings: RunSettings | Plan,
    title: str,
    images: Path | None,
    source: Path | None,
    beside: str = "",
) -> None:
    """Make the folder of a run, whole or not at all.

    Args:
        images: an uploaded zip, npz or npy to train on; it stays with the run when the upload goes.
        source: the checkpoint folder of the model that the run trains a prior for; copied.
        beside: the id of the run that trains at the same time; "" for none.

    Raises OSError when a file cannot be read or written.
    """
    try:
        make_private(run_dir.parent)
        run_dir.mkdir(mode=PRIVATE)
        if images is not None and isinstance(settings, RunSettings):
            ending = (
                images.suffix.lower() if images.suffix.lower() in IMAGE_FILES else IMAGE_FILES[0]
            )
            copy = run_dir / f"{_SAFE.sub('-', images.stem)[:40] or 'images'}{ending}"
            try:
                os.link(images, copy)  # the same bytes: they take their room once
            except OSError:
                shutil.copyfile(images, copy)
            settings = replace(
                settings,
                **{
                    part: replace(getattr(settings, part), dataset=str(copy.resolve()))
                    for part in ("training", "prior")
                    if getattr(settings, part)
                },
            )
        if source is not None:
            from vqvae.prior.checkpoint import copy_model  # here, as it loads torch

            copy_model(source, run_dir / runfiles.SOURCE)
        runfiles.write_atomic(
            run_dir / runfiles.JOB,
            {
                **settings.to_dict(),
                "title": title,
                "created": time.time(),
                **({"beside": beside} if beside else {}),
            },
        )
    except OSError:
        shutil.rmtree(run_dir, ignore_errors=True)
        raise
