"""The server is killed while a page is open and a run trains, and is started again: said once,
nothing is lost."""

import signal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from demo.runs import files as runfiles

SLOW = 120_000
SAID = """() => [...document.querySelectorAll("*")].filter((element) => !element.children.length
  && /does not answer|onnection lost/i.test(element.textContent) && element.tagName !== "SCRIPT"
  && element.checkVisibility({visibilityProperty: true})).map((element) => element.textContent)"""


def kill(app):
    app.process.send_signal(signal.SIGKILL)
    app.process.wait(20)
    app.stop()  # what is left of it here: a thread and a pipe


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


@pytest.mark.timeout(400)
def test_a_killed_server_is_said_once_and_nothing_is_lost_when_it_is_back(
    context, start_app, tmp_path
):
    first = start_app(tmp_path)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(first.url)
    page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
    page.evaluate("window.here = 'never reloaded'")

    tab(page, "Train")
    page.locator("#vq-train-dataset input").click()
    page.get_by_role("option", name="Synthetic digits").click()
    page.locator("#vq-train-seconds input").fill("600")
    page.locator("#vq-train-seconds input").press("Tab")
    page.locator("#vq-train-start").click()
    status = page.locator("#vq-train-status .vq-phase")
    expect(status).to_have_text("Training", timeout=SLOW)

    tab(page, "Edit")
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]", timeout=SLOW)
    cells = page.locator("#vq-edit [data-ref=gridA] [role=gridcell]")
    cells.nth(24).click()
    kill(first)
    page.locator("#vq-edit [data-ref=code]").fill("400")
    page.keyboard.press("Enter")
    page.wait_for_selector("body.vq-gone", timeout=SLOW)
    for name in ("Train", "Codebook", "Reconstruct", "Edit"):
        tab(page, name)
        page.wait_for_timeout(1500)
        assert len(page.evaluate(SAID)) == 1, name

    second = start_app(tmp_path, "--port", str(urlsplit(first.url).port))
    try:
        page.wait_for_selector("body:not(.vq-gone)", timeout=SLOW)
        expect(page.locator("#vq-alive")).to_contain_text("back")
        page.wait_for_selector("#vq-edit .editor:not(.lost)", timeout=SLOW)
        assert "400" in cells.nth(24).get_attribute("aria-label")
        tab(page, "Train")
        expect(status).to_have_text("Interrupted", timeout=SLOW)
        page.get_by_role("button", name="Resume").locator("visible=true").click()
        expect(status).to_have_text("Training", timeout=SLOW)
        page.locator("#vq-train-stop").click()
        expect(status).to_have_text("Stopped", timeout=SLOW)
        assert page.evaluate("window.here") == "never reloaded" and errors == []
        page.reload()
        tab(page, "Edit")
        page.wait_for_selector("#vq-edit .editor[aria-busy=false]", timeout=SLOW)
        assert "400" in cells.nth(24).get_attribute("aria-label"), "a reload keeps the edits too"
    finally:
        second.stop()
    assert len(list(tmp_path.rglob(runfiles.JOB))) == 1
