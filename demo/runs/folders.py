"""The folders of runs: a visitor's, and a new one, with what it is to train and copies of what it
needs, so that a resume finds them again."""

import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from demo.roots import PRIVATE, is_inside, make_private
from demo.runs import files as runfiles
from demo.runs.places import JobError
from demo.runs.plans.plan import Plan
from demo.runs.settings import RunSettings
from demo.session import is_token

IMAGE_FILES = (".zip", ".npz", ".npy")
"""Endings of what holds the images of a run."""
_RUN_ID = re.compile(r"[0-9a-f]{16}")
_SAFE = re.compile(r"[^A-Za-z0-9_.]+")


def folders_of(runs: Path, visitor: str) -> list[Path]:
    """Those of a visitor's runs, in no order; uploaded models are no runs and are left out."""
    if not is_token(visitor):
        return []
    try:
        found = [
            folder
            for folder in (runs / visitor).iterdir()
            if _RUN_ID.fullmatch(folder.name) and is_inside(folder, runs)
        ]
    except OSError:
        return []
    return [folder for folder in found if (folder / runfiles.JOB).is_file()]


def find_run(runs: Path, visitor: str, run_id: object) -> Path:
    """The folder of one of a visitor's runs; JobError for an id that names none."""
    if (
        not is_token(visitor)
        or not isinstance(run_id, str)
        or not _RUN_ID.fullmatch(run_id)
        or not is_inside(runs / visitor / run_id / runfiles.JOB, runs)
    ):
        raise JobError("This run is not here any more; press Train to start a new one.")
    return runs / visitor / run_id


def place_of(run_dir: Path) -> Path:
    """As what a run takes a place: its folder, or of two that train side by side one for both."""
    beside = runfiles.read_json(run_dir / runfiles.JOB).get("beside")
    return min(run_dir, run_dir.with_name(beside)) if isinstance(beside, str) else run_dir


def make_folders(
    folders: Sequence[Path],
    wanted: Sequence[tuple[RunSettings | Plan, str]],
    images: Path | None,
    source: Path | None,
) -> None:
    """A folder for each of these settings and titles, all or none; two train at the same time.
    JobError where they cannot be written."""
    try:
        for folder, other, (settings, title) in zip(folders, folders[::-1], wanted, strict=True):
            beside = other.name if len(folders) > 1 else ""
            make_folder(folder, settings, title, images, source, beside)
    except OSError as error:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        raise JobError(
            f"The run's folder cannot be written ({error.strerror}): ask whoever runs this "
            "app to free some space or to start it with another --runs folder."
        ) from error


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
