"""What one address can take of the disk by uploads: its room and no more, however it sends them."""

import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.attacks.conftest import HONEST_SECONDS, Target

MB = 2**20
ROOM = 20 * MB
FILE = bytes(6 * MB)


@pytest.fixture(scope="module")
def small(start_target) -> Target:
    return start_target("--upload-room", str(ROOM // MB), "--max-upload", "8", models=False)


def send(target: Target, field: str = "files", address: str = "127.0.0.1") -> httpx.Response:
    transport = httpx.HTTPTransport(local_address=address, verify=False)
    with httpx.Client(transport=transport, timeout=60) as client:
        parts = {field: (secrets.token_hex(4), secrets.token_bytes(16) + FILE)}
        return client.post(f"{target.url}/gradio_api/upload", files=parts)


def test_many_uploads_take_the_room_of_one_address_and_another_still_gets_in(small):
    before = small.disk()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(small), range(24)))
    assert {answer.status_code for answer in answers} <= {200, 507}
    assert any(answer.status_code == 200 for answer in answers)
    assert 0 < small.disk() - before <= ROOM
    told = [answer.text for answer in answers if answer.status_code == 507]
    assert all("your network address" in text for text in told)
    assert send(small, address="127.0.0.2").status_code == 200
    assert small.honest_seconds() < HONEST_SECONDS


def test_what_is_in_no_field_of_the_page_is_not_kept(small):
    before = small.disk()
    for _ in range(5):
        send(small, field="other", address="127.0.0.3")
    assert small.disk() - before < MB


def test_an_upload_that_is_cut_off_leaves_nothing(small):
    before, address = small.disk(), urlsplit(small.url)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: "
        f"{7 * MB}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="a.zip"\r\n\r\n'
    ).encode()
    for _ in range(8):
        with socket.create_connection((address.hostname, address.port)) as sender:
            sender.sendall(head + FILE)
    deadline = time.monotonic() + 10
    while small.disk() - before >= MB and time.monotonic() < deadline:
        time.sleep(0.1)
    assert small.disk() - before < MB
    assert send(small, address="127.0.0.4").status_code == 200
