"""A browser that keeps nothing for the site: the page works, and only does not remember."""

import http.server
import json
import threading

import pytest

READY = "() => /dB/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
LOADING = """() => [...document.querySelectorAll("[data-testid=status-tracker]")]
    .filter((one) => !one.classList.contains("hide") && one.checkVisibility())
    .map((one) => one.innerText)"""


@pytest.fixture
def blocking(browser, browser_options, tmp_path):
    """A context of a browser in which all site data is blocked, as its settings offer."""
    profile = tmp_path / "profile"
    (profile / "Default").mkdir(parents=True)
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Default" / "Preferences").write_text(json.dumps(blocked))
    context = browser.browser_type.launch_persistent_context(str(profile), **browser_options)
    context.set_default_timeout(60_000)
    yield context
    context.close()


def every_tab_opens(frame):
    frame.wait_for_function(READY)
    frame.get_by_role("tab", name="Edit").click()
    frame.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    frame.get_by_role("tab", name="Train").click()
    frame.wait_for_selector("#vq-train-start")
    assert frame.evaluate(LOADING) == []


def test_each_load_works_where_site_data_is_blocked(blocking, app_url):
    page, errors = blocking.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for _ in range(3):
        page.goto(app_url)
        every_tab_opens(page)
    assert errors == []
    assert page.evaluate("localStorage.length") > 0, "kept until the page is left"


@pytest.mark.parametrize(
    "unusable",
    [
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }",
        "Object.defineProperty(window, 'localStorage', { value: null, configurable: true })",
    ],
)
def test_storage_that_takes_nothing_or_is_none_is_as_good_as_blocked(context, app_url, unusable):
    context.add_init_script(unusable)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(app_url)
    every_tab_opens(page)
    assert errors == []


class Framing(http.server.BaseHTTPRequestHandler):
    """A site that shows its server's `frame`."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.frame.encode())

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("sandbox", ["", 'sandbox="allow-scripts allow-same-origin"'])
def test_a_frame_on_another_site_works_too(blocking, start_app, tmp_path, sandbox):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Framing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # Another site than 127.0.0.1, where the app is.
    origin = f"http://localhost:{server.server_port}"
    running = start_app(tmp_path / "runs", "--allow-frame", origin)
    server.frame = f'<iframe {sandbox} src="{running.url}" width="1200" height="800"></iframe>'
    try:
        page = blocking.new_page()
        for _ in range(2):
            page.goto(origin)
            frame = page.query_selector("iframe").content_frame()
            every_tab_opens(frame)
    finally:
        running.stop()
        server.shutdown()
        server.server_close()
