"""What is on show has an address: a link, a reload and Back bring it back."""

import re

import pytest
from playwright.sync_api import expect

from demo.tabs.train.beside.setup import NAMED

KINDS = ("four", "sweep", "quantizers")


def selected(page, tab):
    expect(page.locator(f"#vq-tab-{tab}-button")).to_have_attribute("aria-selected", "true")


def test_the_tab_is_in_the_address(context, open_page):
    page = open_page(context, "/?tab=generate")
    selected(page, "generate")
    page.get_by_role("tab", name="Edit", exact=True).click()
    page.wait_for_url("**/?tab=edit")
    page.reload()
    selected(page, "edit")
    page.go_back()
    selected(page, "generate")
    page.get_by_role("tab", name="Reconstruct", exact=True).click()
    page.wait_for_function("!location.search.includes('tab=')")
    assert page.errors == []


def test_the_model_is_in_the_address_once_it_is_chosen(context, open_page):
    page = open_page(context)
    page.wait_for_function("document.querySelector('#vq-model input').value.startsWith('mnist')")
    page.wait_for_timeout(1500)  # the page knows its first model
    assert "model=" not in page.url
    page.locator("#vq-model input").click()
    page.get_by_role("option").filter(has_text="cifar10 ").first.click()
    page.wait_for_url("**model=cifar10*")
    page.go_back()
    page.wait_for_function("document.querySelector('#vq-model input').value.startsWith('mnist')")
    page.go_forward()
    page.wait_for_function("document.querySelector('#vq-model input').value.startsWith('cifar10')")


def test_a_model_without_codes_leads_on(context, open_page):
    page = open_page(context, "/?model=mnist-ae")
    said = page.locator(".vq-codeless")
    expect(said).to_contain_text("an autoencoder: it keeps a vector of 55 numbers")
    for tab in ("edit", "codebook", "generate", "reconstruct"):
        page.locator(f"#vq-tab-{tab}-button").click()
        expect(said).to_be_visible()
        expect(page.locator(f"#vq-{tab}")).to_be_hidden()
    said.get_by_role("button", name="Go to Compare").click()
    selected(page, "compare")
    expect(said).to_be_hidden()
    page.go_back()
    said.get_by_role("button", name="Use mnist").click()
    expect(page.locator(".vr-cell")).to_have_count(49)
    expect(page.locator("#vq-reconstruct")).to_be_visible()
    assert "model=mnist-ae" not in page.url and page.errors == []


def experiment(page, name):
    return page.locator("#vq-train-preset").get_by_role("radio", name=name)


def test_the_form_of_a_training_is_in_the_address(context, open_page):
    page = open_page(context, "/?tab=train&preset=plain&dataset=synthetic&seed=7")
    expect(experiment(page, "Collapse: plain recipe")).to_be_checked()
    expect(page.locator("#vq-train-why")).to_contain_text("stay dead")
    expect(page.locator("#vq-train-dataset input")).to_have_value("Synthetic digits (28×28)")
    expect(page.locator("#vq-train-seconds input")).to_have_value("30")
    box = page.locator("#vq-train-seconds input")
    box.fill("12")
    box.press("Tab")
    page.wait_for_url("**seconds=12*")
    page.reload()
    expect(box).to_have_value("12")
    expect(experiment(page, "Collapse: plain recipe")).to_be_checked()
    page.wait_for_timeout(1600)  # a later change is a step of its own
    experiment(page, "16 codes").check()
    page.wait_for_url("**preset=tiny*")
    page.go_back()
    expect(experiment(page, "Collapse: plain recipe")).to_be_checked()
    expect(box).to_have_value("12")
    assert page.errors == []


def test_back_to_the_address_without_a_form_is_the_form_as_it_opens(context, open_page):
    page = open_page(context, "/?tab=train")
    box = page.locator("#vq-train-seconds input")
    expect(box).to_have_value("60")
    box.fill("12")
    box.press("Tab")
    page.wait_for_url("**seconds=12*")
    page.go_back()
    expect(box).to_have_value("60")
    assert page.errors == []


def test_a_code_of_the_codebook_is_in_the_address(context, open_page):
    page = open_page(context, "/?tab=codebook&code=117")
    page.wait_for_selector('.vc-code[data-code="117"]')
    page.locator(".vc-code .vq-code-near button").first.click()
    page.wait_for_function("!location.search.includes('code=117')")
    page.go_back()
    page.wait_for_selector('.vc-code[data-code="117"]')


@pytest.mark.parametrize(
    "query",
    [
        "tab=nowhere",
        "tab=codebook&code=x",
        "code=-3&tab=codebook",
        "lesson=none",
        "tab=train&preset=%3Cb%3E&seconds=x&downsample=3",
    ],
)
def test_a_bent_address_opens_the_page(context, open_page, query):
    page = open_page(context, f"/?{query}")
    page.wait_for_timeout(2000)
    assert page.errors == [] and page.get_by_role("tab").count() >= 6


