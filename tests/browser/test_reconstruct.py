"""The Reconstruct tab in a real browser: draw, upload, pick, undo, hand over; and what happens when
the server goes.

The app runs with two small untrained models of its own, so that nothing here depends on what is
shipped.
"""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

import vqvae
from demo.pictures.images import encode_png

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
        (
            "tiles",
            "cifar10",
            {"channels": 3, "height": 32, "width": 32, "downsample": 2, "codebook_size": 4096},
        ),
    ]:
        model = vqvae.build_model(vqvae.ModelConfig(**small, **options), 3).eval()
        vqvae.save_checkpoint(root / "models" / name, model, training={"dataset": dataset})
    running = start_app(root / "runs", "--checkpoints", str(root / "models"))
    yield running
    running.stop()


@pytest.fixture
def tab(context, own_app):
    """The tab of a fresh visitor, its first example reconstructed. What its scripts throw is in
    `errors`."""
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
        page.mouse.move(
            box["x"] + x * box["width"], box["y"] + y * box["height"], steps=steps if i else 1
        )
        if not i:
            page.mouse.down()
    if up:
        page.mouse.up()


def settle(page) -> None:
    """Until every request is answered and painted."""
    page.wait_for_timeout(60)
    page.wait_for_function(
        "() => document.querySelector('.vr-flow').getAttribute('aria-busy') === 'false'"
    )
    page.wait_for_timeout(60)


def choose(page, name: str, data: bytes) -> str:
    """Upload a file through the page's button; what the page then says."""
    page.evaluate("document.querySelector('.vr-status').textContent = ''")
    page.locator(".vr-file").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )
    page.wait_for_function(
        "() => !['', 'Reading the "
        "picture…'].includes(document.querySelector('.vr-status').textContent)"
    )
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
        tab.mouse.move(
            stroke_box["x"] + stroke_box["width"] * (0.7 - 0.01 * step),
            stroke_box["y"] + stroke_box["height"] * (0.2 + 0.02 * step),
        )
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
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(own_app.url, timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)
    before = page.evaluate(PIXELS, "input")
    page.locator(".vr-pad").scroll_into_view_if_needed()
    box = page.locator(".vr-pad").bounding_box()
    client = context.new_cdp_session(page)
    scroll = page.evaluate("scrollY")
    for kind, x, y in [
        ("touchStart", 0.3, 0.3),
        ("touchMove", 0.5, 0.5),
        ("touchMove", 0.6, 0.8),
        ("touchEnd", 0, 0),
    ]:
        points = (
            []
            if kind == "touchEnd"
            else [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}]
        )
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    assert page.evaluate(PIXELS, "input") != before and page.evaluate("scrollY") == scroll
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, (
        "nothing sticks out of a phone"
    )
    context.close()


def test_dark_on_light_is_turned_round_with_a_switch_to_turn_that_off(tab):
    sheet = Image.new("L", (400, 300), 250)
    ImageDraw.Draw(sheet).line([(90, 80), (150, 80), (110, 200)], fill=10, width=16)
    assert choose(tab, "photo.png", encode_png(np.asarray(sheet))) == (
        "photo.png. Drag, resize or turn the box."
    )
    assert (
        tab.locator(".vr-did").inner_text()
        == "Preprocessed like MNIST: inverted, cut out, centred."
    )
    assert np.median(tab.evaluate(PIXELS, "input")) == 0
    tab.get_by_label("Centre and scale like MNIST").uncheck()
    settle(tab)
    assert tab.locator(".vr-did").inner_text() == "Used as it is, scaled to 28 × 28 pixels."
    assert np.median(tab.evaluate(PIXELS, "input")) == 250


def test_a_photo_on_a_model_of_digits_can_go_to_one_of_photos(tab):
    other = tab.locator(".vr-other")
    assert not other.is_visible()
    y, x = np.mgrid[:96, :120]
    colours = np.stack([2 * x, 2 * y, 255 - 2 * x], -1).clip(0, 255).astype(np.uint8)
    choose(tab, "beach.png", encode_png(colours))
    assert other.inner_text() == "This model has only seen digits. Try photos"
    other.get_by_role("button").click()
    tab.wait_for_function("document.querySelectorAll('.vr-cell').length > 49")
    tab.wait_for_function(
        "document.querySelector('.vr-status').textContent.startsWith('beach.png')"
    )
    settle(tab)
    assert "model=tiles" in tab.url and not other.is_visible()
    tab.wait_for_selector(".vr-whole:not([hidden])")  # the photo came along
    tab.go_back()
    tab.wait_for_function("document.querySelectorAll('.vr-cell').length === 49")


