"""The folder of a new run: what it is to train, and copies of what it needs, so that a resume finds them again."""

import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

from demo import runfiles
from demo.run_settings import RunSettings

_SAFE = re.compile(r"[^A-Za-z0-9_.]+")


def make_folder(run_dir: Path, settings: RunSettings, title: str, images: Path | None, source: Path | None) -> None:
    """Make the folder of a run, whole or not at all.

    Args:
        images: an uploaded zip to train on; copied.
        source: the checkpoint folder of the model that the run trains a prior for; copied.

    Raises OSError when a file cannot be read or written.
    """
    try:
        run_dir.mkdir(parents=True)
        if images is not None:
            copy = run_dir / f"{_SAFE.sub('-', images.stem)[:40] or 'images'}.zip"
            shutil.copyfile(images, copy)
            settings = replace(settings, **{
                part: replace(getattr(settings, part), dataset=str(copy.resolve()))
                for part in ("training", "prior") if getattr(settings, part)})
        if source is not None:
            from vqvae.prior_checkpoint import copy_model  # here, as it loads torch

            copy_model(source, run_dir / runfiles.SOURCE)
        runfiles.write_atomic(run_dir / runfiles.JOB, {**settings.to_dict(), "title": title, "created": time.time()})
    except OSError:
        shutil.rmtree(run_dir, ignore_errors=True)
        raise
