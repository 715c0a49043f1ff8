"""The lesson in a real browser: ten cards on the real page, each unlocked by doing what it
says."""

import re

import pytest
from playwright.sync_api import expect

from demo.page.guide import component

CARDS = {
    "number": "reconstruct",
    "codebook": "codebook",
    "nearest": "edit",
    "decode": "edit",
    "edit": "edit",
    "learn": "train",
    "collapse": "train",
    "rivals": "compare",
    "prior": "generate",
    "generate": "generate",
}
"""The cards of the lesson in their order, each with its tab."""

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
    "number": [("hover", '#vq-reconstruct .vr-grid [role="gridcell"] >> nth=24')],
    "codebook": [("click", "#vq-codebook .vq-code-near button >> nth=0")],
    "nearest": [
        ("click", '#vq-edit [data-ref="gridA"] .cell >> nth=10'),
        ("click", f"{CARD} [data-bring$='.steps']"),
    ],
    "decode": [("click", '#vq-edit [data-view="effect"]')],
    "edit": [("click", '#vq-edit [data-ref="codes"] [data-code] >> nth=3')],
    "learn": [("hover", '#vq-train-charts [data-term="commitment"] .vq-term >> nth=1')],
    "collapse": [
        ("click", "#vq-train-recordings label >> nth=1"),
        ("wait_for", "#vq-train-fix"),
        ("click", "#vq-train-pictures .vq-replay button"),
    ],
    "rivals": [("hover", "#vq-compare-quantizers .vq-rate-point >> nth=2")],
    "prior": [("click", '#vq-generate [data-do="another"]')],
    "generate": [
        ("click", "#vq-generate .vg-go"),
        ("click", "#vq-generate .vg-picks button >> nth=3"),
    ],
}
"""What each card asks for, as a person does it: only the last of it unlocks the next card."""


@pytest.mark.timeout(240)
def test_doing_what_a_card_says_unlocks_the_next_one(page):
    assert list(TRIES) == list(CARDS)
    page.locator("[data-lesson-start]").click()
    for card, acts in TRIES.items():
        assert f"lesson={card}" in page.url
        page.wait_for_selector(".vq-look:visible")
        for act, selector in acts:
            page.locator(selector).wait_for()
            page.wait_for_function(SETTLED)
            page.wait_for_timeout(500)
            assert is_locked(page), f"{card} opens by itself"
            getattr(page.locator(selector), act)()
        until_done(page)
        if card == "edit":  # the card before had Reach chosen, which hides what an edit does
            expect(page.locator('#vq-edit [data-view="picture"]')).to_have_attribute(
                "aria-checked", "true"
            )
        do(page, "next")
    assert title(page) == "That is a VQ-VAE" and page.errors == []


BEGINS = """() => {
  const card = document.querySelector("#vq-guide .vl"), above = card.getBoundingClientRect().top;
  const parts = [...document.querySelectorAll(".vq-look")].filter((one) => one.checkVisibility());
  return parts.some((part) => {
    const { top, left, width } = part.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + 6);
    return top >= 0 && top < above - 30 && there && !card.contains(there);
  });
}"""
"""Whether an outlined part begins in the window, above the card."""
CUT_OFF = """() => [...document.querySelectorAll("#vq-guide .vl button")]
  .filter((one) => one.checkVisibility() && !one.closest("section")).filter((one) => {
    const { top, bottom, left, right } = one.getBoundingClientRect();
    const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return top < 0 || left < 0 || bottom > innerHeight || right > innerWidth || !one.contains(there);
  }).map((one) => one.textContent)"""