def test_a_bad_upload_says_why_and_leaves_the_picture(tab):
    before = tab.evaluate(PIXELS, "input")
    pad = tab.evaluate("document.querySelector('.vr-pad').toDataURL()")
    good = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(good, "PNG")
    for name, data, words in [
        ("empty.png", b"", "is empty"),
        ("<b>bold</b>.png", b"<svg></svg>", "SVG"),
        ("notes.jpg", b"no picture at all", "cannot be read as a picture"),
        ("half.png", good.getvalue()[:2000], "cut off or damaged"),
        ("dot.png", encode_png(np.zeros((1, 1), np.uint8)), "1 × 1 pixels"),
    ]:
        said = choose(tab, name, data)
        assert words in said and name in said
    assert tab.locator(".vr-status b").count() == 0, "a file name is text, never markup"
    assert tab.evaluate(PIXELS, "input") == before
    assert tab.evaluate("document.querySelector('.vr-pad').toDataURL()") == pad


SLOW_FIRST = """question => {
    const real = window.fetch;
    let asked = 0;
    window.release = () => {};
    window.fetch = async (...request) => {
        const mine = String(request[0]).includes('component_server')
            && String(request[1]?.body).includes(question) ? ++asked : 0;
        const answer = await real(...request);
        if (mine === 1) await new Promise(done => { window.release = done; });
        return answer;
    };
}"""


@pytest.mark.parametrize("then", ["file", "stroke", "example", "clear"])
def test_what_was_done_last_is_on_the_pad_however_late_a_file_is_read(tab, then):
    tab.evaluate(SLOW_FIRST, "open_upload")
    levels = {"slow.png": 90, "quick.png": 160}
    pictures = {
        name: encode_png(np.full((28, 28), level, np.uint8)) for name, level in levels.items()
    }
    files = tab.locator(".vr-file")

    def send(name):
        files.set_input_files({"name": name, "mimeType": "image/png", "buffer": pictures[name]})

    status, pad = tab.locator(".vr-status"), "document.querySelector('.vr-pad').toDataURL()"
    send("slow.png")
    expect(status).to_have_text("Reading the picture…")
    if then == "file":
        send("quick.png")
        expect(status).to_contain_text("quick.png")
    elif then == "stroke":
        stroke(tab, [(0.3, 0.3), (0.7, 0.7)])
        expect(status).to_contain_text("Your file was left out")
    elif then == "example":
        tab.locator(".vr-examples button").nth(3).click()
        expect(status).to_have_text("")
    else:
        tab.get_by_role("button", name="Clear").click()
        expect(status).to_have_text("")
    settle(tab)
    said, shown = status.inner_text(), tab.evaluate(pad)
    tab.evaluate("window.release()")
    tab.wait_for_timeout(400)
    settle(tab)
    assert (status.inner_text(), tab.evaluate(pad)) == (said, shown)


def test_what_is_drawn_before_the_first_example_comes_stays(context, own_app):
    page = context.new_page()
    held, holding = [], [True]
    page.route(
        "**/component_server/**", lambda route: held.append(route) if holding else route.continue_()
    )
    page.goto(own_app.url, timeout=60_000)
    page.locator(".vr-pad").wait_for()
    until_held = "() => document.querySelector('.vr-news').textContent.includes('Warming up')"
    page.wait_for_function(until_held)
    stroke(page, [(0.5, 0.2), (0.5, 0.5)], up=False)
    assert held, "the model is still asked for"
    holding.clear()
    while held:
        held.pop().continue_()
    page.wait_for_function("document.querySelectorAll('.vr-examples button').length === 12")
    box = page.locator(".vr-pad").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_function(READY)
    page.get_by_label("Centre and scale like MNIST").uncheck()
    settle(page)
    drawn = np.array(page.evaluate(PIXELS, "input")).reshape(28, 28)
    assert drawn[8:20, 14].min() > 100, "one line"
    assert drawn[:, :9].max() == drawn[:, 20:].max() == 0, "and nothing else"


