"""The Reconstruct tab in a real browser: draw, upload, pick, undo, hand over; and what happens when the server goes.

The app runs with two small untrained models of its own, so that nothing here depends on what is shipped.
"""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

import vqvae
from demo.images import encode_png

READY = "() => /dB|∞/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
PIXELS = """stage => { const c = document.querySelector(`[data-stage=${stage}] canvas`);
    return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0) }"""
COUNT = """() => { window.painted = []; document.querySelector('.vr').addEventListener('vq-painted',
    event => window.painted.push(event.detail.moves)) }"""


@pytest.fixture(scope="module")
def own_app(start_app, tmp_path_factory):
    root = tmp_path_factory.mktemp("reconstruct")
    small = {"hidden_channels": 16, "residual_blocks": 1}
    for name, dataset, options in [
        ("mnist", "mnist", {"codebook_size": 64}),
        ("tiles", "cifar10", {"channels": 3, "height": 32, "width": 32, "downsample": 2, "codebook_size": 4096}),
    ]:
        model = vqvae.build_model(vqvae.ModelConfig(**small, **options), 3).eval()
        vqvae.save_checkpoint(root / "models" / name, model, training={"dataset": dataset})
    running = start_app(root / "runs", "--checkpoints", str(root / "models"))
    yield running
    running.stop()


@pytest.fixture
def tab(context, own_app):
    """The tab of a fresh visitor, its first example reconstructed. What its scripts throw is in `errors`."""
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(own_app.url, timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
    yield page
    assert page.errors == []


def stroke(page, points, *, up: bool = True, steps: int = 10) -> None:
    """Draw through points given as shares of the pad."""
    box = page.locator(".vr-pad").bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=steps if i else 1)
        if not i:
            page.mouse.down()
    if up:
        page.mouse.up()


def settle(page) -> None:
    """Until every request is answered and painted."""
    page.wait_for_timeout(60)
    page.wait_for_function("() => document.querySelector('.vr-flow').getAttribute('aria-busy') === 'false'")
    page.wait_for_timeout(60)


def choose(page, name: str, data: bytes) -> str:
    """Upload a file through the page's button; what the page then says."""
    page.evaluate("document.querySelector('.vr-status').textContent = ''")
    page.locator(".vr-file").set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
    page.wait_for_function(
        "() => !['', 'Reading the picture…'].includes(document.querySelector('.vr-status').textContent)")
    settle(page)
    return page.locator(".vr-status").inner_text()


def switch_model(page, title: str) -> None:
    page.locator("#vq-model input").click()
    page.get_by_role("option").filter(has_text=title).click()


def test_the_page_opens_with_an_example_reconstructed(tab):
    assert max(tab.evaluate(PIXELS, "input")) > 200
    assert len(tab.evaluate(PIXELS, "recon")) == 28 * 28
    assert tab.locator(".vr-cell").count() == 49
    assert tab.locator("[data-figure=bits]").inner_text() == "6,272 → 294 bits"
    assert tab.locator(".vr-examples button").count() == 12
    assert tab.locator(".vr-news").inner_text() == tab.locator(".vr-status").inner_text() == ""


def test_the_reconstruction_changes_while_the_stroke_is_drawn(tab):
    tab.get_by_role("button", name="Clear").click()
    settle(tab)
    empty = tab.evaluate(PIXELS, "recon")
    tab.evaluate(COUNT)
    stroke(tab, [(0.3, 0.2), (0.7, 0.2)], up=False)
    tab.wait_for_function("() => window.painted.length > 0 && window.painted.at(-1) >= 1")
    half = tab.evaluate(PIXELS, "recon")
    assert half != empty, "the pen is still down"
    stroke_box = tab.locator(".vr-pad").bounding_box()
    for step in range(1, 31):
        tab.mouse.move(stroke_box["x"] + stroke_box["width"] * (0.7 - 0.01 * step),
                       stroke_box["y"] + stroke_box["height"] * (0.2 + 0.02 * step))
        tab.wait_for_timeout(10)
    tab.mouse.up()
    settle(tab)
    painted = tab.evaluate("window.painted")
    assert len(painted) >= 4 and painted == sorted(painted), "answers out of order are dropped"
    assert painted[-1] >= 30, "the last state is always sent"
    assert tab.evaluate(PIXELS, "recon") != half


