"""The lesson in a real browser: ten cards on the real page, each unlocked by doing what it
says."""

import re

import pytest
from playwright.sync_api import expect

from demo.page.guide import component
from demo.page.guide.component import CARDS

CARD = "#vq-guide .vl"
SETTLED = "![...document.querySelectorAll('[aria-busy=true]')].some((one) => one.checkVisibility())"


def title(page):
    return page.locator(f"{CARD} h2:visible").inner_text()


def is_locked(page):
    return page.locator(f"{CARD} [data-do=next]").get_attribute("aria-disabled") == "true"


def do(page, command):
    page.locator(f"{CARD} [data-do={command}]").dispatch_event(
        "click"
    )  # also where it is not enabled yet


def until_done(page):
    expect(page.locator(f"{CARD} [data-do=next]")).to_have_attribute("aria-disabled", "false")


def test_the_cards_have_words_behaviour_and_order_alike():
    folder = component.FOLDER
    html, script = (
        (folder / "guide.html").read_text("utf-8"),
        (folder / "cards.js").read_text("utf-8"),
    )
    assert re.findall(r'<section data-card="(\w+)"', html) == [*CARDS, "end"]
    assert re.findall(r"^  (\w+): \{$", script, re.MULTILINE) == list(CARDS)


def test_the_first_screen_invites_and_trying_unlocks_the_next_card(page):
    start = page.locator("[data-lesson-start]")
    assert start.is_visible() and start.inner_text() == "Start the lesson"
    start.click()
    assert title(page) == "A square becomes a number" and "lesson=number" in page.url
    assert page.evaluate("document.activeElement.id") == "vl-number", "a screen reader begins here"
    page.wait_for_selector('#vq-reconstruct [data-stage="codes"].vq-look')
    assert is_locked(page)
    do(page, "next")
    assert title(page) == "A square becomes a number", "the next card waits"
    page.locator('#vq-reconstruct .vr-grid [role="gridcell"]').nth(24).hover()
    until_done(page)
    do(page, "next")
    assert page.locator("#vq-tab-codebook-button").get_attribute("aria-selected") == "true"
    assert "lesson=codebook" in page.url and page.errors == []

    page.reload()
    page.wait_for_selector(f"{CARD}:visible")
    assert title(page) == "The numbers point into a list", "a card has an address"
    page.locator("#vq-codebook .vc-sheet canvas").click(position={"x": 60, "y": 60})
    until_done(page)
    page.go_back()  # the chosen code has an address, too
    page.go_back()
    expect(page.locator(f"{CARD} h2:visible")).to_have_text("A square becomes a number")
    until_done(page)  # what was done stays done
    do(page, "close")
    assert page.locator(CARD).is_hidden() and "lesson=" not in page.url
    assert page.locator(".vq-look").count() == 0
    expect(page.locator("#vq-lesson-open")).to_be_visible()


def test_every_card_opens_its_tab_and_shows_what_it_speaks_of(page):
    page.locator("#vq-lesson-open").click()
    for card, tab in CARDS.items():
        assert f"lesson={card}" in page.url
        expect(page.locator(f"#vq-tab-{tab}-button")).to_have_attribute("aria-selected", "true")
        page.wait_for_selector(".vq-look:visible")
        do(page, "skip") if is_locked(page) else do(page, "next")
    assert title(page) == "That is a VQ-VAE"
    do(page, "restart")
    assert title(page) == "A square becomes a number" and page.errors == []


TRIES = {
    "number": ("hover", '#vq-reconstruct .vr-grid [role="gridcell"] >> nth=24'),
    "codebook": ("click", "#vq-codebook .vq-code-near button >> nth=0"),
    "nearest": ("click", '#vq-edit [data-ref="gridA"] .cell >> nth=10'),
    "decode": ("click", '#vq-edit [data-view="effect"]'),
    "edit": ("click", '#vq-edit [data-ref="codes"] [data-code] >> nth=3'),
    "learn": ("hover", '#vq-train-charts [data-term="commitment"] .vq-term >> nth=1'),
    "collapse": ("click", "#vq-train-fix"),
    "rivals": ("hover", "#vq-compare-quantizers .vq-rate-point >> nth=2"),
    "prior": ("click", '#vq-generate [data-do="another"]'),
    "generate": ("click", "#vq-generate .vg-go"),
}
"""What each card asks for, as a person does it."""


@pytest.mark.timeout(240)
def test_doing_what_a_card_says_unlocks_the_next_one(page):
    assert list(TRIES) == list(CARDS)
    page.set_viewport_size({"width": 1440, "height": 2400})  # the card covers nothing
    page.locator("[data-lesson-start]").click()
    for card, (act, selector) in TRIES.items():
        assert f"lesson={card}" in page.url
        if card == "collapse":
            page.locator("#vq-train-recordings label").nth(1).click()
        page.wait_for_selector(".vq-look:visible")
        page.locator(selector).wait_for()
        page.wait_for_function(SETTLED)
        page.wait_for_timeout(500)
        assert is_locked(page), f"{card} opens by itself"
        getattr(page.locator(selector), act)()
        until_done(page)
        do(page, "next")
    assert title(page) == "That is a VQ-VAE" and page.errors == []


@pytest.mark.parametrize("width, height", [(390, 844), (1024, 768)])
def test_the_card_fits_and_goes_by_keyboard(browser, open_page, width, height):
    context = browser.new_context(viewport={"width": width, "height": height})
    page = open_page(context, "/?lesson=edit")
    page.wait_for_selector(f"{CARD}:visible")
    box = page.locator(CARD).bounding_box()
    assert (
        box["x"] >= 0
        and box["x"] + box["width"] <= width
        and box["y"] + box["height"] <= height + 1
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(f"{CARD} [data-do=next]").focus()
    page.keyboard.press("Escape")
    assert page.locator(CARD).is_hidden()
    context.close()
