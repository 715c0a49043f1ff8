"""The core as a package: what its wheel holds, what it gives outside the clone, and the lists of
requirements, which agree with each other and with what the code imports.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import vqvae

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
distributions_by_module = cache(packages_distributions)  # reads what every package has installed


def listed(name: str, part: str = "") -> list[str]:
    """The lines of a file of requirements, of those it includes too; of the part under a heading
    `# -- part` alone where one is named."""
    lines, heading = [], ""
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line.startswith("# -- "):
            heading = line
        elif line.startswith("-r "):
            lines += listed(line.removeprefix("-r ").strip())
        elif line and not line.startswith("#") and part in heading:
            lines.append(line)
    return lines


def names(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


@cache
def brought_along(distribution: str) -> set[str]:
    """What a distribution requires, and what those require."""
    found: set[str] = set()
    waiting = [distribution]
    while waiting:
        for line in requires(waiting.pop()) or ():
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            if name not in found and (not requirement.marker or requirement.marker.evaluate()):
                found.add(name)
                waiting.append(name)
    return found


def imported(*files: Path) -> set[str]:
    """The distributions of other people that files import, anywhere in them."""
    modules = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).partition(".")[0])
    ours = {"vqvae", "demo", "tests", "app", *(file.stem for file in BENCHMARKS)}
    homes = distributions_by_module()
    return {
        canonicalize_name(homes[module][0])
        for module in modules - ours - set(sys.stdlib_module_names)
    }


def python_of(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_the_lists_of_requirements_agree():
    assert sorted(PROJECT["dependencies"]) == sorted(listed("requirements.txt", "The core"))
    assert set(listed("requirements.txt")) < set(listed("requirements-dev.txt"))


def test_what_is_imported_is_listed_by_name():
    assert imported(*python_of("vqvae")) <= names(PROJECT["dependencies"])
    app = names(listed("requirements.txt")) | brought_along("gradio")
    assert imported(*python_of("demo"), ROOT / "app.py") <= app
    development = names(listed("requirements-dev.txt")) | app | brought_along("pytest")
    assert imported(*python_of("tests"), *BENCHMARKS) <= development


def test_benchmarks_name_the_file_of_requirements_they_need():
    enough = names(listed("requirements.txt")) | brought_along("gradio")
    more = {file.stem for file in BENCHMARKS if imported(file) - enough}
    table = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `python benchmarks/(\w+)\.py.*?` \| `(.*?)` \|", table, re.M)
    assert len(rows) == table.count("| `python benchmarks/")
    for name, needed in rows:
        assert needed == ("requirements-dev.txt" if name in more else "requirements.txt"), name
    measured = (ROOT / "docs" / "measurements.md").read_text("utf-8")
    named = measured.partition("commands need what is in `requirements.txt`")[2].partition(".\n")[0]
    quoted = {name for name in more if f"benchmarks/{name}.py" in measured}
    assert set(re.findall(r"`(\w+)\.py`", named)) == quoted and quoted


def test_the_version_is_told_everywhere():
    for command in (["-m", "vqvae"], ["app.py"]):
        done = run([sys.executable, *command, "--version"], cwd=ROOT)
        assert done.stdout.split()[-1] == vqvae.__version__


def run(command: list, **options) -> subprocess.CompletedProcess:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, **options)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A folder into which the wheel was installed, and an environment that imports from there."""
    folder = tmp_path_factory.mktemp("package")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    run([*pip, "--no-deps", "--no-index", "--target", site, wheel])
    return site, {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_wheel_holds_the_core_with_scripts_and_weights_and_nothing_of_the_app(installed):
    site, _ = installed
    with zipfile.ZipFile(next(site.parent.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    tracked = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "vqvae").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    shipped = {
        f"vqvae/shipped/{file.relative_to(ROOT / 'checkpoints').as_posix()}"
        for file in (ROOT / "checkpoints").rglob("*")
        if file.is_file()
    }
    assert {"vqvae/py.typed", "vqvae/engine/model.js"} <= tracked
    assert held == tracked | shipped


def test_the_package_works_outside_the_clone(installed, tmp_path):
    site, environment = installed
    script = (
        "import torch, vqvae\n"
        "from vqvae.checkpoints.checkpoint import SHIPPED\n"
        "from vqvae.engine import modules\n"
        "assert 'model.js' in modules()\n"
        "model = vqvae.load('mnist')\n"
        "shape = tuple(model.encode(torch.zeros(2, 1, 28, 28)).shape)\n"
        "print(vqvae.__file__, SHIPPED, shape, sep='\\n')"
    )
    done = run([sys.executable, "-c", script], cwd=tmp_path, env=environment)
    module, shipped, shape = done.stdout.splitlines()
    assert Path(module).is_relative_to(site) and Path(shipped) == site / "vqvae" / "shipped"
    assert shape == "(2, 7, 7)"
    command = site / "bin" / "vqvae"
    version = run([command, "--version"], cwd=tmp_path, env=environment).stdout
    assert version == f"vqvae {vqvae.__version__}\n"
    assert "mnist" in run([command, "info", "mnist"], cwd=tmp_path, env=environment).stdout


def test_every_benchmark_ends_on_ctrl_c_as_the_verbs_do():
    commands = [file for file in BENCHMARKS if '__name__ == "__main__"' in file.read_text("utf-8")]
    assert len(commands) >= 14
    for file in commands:
        assert file.read_text("utf-8").endswith('if __name__ == "__main__":\n    run(main)\n'), file
    script = "from running import run\ndef main(): raise KeyboardInterrupt\nrun(main)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "benchmarks", capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


def test_no_file_holds_what_a_merge_left():
    mark = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)
    text = (".py", ".js", ".mjs", ".html", ".css", ".md", ".toml", ".txt", ".json")
    ours = [
        file
        for folder in ("demo", "vqvae", "docs", "tests", "benchmarks")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in text and "node_modules" not in file.parts
    ]
    assert not [
        file
        for file in [*ours, *ROOT.glob("*.md")]
        if mark.search(file.read_text("utf-8", "replace"))
    ]
