"""The lines of docs/deploy.md for Caddy, as they stand there but for the name and the ports."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.nginx import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
BLOCKS = re.findall(r"```caddy\n(.*?)```", PAGE, re.DOTALL)
ALONE = (
    "{\n    local_certs\n    skip_install_trust\n    admin off\n    http_port %d\n    "
    "https_port %d\n}\n"
)
PATHS = ("/", "/vq")
SLOW = 120_000


def shakes_hands(port: int, seconds: float = 60) -> bool:
    """Whether a certificate is there before the time is up: it is made after the port is open."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), 5) as plain,
                context.wrap_socket(plain, server_hostname="localhost"),
            ):
                return True
        except OSError:
            time.sleep(0.1)
    return False


@pytest.fixture
def serve(tmp_path, cannot_run) -> Iterator:
    """`serve(block, app)`: the origin of a Caddy that serves a block of the docs before this
    app."""
    if not shutil.which("caddy"):
        pytest.skip("caddy is needed here")
    started = []

    def start(block: str, app) -> str:
        plain, tls = free_port(), free_port()
        block = block.replace("class.example", "localhost").replace(
            "127.0.0.1:7860", urlsplit(app.url).netloc
        )
        (tmp_path / "Caddyfile").write_text(ALONE % (plain, tls) + block)
        command = ["caddy", "run", "--config", str(tmp_path / "Caddyfile")]
        environment = os.environ | {
            "XDG_DATA_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
        }
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        assert shakes_hands(tls)
        return f"https://localhost:{tls}"

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("block, path", list(zip(BLOCKS, PATHS, strict=True)), ids=PATHS)
def test_caddy_serves_the_page_as_the_docs_say(block, path, serve, start_app, browser, tmp_path):
    options = ["--trusted-proxy", "127.0.0.1", "--allow-host", "localhost"]
    app = start_app(tmp_path / "runs", *options, *(("--root-path", path) if path != "/" else ()))
    failed = []
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.set_default_timeout(SLOW)
        page.on(
            "response",
            lambda answer: answer.status >= 400 and failed.append(f"{answer.status} {answer.url}"),
        )
        page.goto(serve(block, app) + path)
        page.wait_for_function(
            "() => /dB/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
        )
        page.get_by_role(
            "tab", name="Train", exact=True
        ).click()  # an event of Gradio's, with its stream
        page.locator("#vq-train-seconds input").fill("0")
        page.locator("#vq-train-seconds input").press("Tab")
        page.locator("#vq-train-start").click()
        page.wait_for_function("document.querySelector('#vq-train-problem')?.innerText.trim()")
        page.locator("#vq-about-open[aria-expanded]").click()
        with page.expect_download() as download:
            page.locator("#vq-download").click()
        assert download.value.suggested_filename.endswith(".zip")
    app.stop()
    assert failed == []
