"""The page that `export --format html` writes, opened from a file with the network cut."""

import pytest

from vqvae.export.html import to_html


@pytest.fixture
def open_file(browser, tmp_path):
    """Opens the exported page of a model: (page, errors)."""
    contexts = []

    def opened(name: str):
        file = tmp_path / f"{name}.html"
        file.write_text(to_html(name), encoding="utf-8")
        context = browser.new_context(offline=True)
        contexts.append(context)
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-ready]", timeout=60_000)
        return page, errors

    yield opened
    for context in contexts:
        context.close()


def test_draw_edit_undo_and_share_without_a_server(open_file):
    page, errors = open_file("mnist")
    at_first = page.input_value("#text")
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 90, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 190, box["y"] + 70, steps=5)
    page.mouse.move(box["x"] + 120, box["y"] + 220, steps=8)
    page.mouse.up()
    page.wait_for_function("/^\\d\\d.* dB/.test(document.querySelector('#figures').textContent)")
    page.wait_for_timeout(500)
    drawn = page.input_value("#text")
    assert drawn != at_first
    page.locator("#grid").focus()
    page.keyboard.press("ArrowRight")
    page.fill("#code", "7")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#cell').textContent.endsWith('code 7')")
    edited = page.input_value("#text")
    assert edited != drawn and page.url.endswith(f"#{edited}")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#text") == edited
    page.fill("#text", drawn)
    page.keyboard.press("Tab")
    page.wait_for_function("(text) => location.hash.slice(1) === text", arg=drawn)
    page.click("#undo")
    page.wait_for_function("(text) => location.hash.slice(1) === text", arg=edited)
    page.fill("#text", "nonsense!")
    page.keyboard.press("Tab")
    assert "not the text of a grid" in page.inner_text("#message")
    assert errors == []


def test_a_model_of_photos_opens_too(open_file):
    page, errors = open_file("cifar10")
    assert page.locator("#ink").is_visible()
    page.locator("#examples button").nth(2).click()
    page.wait_for_function("document.querySelector('#picture').width === 32")
    assert errors == []
