"""What the uploads of one address may take: files that wait, zips of runs, models; and the disk
beside them."""

import os
from dataclasses import replace

import pytest

from demo.asker import ADDRESS
from demo.runs.storage import UPLOADS, Caps, StorageError
from demo.runs.upload_room import BLOCK, UploadRoom

ROOMY = Caps(total=2**40, visitor=2**40, free=0)
MOST = 30 * BLOCK


@pytest.fixture
def runs(tmp_path):
    (tmp_path / UPLOADS).mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def nobody():
    token = ADDRESS.set("1.2.3.4")
    yield
    ADDRESS.reset(token)


def arrive(room, runs, name, blocks, where=UPLOADS):
    """An upload of so many blocks; its file."""
    with room.coming(blocks * BLOCK) as arrived:
        folder = runs / where / name
        folder.mkdir(parents=True)
        (folder / "a.zip").write_bytes(bytes(blocks * BLOCK))
        arrived.append(folder)
    return folder / "a.zip"


def test_the_oldest_file_that_waits_makes_room_for_a_new_one(runs):
    room = UploadRoom(runs, MOST, ROOMY)
    first, second = arrive(room, runs, "first", 10), arrive(room, runs, "second", 10)
    assert first.exists() and second.exists()
    third = arrive(room, runs, "third", 10)
    assert not first.exists() and second.exists() and third.exists()


def test_what_is_kept_stays_and_is_told(runs):
    room = UploadRoom(runs, MOST, ROOMY)
    model = arrive(room, runs, "model", 20, where="visitor")
    with pytest.raises(
        StorageError, match=r"from your network address takes 0 MB and may take 0 MB: delete"
    ):
        arrive(room, runs, "more", 8)
    ADDRESS.set("5.6.7.8")
    arrive(room, runs, "of another address", 8)
    ADDRESS.set("1.2.3.4")
    model.unlink()
    model.parent.rmdir()
    arrive(room, runs, "more", 8)


def test_a_zip_that_a_run_shares_with_an_upload_counts_once_and_stays_when_the_upload_goes(runs):
    room = UploadRoom(runs, MOST, ROOMY)
    upload = arrive(room, runs, "upload", 12)
    run = runs / "visitor" / "run.zip"
    run.parent.mkdir()
    os.link(upload, run)
    room.keep(run)
    arrive(room, runs, "beside it", 6)
    assert upload.exists()
    with pytest.raises(StorageError):
        arrive(room, runs, "too much", 16)
    assert run.stat().st_size == 12 * BLOCK and not upload.exists()


def test_what_is_on_its_way_counts_until_it_has_come(runs):
    room = UploadRoom(runs, MOST, ROOMY)
    with room.coming(14 * BLOCK), pytest.raises(StorageError), room.coming(14 * BLOCK):
        pytest.fail("both together are too much")
    with room.coming(14 * BLOCK):
        pass


def test_empty_files_are_no_way_round(runs):
    room = UploadRoom(runs, MOST, ROOMY)
    for number in range(40):
        arrive(room, runs, str(number), 0)
    assert len(list((runs / UPLOADS).iterdir())) <= MOST / (2 * BLOCK)


def test_uploads_end_before_the_disk_is_full(runs):
    with UploadRoom(runs, MOST, ROOMY).coming(1):
        pass
    (runs / "file").write_bytes(bytes(200))
    full = UploadRoom(runs, MOST, replace(ROOMY, total=100))
    with pytest.raises(StorageError, match="no room for uploads"), full.coming(1):
        pytest.fail("it is full")
