"""Start the app: `python app.py`, then open the address it prints."""

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from demo.settings import Settings

PORTS_TRIED = 50
FOLDERS = ("checkpoints", "runs", "data_dir", "images")
LIMITS = ("max_models", "loaded_models", "requests_per_second")
"""Options that are settings of the same name."""


def bind(host: str, port: int | None) -> socket.socket:
    """A listening socket: on `port`, or where none is given on the first free one from 7860.

    Raises OSError where the address is not this machine's or the port is taken.
    """
    ports = range(7860, 7860 + PORTS_TRIED) if port is None else [port]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in ports:
        # TCP by name: asyncio turns Nagle's delay off (40 ms an answer) only for a socket that says
        # so.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::":  # the addresses of IPv4 too, on every system
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
            return listener
        except OSError:
            listener.close()
            if candidate == ports[-1]:
                raise
    raise AssertionError("unreachable: the last port either binds or raises")


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C. Returns the exit status."""
    from demo.command_line import has_others, parse

    options = parse(argv)
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        given = options.host if options.port is None else f"{options.host}:{options.port}"
        print(
            f"Cannot listen on {given}: {error.strerror}. Choose another --host or --port.",
            file=sys.stderr,
        )
        return 1
    # Read when gradio is imported; the app sends nothing anywhere.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

    from demo.web.quickstart import skip_stubs

    skip_stubs()
    from demo.aside import aside
    from demo.interface import create_app
    from demo.models.library import warm_up
    from demo.roots import RootError, open_runs
    from demo.runs.storage import MAPS, UPLOADS, keep_tidy
    from demo.web.hosts import addresses, known_names, welcome
    from demo.web.log import bound_log
    from demo.web.server import Server, create_server
    from demo.web.sign_in import with_token

    bound_log()
    settings = settings_from(options)
    # Files on their way in or out stay below the runs: capped, private to this app, and emptied by
    # it.
    try:
        warning = open_runs(settings.runs, (UPLOADS, MAPS))
    except RootError as error:
        print(error, file=sys.stderr)
        return 1
    if warning:
        print(warning, file=sys.stderr)
    os.environ["GRADIO_TEMP_DIR"] = str(settings.runs / UPLOADS)
    hosts = [*options.allow_host, *os.environ.get("SPACE_HOST", "").split(",")]
    web = create_server(
        create_app(settings),
        settings,
        allowed_hosts=known_names(options.host, hosts),
        mcp=options.mcp,
        password=options.password,
        token=options.token,
    )
    found = addresses(options.host, listener.getsockname()[1])
    found += [origin + options.root_path for origin in options.public_origin]
    urls = [with_token(url, options.token) for url in found]

    def on_ready() -> None:
        # The page and its modules stay. Each time the collector looked at them all, a quarter of a
        # second, everybody would wait for it, and a few small requests can bring that about.
        gc.freeze()
        asks = bool(options.password or options.token)
        print(welcome(urls, asks=asks, beyond=has_others(options)), flush=True)
        aside(partial(warm_up, settings), "warm-up")
        threading.Thread(
            target=keep_tidy, args=(settings, threading.Event()), daemon=True, name="tidy"
        ).start()
        if options.open:
            import webbrowser

            webbrowser.open(urls[0])

    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how the app is meant to end
        Server(web, on_ready, settings.trusted_proxies).run(sockets=[listener])
    return 0


def settings_from(options: "Namespace") -> "Settings":
    """What was chosen for the app itself; what was not keeps its default."""
    from demo.settings import Settings
    from demo.web.framing import frame_ancestors

    folders = {name: getattr(options, name) for name in FOLDERS}
    limits = {name: getattr(options, name) for name in LIMITS}
    return Settings(
        **{name: path.resolve() for name, path in folders.items() if path is not None},
        **{name: limit for name, limit in limits.items() if limit is not None},
        max_upload_bytes=options.max_upload * 2**20,
        upload_room_bytes=options.upload_room * 2**20,
        frame_ancestors=frame_ancestors(options.allow_frame),
        trusted_proxies=tuple(options.trusted_proxy),
        public_origins=tuple(options.public_origin),
        root_path=options.root_path,
        keep_days=options.keep_days,
        train_seconds=options.train_seconds,
    )


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:  # pressed before anything was served
        status = 128 + signal.SIGINT
    raise SystemExit(status)
