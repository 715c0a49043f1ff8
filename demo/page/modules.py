"""The ES modules of the page: under which address the app serves them, and how a component starts
one.

The paths below an address are those of the repository, so that an `import` means the same file to a
browser, to node and to the type checker. Before them stands a hash of all modules together: what a
browser has under an address never changes, and one page never mixes two versions of the app.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath

from demo.settings import PROJECT
from vqvae import engine

ROUTE = "modules"
"""First part of their addresses."""
FOLDERS = {"demo": PROJECT / "demo", "vqvae/engine": engine.FOLDER}
IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["'](\.[^"']+)["'];""", re.MULTILINE)
"""A static import; its group is the address, relative to the module that has it."""
TRIGGER = re.compile(r"""\btrigger\("(\w+)\"""")
UNAVAILABLE = "This part of the page could not be loaded; reload the page."


@cache
def sources() -> Mapping[str, bytes]:
    """Every module by its path in the repository."""
    return {
        f"{name}/{file.relative_to(folder).as_posix()}": file.read_bytes()
        for name, folder in FOLDERS.items()
        for file in sorted(folder.rglob("*.js"))
    }


@cache
def version() -> str:
    """What stands for the content of all modules in their addresses."""
    digest = hashlib.sha256()
    for name, source in sources().items():
        digest.update(f"{name} {len(source)}\n".encode() + source)
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    """Where the page gets a module, relative to the page itself. KeyError where there is none."""
    sources()[name]
    return f"{ROUTE}/{version()}/{name}"


def imports(name: str) -> list[str]:
    """A module and all that it imports, directly or not, each once; those it needs come last."""
    found = [name]
    for one in found:
        for relative in IMPORT.findall(sources()[one].decode("utf-8")):
            needed = normpath((PurePosixPath(one).parent / relative).as_posix())
            if needed not in found:
                found.append(needed)
    return found


def preloads(name: str) -> str:
    """HTML for the head of the page that fetches a module, and all that it imports, at once: its
    component then need not wait for one after another."""
    return "".join(f'<link rel="modulepreload" href="{address(one)}">' for one in imports(name))


def fetch_ahead() -> str:
    """JavaScript that fetches every module of the page that it has not fetched yet, once it is
    idle: a tab then opens at once."""
    addresses = json.dumps([address(name) for name in sources() if "/tabs/" in name])
    return f"""() => {{
      (window.requestIdleCallback ?? setTimeout)(() => {{
        for (const href of {addresses}) {{
          const link = document.createElement("link");
          document.head.append(Object.assign(link, {{ rel: "modulepreload", href }}));
        }}
      }});
    }}"""


def calls(name: str, function: str, *given: object) -> str:
    """JavaScript for an event, which asks the server nothing: a function of a module is called with
    what is `given`, then with the values of the event's inputs, as a list."""
    where, before = json.dumps(address(name)), "".join(f"{json.dumps(one)}, " for one in given)
    return (
        f"async (...values) => (await import(new URL({where}, document.baseURI)))"
        f".{function}({before}values)"
    )


def starts(module: Path) -> str:
    """The script of a gr.HTML that hands itself to `mount` of a module of the page.

    `module` is its file. A server that is gone is spoken of elsewhere on the page (head/alive.js),
    and the module is asked for again when it is back.
    """
    name = module.relative_to(PROJECT).as_posix()
    text = b"\n".join(sources()[one] for one in imports(name)).decode("utf-8")
    # Gradio knows a component's events by their names in this script.
    events = ", ".join(sorted({f'"{event}"' for event in TRIGGER.findall(text)}))
    return f"""// Events: {events or "none"}
const load = async () => (await import(new URL({json.dumps(address(name))}, document.baseURI)))
  .mount({{ element, props, server, trigger, watch }});
load().catch((error) => {{
  console.error(error);
  if (document.body.classList.contains("vq-gone")) {{
    window.addEventListener("vq-back", () => void load(), {{ once: true }});
    return;
  }}
  const note = document.createElement("p");
  note.className = "vq-note";
  note.setAttribute("role", "alert");
  note.textContent = {json.dumps(UNAVAILABLE)};
  element.replaceChildren(note);
}});
"""
