"""The house as its imports draw it: who takes what from whom, read without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FLOORS: tuple[tuple[str, ...], ...] = (
    ("app",),
    ("demo.command_line", "demo.interface"),
    ("demo.options",),
    (
        "demo.web",
        "demo.api",
        "demo.tabs.reconstruct",
        "demo.tabs.edit",
        "demo.tabs.codebook",
        "demo.tabs.generate",
        "demo.tabs.train",
        "demo.tabs.compare",
    ),
    ("demo.page",),
    ("demo.door",),
    ("demo.models",),
    ("demo.runs",),
    ("demo.pictures", "demo.charts", "demo.background", "demo.roots"),
    ("demo.uploads", "demo.settings", "demo.session", "demo.text", "demo.asker", "demo.shares"),
    ("demo.errors", "demo.aside", "demo.as_text"),
    ("vqvae.__main__",),
    ("vqvae.cli",),
    ("vqvae.prior",),
    ("vqvae.training", "vqvae.export"),
    ("vqvae.analysis",),
    ("vqvae.data",),
    ("vqvae.checkpoints",),
    ("vqvae.grids",),
    ("vqvae.nn",),
    ("vqvae.distributed",),
    (
        "vqvae.collapse",
        "vqvae.config",
        "vqvae.engine",
        "vqvae.metrics",
        "vqvae.shared_memory",
        "vqvae.threads",
    ),
    ("vqvae.errors", "vqvae.quantizers", "vqvae.setting"),
)
"""Rooms from the top floor down; a room is a folder or a file. What is in a room may import from
its own room and from the floors below, never from a room beside it."""
HALL = ("demo", "demo.tabs", "vqvae")
"""Packages that hold rooms: their own `__init__` stands below them all; a name of `vqvae` counts as
where it is at home."""
FOLDERS_HOLD = 20


@dataclass(frozen=True, order=True)
class Arrow:
    """`importer` takes `name` ("" the whole module) from the module `source`."""

    importer: str
    source: str
    name: str

    def __str__(self) -> str:
        return f"{self.importer} -> {self.source}" + (f": {self.name}" if self.name else "")


@dataclass
class House:
    """The Python files under a root that are no tests, by their dotted names."""

    root: Path
    files: dict[str, Path] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    """Public names of the package `vqvae` -> the module that each is looked up in."""

    @classmethod
    def read(cls, root: Path, tops: tuple[str, ...] = ("app.py", "demo", "vqvae")) -> House:
        house = cls(root)
        for top in tops:
            for file in [root / top] if top.endswith(".py") else (root / top).rglob("*.py"):
                parts = file.relative_to(root).with_suffix("").parts
                house.files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
        facade = root / "vqvae" / "__init__.pyi"
        for node in ast.parse(facade.read_text("utf-8")).body if facade.is_file() else []:
            if isinstance(node, ast.ImportFrom):
                house.homes |= {alias.name: f"vqvae.{node.module}" for alias in node.names}
        return house

    def arrows(self) -> list[Arrow]:
        """Every import between the files, those inside functions included."""
        return sorted({arrow for module in self.files for arrow in self._from(module)})

    def _from(self, module: str) -> Iterator[Arrow]:
        tree, modules = ast.parse(self.files[module].read_text("utf-8")), {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                base = self._base(module, node)
                for alias in node.names:
                    whole = f"{base}.{alias.name}"
                    if whole in self.files:
                        modules[alias.asname or alias.name] = whole
                        yield Arrow(module, whole, alias.name if alias.name.startswith("_") else "")
                    elif base in self.files:
                        yield self._arrow(module, base, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self.files:
                        modules[alias.asname or alias.name] = alias.name
                        yield Arrow(module, alias.name, "")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
                source = modules[ast.unparse(node.value)]
                if f"{source}.{node.attr}" not in self.files:
                    yield self._arrow(module, source, node.attr)

    def _arrow(self, module: str, source: str, name: str) -> Arrow:
        """To where the name is at home: `vqvae.load` is a name of vqvae.checkpoints.checkpoint."""
        return Arrow(module, self.homes.get(name, source) if source == "vqvae" else source, name)

    def _base(self, module: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        is_package = self.files[module].name == "__init__.py"
        package = module.split(".")[: len(module.split(".")) - node.level + is_package]
        return ".".join([*package, *([node.module] if node.module else [])])


def room_of(module: str) -> str:
    """The room that a module is in; KeyError when FLOORS does not know it."""
    if module in HALL:
        return module
    known = [room for floor in FLOORS for room in floor if f"{module}.".startswith(f"{room}.")]
    if not known:
        raise KeyError(
            f"{module} is in no room of FLOORS in tests/house.py; say on which floor it belongs"
        )
    return max(known, key=len)


def wrong_ways(arrows: list[Arrow]) -> list[str]:
    """Arrows that go up, or to a room on the same floor."""
    floor_of = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    wrong = []
    for arrow in arrows:
        here, there = room_of(arrow.importer), room_of(arrow.source)
        if here == there or there in HALL:
            continue
        if here in HALL or floor_of[here] >= floor_of[there]:
            wrong.append(str(arrow))
    return wrong


def private_names(arrows: list[Arrow]) -> list[str]:
    """Names with an underscore that another file takes."""
    return [
        str(arrow)
        for arrow in arrows
        if arrow.importer != arrow.source
        and arrow.name.startswith("_")
        and not arrow.name.startswith("__")
    ]


def circles(arrows: list[Arrow]) -> list[str]:
    """Files that import each other, in whatever number of steps: one line of names a circle."""
    next_to: dict[str, set[str]] = {}
    for arrow in arrows:
        if arrow.importer != arrow.source:
            next_to.setdefault(arrow.importer, set()).add(arrow.source)

    def reached(start: str) -> set[str]:
        found, waiting = set(), [start]
        while waiting:
            for source in next_to.get(waiting.pop(), set()) - found:
                found.add(source)
                waiting.append(source)
        return found

    reach = {module: reached(module) for module in next_to}
    tied = {
        frozenset(other for other in sources if module in reach.get(other, ()))
        for module, sources in reach.items()
        if module in sources
    }
    return sorted(" <-> ".join(sorted(circle)) for circle in tied)


def full_folders(root: Path, most: int = FOLDERS_HOLD) -> list[str]:
    """Folders with more source files than one can take in; `__init__` does not count."""
    held: dict[Path, int] = {}
    for top in ("demo", "vqvae"):
        for file in (root / top).rglob("*"):
            if file.suffix in (".py", ".js") and file.name != "__init__.py":
                held[file.parent] = held.get(file.parent, 0) + 1
    return [
        f"{folder.relative_to(root).as_posix()}: {count} source files, at most {most}"
        for folder, count in sorted(held.items())
        if count > most
    ]
