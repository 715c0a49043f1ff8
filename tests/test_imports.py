"""app.py -> demo -> vqvae: no arrow points back, and nothing heavy is loaded before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
USER_INTERFACE = {"gradio", "gradio_client", "plotly", "fastapi", "uvicorn", "starlette"}


def imported(file: Path) -> set[str]:
    """The dotted names that a file imports anywhere, functions included; relative ones resolved."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            names.add(".".join([*base, *([node.module] if node.module else [])]))
            names |= {".".join([*base, *([node.module] if node.module else []), alias.name]) for alias in node.names}
    return names


def top_level(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("file", files("vqvae"), ids=lambda f: f.relative_to(ROOT).as_posix())
def test_the_core_knows_no_user_interface(file):
    assert not top_level(imported(file)) & (USER_INTERFACE | {"demo", "app"})


@pytest.mark.parametrize("file", files("demo"), ids=lambda f: f.relative_to(ROOT).as_posix())
def test_the_demo_knows_nothing_of_the_app(file):
    assert "app" not in top_level(imported(file))


@pytest.mark.parametrize("file", files("demo/tabs"), ids=lambda f: f.stem)
def test_no_tab_imports_another(file):
    others = {f"demo.tabs.{tab.stem}" for tab in files("demo/tabs")} - {f"demo.tabs.{file.stem}", "demo.tabs.__init__"}
    assert not imported(file) & others


def loaded_after(code: str) -> set[str]:
    """Top-level modules loaded in a fresh interpreter once `code` has run."""
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_core_loads_no_user_interface_and_no_torch():
    assert not loaded_after("import vqvae") & (USER_INTERFACE | {"torch", "demo"})


def test_building_the_page_loads_nothing_heavy_and_writes_no_stubs():
    """The first page is served within seconds only because these wait until after it, and Gradio's stub writing is
    skipped, as in app.py: the original refuses a class without events."""
    code = ("from demo.quickstart import skip_stubs\nskip_stubs()\nimport gradio.component_meta as meta, pathlib\n"
            "meta.create_or_modify_pyi(pathlib.Path, 'Path', [])\n"
            "from demo.interface import create_app\nimport demo.server\ncreate_app()")
    loaded = loaded_after(code)
    assert "gradio" in loaded
    assert not loaded & {"torch", "torchvision", "plotly", "sklearn", "umap", "numba", "scipy"}


def test_tensorboard_is_imported_only_when_used():
    for file in files("vqvae"):
        at_once = [node for node in ast.parse(file.read_text(encoding="utf-8")).body
                   if isinstance(node, (ast.Import, ast.ImportFrom))]
        assert not any("tensorboard" in ast.unparse(node).replace("vqvae.tensorboard", "") for node in at_once), file
