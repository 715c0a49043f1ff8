"""Halves the time that `import gradio` takes.

Gradio 6.31 rewrites a type stub (.pyi) for each of its eighty components whenever it is imported:
it parses every component's source, which was 8 of the 16 profiled seconds. Nothing here reads those
stubs, and subclasses of components would get one beside our own sources. Call `skip_stubs()` before
gradio is imported for the first time.
"""

import importlib.abc
import importlib.machinery
import sys

_MODULE = "gradio.component_meta"
_WRITER = "create_or_modify_pyi"


class _Finder(importlib.abc.MetaPathFinder):
    """Finds that one module as Python would, and takes the writing of stubs out of it once it has
    run."""

    def find_spec(self, name, path=None, target=None):
        if name != _MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module) -> None:
            run(module)
            if hasattr(module, _WRITER):
                setattr(module, _WRITER, lambda *_: None)

        spec.loader.exec_module = exec_module
        return spec


def skip_stubs() -> None:
    """Import gradio without its stub writing. Changes nothing where gradio has been imported
    already."""
    if _MODULE not in sys.modules and not any(
        isinstance(finder, _Finder) for finder in sys.meta_path
    ):
        sys.meta_path.insert(0, _Finder())