def test_the_numbers_of_a_cell_follow_the_picture(tab):
    cell = tab.locator(".vr-cell").nth(24)
    cell.hover()
    said, winner = tab.locator(".vr-numbers-said"), tab.locator(".vr-nearest .vr-winner b")
    expect(said).to_contain_text("Row 4, column 4")
    seen = {cell.inner_text()}
    for points in ([(0.4, 0.4), (0.6, 0.6)], [(0.2, 0.5), (0.8, 0.5)], [(0.5, 0.2), (0.5, 0.8)]):
        stroke(tab, points)
        settle(tab)
        seen.add(cell.inner_text())
        assert winner.inner_text() == cell.inner_text()
        assert f"{cell.inner_text()} is nearest" in said.inner_text()
    assert len(seen) > 1, "it did change"
    tab.get_by_role("button", name="Clear").click()
    expect(said).to_have_text("Point at or tap a square to see how its code was chosen.")
    assert winner.count() == 0


def test_clearing_an_empty_pad_is_no_step_of_undo(tab):
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    settle(tab)
    drawn = tab.evaluate(PIXELS, "input")
    for _ in range(3):
        tab.get_by_role("button", name="Clear").click()
    settle(tab)
    tab.get_by_role("button", name="Undo").click()
    settle(tab)
    assert tab.evaluate(PIXELS, "input") == drawn


def test_a_picture_can_be_pasted_and_dropped(tab):
    send = """([kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], kind + '.png', { type: 'image/png' }));
        const target = kind === 'paste' ? document.body : document.querySelector('.vr-examples');
        target.dispatchEvent(kind === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
            : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); }"""
    for kind, level in [("paste", 90), ("drop", 160)]:
        tab.evaluate("document.activeElement.blur()")
        flat = np.full((28, 28), level, np.uint8)
        flat[:, 14:] -= 30
        tab.evaluate(send, [kind, list(encode_png(flat))])
        tab.wait_for_function(
            "k => document.querySelector('.vr-status').textContent.startsWith(k + '.png')", arg=kind
        )
    tab.get_by_label("Centre and scale like MNIST").uncheck()
    settle(tab)
    assert set(tab.evaluate(PIXELS, "input")) == {130, 160}


def test_where_nothing_is_found_there_is_a_sentence_and_no_figures(tab):
    figures = """() => ['bits', 'psnr', 'ssim'].map(
        name => document.querySelector(`[data-figure=${name}]`).textContent).join('')"""
    light = np.tile(np.linspace(140, 240, 300).astype(np.uint8), (400, 1))
    for name, pixels, words in [
        ("white.png", np.full((300, 200), 255, np.uint8), "one colour"),
        ("paper.png", light, "No digit was found"),
    ]:
        choose(tab, name, encode_png(pixels))
        tab.wait_for_function(
            "w => document.querySelector('.vr-did').textContent.includes(w)", arg=words
        )
        assert tab.evaluate(figures) == "–––" and tab.locator(".vr-edit").is_disabled()
    tab.get_by_role("button", name="Clear").first.click()
    tab.wait_for_function("document.querySelector('.vr-did').textContent.includes('on the pad')")
    assert tab.evaluate(figures) == "–––", "an empty pad is no picture that came back at 100 dB"
    stroke(tab, [(0.3, 0.3), (0.7, 0.3), (0.5, 0.8)])
    tab.wait_for_function(READY)


