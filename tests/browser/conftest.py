"""The real app on a free port with folders of its own, and a page of a real browser to drive it."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.running_app import App, data_dir

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def cannot_run(reason: str) -> None:
    """A browser test that cannot run fails where it must not be missed (CI=true), and is skipped
    elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session", name="cannot_run")
def tell_cannot_run():
    """To say why a test cannot run here: `cannot_run(reason)`."""
    return cannot_run


@pytest.fixture(scope="session")
def start_app() -> type[App]:
    """To start an app of a test's own: `start_app(runs_folder, "--option", ...)`; stop it with
    `.stop()`."""
    return App


@pytest.fixture(scope="session")
def app_url(app: App) -> str:
    """The address of the running app."""
    return app.url


@pytest.fixture(scope="session")
def app(tmp_path_factory) -> Iterator[App]:
    """One app for all browser tests, with the shipped models and an empty folder of runs."""
    running = App(tmp_path_factory.mktemp("runs"), "--data-dir", str(data_dir()))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser_options() -> dict:
    """What a test that launches a browser of its own hands on."""
    system = next((path for path in map(shutil.which, BROWSERS) if path), None)
    return {"executable_path": system, "args": BROWSER_OPTIONS}


@pytest.fixture(scope="session")
def browser(browser_options) -> Iterator:
    """A headless browser: the system's chromium, else the one Playwright installed."""
    try:
        from playwright.sync_api import Error, expect, sync_playwright
    except ImportError:
        cannot_run("Playwright is not installed: pip install -r requirements-dev.txt")
    expect.set_options(timeout=30_000)  # a machine that others use takes its time
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(**browser_options)
        except Error as error:
            cannot_run(
                f"No browser: install chromium, or run `playwright install chromium` ({error})"
            )
        yield opened
        opened.close()


@pytest.fixture
def context(browser) -> Iterator:
    """A fresh visitor: own storage, 1440 x 900, light."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def open_page(app_url):
    """A function (context, path="/") -> a page of the app in that context, loaded, its visitor and
    model known."""

    def open_(context, path: str = "/"):
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(app_url + path)
        page.wait_for_selector("#vq-header")
        page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
        return page

    return open_


@pytest.fixture
def page(context, open_page):
    """The app's page as a fresh visitor sees it. What its scripts throw is collected in
    `page.errors`."""
    return open_page(context)
