"""Uploads: they come in by Gradio's door, each into a folder of its own, which is counted and
leaves nothing when it is cut off.
"""

import secrets
import shutil
from pathlib import Path

from fastapi import HTTPException
from gradio import routes
from gradio.route_utils import upload_fn

from demo.runs.storage import StorageError
from demo.runs.upload_room import UploadRoom


def bound_uploads(room: UploadRoom, largest: int) -> None:
    """Let Gradio's uploads ask for room first. It would leave the part of an upload that was cut
    off, and the parts that are in no field of its own, until the next day."""

    async def counted(request, upload_dir, *args, **options):
        told = request.headers.get("content-length", "")
        folder = Path(upload_dir) / secrets.token_hex(16)
        try:
            with room.coming(int(told) if told.isdigit() else largest) as arrived:
                files, *more = await upload_fn(request, folder, *args, **options)
                for stray in filter(Path.is_file, folder.iterdir()):  # the others lie in folders
                    stray.unlink()
                arrived.append(folder)
                return files, *more
        except StorageError as error:
            raise HTTPException(507, str(error)) from None
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    setattr(routes, "upload_fn", counted)  # noqa: B010, a checker knows modules as fixed