def test_another_model_keeps_the_drawing_and_brings_its_own_shape(tab):
    tab.get_by_role("button", name="Clear").click()
    stroke(tab, [(0.5, 0.2), (0.5, 0.8)])
    settle(tab)
    switch_model(tab, "tiles")
    tab.wait_for_function("() => document.querySelectorAll('.vr-cell').length === 256")
    settle(tab)
    colour = tab.evaluate(PIXELS, "input")
    assert len(colour) == 32 * 32 and max(colour) > 200
    assert (
        tab.get_by_label("Centre and scale like").is_hidden()
        and tab.locator(".vr-inks button").count() == 8
    )
    assert tab.locator("[data-figure=bits]").inner_text() == "24,576 → 3,072 bits"
    tab.get_by_role("button", name="Red ink").click()
    stroke(tab, [(0.2, 0.2), (0.3, 0.3)])
    settle(tab)
    red = tab.evaluate("""() => [...document.querySelector('[data-stage=input] canvas').getContext('2d')
        .getImageData(8, 8, 1, 1).data].slice(0, 3)""")
    assert red[0] > 150 and red[1] < 90
    sides = np.zeros((40, 120, 3), np.uint8)
    sides[:, 40:80] = 255  # a white middle between black sides, not of one colour alone
    sides[:, 60:80] = 247
    fit_switch = tab.get_by_label("Fit the whole picture")
    assert (
        fit_switch.is_hidden()
        and choose(tab, "wide.png", encode_png(sides)) == "wide.png: cropped to its centre"
    )
    assert min(tab.evaluate(PIXELS, "input")) > 240
    fit_switch.check()
    tab.wait_for_function(
        "() => document.querySelector('.vr-status').textContent.endsWith('fitted whole')"
    )
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
    marks = tab.locator(".vr-mark").evaluate_all(
        "marks => marks.filter(m => m.style.display === 'block').length"
    )
    assert marks == 5, "the cell is lit in every picture, and its code in the codebook"
    assert f"Code {index} is lit" in tab.locator('[data-stage="book"] .vr-under').inner_text()
    assert tab.locator(".vr-nearest .vr-winner b").inner_text() == index, "the nearest of all codes"
    assert tab.locator(".vr-nearest li").count() == 5 and tab.locator(".vr-vector span").count() > 1
    tab.mouse.move(5, 5)
    assert "49" not in tab.locator(".vr-readout").inner_text()
    tab.locator(".vr-cell").first.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    assert tab.locator(".vr-readout").inner_text().startswith("Row 2, column 2: code ")
    assert tab.locator(".vr-cell[tabindex='0']").count() == 1
    place = (
        "['aria-rowindex', 'aria-colindex'].map(name => document.activeElement.getAttribute(name))"
    )
    assert tab.evaluate(place) == ["2", "2"]


def test_how_far_the_nearest_code_is_ahead_is_what_the_bars_show(tab):
    told = tab.evaluate("""() => [...document.querySelectorAll('.vr-cell')].map(cell => {
        cell.dispatchEvent(new PointerEvent('pointermove', {bubbles: true,
            clientX: cell.getBoundingClientRect().x + 3, clientY: cell.getBoundingClientRect().y + 3}));
        const bars = [...document.querySelectorAll('.vr-nearest li span:last-child')];
        return [document.querySelector('.vr-numbers-said').textContent, ...bars.map(one => one.textContent)];
    })""")
    assert len(told) == 49 and len({said for said, *_ in told}) == 49
    for said, first, second, *_ in told:
        assert f", {float(second) - float(first):.2f} ahead of " in said


def test_nothing_jumps_when_results_arrive(context, own_app):
    page = context.new_page()
    held, holding = [], [True]
    page.route(
        "**/component_server/**", lambda route: held.append(route) if holding else route.continue_()
    )
    page.goto(own_app.url, timeout=60_000)
    page.wait_for_function(
        "() => document.querySelector('.vr-news')?.textContent.startsWith('Warming up')"
    )
    page.wait_for_timeout(800)
    boxes = (
        "() => [...document.querySelectorAll('.vr-frame, .vr-tools, .vr-examples, "
        ".vr-figures')].map(e => {"
        " const b = e.getBoundingClientRect(); return [b.x, b.y + scrollY, b.width, "
        "b.height].map(Math.round) })"
    )
    before = page.evaluate(boxes)
    holding.clear()
    for route in held:
        route.continue_()
    page.wait_for_function(READY, timeout=60_000)
    settle(page)
    assert page.evaluate(boxes) == before


