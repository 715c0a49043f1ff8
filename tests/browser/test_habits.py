"""What every tab owes to everybody: no barrier that axe-core finds, no request to another host,
zoom, keyboard, touch, no WebGL, two hasty clicks, and a server that goes and comes back."""

import importlib.resources
import json
from urllib.parse import urlsplit

import pytest

from demo.interface import available_tabs
from demo.runs import files as runfiles

BUSY = (
    "![...document.querySelectorAll('[aria-busy=true]')].some((element) => "
    "element.checkVisibility())"
)
SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => [found.id, ...found.nodes.slice(0, 3).map((node) => node.html.slice(0, 120))].join(": "))"""
NO_WEBGL = """const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return /webgl|webgpu/.test(kind) ? null : real.call(this, kind, ...more);
};"""


def visit(page, tab: str) -> None:
    """Open a tab and wait until it is no longer busy."""
    page.get_by_role("tab", name=tab, exact=True).click()
    page.wait_for_timeout(800)
    page.wait_for_function(BUSY, timeout=60_000)
    page.wait_for_timeout(400)


@pytest.fixture
def labels():
    return [label for _, label in available_tabs()]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_tab(browser, open_page, labels, scheme):
    axe = (
        importlib.resources.files("axe_playwright_python")
        .joinpath("axe.min.js")
        .read_text(encoding="utf-8")
    )
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = open_page(context)
    page.evaluate(axe)
    found = {}
    for label in labels:
        visit(page, label)
        found[label] = page.evaluate(SERIOUS)
    context.close()
    assert not {label: problems for label, problems in found.items() if problems}


@pytest.mark.timeout(400)
def test_no_tab_asks_another_host_or_needs_webgl(context, open_page, labels, app_url):
    hosts = set()
    context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    context.add_init_script(NO_WEBGL)
    page = open_page(context)
    for label in labels:
        visit(page, label)
    assert hosts - {""} == {urlsplit(app_url).netloc}
    assert page.errors == []


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "view",
    [{"width": 720, "height": 450}, {"width": 390, "height": 844}],
    ids=["zoom 200 %", "phone"],
)
def test_every_tab_fits_when_zoomed_and_on_a_phone(browser, open_page, labels, view):
    context = browser.new_context(viewport=view, device_scale_factor=2, has_touch=True)
    page = open_page(context)
    wide = {}
    for label in labels:
        visit(page, label)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > view["width"]:
            wide[label] = width
    context.close()
    assert not wide


def test_the_keyboard_goes_through_the_page_and_is_never_caught(page):
    stops, caught = [], 0
    page.locator("body").press("Tab")
    for _ in range(120):
        stop = page.evaluate("""() => { const e = document.activeElement; const b = e.getBoundingClientRect();
            return [e.tagName, e.id, Math.round(b.x), Math.round(b.y + scrollY)].join() }""")
        caught = caught + 1 if stops and stop == stops[-1] else 0
        assert caught < 3, f"the focus does not leave {stop}"
        stops.append(stop)
        page.keyboard.press("Tab")
    assert len(set(stops)) > 15 and any(stop.startswith("BUTTON") for stop in stops)


def test_two_hasty_clicks_on_train_start_one_run(page, app):
    visit(page, "Train")
    before = set(app.runs.rglob(runfiles.JOB))
    page.locator("#vq-train-seconds input").fill("60")  # not over before it is stopped
    page.locator("#vq-train-seconds input").press("Tab")
    page.locator("#vq-train-start").dblclick()
    page.wait_for_timeout(4000)
    started = set(app.runs.rglob(runfiles.JOB)) - before
    assert len(started) == 1, [json.loads(job.read_text())["title"] for job in started]
    page.locator("#vq-train-stop").click()


def test_back_and_reload_keep_the_tab_usable(page, app_url):
    page.goto(app_url + "/?model=mnist")
    page.wait_for_selector("#vq-header")
    page.go_back()
    page.wait_for_selector("#vq-header")
    page.reload()
    visit(page, "Edit")
    assert page.locator("#vq-edit").is_visible() and page.errors == []
