"""Images of the visitor's own: an uploaded zip, npz or npy, or what lies under the root given at
the start."""

from html import escape
from pathlib import Path

from demo.page.run_head import problem_html
from demo.runs.folders import IMAGE_FILES
from demo.runs.presets import OWN_SIZES
from demo.runs.settings import SettingsError
from demo.settings import Settings
from demo.uploads import UploadError, uploaded

SHOWN = 3
"""Files named of those that are left out."""


def sources(root: Path | None) -> list[str]:
    """Names of the folders and files of images right under the root; [] without one. Links are left
    out: they may lead away."""
    try:
        entries = (
            sorted(root.iterdir(), key=lambda path: path.name.lower()) if root is not None else []
        )
        return [
            entry.name
            for entry in entries
            if not entry.name.startswith(".")
            and not entry.is_symlink()
            and (entry.is_dir() or (entry.is_file() and entry.suffix.lower() in IMAGE_FILES))
        ]
    except OSError:
        return []


def find(root: Path | None, name: object) -> Path:
    """The folder or zip of that name. SettingsError for any that is not on the list."""
    if root is None or not isinstance(name, str) or name not in sources(root):
        raise SettingsError(
            f"{str(name)[:60]!r} is no folder or zip that this server offers; choose one of the "
            f"list."
        )
    return root / name


def chosen(settings: Settings, upload: str | None, folder: object) -> tuple[Path | None, bool]:
    """(what to train on or None, whether it is the visitor's upload): an upload comes before a
    folder.

    Raises SettingsError for a file that was not uploaded and a folder that is not offered.
    """
    if upload:
        try:
            return uploaded(upload), True
        except UploadError as error:
            raise SettingsError(str(error)) from error
    return (find(settings.images, folder), False) if folder else (None, False)


def describe(
    settings: Settings, upload: str | None, folder: object
) -> tuple[str, int | None, bool | None]:
    """(HTML of what was found and what would be skipped, the size and whether in colour that suit
    it). The latter are None where nothing was found."""
    from vqvae.data.folder_look import look_at
    from vqvae.data.imageset import DataError

    try:
        path, _ = chosen(settings, upload, folder)
        if path is None:
            return "", None, None
        found = look_at(path)
    except (SettingsError, DataError) as error:
        return problem_html(str(error)), None, None
    except (
        Exception
    ):  # a look that fails must not stop the training, which says what is wrong itself
        return "", None, None
    side = min(OWN_SIZES, key=lambda size: abs(size - max(found.size)))
    return f'<p class="vq-note">{escape(_sentence(found, side))}</p>', side, found.channels == 3


def _sentence(found, side: int) -> str:
    classes = found.classes
    named = ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")
    whole = found.looked == found.files
    count = found.files - found.unusable if whole else found.files
    parts = [f"Found {count:,} {'image' if whole else 'file'}{'' if count == 1 else 's'}"]
    if classes:
        parts.append(f"in {len(classes):,} classes ({named})")
    parts.append(
        "with folders for training and test."
        if found.presplit
        else "of which 10 % are kept for the test."
    )
    sentence = " ".join(parts)
    if found.skipped:
        listed = "; ".join(f"{file.name[-60:]} ({file.reason})" for file in found.skipped[:SHOWN])
        more = f"; and {len(found.skipped) - SHOWN:,} more" if len(found.skipped) > SHOWN else ""
        among = f" (among {found.looked:,} looked at)" if found.looked < found.files else ""
        sentence += f" Left out{among}: {listed}{more}."
    if min(found.own) >= 2 * side:
        sentence += (
            f" They are {found.own[0]:,} × {found.own[1]:,} pixels and are taken at {side} × "
            f"{side}; a larger size keeps more of them."
        )
    return " ".join([sentence, *found.notes])