def test_with_the_server_gone_drawing_goes_on(tab):
    tab.wait_for_selector(".vr[data-engine=page]")
    tab.route("**/gradio_api/**", lambda route: route.abort())
    tab.get_by_role("button", name="Clear").click()
    settle(tab)
    empty = tab.evaluate(PIXELS, "input")
    stroke(tab, [(0.3, 0.3), (0.6, 0.7)])
    settle(tab)
    assert tab.evaluate(PIXELS, "input") != empty and tab.evaluate(PIXELS, "recon") != empty
    assert tab.locator(".vr-news").inner_text() == ""
    tab.evaluate(
        "window.dispatchEvent(new Event('online'))"
    )  # a page looks for the server at once then
    tab.wait_for_selector("body.vq-gone")
    assert "needs the server" in tab.get_by_role("button", name="Choose a picture").get_attribute(
        "title"
    )


def test_page_and_server_reconstruct_the_same(browser, own_app):
    seen = []
    for engine in ("page", "server"):
        context = browser.new_context()
        if engine == "server":
            context.route("**/weights/**", lambda route: route.abort())
        page = context.new_page()
        page.goto(own_app.url, timeout=60_000)
        page.wait_for_function(READY, timeout=60_000)
        page.wait_for_selector(f".vr[data-engine={engine}]")
        page.get_by_role("button", name="Clear").click()
        stroke(page, [(0.3, 0.3), (0.6, 0.7), (0.4, 0.8)])
        settle(page)
        page.wait_for_timeout(1000)  # the picture without quantization follows the others
        seen.append(
            {name: page.evaluate(PIXELS, name) for name in ("input", "recon", "unquantized")}
            | {
                "codes": page.locator(".vr-grid").inner_text(),
                "did": page.locator(".vr-did").inner_text(),
            }
        )
        context.close()
    here, there = seen
    for name in ("input", "codes", "did"):
        assert here[name] == there[name], name
    for name in ("recon", "unquantized"):
        assert max(abs(a - b) for a, b in zip(here[name], there[name], strict=True)) <= 1


def test_a_lost_server_is_said_and_the_drawing_is_sent_when_it_is_back(context, tab):
    context.route("**/weights/**", lambda route: route.abort())
    tab.reload()
    tab.wait_for_function(READY, timeout=60_000)
    tab.get_by_role("button", name="Clear").click()
    settle(tab)
    empty = tab.evaluate(PIXELS, "input")
    tab.route("**/component_server/**", lambda route: route.abort())
    stroke(tab, [(0.3, 0.3), (0.6, 0.7)])
    tab.wait_for_function(
        "() => document.querySelector('.vr-news').textContent.includes('does not answer')"
    )
    assert tab.evaluate(PIXELS, "input") == empty
    tab.unroute("**/component_server/**")
    tab.wait_for_function(
        "() => document.querySelector('.vr-news').textContent === ''", timeout=8000
    )
    assert tab.evaluate(PIXELS, "input") != empty


def test_the_codes_go_to_the_edit_tab(tab):
    button = tab.get_by_role("button", name="Edit these codes")
    if not tab.locator("#vq-tabs button[role=tab]", has_text="Edit").count():
        assert button.count() == 0, "no button that leads nowhere"
        return
    button.click()
    tab.wait_for_function(
        "() => document.querySelector('#vq-tabs "
        "button[role=tab][aria-selected=true]').textContent.trim() === 'Edit'"
    )


def two_digits() -> bytes:
    """A 7, and a smaller 1 beside it."""
    image = Image.new("L", (400, 300), 250)
    draw = ImageDraw.Draw(image)
    draw.line([(70, 60), (150, 60), (100, 190)], fill=10, width=14, joint="curve")
    draw.line([(275, 80), (285, 180)], fill=10, width=12)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def did(page, *words: str) -> None:
    """Until the page says that this was done to the picture, and nothing more."""
    page.wait_for_function(
        """words => document.querySelector('.vr-did').textContent ===
        `Preprocessed like MNIST: inverted, ${words.join(', ')}, centred.`""",
        arg=list(words),
    )
    settle(page)


def middle(page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=6)
    page.mouse.up()


