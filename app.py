"""Start the app: `python app.py`, then open the address it prints."""

import argparse
import contextlib
import importlib.util
import os
import socket
import sys
import threading
from pathlib import Path

PORTS_TRIED = 50


def parse_options(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line. Paths are resolved here, once."""
    parser = argparse.ArgumentParser(description="VQ-VAE Playground: train, see, edit and generate, in the browser.",
                                     epilog="With VQVAE_PASSWORD in the environment, visitors are asked for it.")
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1",
        help="address to listen on (default: this machine only)",
    )
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="host name under which the app may be reached, without port; repeat for several",
    )
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="folder of shipped models")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="folder for visitors' own models")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of data sets ($VQVAE_DATA_DIR, or data/)")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="folder whose folders and zips of images the Train tab offers"
    )
    parser.add_argument(
        "--allow-frame",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="site that may show the app in a frame, such as https://school.example; repeat for several "
        "($VQVAE_FRAME_ANCESTORS; default: none)",
    )
    parser.add_argument(
        "--keep-days",
        type=float,
        metavar="N",
        help="remove runs of visitors who stay away longer (default: never; 30 with another --host than this machine)",
    )
    parser.add_argument("--mcp", action="store_true", help="serve the API as an MCP server too: /gradio_api/mcp/")
    parser.add_argument("--open", action=argparse.BooleanOptionalAction, default=False, help="open a browser window")
    options = parser.parse_args(argv)
    if options.port is not None and not 0 <= options.port <= 65535:
        parser.error(f"--port {options.port}: a port is a number from 1 to 65535, or 0 for any free one")
    if options.keep_days is not None and not 0 < options.keep_days <= 36500:
        parser.error(f"--keep-days {options.keep_days}: it must be a number of days above 0")
    if options.keep_days is None and options.host not in ("127.0.0.1", "localhost", "::1"):
        options.keep_days = 30.0
    if options.mcp and importlib.util.find_spec("mcp") is None:
        parser.error("--mcp needs the package mcp: pip install mcp")
    if options.images is not None and not options.images.is_dir():
        parser.error(f"--images {options.images} is no folder; give one that holds folders or zips of images")
    return options


def bind(host: str, port: int | None) -> socket.socket:
    """A listening socket: on `port`, or where none is given on the first free one from 7860.

    Raises OSError where the address is not this machine's or the port is taken.
    """
    ports = range(7860, 7860 + PORTS_TRIED) if port is None else [port]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in ports:
        # TCP by name: asyncio turns Nagle's delay off (40 ms an answer) only for a socket that says so.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
            return listener
        except OSError:
            listener.close()
            if candidate == ports[-1]:
                raise
    raise AssertionError("unreachable: the last port either binds or raises")


def allowed_hosts(host: str, names: list[str]) -> list[str]:
    """Names under which the app answers: this machine's local ones, the address it listens on, and those given."""
    hosts = ["localhost", "127.0.0.1", "[::1]", *names, *os.environ.get("SPACE_HOST", "").split(",")]
    hosts = [name for name in hosts if name]
    if host in ("0.0.0.0", "::"):
        hosts.append(socket.gethostname())
    else:
        hosts.append(f"[{host}]" if ":" in host else host)
    return hosts


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C. Returns the exit status."""
    options = parse_options(argv)
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        given = options.host if options.port is None else f"{options.host}:{options.port}"
        print(f"Cannot listen on {given}: {error.strerror}. Choose another --host or --port.", file=sys.stderr)
        return 1
    # Read when gradio is imported; the app sends nothing anywhere.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

    from demo.quickstart import skip_stubs

    skip_stubs()
    from demo.framing import frame_ancestors
    from demo.interface import create_app
    from demo.models import warm_up
    from demo.server import Server, create_server
    from demo.settings import Settings
    from demo.storage import UPLOADS, keep_tidy

    given = {name: getattr(options, name) for name in ("checkpoints", "runs", "data_dir", "images")}
    try:
        frames = frame_ancestors(options.allow_frame)
    except ValueError as error:
        print(f"--allow-frame: {error}.", file=sys.stderr)
        return 2
    settings = Settings(
        **{name: path.resolve() for name, path in given.items() if path is not None}, frame_ancestors=frames,
        keep_days=options.keep_days,
    )
    # Files on their way in or out stay below the runs: capped, private to this app, and emptied by it.
    with contextlib.suppress(OSError):
        (settings.runs / UPLOADS).mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.runs / UPLOADS))
    web = create_server(create_app(settings), settings, allowed_hosts=allowed_hosts(options.host, options.allow_host),
                        mcp=options.mcp, password=os.environ.get("VQVAE_PASSWORD", ""))
    host = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"

    def on_ready() -> None:
        print(f"VQ-VAE Playground is ready: {url}", flush=True)
        threading.Thread(target=warm_up, args=(settings,), daemon=True, name="warm-up").start()
        threading.Thread(target=keep_tidy, args=(settings, threading.Event()), daemon=True, name="tidy").start()
        if options.open:
            import webbrowser

            webbrowser.open(url)

    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how the app is meant to end
        Server(web, on_ready).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
