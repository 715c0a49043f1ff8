"""The ways in which people put the app behind nginx: in each of them every tab works, and files go
out and in."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.nginx import Nginx, program

SLOW = 120_000
STREAM = "proxy_http_version 1.1; proxy_buffering off;"
UPGRADE = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
HOST = "proxy_set_header Host $http_host; "
SAID = (
    HOST
    + "proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;"
)
NO_PORT = "proxy_set_header Host $host; proxy_set_header X-Forwarded-Host $host;"
PREFIX = (
    "proxy_set_header X-Forwarded-Prefix /vq; proxy_set_header X-Forwarded-Host $http_host; "
    "proxy_set_header X-Forwarded-Proto https;"
)
SMALL = "bodies of 1 MB, as nginx has it"
BELOW, TRUSTED = ("--root-path", "/vq"), ("--trusted-proxy", "127.0.0.1")
SETUPS = {
    # name: (the app's options, TLS, the path, where it is passed on to, what is said with it)
    "nothing set": ((), False, "/", "", ""),
    "TLS, host without its port": ((), True, "/", "", STREAM + NO_PORT),
    "TLS, nothing forwarded": ((), True, "/", "", HOST),
    "TLS, all forwarded": ((), True, "/", "", STREAM + SAID),
    "sub-path taken off": ((), False, "/vq/", "/", STREAM + UPGRADE + SAID),
    "sub-path left": ((), False, "/a/vq/", "", SAID),
    "sub-path taken off, told": (BELOW, False, "/vq/", "/", SAID),
    "sub-path left, told": (BELOW, False, "/vq", "", SAID),
    "TLS, sub-path forwarded by a trusted proxy": (TRUSTED, True, "/vq/", "/", PREFIX),
}


@pytest.fixture(scope="module")
def addresses(start_app, cannot_run, tmp_path_factory):
    """Name of a set-up -> its public address: an app for each list of options, one nginx for
    all."""
    if not program():
        cannot_run("nginx and openssl are needed here: install nginx-light and openssl")
    root = tmp_path_factory.mktemp("proxies")
    nginx, found = Nginx(root), {}
    each = dict.fromkeys(options for options, *_ in SETUPS.values())
    apps = {options: start_app(root / f"runs{n}", *options) for n, options in enumerate(each)}
    for name, (options, tls, path, passed, said) in SETUPS.items():
        location = f"location {path} {{ proxy_pass {apps[options].url}{passed}; {said} }}"
        origin = nginx.serve(f"client_max_body_size 64m; {location}", tls=tls)
        found[name] = f"{origin}{path.rstrip('/')}/"
    small = f"location / {{ proxy_pass {apps[()].url}; }}"
    found[SMALL] = nginx.serve(small) + "/"
    nginx.start()
    yield found
    nginx.stop()
    for app in apps.values():
        app.stop()


@pytest.fixture
def visit(browser):
    """A function: address -> its page, opened by a fresh visitor who accepts the certificate. What
    fails is kept in `page.failed`."""
    context = browser.new_context(ignore_https_errors=True, accept_downloads=True)
    context.set_default_timeout(SLOW)

    def open_(address):
        page = context.new_page()
        page.failed = []
        page.on("pageerror", lambda error: page.failed.append(str(error)))
        page.on(
            "console", lambda message: message.type == "error" and page.failed.append(message.text)
        )
        page.on(
            "response",
            lambda answer: (
                answer.status >= 400 and page.failed.append(f"{answer.status} {answer.url}")
            ),
        )
        page.goto(address)
        page.wait_for_selector("#vq-header")
        return page

    yield open_
    context.close()


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def every_tab_works(page):
    """Each tab is used until what only its server can answer is there."""
    page.wait_for_function(
        "() => /dB/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
    )
    tab(page, "Edit")
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    page.locator("#vq-edit .editor").evaluate(
        "editor => editor.addEventListener('painted', () => { window.painted = true })"
    )
    page.locator("#vq-edit [data-ref=code]").fill("5")
    page.keyboard.press("Enter")
    page.wait_for_function("window.painted")
    tab(page, "Codebook")
    page.wait_for_selector("#vq-codebook .main-svg")
    tab(page, "Generate")
    page.wait_for_selector("#vq-generate .vg[data-ready]")
    tab(page, "Compare")
    expect(page.locator('.vc-column [data-figure="psnr"]').first).to_contain_text(
        "dB", timeout=SLOW
    )
    tab(page, "Train")
    page.locator("#vq-train-seconds input").fill("0")
    page.locator("#vq-train-seconds input").press("Tab")
    page.locator("#vq-train-start").click()
    expect(page.locator("#vq-train-problem")).not_to_be_empty(timeout=SLOW)


def a_model_goes_out_and_in(page, folder: Path):
    page.locator("#vq-about-open[aria-expanded]").click()
    with page.expect_download() as download:
        page.locator("#vq-download").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    with page.expect_file_chooser() as chooser:
        page.locator("#vq-upload").click()
    chooser.value.set_files(file)
    page.wait_for_function("document.querySelector('#vq-model input').value.startsWith('Mine')")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("setup", SETUPS)
def test_all_tabs_work_behind(setup, addresses, visit, tmp_path):
    page = visit(addresses[setup])
    every_tab_works(page)
    a_model_goes_out_and_in(page, tmp_path)
    assert page.failed == []


def test_a_sub_path_without_its_slash_finds_the_page(addresses, visit):
    page = visit(addresses["sub-path left, told"].rstrip("/") + "?model=shipped%3Amnist")
    assert page.url.startswith(addresses["sub-path left, told"] + "?model=")
    page.wait_for_function(
        "() => /dB/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
    )


def test_what_is_larger_than_a_proxy_accepts_is_told(addresses, visit, tmp_path):
    page = visit(addresses[SMALL])
    page.wait_for_function("document.querySelector('#vq-model input').value")
    zipped = tmp_path / "model.zip"
    zipped.write_bytes(bytes(3 * 2**20))
    page.locator("#vq-about-open[aria-expanded]").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#vq-upload").click()
    chooser.value.set_files(zipped)
    told = page.get_by_text("than the server, or a proxy in front of it, accepts")
    told.locator("visible=true").last.wait_for()
