"""Files that a visitor may speak of: those uploaded to this app, and no others."""

import stat
from pathlib import Path

from gradio.utils import get_upload_folder

from demo.errors import PageError

NOT_UPLOADED = "That file was not uploaded to this app: choose it again."


class UploadError(PageError):
    """A request names a file that was not uploaded; the text is one sentence that names no path."""


def uploaded(path: object) -> Path:
    """The file of an upload, resolved.

    Raises UploadError for anything that is not a plain file in the folder of uploads: another path,
    a link, a device, a folder. The answer is the same whether the path exists or not.
    """
    try:
        if not isinstance(path, str | Path):
            raise ValueError
        folder, file = Path(get_upload_folder()).resolve(), Path(path)
        if (
            not file.is_absolute()
            or ".." in file.parts
            or not file.resolve().is_relative_to(folder)
        ):
            raise ValueError
        if file.is_symlink() or not stat.S_ISREG(file.stat().st_mode):
            raise ValueError
    except (OSError, ValueError):
        raise UploadError(NOT_UPLOADED) from None
    return file.resolve()
