"""The Train tab in a real browser: real digits where they are on this machine, the synthetic ones
elsewhere."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

SLOW = 90_000
"""Milliseconds: importing torch and the first steps on a machine that does other work too."""
POINT = "#vq-train-charts .vq-charts:not(.vq-recorded > *) path.vq-line-a[d^='M']"
"""Of a run of the visitor's own."""


@pytest.fixture
def train(context, open_page):
    """The Train tab of a fresh visitor."""
    page = open_page(context)
    open_tab(page)
    yield page
    assert page.errors == []


def open_tab(page):
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#vq-train-start")).to_be_visible()


def set_number(page, field, value):
    box = page.locator(f"#vq-train-{field} input")
    box.fill(str(value))
    box.press("Tab")


def has_mnist():
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return (Path(os.environ.get("VQVAE_DATA_DIR") or beside) / "MNIST" / "raw").is_dir()


def start(page, seconds):
    if not has_mnist():
        page.locator("#vq-train-dataset input").click()
        page.get_by_role("option", name="Synthetic digits").click()
    set_number(page, "seconds", seconds)
    page.locator("#vq-train-start").click()


def experiment(page, name):
    return page.locator("#vq-train-preset").get_by_role("radio", name=name)


def phase(page, name):
    expect(page.locator("#vq-train-status .vq-phase")).to_have_text(name, timeout=SLOW)


def test_a_fresh_tab_shows_a_recorded_run_until_one_of_the_visitors_takes_its_place(train):
    phase(train, "Recorded run")
    said, pictures = train.locator("#vq-train-said"), train.locator("#vq-train-pictures")
    expect(said).to_contain_text("Codebook healthy: 512 of 512 codes")
    expect(
        train.locator("#vq-train-charts .vq-recorded path[data-name=usage][d^='M']")
    ).to_be_attached()
    choices = train.locator("#vq-train-recordings label")
    expect(choices).to_have_text(
        ["Healthy", re.compile("Collapsed: the"), re.compile("Collapsed: comm")]
    )
    assert loaded_sheet(train) == (
        224,
        28 * (1 + int(pictures.locator("input").get_attribute("max"))),
    )

    choices.nth(1).click()
    expect(said).to_contain_text("Codebook collapse")
    slider = pictures.locator("input")
    last = slider.input_value()
    slider.focus()
    slider.press("Home")
    expect(pictures.locator("output")).to_contain_text("0.5 s")
    expect(pictures.locator(".vq-pictures")).to_have_attribute("style", re.compile("--row: ?1;"))
    expect(train.locator(".vq-looked-at")).to_be_attached()
    pictures.get_by_role("button", name="Play").click()
    expect(slider).to_have_value(last)
    expect(pictures.get_by_role("button", name="Play")).to_be_visible()

    fix = train.locator("#vq-train-fix")
    expect(fix).to_have_text("Fix it: k-means start, restart of dead codes")
    train.set_viewport_size({"width": 390, "height": 844})  # the form is far above the button
    fix.click()
    why, bar = train.locator("#vq-train-why"), train.locator("#vq-train-bar")
    expect(why).to_contain_text("a code that nobody chooses is moved")
    expect(experiment(train, "Your own settings")).to_be_checked()
    expect(train.locator("#vq-train-start")).to_be_focused()
    expect(why).to_be_in_viewport(ratio=1)
    assert why.bounding_box()["y"] >= bar.bounding_box()["y"] + bar.bounding_box()["height"]
    train.set_viewport_size({"width": 1440, "height": 900})
    train.wait_for_url("**quantizer=gradient*")
    train.get_by_text("Advanced", exact=True).click()
    for field in ("kmeans_start", "restart"):
        expect(train.locator(f"#vq-train-{field} input")).to_be_checked()

    start(train, 300)
    phase(train, "Training")
    expect(fix).to_be_hidden()
    expect(train.locator(".vq-recorded")).not_to_be_attached()
    expect(choices.first).not_to_be_visible()
    train.locator("#vq-train-stop").click()
    phase(train, "Stopped")


def loaded_sheet(page):
    """(width, height) of the recorded pictures, as the browser draws them."""
    return tuple(
        page.evaluate("""async () => {
      const image = new Image();
      const shot = document.querySelector("#vq-train-pictures .vq-shot");
      image.src = getComputedStyle(shot).backgroundImage.slice(5, -2);
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    }""")
    )


