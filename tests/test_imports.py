"""One way down, no circle, no private names of others; nothing heavy is loaded before its time."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import (
    Arrow,
    House,
    circles,
    full_folders,
    private_names,
    wrong_ways,
)

ROOT = Path(__file__).resolve().parent.parent
USER_INTERFACE = {"gradio", "gradio_client", "plotly", "fastapi", "uvicorn", "starlette"}


@pytest.fixture(scope="module")
def arrows() -> list[Arrow]:
    return House.read(ROOT).arrows()


def test_no_files_import_each_other(arrows):
    assert circles(arrows) == []


def test_imports_go_one_way_down(arrows):
    """The core knows no demo, the demo no app, a tab no other tab; see FLOORS in tests/house.py."""
    assert wrong_ways(arrows) == []


def test_nobody_takes_a_private_name_of_another_file(arrows):
    assert private_names(arrows) == []


def test_a_folder_can_be_taken_in_at_a_glance():
    assert full_folders(ROOT) == []


def test_the_core_knows_no_user_interface():
    outside = {
        node.names[0].name if isinstance(node, ast.Import) else str(node.module)
        for file in files("vqvae")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not {name.split(".")[0] for name in outside} & USER_INTERFACE


def test_modules_of_ours_are_looked_up_by_name_in_few_places():
    """Names given as text pass under the floors: the hub's methods, the list of tabs, and nothing
    else."""
    by_name = re.compile(r"import_module\(f?[\"'](demo|vqvae)|__import__\(")
    found = {
        file.relative_to(ROOT).as_posix()
        for folder in ("demo", "vqvae")
        for file in files(folder)
        if by_name.search(file.read_text("utf-8"))
    }
    assert found == {"vqvae/nn/pretrained.py", "demo/interface.py"}


WRONG = {
    "a circle": (
        {
            "vqvae/nn/__init__.py": "",
            "vqvae/nn/losses.py": "",
            "vqvae/nn/model.py": "from . import losses",
            "vqvae/nn/quantizer.py": "def late():\n    from .model import x",
        },
        {"vqvae/nn/losses.py": "from vqvae.nn.quantizer import y"},
        circles,
        "vqvae.nn.losses <-> vqvae.nn.model <-> vqvae.nn.quantizer",
    ),
    "a circle of two": (
        {"vqvae/metrics.py": "from vqvae.config import a"},
        {"vqvae/config.py": "def late():\n    import vqvae.metrics as m"},
        circles,
        "vqvae.config <-> vqvae.metrics",
    ),
    "an arrow up": (
        {"vqvae/nn/model.py": ""},
        {
            "vqvae/checkpoints/hub.py": "",
            "vqvae/nn/model.py": "def late():\n    from vqvae.checkpoints import hub",
        },
        wrong_ways,
        "vqvae.nn.model -> vqvae.checkpoints.hub",
    ),
    "an arrow up through the package's table": (
        {
            "vqvae/__init__.py": "",
            "vqvae/__init__.pyi": "from .checkpoints.checkpoint import load as load",
            "vqvae/checkpoints/checkpoint.py": "",
        },
        {"vqvae/nn/model.py": "import vqvae\nvqvae.load('mnist')"},
        wrong_ways,
        "vqvae.nn.model -> vqvae.checkpoints.checkpoint: load",
    ),
    "a tab that imports a tab": (
        {"demo/tabs/edit/tab.py": "", "demo/tabs/train/view.py": ""},
        {"demo/tabs/edit/tab.py": "from demo.tabs.train.view import clock"},
        wrong_ways,
        "demo.tabs.edit.tab -> demo.tabs.train.view: clock",
    ),
    "the core that imports the demo": (
        {"demo/text.py": ""},
        {"vqvae/config.py": "from demo import text"},
        wrong_ways,
        "vqvae.config -> demo.text",
    ),
    "a private name": (
        {"demo/charts/curves.py": ""},
        {"demo/charts/map_plot.py": "from demo.charts.curves import _ticks, number"},
        private_names,
        "demo.charts.map_plot -> demo.charts.curves: _ticks",
    ),
    "a private name of a module": (
        {"demo/charts/curves.py": ""},
        {"demo/charts/map_plot.py": "from demo.charts import curves as c\nc._ticks(0)"},
        private_names,
        "demo.charts.map_plot -> demo.charts.curves: _ticks",
    ),
}


@pytest.mark.parametrize("right, change, look, named", WRONG.values(), ids=WRONG)
def test_a_wrong_arrow_is_named(tmp_path, right, change, look, named):
    def built(sources: dict[str, str]) -> list[str]:
        for name, source in sources.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(source, "utf-8")
        return look(House.read(tmp_path, ("demo", "vqvae")).arrows())

    assert built(right) == [] and built(change) == [named]


def test_a_room_that_no_floor_knows_is_asked_for(tmp_path):
    with pytest.raises(KeyError, match=r"demo\.attic is in no room of FLOORS"):
        wrong_ways([Arrow("demo.attic", "demo.text", "")])


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def loaded_after(code: str) -> set[str]:
    """Top-level modules loaded in a fresh interpreter once `code` has run."""
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_core_loads_no_user_interface_and_no_torch():
    assert not loaded_after("import vqvae") & (USER_INTERFACE | {"torch", "demo"})


def test_building_the_page_loads_nothing_heavy_and_writes_no_stubs():
    """The first page is served within seconds only because these wait until after it, and Gradio's
    stub writing is skipped, as in app.py: the original refuses a class without events."""
    code = (
        "from demo.web.quickstart import skip_stubs\nskip_stubs()\nimport gradio.component_meta "
        "as meta, pathlib\n"
        "meta.create_or_modify_pyi(pathlib.Path, 'Path', [])\n"
        "from demo.interface import create_app\nimport demo.web.server\ncreate_app()"
    )
    loaded = loaded_after(code)
    assert "gradio" in loaded
    assert not loaded & {"torch", "torchvision", "plotly", "sklearn", "umap", "numba", "scipy"}


def test_trackers_are_imported_only_when_used():
    for file in files("vqvae"):
        at_once = [
            node
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        named = [ast.unparse(node) for node in at_once]
        assert not any(
            tracker in name for name in named for tracker in ("tensorboard", "wandb", "trackio")
        ), file


def test_few_functions_of_the_app_return_a_dict_or_tuple_of_anything():
    """A class with named and typed fields says what is in it; at most 3 % may do without."""
    functions = [
        node
        for file in (ROOT / "demo").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    bare = [
        one.name
        for one in functions
        if one.returns
        and {"dict", "tuple", "dict[str, Any]"} & set(ast.unparse(one.returns).split(" | "))
    ]
    assert len(bare) <= 0.03 * len(functions), bare
