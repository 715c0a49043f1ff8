"""Real photos to begin with, for models of colour pictures: some come with the libraries the app is
built on.

No model here has seen them, nothing is downloaded, and none is copied into the project. A library
that leaves a file out in a later version only makes the row shorter.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from demo.pictures.images import ImageError, fit, read_image

PHOTOS = (
    ("flower", "sklearn", "datasets/images/flower.jpg"),
    ("temple", "sklearn", "datasets/images/china.jpg"),
    ("lion", "gradio", "media_assets/images/lion.jpg"),
    ("cheetah", "gradio", "media_assets/images/cheetah1.jpg"),
    ("running cheetah", "gradio", "media_assets/images/cheetah.jpg"),
    ("tower", "gradio", "media_assets/images/tower.jpg"),
    ("Grace Hopper", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)
"""What it shows, the package, and the file in it."""
SOURCE = "photos that come with scikit-learn, Gradio and Matplotlib; this model has never seen them"


def sample_photos(height: int, width: int) -> list[tuple[str, np.ndarray]]:
    """(what it shows, uint8 (height, width, 3)) of every photo that is there, cropped to the
    frame."""
    found = []
    for label, package, file in PHOTOS:
        spec = importlib.util.find_spec(package)  # finds the folder without importing anything
        for folder in spec.submodule_search_locations or () if spec else ():
            try:
                pixels = read_image((Path(folder) / file).read_bytes()).pixels
            except (OSError, ImageError):
                continue
            found.append((label, fit(pixels, height, width)))
            break
    return found
