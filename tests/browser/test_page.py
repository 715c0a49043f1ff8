"""The page around the tabs, in a real browser."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from demo.interface import available_tabs
from demo.models import library as models
from demo.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
VIEWS = [(1440, 900), (1024, 768), (390, 844)]


def test_opens_without_an_error_and_without_a_foreign_request(context, app_url):
    page = context.new_page()
    errors, hosts = [], set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(app_url)
    page.wait_for_selector("#vq-header h1")
    page.wait_for_timeout(1000)
    assert errors == []
    assert hosts - {""} == {urlsplit(app_url).netloc}


def test_shows_exactly_the_tabs_that_exist_and_each_opens(page):
    labels = [label for _, label in available_tabs()]
    tabs = page.get_by_role("tab")
    assert tabs.all_inner_texts() == labels
    for label in labels:
        page.get_by_role("tab", name=label).click()
        page.wait_for_timeout(300)
        assert page.get_by_role("tab", name=label).get_attribute("aria-selected") == "true"
    assert page.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, height", VIEWS)
def test_fits_the_window(browser, open_page, scheme, width, height):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = open_page(context)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("document.body.classList.contains('dark')")
    assert dark == (scheme == "dark")
    context.close()


def test_a_word_explains_itself_on_focus_and_stays_in_the_window(page):
    page.set_viewport_size({"width": 390, "height": 844})
    for word in page.locator(".vq-term:visible").all()[:6]:
        word.focus()
        tip = word.locator(".vq-tip")
        assert tip.is_visible()
        box = tip.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.keyboard.press("Escape")
    assert not page.locator(".vq-tip:visible").count()


def test_a_word_that_is_pressed_stays_and_leads_to_where_it_acts(page):
    word = page.locator('.vq-term[data-see="edit"]:visible').first
    word.click()
    card = page.locator(".vq-word-card")
    assert word.locator(".vq-tip").text_content() in card.inner_text()
    page.keyboard.press("Escape")
    assert card.count() == 0
    word.focus()
    page.keyboard.press("Enter")
    card.get_by_role("button", name="See it in Edit").click()
    assert (
        page.locator("#vq-tab-edit-button").get_attribute("aria-selected") == "true"
        and card.count() == 0
    )


def options(page) -> list[str]:
    """The lines of the model picker."""
    page.locator("#vq-model input").click()
    lines = page.get_by_role("option").all_inner_texts()
    page.keyboard.press("Escape")
    return [line.strip() for line in lines]


def test_the_picker_shows_cards_and_stays_a_list_for_keys_and_screen_readers(page):
    asked = []
    page.on("request", lambda one: asked.append(one.post_data or "") if one.method == "POST" else 0)
    page.wait_for_selector(".vr[data-engine=page]")
    assert not [body for body in asked if "model_thumbnail" in body], "none before it is opened"
    shipped = models.list_models(Settings())
    page.locator("#vq-model input").click()
    lines = page.get_by_role("option")
    for n, entry in enumerate(shipped):
        assert lines.nth(n).get_attribute("aria-label") == entry.title
        card = lines.nth(n).locator(".vq-pick")
        assert card.locator("b").inner_text() == entry.name and card.is_visible()
        assert card.locator("small").inner_text() == entry.facts
        page.wait_for_function(
            "(n) => document.querySelectorAll('.vq-pick img')[n].naturalWidth > 50", arg=n
        )
    assert page.locator(".options").bounding_box()["x"] + 404 <= 1440
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(title) => document.querySelector('#vq-model input').value === title",
        arg=shipped[1].title,
    )
    assert page.errors == []


def test_a_list_closes_when_the_keyboard_leaves_it(context, open_page):
    page = open_page(context, "/?tab=train")
    for box in ("#vq-model input", "#vq-train-dataset input"):
        for key in ("Tab", "Shift+Tab"):
            page.locator(box).focus()
            expect(page.get_by_role("option").first).to_be_visible()
            page.keyboard.press(key)
            page.wait_for_timeout(500)  # it would come back
            expect(page.get_by_role("option")).to_have_count(0)
    assert page.errors == []


def test_a_model_goes_out_and_in_and_stays_its_visitors_own(browser, page, open_page, tmp_path):
    page.locator("#vq-about-open[aria-expanded]").click()
    with page.expect_download() as download:
        page.locator("#vq-download-page").click()
    assert download.value.suggested_filename == "vqvae-mnist.html"
    download.value.save_as(tmp_path / "mnist.html")
    alone = browser.new_page(offline=True)
    alone.goto((tmp_path / "mnist.html").as_uri())
    alone.wait_for_selector("body[data-ready]")
    alone.close()
    with page.expect_download() as download:
        page.locator("#vq-download").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.suffix == ".zip"
    with page.expect_file_chooser() as chooser:
        page.locator("#vq-upload").click()
    chooser.value.set_files(file)
    page.wait_for_function("document.querySelector('#vq-model input').value.startsWith('Mine')")
    title = page.locator("#vq-model input").input_value()
    page.wait_for_function("localStorage.getItem('vqvae-model') !== null")
    page.reload()
    page.wait_for_function(
        "(title) => document.querySelector('#vq-model input')?.value === title", arg=title
    )

    other = browser.new_context()
    assert not [line for line in options(open_page(other)) if "Mine" in line]
    other.close()


def test_a_link_opens_its_model_and_a_wrong_one_the_first(context, open_page):
    shipped = models.list_models(Settings())
    for model_id, title in (("../etc", shipped[0].title), (shipped[-1].id, shipped[-1].title)):
        page = open_page(context, f"/?model={model_id}")
        page.wait_for_function(
            "(title) => document.querySelector('#vq-model input').value === title", arg=title
        )
        assert page.errors == []


def test_a_bad_upload_is_refused_in_a_sentence_and_changes_nothing(page, tmp_path):
    file = tmp_path / "not-a-model.zip"
    file.write_text("<b>hello</b>")
    before = page.locator("#vq-model input").input_value()
    page.locator("#vq-about-open[aria-expanded]").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#vq-upload").click()
    chooser.value.set_files(file)
    page.get_by_text("not a readable zip").wait_for()
    assert page.locator("#vq-model input").input_value() == before


def test_ctrl_c_ends_the_app_cleanly(start_app, tmp_path):
    running = start_app(tmp_path)
    assert len(running.lines) == 1
    assert running.stop() == 0
    assert not [line for line in running.lines if "Traceback" in line]


def test_a_taken_port_is_one_sentence(app_url):
    port = urlsplit(app_url).port
    command = [sys.executable, "app.py", "--port", str(port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert re.fullmatch(
        r"Cannot listen on .*: .*\. Choose another --host or --port\.\n", done.stderr
    )