def test_a_class_link_opens_what_is_on_show_without_the_controls(browser, context, open_page):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(context, "/?tab=train&preset=plain&dataset=synthetic")
    expect(experiment(page, "Collapse: plain recipe")).to_be_checked()
    expect(page.locator("#vq-train-codebook_size")).to_be_visible()
    page.locator("#vq-about-open").click()
    page.locator("#vq-class-hide").check()
    page.locator("#vq-class-link").click()
    expect(page.locator("#vq-class-said")).to_contain_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "model=mnist" in link and "hide=controls" in link and "preset=plain" in link
    page.locator("#vq-class-frame").click()
    expect(page.locator("#vq-class-said")).to_contain_text("--allow-frame")
    line = page.evaluate("navigator.clipboard.readText()")
    assert line.startswith("<iframe src=") and link.replace("&", "&amp;") in line

    students = browser.new_context()
    page = open_page(students, "/?" + link.partition("?")[2])
    selected(page, "train")
    expect(experiment(page, "Collapse: plain recipe")).to_be_checked()
    expect(page.locator("#vq-train-start")).to_be_visible()
    train = [f"#vq-train-{name}" for name in ("codebook_size", "seconds", "advanced", "prior")]
    for control in ("#vq-model", *train):
        expect(page.locator(control)).to_be_hidden()
    assert page.errors == []
    students.close()


def test_two_runs_side_by_side_are_in_the_address(context, open_page):
    page = open_page(context, "/?tab=train&b=recorded:shrink")
    expect(page.get_by_role("radio", name="Two side by side")).to_be_checked()
    a, b = (page.locator(f"#vq-train-{name} input") for name in "ab")
    strong = re.compile("Recorded: .*commitment")
    said = page.locator("#vq-train-beside-view .vq-beside-said")
    expect(b).to_have_value(strong)
    expect(said).to_contain_text("Commitment weight β: 0.25 in A")
    a.click()
    page.get_by_role("option", name=strong).click()
    page.wait_for_url("**a=recorded%3Ashrink**")
    expect(said).to_contain_text("A and B have the same settings")
    page.reload()
    expect(a).to_have_value(strong)
    expect(said).to_contain_text("A and B have the same settings")
    page.go_back()
    expect(a).to_have_value("Recorded: Healthy")
    expect(said).to_contain_text("Commitment weight β: 0.25 in A")
    page.locator("#vq-train-duplicate").click()
    expect(page.locator("#vq-train-why")).to_contain_text("how B differs")
    page.get_by_role("radio", name="One run").check()
    page.wait_for_url("**show=one**")
    page.reload()
    expect(page.locator("#vq-train-run")).to_be_visible()
    expect(b).to_be_hidden()
    assert page.errors == []


def test_what_b_has_otherwise_is_in_the_address(context, open_page):
    page = open_page(context, "/?tab=train&show=two&differs=restart&to=off&for=120")
    differs, to, steps = (page.locator(f"#vq-train-{name} input") for name in NAMED)
    expect(differs).to_have_value("Restart dead codes")
    expect(to).to_have_value("off")
    expect(steps).to_have_value("120")
    differs.click()
    page.get_by_role("option", name="Seed").click()
    expect(to).to_have_value("1")
    page.wait_for_url("**differs=seed**to=1**")
    to.fill("77")
    to.press("Enter")
    page.wait_for_url("**to=77**")
    page.reload()
    expect(differs).to_have_value("Seed")
    expect(to).to_have_value("77")
    expect(steps).to_have_value("120")
    assert page.errors == []


def test_the_forms_of_compare_are_in_the_address(context, open_page):
    page = open_page(context, "/?tab=compare&four-images=synthetic&quantizers-kinds=ema.fsq")
    four, sweep, rivals = (page.locator(f"#vq-compare-{kind}") for kind in KINDS)
    expect(four.get_by_label("Images to learn")).to_have_value("Synthetic digits")
    boxes = rivals.locator("input[type=checkbox]")
    expect(rivals.locator("input[type=checkbox]:checked")).to_have_count(2)
    four.get_by_label("Preset").click()
    page.get_by_role("option", name="Bad on purpose: posterior collapse").click()
    four.get_by_label("Seconds for each model").fill("7")
    four.get_by_label("Steps, instead of seconds").fill("120")
    sweep.get_by_label("What to vary").click()
    page.get_by_role("option").filter(has_text="pixels").first.click()
    boxes.nth(3).click()
    rivals.get_by_label("Steps for each quantizer").fill("90")
    page.wait_for_url("**quantizers-steps=90*")
    chosen = [box.is_checked() for box in boxes.all()]
    vary = sweep.get_by_label("What to vary").input_value()
    page.reload()
    expect(four.get_by_label("Images to learn")).to_have_value("Synthetic digits")
    expect(four.get_by_label("Preset")).to_have_value("Bad on purpose: posterior collapse")
    expect(four).to_contain_text("With a KL weight of 200")
    expect(four.get_by_label("Seconds for each model")).to_have_value("7")
    expect(four.get_by_label("Steps, instead of seconds")).to_have_value("120")
    expect(sweep.get_by_label("What to vary")).to_have_value(vary)
    expect(rivals.get_by_label("Steps for each quantizer")).to_have_value("90")
    assert [box.is_checked() for box in boxes.all()] == chosen and sum(chosen) == 3
    page.wait_for_timeout(1600)  # a later change is a step of its own
    rivals.get_by_label("Steps for each quantizer").fill("95")
    page.wait_for_url("**quantizers-steps=95*")
    page.go_back()
    expect(rivals.get_by_label("Steps for each quantizer")).to_have_value("90")
    assert page.errors == []
