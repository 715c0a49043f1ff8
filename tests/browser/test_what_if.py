"""What if: sliders for the codes and the grid, answered by small models in the page."""

import re

import pytest
from playwright.sync_api import expect

SECTION = "#vq-reconstruct .vr-whatif"
SEEN = f"""() => {{ const c = document.querySelector("{SECTION} canvas");
  return [...c.getContext("2d").getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0) }}"""


def move(page, slider, to):
    """A slider to its n-th place; gives the figures that it leads to."""
    figures = page.locator(f"{SECTION} .vr-whatif-figures")
    before = figures.text_content()
    page.locator(f"{SECTION} [name={slider}]").fill(str(to))
    expect(figures).not_to_have_text(before)
    return figures.text_content()


@pytest.fixture
def fetched(context):
    """The small models that were asked for."""
    found = []
    context.on(
        "request", lambda request: found.append(request.url) if "/minis/" in request.url else None
    )
    return found


def test_fewer_codes_and_a_finer_grid_are_seen_at_once(fetched, context, open_page):
    page = open_page(context)
    page.wait_for_selector(f"{SECTION}:visible")
    said = page.locator(f"{SECTION} .vr-whatif-said")
    expect(said).to_have_text(
        "Move a slider: a small model with these settings redraws your picture."
    )
    assert fetched == [], "the first page waits for none of them"
    few = move(page, "codes", 0)
    expect(said).to_contain_text("49 × 2 = 98 bits, instead of 441.")
    assert few.startswith("98 bits, ")
    coarse = page.evaluate(SEEN)
    fine = move(page, "side", 2)
    assert fine.startswith("392 bits, ") and page.evaluate(SEEN) != coarse
    decibels = [float(re.search(r"([\d.]+) dB", text)[1]) for text in (few, fine)]
    assert decibels[0] < decibels[1]
    expect(said).to_contain_text("196 cells, each one of 4 codes")
    assert len(fetched) == 2

    before = page.evaluate(SEEN)
    page.locator("#vq-reconstruct .vr-examples button").nth(3).click()
    page.wait_for_function(f"(before) => String(({SEEN})()) !== String(before)", arg=before)
    page.locator("#vq-reconstruct [data-do=clear]").click()
    expect(page.locator(f"{SECTION} .vr-whatif-figures")).to_have_text("")
    assert page.errors == []


def test_the_challenge_checks_a_prediction_by_what_was_measured(context, open_page):
    page = open_page(context)
    page.locator(f"{SECTION} .vr-challenge summary").click()
    found = page.locator(f"{SECTION} .vr-tried")
    expect(found).to_have_text("")
    page.locator(f"{SECTION} [value=many]").check()
    move(page, "codes", 1)
    expect(found).to_contain_text("with 49 cells of 16 codes, 196 bits.")
    expect(found).to_be_visible()
    expect(found).not_to_contain_text("prediction")
    move(page, "side", 0)
    move(page, "codes", 4)
    expect(found).to_contain_text("16 cells of 512 codes give")
    told = [float(text) for text in re.findall(r"([\d.]+) dB", found.text_content())]
    best, few, many = told
    assert best == max(few, many)
    expect(found).to_contain_text(f"prediction was {'right' if many > few else 'wrong'}.")
    page.locator(f"{SECTION} [value=few]").check()
    expect(found).to_contain_text(f"prediction was {'wrong' if many > few else 'right'}.")
    page.locator("#vq-reconstruct .vr-examples button").nth(3).click()
    expect(found).not_to_contain_text("prediction")
    assert page.errors == []


def test_a_model_of_photos_has_no_what_if(context, open_page):
    page = open_page(context, "/?model=cifar10")
    page.wait_for_function(
        "document.querySelector('#vq-reconstruct .vr-readout span').textContent.includes('8 × 8')"
    )
    expect(page.locator(SECTION)).to_be_hidden()