def test_train_reload_pause_resume_stop_and_use(train, context, open_page, app):
    start(train, 300)
    expect(train.locator(POINT).first).to_be_attached(timeout=SLOW)
    phase(train, "Training")
    expect(train.locator("#vq-train-pictures .vq-pictures")).to_have_attribute(
        "style", re.compile("image/png")
    )

    train.reload()
    open_tab(train)
    phase(train, "Training")
    expect(train.locator(POINT).first).to_be_attached(timeout=SLOW)

    hold = train.locator("#vq-train-hold")
    hold.click()
    phase(train, "Paused")
    expect(hold).to_have_text("Resume")
    facts = train.locator("#vq-train-status")
    step = int(re.search(r"step ([\d,]+)", facts.inner_text())[1].replace(",", ""))
    for further in (1, 2):
        train.locator("#vq-train-step").click()
        expect(facts).to_contain_text(f"step {step + further:,}")
    phase(train, "Paused")
    hold.click()
    phase(train, "Training")

    train.locator("#vq-train-stop").click()
    phase(train, "Stopped")
    name = train.locator("#vq-train-name input, #vq-train-name textarea")
    name.fill("my first run")
    name.press("Enter")
    expect(train.locator("#vq-train-list input")).to_have_value(re.compile("my first run"))
    train.locator("#vq-model input").click()
    expect(train.get_by_role("option", name=re.compile("Mine: my first run"))).to_be_visible()
    train.keyboard.press("Escape")
    use = train.locator("#vq-train-use")
    expect(use).to_be_enabled()
    use.click()
    expect(train.get_by_role("tab", name="Reconstruct")).to_have_attribute("aria-selected", "true")
    expect(train.locator("#vq-model input")).to_have_value(re.compile("^Mine"))


def test_two_visitors_have_their_own_runs(train, browser, open_page):
    start(train, 300)
    phase(train, "Training")
    other = browser.new_context()
    try:
        page = open_page(other)
        open_tab(page)
        phase(page, "Recorded run")
        start(page, 5)
        phase(page, "Waiting" if is_one_at_a_time() else "Training")
    finally:
        train.locator("#vq-train-stop").click()
        phase(train, "Stopped")
        phase(page, "Finished")
        other.close()


def is_one_at_a_time():
    from demo.runs.jobs import default_slots

    return default_slots() == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "codebook_size",
            10**9,
            "Codebook size K is 1,000,000,000; it must be a whole number from 2 to 16,384",
        ),
        ("seconds", "", "Training time is empty"),
        ("seconds", -5, "Training time is -5 seconds"),
    ],
)
def test_a_bad_field_is_named_in_place_and_nothing_starts(train, field, value, sentence):
    set_number(train, field, value)
    train.locator("#vq-train-start").click()
    said = train.locator("#vq-train-problem [role=alert]")
    expect(said).to_contain_text(sentence)
    expect(said).to_be_in_viewport()
    box = train.locator(f"#vq-train-{field} input")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-invalid", "true")
    phase(train, "Recorded run")
    box.fill("20")
    expect(box).not_to_have_attribute("aria-invalid", "true")


def test_an_experiment_that_was_recorded_shows_what_to_expect_and_takes_marks_away(train):
    said, chosen = train.locator("#vq-train-said"), train.locator("#vq-train-recordings input")
    set_number(train, "seconds", -5)
    train.locator("#vq-train-start").click()
    box = train.locator("#vq-train-seconds input")
    expect(box).to_have_attribute("aria-invalid", "true")
    experiment(train, "Collapse: plain recipe").check()
    expect(said).to_contain_text("Codebook collapse: 34 of 512")
    expect(chosen.nth(1)).to_be_checked()
    expect(box).not_to_have_attribute("aria-invalid", "true")
    experiment(train, "16 codes").check()
    experiment(train, "A minute").check()
    expect(said).to_contain_text("Codebook healthy")


def test_a_bad_field_of_the_prior_is_marked_where_it_is(train):
    box = train.locator("#vq-prior-seconds input")
    box.fill("0")
    train.locator("#vq-prior-start").click()
    expect(train.locator("#vq-prior-problem")).to_contain_text("give it at least a second")
    expect(box).to_be_focused()