def correlation(a, b) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_the_box_on_a_photo_is_dragged_and_another_digit_is_clicked(tab):
    said = choose(tab, "two.png", two_digits())
    assert said == "two.png. Drag or turn the box, or click another digit."
    did(tab, "cut out")
    seven, place = tab.evaluate(PIXELS, "input"), middle(tab, ".vf-line")
    assert tab.locator(".vf-other").count() == 1
    other = middle(tab, ".vf-other")
    tab.mouse.click(*other)
    tab.wait_for_function("document.querySelector('.vf-other').dataset.digit === '0'")
    tab.wait_for_function(f"before => String(({PIXELS})('input')) !== String(before)", arg=seven)
    settle(tab)
    one = tab.evaluate(PIXELS, "input")
    assert correlation(one, seven) < 0.7
    assert np.allclose(middle(tab, ".vf-line"), other, atol=2)
    tab.locator("[data-do=found]").click()
    tab.wait_for_function(f"first => String(({PIXELS})('input')) === String(first)", arg=seven)
    drag(tab, place, other)
    did(tab, "cut out of your box")
    assert correlation(tab.evaluate(PIXELS, "input"), one) > 0.95
    drag(tab, middle(tab, ".vf-line"), (place[0], place[1] + 1))
    tab.wait_for_function(f"one => String(({PIXELS})('input')) !== String(one)", arg=one)
    settle(tab)
    assert correlation(tab.evaluate(PIXELS, "input"), seven) > 0.95


def test_the_box_is_turned_resized_and_moved_by_keys(tab):
    choose(tab, "two.png", two_digits())
    did(tab, "cut out")
    seven = np.reshape(tab.evaluate(PIXELS, "input"), (28, 28))
    tab.locator("[data-do=quarter]").click()
    did(tab, "cut out", "turned by 90°")
    lying = np.reshape(tab.evaluate(PIXELS, "input"), (28, 28))
    assert correlation(lying.ravel(), np.rot90(seven).ravel()) > 0.9
    tab.locator("[data-do=found]").click()
    did(tab, "cut out")
    tab.locator(".vf-frame").focus()
    before = tab.locator(".vf-line").bounding_box()
    tab.keyboard.press("+")
    did(tab, "cut out of your box")
    grown = tab.locator(".vf-line").bounding_box()
    assert grown["width"] > before["width"] and grown["height"] > before["height"]
    tab.keyboard.press("-")
    tab.keyboard.press("ArrowRight")
    moved = tab.locator(".vf-line").bounding_box()
    assert moved["x"] > before["x"] and abs(moved["y"] - before["y"]) < 0.5
    tab.keyboard.press("]")
    did(tab, "cut out of your box", "turned by 5°")
    assert tab.locator(".vr-turn input").input_value() == "5"
    corner = middle(tab, ".vf-corner >> nth=2")
    drag(tab, corner, (corner[0] + 30, corner[1] + 20))
    settle(tab)
    assert tab.locator(".vf-line").bounding_box()["width"] > moved["width"] + 15


def test_where_no_digit_is_found_the_box_is_put_around_it(tab):
    blank = np.rint(np.linspace(150, 250, 300 * 400)).astype(np.uint8).reshape(300, 400)
    assert choose(tab, "blank.png", encode_png(blank)) == "blank.png. Put the box around it."
    assert "No digit was found" in tab.locator(".vr-did").inner_text()
    x, y = middle(tab, ".vf-line")
    drag(tab, (x, y), (x + 20, y))
    tab.wait_for_function(
        "document.querySelector('.vr-did').textContent.startsWith('Nothing stands out in the box')"
    )
    assert tab.locator("[data-figure=psnr]").inner_text() == "–"


def test_a_photo_can_still_be_drawn_on_and_the_box_comes_back_by_undo(tab):
    choose(tab, "two.png", two_digits())
    did(tab, "cut out")
    tab.locator("[data-tool=draw]").click()
    assert tab.locator(".vr-turn").is_hidden() and tab.locator(".vr-brush").is_visible()
    stroke(tab, [(0.1, 0.9), (0.2, 0.9)])
    tab.wait_for_selector(".vr-found", state="hidden")
    assert tab.locator("[data-tool=box]").is_hidden()
    tab.locator('[data-do="undo"]').click()
    tab.wait_for_selector(".vr-found", state="visible")
    tab.locator("[data-tool=box]").click()
    assert tab.locator(".vr-turn").is_visible()
    tab.locator(".vr-examples button").first.click()
    tab.wait_for_selector(".vr-found", state="hidden")
    assert tab.locator("[data-tool=draw]").get_attribute("aria-pressed") == "true"
