"""The Compare tab in a real browser: a stroke reaches all models, the walk and the samples follow,
a plan trains."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def compare(page):
    """The Compare tab, with its first picture through every model."""
    page.set_default_timeout(60_000)
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_function("document.querySelectorAll('.vc-models .vc-column').length === 4")
    expect(page.locator('.vc-column [data-figure="psnr"]').first).to_contain_text(
        "dB", timeout=60_000
    )
    return page


def figures(page, name):
    return page.locator(f'.vc-column [data-figure="{name}"]').all_inner_texts()


def test_the_first_picture_is_there_without_a_click_and_a_stroke_goes_through_all(compare):
    assert [re.search(r"[\d.]+ dB", text) is not None for text in figures(compare, "psnr")] == [
        True
    ] * 4
    expect(compare.locator(".vc-between .vc-strip")).to_have_count(4, timeout=60_000)
    expect(compare.locator(".vc-samples .vc-strip").nth(3)).to_be_visible(timeout=60_000)
    before = figures(compare, "mse")
    compare.locator('[data-do="clear"]').last.click()
    pad = compare.locator(".vc-pad").bounding_box()
    compare.mouse.move(pad["x"] + 140, pad["y"] + 50)
    compare.mouse.down()
    compare.mouse.move(pad["x"] + 140, pad["y"] + 220, steps=8)
    compare.mouse.up()
    cells = "[...document.querySelectorAll('.vc-column [data-figure=mse]')]"
    compare.wait_for_function(
        f"before => {cells}.every((cell, i) => cell.innerText !== before[i])", arg=before
    )
    expect(compare.locator(".vc-did")).to_contain_text("MNIST")
    assert compare.errors == []


def test_another_picture_to_walk_towards_other_samples_and_a_class(compare):
    strip = compare.locator(".vc-between canvas[aria-label^='VAE']")
    expect(strip).to_be_visible(timeout=60_000)
    read = "n => n.toDataURL()"
    before = strip.evaluate(read)
    compare.get_by_role("button", name="Towards: 4").first.click()
    drawn = "([selector, before]) => document.querySelector(selector).toDataURL() !== before"
    compare.wait_for_function(drawn, arg=[".vc-between canvas[aria-label^='VAE']", before])
    samples = ".vc-samples canvas[aria-label^='Conditional VAE']"
    expect(compare.locator(samples)).to_be_visible(timeout=60_000)
    for act in (
        lambda: compare.get_by_role("button", name="Draw others").click(),
        lambda: compare.get_by_label("Class of the invented pictures").select_option("7"),
    ):
        before = compare.locator(samples).evaluate(read)
        act()
        compare.wait_for_function(drawn, arg=[samples, before])
    compare.get_by_label("Class that the conditional VAE is told").select_option("3")
    expect(compare.locator(".vc-verdict")).not_to_contain_text("was given no class")
    assert compare.errors == []


def test_all_four_are_trained_stopped_and_found_again_after_a_reload(compare):
    form = compare.locator("#vq-compare-four")
    form.scroll_into_view_if_needed()
    form.get_by_label("Images to learn").click()
    compare.get_by_role("option", name="Synthetic digits").last.click()
    seconds = form.get_by_label("Seconds for each model")
    seconds.fill("1")
    form.get_by_role("button", name="Train all four").click()
    expect(compare.locator("#vq-compare-four-problem")).to_contain_text(
        "it must be a number from 2"
    )
    seconds.fill("2")
    form.get_by_role("button", name="Train all four").click()
    status = compare.locator("#vq-compare-four-status")
    expect(status).to_contain_text(re.compile("Starting|Training|Measuring"), timeout=60_000)
    expect(status).to_contain_text("of 4 measured")
    compare.reload()
    compare.get_by_role("tab", name="Compare").click()
    expect(status).to_contain_text(
        re.compile("Starting|Training|Measuring|Finished"), timeout=60_000
    )
    compare.locator("#vq-compare-four-stop").click(timeout=60_000)
    expect(status).to_contain_text(re.compile("Stopped|Finished"), timeout=120_000)
    assert compare.errors == []


def test_the_stored_points_of_rate_and_distortion_are_there_and_say_their_figures(compare):
    points = compare.locator("#vq-compare-sweep .vq-rate-point")
    assert points.count() > 20
    said = [points.nth(i).get_attribute("aria-label") for i in range(points.count())]
    assert any(text.startswith("JPEG, quality") for text in said) and any(
        "k-means" in text for text in said
    )
    assert all(re.search(r"[\d,]+ bits, [\d.]+ dB", text) for text in said)
    line = compare.locator("#vq-compare-sweep .vq-rate-said")
    expect(line).to_have_text(re.compile("Point at or tap a mark"))
    points.nth(3).dispatch_event("click")  # a tap; marks may lie on each other
    expect(line).to_have_text(said[3])


def test_the_recorded_quantizers_are_there_and_new_ones_fill_the_table(compare):
    form, table = (
        compare.locator("#vq-compare-quantizers"),
        compare.locator("#vq-compare-quantizers-table"),
    )
    expect(table).to_contain_text("Recorded: 800 steps")
    expect(table.locator("tr")).to_have_count(18)  # MNIST and CIFAR-10
    expect(form.locator(".vq-rate-point")).to_have_count(8)
    form.scroll_into_view_if_needed()
    form.get_by_label("Images to learn").click()
    compare.get_by_role("option", name="Synthetic digits").last.click()
    for kind in ("Codebook loss", "LFQ", "BSQ", "SimVQ", "Residual", "EMA, rotation trick"):
        form.get_by_label(kind, exact=True).uncheck()
    form.get_by_label("Steps for each quantizer").fill("10")
    form.get_by_role("button", name="Train quantizers").click()
    expect(compare.locator("#vq-compare-quantizers-status")).to_contain_text(
        "Finished", timeout=120_000
    )
    expect(table).to_contain_text("Yours: 10 steps each")
    expect(table.locator("tr")).to_have_count(3)
    assert compare.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off_on_a_phone(browser, open_page, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = open_page(context)
    page.set_default_timeout(60_000)
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.wait_for_function("document.querySelectorAll('.vc-models .vc-column').length === 4")
    expect(page.locator('.vc-column [data-figure="psnr"]').first).to_contain_text("dB")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.errors == []
    context.close()
