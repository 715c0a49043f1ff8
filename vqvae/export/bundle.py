"""ES modules as one script: a page opened from a file may not load a second one."""

from __future__ import annotations

import re

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)


def bundle(modules: dict[str, str], entry: str) -> str:
    """One script that runs `entry`, each module it needs before whoever imports it.

    `modules` maps file names to sources that import only by
    `import { a, b as c } from "./file.js";` and export only declarations. ValueError for a module
    that is missing, or a circle.
    """
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"The modules import in a circle: {' -> '.join((*above, name))}.")
        if name not in modules:
            raise ValueError(
                f"{above[-1] if above else 'The page'} imports {name}, which is no module."
            )
        if name not in order:
            for _, needed in _IMPORT.findall(modules[name]):
                visit(needed, (*above, name))
            order.append(name)

    visit(entry, ())
    return "const modules = {};\n" + "\n".join(_as_function(name, modules[name]) for name in order)


def _as_function(name: str, source: str) -> str:
    """A module as a function that is called at once and leaves what it exports in `modules`."""
    exported = ", ".join(found[1] for found in _EXPORT.finditer(source))
    body = _IMPORT.sub(_destructured, _EXPORT.sub("", source))
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();'


def _destructured(found: re.Match) -> str:
    return f'const {{{found[1].replace(" as ", ": ")}}} = modules["{found[2]}"];\n'
