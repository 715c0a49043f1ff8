"""The card of a code in a real browser: the same on every tab, beside the cell or a part of the tab,
by mouse, keyboard and touch, and without the server."""

import importlib.resources
import re

import pytest
from playwright.sync_api import expect

SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((found) => ["serious", "critical"].includes(found.impact)).map((found) => found.id)"""
BESIDE = ".vq-code-beside"
CELL = "#vq-reconstruct .vr-cell >> nth=24"


@pytest.fixture
def reconstruct(page):
    page.wait_for_selector(".vr[data-engine=page]")
    page.wait_for_function("document.querySelectorAll('.vr-cell')[24]?.innerText !== ''")
    return page


@pytest.fixture
def edit(page):
    page.get_by_role("tab", name="Edit").click()
    page.wait_for_selector(".editor[data-engine=page][aria-busy=false]")
    page.wait_for_selector("#vq-edit .vq-code[data-code]")
    return page


def code_of(page, cell=CELL) -> str:
    return page.locator(cell).inner_text()


def shown(page, where=BESIDE) -> str:
    """The code that a card shows, once all of it is there."""
    page.wait_for_selector(f"{where}[data-code] .vq-code-near button:visible")
    assert page.locator(f"{where} .vq-code-near button:visible").count() == 6
    return page.locator(f"{where} .vq-code-title").inner_text().removeprefix("Code ")


def test_a_click_on_a_cell_opens_its_card_and_a_click_elsewhere_closes_it(reconstruct):
    page, card = reconstruct, reconstruct.locator(BESIDE)
    assert card.is_hidden()
    page.click(CELL)
    assert shown(page) == code_of(page)
    expect(card).to_contain_text("row 4, column 4")
    expect(card).to_contain_text(
        re.compile(r"Chosen [\d,]+ times in 10,000 test pictures of MNIST")
    )
    assert page.locator(".vr-readout").inner_text().startswith("Row 4, column 4"), "the cell is lit"
    box, grid = card.bounding_box(), page.locator(".vr-grid").bounding_box()
    beside = box["y"] >= grid["y"] + grid["height"] or box["x"] >= grid["x"] + grid["width"]
    assert beside, "it covers no cell"
    near = page.locator(f"{BESIDE} .vq-code-near button").nth(2).get_attribute("data-code")
    page.locator(f"{BESIDE} .vq-code-near button").nth(2).click()
    assert shown(page) == near, "a neighbour has a card, too"
    page.click("#vq-reconstruct .vr-cell >> nth=10")
    assert shown(page) == code_of(page, "#vq-reconstruct .vr-cell >> nth=10")
    page.locator("#vq-reconstruct-note").click(position={"x": 1, "y": 1})
    expect(card).to_be_hidden()
    page.click(".vr-sheet canvas", position={"x": 3, "y": 3})
    assert shown(page) == "0"
    expect(card).to_contain_text("cells of this picture")
    page.get_by_role("tab", name="Train").click()
    expect(card).to_be_hidden()
    assert page.errors == []


def test_the_keyboard_opens_it_goes_through_it_and_comes_back(reconstruct):
    page, focused = reconstruct, "document.activeElement.closest('.vq-code-beside') !== null"
    page.locator(CELL).evaluate("(cell) => { cell.tabIndex = 0; cell.focus(); }")
    page.keyboard.press("Enter")
    assert shown(page) == code_of(page) and page.evaluate(focused)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert shown(page) != code_of(page) and page.evaluate(focused)
    page.keyboard.press("Escape")
    expect(page.locator(BESIDE)).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.place") == "24"
    page.focus(".vr-sheet canvas")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert shown(page) == "1"


def test_it_leads_to_the_codebook_and_back(reconstruct):
    page = reconstruct
    page.click(CELL)
    code = shown(page)
    page.locator(BESIDE).get_by_role("button", name="Open in Codebook").click()
    page.wait_for_selector(f'.vc-code[data-code="{code}"]')
    page.wait_for_selector(f'.vc-card[data-code="{code}"] .vq-code-near button:visible')
    assert page.input_value(".vc-code input") == code
    expect(page.locator(BESIDE)).to_be_hidden()
    page.go_back()
    expect(page.get_by_role("tab", name="Reconstruct")).to_have_attribute("aria-selected", "true")


def test_it_leads_to_the_editor_with_the_picture_it_was_met_in(reconstruct):
    page = reconstruct
    codes = page.locator("#vq-reconstruct .vr-cell").all_inner_texts()
    page.click(CELL)
    shown(page)
    page.locator(BESIDE).get_by_role("button", name="Open in Edit").click()
    page.wait_for_function(
        """(codes) => codes.join() ===
          [...document.querySelectorAll('#vq-edit .board.first .cell .ix')].map((ix) => ix.textContent).join()""",
        arg=codes,
    )


def test_in_the_editor_it_follows_the_selection_and_puts_a_neighbour_in(edit):
    page, card = edit, edit.locator("#vq-edit .vq-code")
    cell = page.locator("#vq-edit .board.first .cell").nth(16)
    cell.click()
    code = cell.locator(".ix").inner_text()
    title = card.locator(".vq-code-title")
    expect(title).to_have_text(f"Code {code}")
    assert card.get_by_role("button", name="Open in Edit").count() == 0
    put = card.get_by_role("button", name="Put it into the selected cells")
    expect(put).to_be_hidden()
    neighbour = card.locator(".vq-code-near button").nth(1)
    other = neighbour.get_attribute("data-code")
    neighbour.hover()
    expect(page.locator('#vq-edit [data-ref="says"]')).to_contain_text(f"Preview of code {other}")
    neighbour.click()
    expect(title).to_have_text(f"Code {other}")
    expect(page.locator('#vq-edit [data-ref="changed"]')).to_have_text("0 of 49")
    put.click()
    expect(page.locator('#vq-edit [data-ref="changed"]')).to_have_text("1 of 49")
    expect(cell.locator(".ix")).to_have_text(other)
    expect(put).to_be_hidden()
    cell.focus()
    page.keyboard.press("Control+z")
    expect(cell.locator(".ix")).to_have_text(code)
    expect(title).to_have_text(f"Code {code}")
    assert page.errors == []


def test_in_generate_it_opens_beside_what_else_could_be_there(page):
    page.get_by_role("tab", name="Generate").click()
    page.wait_for_selector(".vg[data-ready]")
    page.wait_for_function("!document.querySelector('.vg-cells .vg-unknown')")
    cell = page.locator(".vg-cells button").nth(24)
    cell.click()
    code = re.search(r"code (\d+)", cell.get_attribute("aria-label"))[1]
    assert shown(page) == code
    page.wait_for_selector(".vg-candidates button")
    box, grid = page.locator(BESIDE).bounding_box(), page.locator(".vg-pair").bounding_box()
    assert box["x"] + box["width"] <= grid["x"], "it covers neither grid nor candidates"
    page.keyboard.press("Escape")
    expect(page.locator(BESIDE)).to_be_hidden()


def test_on_a_phone_it_is_a_sheet_at_the_bottom_and_the_cell_stays_in_sight(browser, open_page):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_page(context)
    page.wait_for_selector(".vr[data-engine=page]")
    page.locator(CELL).scroll_into_view_if_needed()
    page.locator(CELL).tap()
    assert shown(page) == code_of(page)
    page.wait_for_function("""() => {
      const sheet = document.querySelector('.vq-code-beside').getBoundingClientRect();
      const cell = document.querySelectorAll('.vr-cell')[24].getBoundingClientRect();
      return sheet.bottom === innerHeight && sheet.left === 0 && sheet.right === innerWidth && cell.bottom <= sheet.top;
    }""")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(f"{BESIDE} .vq-code-close").tap()
    expect(page.locator(BESIDE)).to_be_hidden()
    context.close()


def test_what_the_page_knows_it_shows_without_the_server(reconstruct, context):
    page = reconstruct
    page.click(CELL)
    shown(page)
    context.set_offline(True)
    page.click("#vq-reconstruct .vr-cell >> nth=16")
    assert shown(page) == code_of(page, "#vq-reconstruct .vr-cell >> nth=16")
    context.set_offline(False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_cards(browser, open_page, scheme):
    axe = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = open_page(context)
    page.evaluate(axe.read_text(encoding="utf-8"))
    page.wait_for_selector(".vr[data-engine=page]")
    page.click(CELL)
    shown(page)
    assert page.evaluate(SERIOUS) == []
    page.click("#vq-model input")
    page.wait_for_function(
        "document.querySelectorAll('#vq-model .vq-pick img:not([hidden])').length === 3"
    )
    assert page.evaluate(SERIOUS) == []
    context.close()