"""The buttons of the card that are not wholly in the window."""
COVERED = """() => {
  scrollTo(0, document.documentElement.scrollHeight);
  const panel = [...document.querySelectorAll('[role="tabpanel"]')].find((one) => one.checkVisibility());
  return panel.getBoundingClientRect().bottom
    - document.querySelector("#vq-guide .vl").getBoundingClientRect().top;
}"""
"""How many pixels of the page's end stay under the card."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("width, height", [(1440, 900), (1024, 768), (390, 844)])
def test_the_card_hides_nothing_of_what_it_speaks_of(browser, open_page, width, height):
    context = browser.new_context(viewport={"width": width, "height": height})
    page = open_page(context, "/?lesson=number")
    page.set_default_timeout(60_000)
    for n, card in enumerate(CARDS):
        if n:  # from wherever the card before was left: at the page's end
            do(page, "skip")
        page.wait_for_selector(f'{CARD} [data-card="{card}"]')
        page.wait_for_function(BEGINS)
        assert page.evaluate(CUT_OFF) == [], card
        assert page.evaluate("document.querySelector('.vl-body').scrollTop") == 0
        page.wait_for_function(SETTLED)
        page.wait_for_function(BEGINS)  # also when late content has come in
        page.mouse.move(width / 2, 40)
        page.mouse.wheel(0, 10)  # from here on the page is the person's
        page.wait_for_function(f"({COVERED})() <= 0")
        page.evaluate("document.querySelector('.vl-body').scrollTop = 99")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.errors == []
    context.close()


def test_a_card_folds_to_its_heading(page):
    page.locator("#vq-lesson-open").click()
    card = page.locator(CARD)
    whole = card.bounding_box()["height"]
    do(page, "fold")
    expect(page.locator(f"{CARD} [data-do=next]")).to_be_hidden()
    expect(page.locator(".vl-where")).to_contain_text("1 of 10 · A square becomes a number")
    assert card.bounding_box()["height"] < whole / 2
    page.locator('#vq-reconstruct .vr-grid [role="gridcell"]').nth(24).hover()
    expect(page.locator(".vl-where")).to_contain_text("· done")
    do(page, "fold")
    do(page, "next")
    expect(page.locator(f"{CARD} [data-do=back]")).to_be_in_viewport()


@pytest.mark.parametrize("query", ["model=cifar10", "model=cifar10&lesson=nearest"])
def test_the_lesson_takes_its_model_says_so_and_keeps_it(context, open_page, query):
    page = open_page(context, f"/?{query}")
    if "lesson" not in query:
        expect(page.locator("#vq-model input")).to_have_value(re.compile("^cifar10"))
        page.wait_for_timeout(1500)  # the page knows its first model
        page.locator("#vq-lesson-open").click()
    for _ in range(2):
        expect(page.locator("#vq-model input")).to_have_value(re.compile("^mnist"))
        page.wait_for_url("**model=mnist*")
        page.reload()
    page.wait_for_timeout(2000)
    expect(page.locator("#vq-model input")).to_have_value(re.compile("^mnist"))
    assert "lesson=" in page.url and page.errors == []


def test_a_bubble_lies_beside_the_card_and_comes_once_to_a_finger(browser, open_page):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_page(context, "/?lesson=learn")
    word = page.locator(f'{CARD} [data-card="learn"] .vq-term').first
    word.tap()
    bubble = page.locator(".vq-word-card")
    expect(bubble).to_be_visible()
    above = page.locator(CARD).bounding_box()["y"]
    box = bubble.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= above
    tips = "[...document.querySelectorAll('.vq-tip')].filter((tip) => getComputedStyle(tip).visibility === 'visible').length"
    assert page.evaluate(tips) == 0
    page.locator(f"{CARD} h2:visible").tap()
    expect(bubble).to_have_count(0)
    assert page.evaluate(tips) == 0
    context.close()


def test_the_card_goes_by_keyboard(page):
    page.locator("#vq-lesson-open").click()
    page.locator(f"{CARD} [data-do=next]").focus()
    page.keyboard.press("Escape")
    assert page.locator(CARD).is_hidden()


def test_a_class_sees_the_lesson_on_the_whole_screen_and_a_remote_turns_it(context, open_page):
    page = open_page(context, "/?lesson=rivals")
    words, card = page.locator(f"{CARD} section:visible p").first, page.locator(CARD)
    here = page.locator(f"{CARD} h2:visible")
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    before = words.evaluate(size)
    page.keyboard.press("PageDown")
    assert title(page) == "Other ways to pick codes", (
        "a key of the page, as long as nobody presents"
    )

    page.get_by_role("button", name="Present").click()
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    expect(page.locator(".vl-said")).to_contain_text("Esc ends it")
    assert words.evaluate(size) > 1.2 * before
    assert page.evaluate("getComputedStyle(document.documentElement).zoom") == "1"
    for key, name in [
        ("PageDown", "Which grids make pictures?"),  # also where the card before is not done
        ("PageDown", "Draw something new"),
        ("PageDown", "That is a VQ-VAE"),
        ("PageDown", "That is a VQ-VAE"),
        ("PageUp", "Draw something new"),
    ]:
        page.keyboard.press(key)
        expect(here).to_have_text(name)
    assert "lesson=generate" in page.url

    page.keyboard.press("Escape")
    page.wait_for_function("document.fullscreenElement === null")
    expect(card).to_be_visible()
    assert words.evaluate(size) == before
    page.get_by_role("button", name="Present").click()
    page.wait_for_function("document.fullscreenElement !== null")
    do(page, "close")
    page.wait_for_function("document.fullscreenElement === null")
    expect(card).to_be_hidden()
    assert page.errors == []


def test_where_full_screen_is_not_allowed_nothing_offers_it(context, open_page):
    context.add_init_script(
        "Object.defineProperty(Document.prototype, 'fullscreenEnabled', {get: () => false})"
    )
    page = open_page(context, "/?lesson=number")
    expect(page.locator(f"{CARD} [data-do=next]")).to_be_visible()
    expect(page.locator(f"{CARD} [data-do=present]")).to_be_hidden()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("width, height", [(1440, 900), (390, 844)])
def test_a_link_of_a_card_brings_what_it_names_into_view(browser, open_page, width, height):
    context = browser.new_context(viewport={"width": width, "height": height})
    page = open_page(context, "/?lesson=number")
    shown = """(selector) => [...document.querySelectorAll(selector)].some((one) => {
      const { top, height } = one.getBoundingClientRect();
      return height && top >= 0 && top < document.querySelector("#vq-guide .vl").getBoundingClientRect().top;
    })"""
    tried = 0
    for card in CARDS:
        page.wait_for_selector(".vq-look:visible")
        page.wait_for_function(SETTLED)
        for link in page.locator(f'{CARD} [data-card="{card}"] [data-bring]').all():
            if card == "generate":  # nothing is drawn yet that could be brought
                continue
            page.mouse.move(width / 2, 40)
            page.mouse.wheel(0, 10_000)
            page.wait_for_timeout(300)
            link.click()
            page.wait_for_function(shown, arg=link.get_attribute("data-bring"))
            tried += 1
        do(page, "skip")
    assert tried >= 9 and page.errors == []
    context.close()


def test_on_a_phone_the_sheet_of_a_code_takes_the_place_of_the_lesson(browser, open_page):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_page(context, "/?lesson=number")
    page.locator('#vq-reconstruct .vr-grid [role="gridcell"]').nth(24).tap()
    expect(page.locator(".vq-code-close:visible")).to_have_count(1)
    expect(page.locator(f"{CARD} [data-do=next]")).to_be_hidden()
    page.locator(".vq-code-close:visible").tap()
    expect(page.locator(f"{CARD} [data-do=next]")).to_be_visible()
    until_done(page)
    context.close()
