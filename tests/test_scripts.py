"""The scripts of the page: what they import is there and served, their types are right, their style
is clean."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.page import modules
from demo.web.served.modules import module_route

ROOT = Path(__file__).resolve().parent.parent
JS = ROOT / "tests" / "js"
TOOLS = JS / "node_modules"
LINTED = ("demo", "vqvae/engine", "vqvae/export", "tests/js")


def run_tool(script: str, *arguments: str) -> subprocess.CompletedProcess:
    """A tool of tests/js in node; what cannot run fails where it must not be missed (CI=true)."""
    program = shutil.which("node")
    if program is None or not (TOOLS / script).is_file():
        reason = "needs node and the tools of the scripts: npm ci --prefix tests/js"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(
        [program, TOOLS / script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("project", ["tsconfig.json", "tsconfig.page.json"])
def test_the_types_are_right(project):
    ran = run_tool("typescript/bin/tsc", "--project", str(JS / project))
    assert ran.returncode == 0, ran.stdout


def test_the_scripts_are_formatted():
    files = [f"{folder}/**/*.{{js,mjs}}" for folder in LINTED]
    settings = ("--config", "tests/js/prettier.json")
    ran = run_tool("prettier/bin/prettier.cjs", *settings, "--check", *files)
    assert ran.returncode == 0, f"npm run format --prefix tests/js\n{ran.stderr}"


def test_the_style_is_clean():
    ran = run_tool("eslint/bin/eslint.js", "--config", "tests/js/eslint.config.js", *LINTED)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def mains() -> list[str]:
    """The modules that the page itself starts: one of each component."""
    return [
        name
        for name in modules.sources()
        if name.startswith("demo/tabs/") and name.endswith("/page/main.js")
    ]


@pytest.mark.parametrize("name", mains())
def test_what_a_module_imports_is_there(name):
    assert set(modules.imports(name)) <= set(modules.sources())
    assert b"export function mount(" in modules.sources()[name]


def test_an_address_stands_for_the_content(monkeypatch):
    name = mains()[0]
    before = modules.address(name)
    assert not before.startswith("/"), "the page may lie below a sub-path"
    changed = {**modules.sources(), name: modules.sources()[name] + b"\n"}
    monkeypatch.setattr(modules, "sources", lambda: changed)
    modules.version.cache_clear()
    assert modules.address(name) != before
    modules.version.cache_clear()


@pytest.fixture
def client():
    return TestClient(Starlette(routes=[module_route()]))


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_modules_are_served_to_be_kept(client, encoding):
    for name, source in modules.sources().items():
        answer = client.get(f"/{modules.address(name)}", headers={"Accept-Encoding": encoding})
        assert answer.status_code == 200 and answer.content == source
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers.get("content-encoding", "identity") == encoding


@pytest.mark.parametrize(
    "path",
    [
        "0123456789abcdef/demo/page/dom.js",
        "{version}/demo/page/none.js",
        "{version}/demo/page/page.py",
        "{version}/demo/page/..%2Fpage/dom.js",
        "{version}/../../README.md",
        "{version}/",
        "{version}//etc/passwd",
    ],
)
def test_nothing_else_is_served_as_a_module(client, path):
    answer = client.get(f"/{modules.ROUTE}/{path.format(version=modules.version())}")
    assert answer.status_code == 404
