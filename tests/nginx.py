"""nginx in a process of its own, for tests that meet the app as a visitor behind it would."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def program() -> str | None:
    """nginx on this machine; None without it, or without the openssl that makes its certificate."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return found if shutil.which("openssl") else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """nginx with its files in `folder`: `serve` what it should, `start`, and `stop` it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._servers, self._ports = folder, [], []
        self._process: subprocess.Popen | None = None

    def serve(self, body: str, *, tls: bool = False) -> str:
        """Add a server with this configuration; its origin."""
        port = free_port()
        self._ports.append(port)
        if tls:
            body = f"ssl_certificate cert.pem; ssl_certificate_key key.pem; {body}"
        self._servers.append(f"server {{ listen 127.0.0.1:{port}{' ssl' * tls}; {body} }}")
        return f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    def start(self) -> None:
        """Returns when it listens."""
        self._certificate()
        temporary = "".join(f"{kind}_temp_path {self._folder}/{kind};" for kind in TEMPORARY)
        # Started by root, its workers would be nobody's, who may not write into this folder.
        user = "" if os.geteuid() else "user root;"
        config = self._folder / "nginx.conf"
        config.write_text(
            f"{user} worker_processes 1; daemon off; pid {self._folder}/pid;\n"
            f"error_log {self._folder}/error.log; events {{}}\n"
            f"http {{ access_log off; {temporary}\n" + "\n".join(self._servers) + "\n}\n"
        )
        command = [program(), "-p", str(self._folder), "-c", str(config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        if not listen(self._ports):
            self.stop()
            pytest.fail("nginx does not listen:\n" + (self._folder / "error.log").read_text())

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)

    def _certificate(self) -> None:
        files = ["-keyout", "key.pem", "-out", "cert.pem"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=localhost", *files]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True)


def listen(ports: Iterable[int], seconds: float = 20) -> bool:
    """Whether all these ports are served before the time is up."""
    end = time.monotonic() + seconds
    for port in ports:
        while not answers(port):
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
    return True


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