def test_undo_redo_clear_and_the_eraser(tab):
    tab.get_by_role("button", name="Clear").click()
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    settle(tab)
    one = tab.evaluate(PIXELS, "input")
    stroke(tab, [(0.2, 0.5), (0.8, 0.5)])
    settle(tab)
    two = tab.evaluate(PIXELS, "input")
    assert one != two
    tab.get_by_role("button", name="Undo").click()
    settle(tab)
    assert tab.evaluate(PIXELS, "input") == one
    tab.get_by_role("button", name="Redo").click()
    settle(tab)
    assert tab.evaluate(PIXELS, "input") == two
    tab.locator(".vr-pad").focus()
    tab.keyboard.press("Control+z")
    settle(tab)
    assert tab.evaluate(PIXELS, "input") == one
    tab.get_by_role("button", name="Erase").click()
    for x in (0.4, 0.45, 0.5, 0.55, 0.6):
        stroke(tab, [(x, 0.1), (x, 0.9)])
    settle(tab)
    assert max(tab.evaluate(PIXELS, "input")) == 0
    assert tab.locator("[data-figure=psnr]").inner_text() != ""


def test_a_finger_draws_too(browser, own_app):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(own_app.url, timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)
    before = page.evaluate(PIXELS, "input")
    page.locator(".vr-pad").scroll_into_view_if_needed()
    box = page.locator(".vr-pad").bounding_box()
    client = context.new_cdp_session(page)
    scroll = page.evaluate("scrollY")
    for kind, x, y in [("touchStart", 0.3, 0.3), ("touchMove", 0.5, 0.5), ("touchMove", 0.6, 0.8), ("touchEnd", 0, 0)]:
        points = [] if kind == "touchEnd" else [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    assert page.evaluate(PIXELS, "input") != before and page.evaluate("scrollY") == scroll
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out of a phone"
    context.close()


def test_dark_on_light_is_turned_round_with_a_switch_to_turn_that_off(tab):
    sheet = Image.new("L", (400, 300), 250)
    ImageDraw.Draw(sheet).line([(90, 80), (150, 80), (110, 200)], fill=10, width=16)
    assert choose(tab, "photo.png", encode_png(np.asarray(sheet))) == "photo.png"
    assert tab.locator(".vr-did").inner_text() == "Made like MNIST’s: inverted, cropped, centred."
    assert np.median(tab.evaluate(PIXELS, "input")) == 0
    tab.get_by_label("Lay it out like MNIST").uncheck()
    settle(tab)
    assert tab.locator(".vr-did").inner_text() == "Used as it is, scaled to 28 × 28 pixels."
    assert np.median(tab.evaluate(PIXELS, "input")) == 250


def test_a_bad_upload_says_why_and_leaves_the_picture(tab):
    before = tab.evaluate(PIXELS, "input")
    pad = tab.evaluate("document.querySelector('.vr-pad').toDataURL()")
    good = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(good, "PNG")
    for name, data, words in [
        ("empty.png", b"", "is empty"),
        ("<b>bold</b>.png", b"<svg></svg>", "SVG"),
        ("notes.jpg", b"no picture at all", "not a picture"),
        ("half.png", good.getvalue()[:2000], "cut off or damaged"),
        ("dot.png", encode_png(np.zeros((1, 1), np.uint8)), "1 × 1 pixels"),
    ]:
        said = choose(tab, name, data)
        assert words in said and name in said
    assert tab.locator(".vr-status b").count() == 0, "a file name is text, never markup"
    assert tab.evaluate(PIXELS, "input") == before
    assert tab.evaluate("document.querySelector('.vr-pad').toDataURL()") == pad


def test_a_picture_can_be_pasted_and_dropped(tab):
    send = """([kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], kind + '.png', { type: 'image/png' }));
        const target = kind === 'paste' ? document.body : document.querySelector('.vr-examples');
        target.dispatchEvent(kind === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
            : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); }"""
    for kind, level in [("paste", 90), ("drop", 160)]:
        tab.evaluate("document.activeElement.blur()")
        tab.evaluate(send, [kind, list(encode_png(np.full((28, 28), level, np.uint8)))])
        tab.wait_for_function("k => document.querySelector('.vr-status').textContent === k + '.png'", arg=kind)
    tab.get_by_label("Lay it out like MNIST").uncheck()
    settle(tab)
    assert set(tab.evaluate(PIXELS, "input")) == {160}


def test_another_model_keeps_the_drawing_and_brings_its_own_shape(tab):
    tab.get_by_role("button", name="Clear").click()
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    settle(tab)
    switch_model(tab, "tiles")
    tab.wait_for_function("() => document.querySelectorAll('.vr-cell').length === 256")
    settle(tab)
    colour = tab.evaluate(PIXELS, "input")
    assert len(colour) == 32 * 32 and max(colour) > 200
    assert tab.get_by_label("Lay it out like").is_hidden() and tab.locator(".vr-inks button").count() == 8
    assert tab.locator("[data-figure=bits]").inner_text() == "24,576 → 3,072 bits"
    tab.get_by_role("button", name="Red ink").click()
    stroke(tab, [(0.2, 0.2), (0.3, 0.3)])
    settle(tab)
    red = tab.evaluate("""() => [...document.querySelector('[data-stage=input] canvas').getContext('2d')
        .getImageData(8, 8, 1, 1).data].slice(0, 3)""")
    assert red[0] > 150 and red[1] < 90
    sides = np.zeros((40, 120, 3), np.uint8)
    sides[:, 40:80] = 255  # a white middle between black sides
    fit_switch = tab.get_by_label("All of the picture, with margins")
    assert fit_switch.is_hidden() and choose(tab, "wide.png", encode_png(sides)) == "wide.png: its middle"
    assert min(tab.evaluate(PIXELS, "input")) > 240
    fit_switch.check()
    tab.wait_for_function("() => document.querySelector('.vr-status').textContent.endsWith('with margins')")
    settle(tab)
    assert min(tab.evaluate(PIXELS, "input")) < 10
    tab.get_by_role("button", name="Clear").click()
    assert fit_switch.is_hidden() and tab.locator(".vr-status").inner_text() == ""
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    settle(tab)
    switch_model(tab, "mnist")
    tab.wait_for_function("() => document.querySelectorAll('.vr-cell').length === 49")


def test_the_number_under_the_cursor_and_the_keyboard(tab):
    cell = tab.locator(".vr-cell").nth(24)
    cell.hover()
    index = cell.inner_text()
    assert tab.locator(".vr-readout").inner_text() == f"Row 4, column 4: code {index}"
    marks = tab.locator(".vr-mark").evaluate_all("marks => marks.filter(m => m.style.display === 'block').length")
    assert marks == 4, "the cell is lit in every picture"
    tab.mouse.move(5, 5)
    assert "49" not in tab.locator(".vr-readout").inner_text()
    tab.locator(".vr-cell").first.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    assert tab.locator(".vr-readout").inner_text().startswith("Row 2, column 2: code ")
    assert tab.locator(".vr-cell[tabindex='0']").count() == 1
    place = "['aria-rowindex', 'aria-colindex'].map(name => document.activeElement.getAttribute(name))"
    assert tab.evaluate(place) == ["2", "2"]


def test_nothing_jumps_when_results_arrive(context, own_app):
    page = context.new_page()
    held, holding = [], [True]
    page.route("**/component_server/**", lambda route: held.append(route) if holding else route.continue_())
    page.goto(own_app.url, timeout=60_000)
    page.wait_for_function("() => document.querySelector('.vr-news')?.textContent.startsWith('Warming up')")
    page.wait_for_timeout(800)
    boxes = "() => [...document.querySelectorAll('.vr-frame, .vr-tools, .vr-examples, .vr-figures')].map(e => {" \
            " const b = e.getBoundingClientRect(); return [b.x, b.y + scrollY, b.width, b.height].map(Math.round) })"
    before = page.evaluate(boxes)
    holding.clear()
    for route in held:
        route.continue_()
    page.wait_for_function(READY, timeout=60_000)
    settle(page)
    assert page.evaluate(boxes) == before


def test_a_lost_server_is_said_and_the_drawing_is_sent_when_it_is_back(tab):
    tab.get_by_role("button", name="Clear").click()
    settle(tab)
    empty = tab.evaluate(PIXELS, "input")
    tab.route("**/component_server/**", lambda route: route.abort())
    stroke(tab, [(0.3, 0.3), (0.6, 0.7)])
    tab.wait_for_function("() => document.querySelector('.vr-news').textContent.includes('does not answer')")
    assert tab.evaluate(PIXELS, "input") == empty
    tab.unroute("**/component_server/**")
    tab.wait_for_function("() => document.querySelector('.vr-news').textContent === ''", timeout=8000)
    assert tab.evaluate(PIXELS, "input") != empty


def test_the_codes_go_to_the_edit_tab(tab):
    button = tab.get_by_role("button", name="Edit these codes")
    if not tab.locator("#vq-tabs button[role=tab]", has_text="Edit").count():
        assert button.count() == 0, "no button that leads nowhere"
        return
    button.click()
    tab.wait_for_function(
        "() => document.querySelector('#vq-tabs button[role=tab][aria-selected=true]').textContent.trim() === 'Edit'")