def test_a_bad_field_of_the_folded_ones_is_shown(train):
    advanced = train.get_by_text("Advanced", exact=True)
    advanced.click()
    set_number(train, "learning_rate", -1)
    advanced.click()
    box = train.locator("#vq-train-learning_rate input")
    expect(box).to_be_hidden()
    train.locator("#vq-train-start").click()
    expect(box).to_be_focused()


def test_a_preset_fills_the_form_and_a_change_by_hand_leaves_it(train):
    experiment(train, "Collapse: plain recipe").check()
    expect(train.locator("#vq-train-why")).to_contain_text("stay dead")
    train.get_by_text("Advanced", exact=True).click()
    expect(train.locator("#vq-train-learning_rate input")).to_have_value("0.0002")
    expect(train.locator("#vq-train-restart input")).not_to_be_checked()
    set_number(train, "seconds", 20)
    expect(experiment(train, "Collapse: plain recipe")).to_be_checked()
    expect(train.locator("#vq-train-why")).to_contain_text("stay dead")
    set_number(train, "codebook_size", 64)
    expect(experiment(train, "Your own settings")).to_be_checked()
    experiment(train, "A minute").check()
    expect(experiment(train, "Your own settings")).to_be_hidden()


def test_two_train_together_survive_a_reload_and_end_with_a_verdict(train):
    train.get_by_role("radio", name="Two side by side").check()
    train.locator("#vq-train-dataset input").click()
    train.get_by_role("option", name="Synthetic digits").click()
    set_number(train, "for", 120)
    train.locator("#vq-train-start-both").dblclick()
    state = train.locator("#vq-train-both-status")
    expect(state).to_contain_text(re.compile(r"step \d+ (in A|of 120 each)"), timeout=SLOW)
    expect(train.locator(".vq-beside-said")).to_contain_text("Codebook size K: 512 in A, 16 in B")
    train.locator("#vq-train-hold-both").click()
    expect(state.locator(".vq-phase")).to_have_text("Paused", timeout=SLOW)
    train.reload()
    expect(state.locator(".vq-phase")).to_have_text("Paused", timeout=SLOW)
    before = state.inner_text()
    train.locator("#vq-train-step-both").click()
    expect(state).not_to_have_text(before)
    train.locator("#vq-train-hold-both").click()
    expect(state.locator(".vq-phase")).to_have_text("Finished", timeout=2 * SLOW)
    expect(train.locator(".vq-beside-verdict")).to_contain_text("After 120 steps each")
    for name in "AB":
        line = f"#vq-train-beside-charts path[data-name={name}][d^='M']"
        expect(train.locator(line)).to_have_count(3)
    with train.expect_download() as kept:
        train.locator("#vq-train-card-both").click()
    assert kept.value.suggested_filename.endswith(".png")
    train.locator("#vq-train-a input").click()
    mine = train.locator("#vq-train-a").get_by_role("option", name=re.compile("^[AB] · "))
    expect(mine).to_have_count(2)
    train.keyboard.press("Escape")


def test_the_bar_stays_in_sight_and_advanced_has_two_columns_where_there_is_room(train):
    train.get_by_text("Advanced", exact=True).click()
    columns = [
        train.locator(f"#vq-train-{name}").bounding_box()["x"]
        for name in ("embedding_dim", "batch_size", "quantizer")
    ]
    assert columns[0] == columns[1] < columns[2] - 200, "Model and Optimizer, Codebook beside them"
    train.locator("#vq-train-list").scroll_into_view_if_needed()
    for name in ("start", "hold", "step", "stop", "status", "preset"):
        assert 0 <= train.locator(f"#vq-train-{name}").bounding_box()["y"] < 160, name
    train.set_viewport_size({"width": 800, "height": 900})
    columns = [
        train.locator(f"#vq-train-{name}").bounding_box()["x"]
        for name in ("embedding_dim", "quantizer")
    ]
    assert columns[0] == columns[1]


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_is_wider_than_the_window(train, width):
    train.set_viewport_size({"width": width, "height": 900})
    assert train.evaluate("document.documentElement.scrollWidth") <= width
