"""The Edit tab in a real browser: every gesture with mouse, keyboard and touch, and what a reload
must not lose."""

import base64
import json
import re

import pytest
import torch
from playwright.sync_api import expect

import vqvae
from vqvae.checkpoints.gallery import Gallery

VIEWS = [(1440, 900), (1024, 768), (390, 844)]


def make(path, seed=0, gallery=False, **options):
    """A model with random weights and a codebook spread widely enough that codes differ on the
    picture."""
    config = vqvae.ModelConfig(hidden_channels=8, residual_blocks=1, embedding_dim=4, **options)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = vqvae.build_model(config)
    h, w = config.grid
    K, rng = config.codebook_size, torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.codebook.copy_(torch.randn(K, 4, generator=rng))
    kept = None
    if gallery:
        kept = Gallery(
            indices=torch.randint(K, (5, h, w), generator=rng),
            counts=torch.arange(K),
            position_counts=torch.zeros(h * w, K, dtype=torch.int64),
            latents=torch.zeros(1, 4),
            latent_indices=torch.zeros(1, dtype=torch.int64),
            latent_positions=torch.zeros(1, dtype=torch.int64),
        )
    vqvae.save_checkpoint(path, model.eval(), training={"dataset": "synthetic"}, gallery=kept)


@pytest.fixture(scope="module")
def edit_app(tmp_path_factory, start_app):
    """An app of its own with a 7 x 7, a 14 x 14 and a 16 x 16 model, the last with 4,096 codes."""
    root = tmp_path_factory.mktemp("models")
    make(root / "mnist", gallery=True, codebook_size=512)
    make(root / "fine", downsample=2, codebook_size=256)
    make(root / "vast", downsample=2, codebook_size=4096, channels=3, height=32, width=32)
    make(root / "torn", codebook_size=16)
    (root / "torn" / "model.safetensors").write_bytes(b"torn")
    running = start_app(tmp_path_factory.mktemp("runs"), "--checkpoints", str(root))
    yield running
    running.stop()


class Editor:
    """The tab as a person meets it."""

    def __init__(self, context, url, path="/"):
        self.page = context.new_page()
        self.errors, self.asked = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(url + path)
        self.page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
        self.open()
        if self.ref("order").is_visible():
            self.ref("order").select_option("index")  # every code where its number says

    def _asked(self, request):
        if "component_server" in request.url:
            self.asked.append(json.loads(request.post_data)["fn_name"])

    def open(self):
        if not self.page.locator("#vq-edit .editor").is_visible():
            self.page.get_by_role("tab", name="Edit").click()
        self.page.wait_for_selector("#vq-edit .editor[aria-busy=false]")

    def ref(self, name):
        return self.page.locator(f"#vq-edit [data-ref={name}]")

    def do(self, command):
        button = self.page.locator(f"#vq-edit .bar [data-do={command}]")
        menu = self.page.locator(
            f"#vq-edit details.menu:not([open]):has([data-do={command}]) summary"
        )
        if menu.count():
            menu.click()
        button.click()

    def codes(self, board="gridA"):
        return self.ref(board).evaluate(
            "grid => [...grid.querySelectorAll('.ix')].map(i => Number(i.textContent))"
        )

    def selected(self, board="gridA"):
        return self.ref(board).evaluate(
            "grid => [...grid.querySelectorAll('[aria-selected=true]')].map(c => "
            "Number(c.dataset.p))"
        )

    def cell(self, p, board="gridA"):
        return self.ref(board).locator(f"[data-p='{p}']")

    def middle(self, p, board="gridA"):
        box = self.cell(p, board).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def code(self, k):
        return self.ref("codes").locator(f"[data-code='{k}']")

    def picture(self, name="picture"):
        return self.ref(name).evaluate(
            "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()"
        )

    def settle(self):
        """Until every answer is here and painted."""
        self.page.wait_for_timeout(400)
        self.page.wait_for_selector("#vq-edit .editor[data-asking='0']")

    def drag(self, cells, board="gridA", steps=3):
        mouse = self.page.mouse
        mouse.move(*self.middle(cells[0], board))
        mouse.down()
        for p in cells[1:]:
            mouse.move(*self.middle(p, board), steps=steps)
        mouse.up()


@pytest.fixture
def edit(context, edit_app):
    """The tab as nearly everybody has it: the model runs in the page."""
    editor = Editor(context, edit_app.url)
    editor.page.wait_for_selector("#vq-edit .editor[data-engine=page]")
    yield editor
    assert editor.errors == []


@pytest.fixture
def served(context, edit_app):
    """The tab where the page cannot run the model: the server does."""
    context.route("**/weights/**", lambda route: route.abort())
    editor = Editor(context, edit_app.url)
    assert editor.page.locator("#vq-edit .editor[data-engine=server]").count() == 1
    yield editor
    assert editor.errors == []


def test_mouse_selects_and_a_palette_code_changes_cells_and_picture(edit):
    before, shown = edit.codes(), edit.picture()
    edit.cell(10).click()
    assert edit.selected() == [10]
    edit.cell(26).click(modifiers=["Shift"])
    assert edit.selected() == [r * 7 + c for r in (1, 2, 3) for c in (3, 4, 5)]
    edit.cell(0).click(modifiers=["Control"])
    assert 0 in edit.selected() and len(edit.selected()) == 10
    edit.drag([16, 32])
    assert edit.selected() == [16, 17, 18, 23, 24, 25, 30, 31, 32]
    edit.cell(24).click()
    edit.code(7).click()
    edit.settle()
    assert edit.codes() == [7 if p == 24 else k for p, k in enumerate(before)]
    assert edit.picture() != shown
    edit.do("undo")
    edit.settle()
    assert edit.codes() == before and edit.picture() == shown


def test_keyboard_alone_does_everything(edit):
    page, before = edit.page, edit.codes()
    edit.cell(24).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert edit.selected() == [32]
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert edit.selected() == [24, 25, 31, 32]
    page.keyboard.press("Home")
    assert edit.selected() == [21]
    page.keyboard.type("137")
    assert edit.codes()[21] == 137
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    assert edit.codes()[21] == 5
    page.keyboard.type("4")
    page.keyboard.press("Escape")
    page.wait_for_timeout(1400)
    assert edit.codes()[21] == 5
    page.keyboard.press("Enter")  # the palette, at the code that the cell holds
    assert page.evaluate("document.activeElement.dataset.code") == "5"
    page.keyboard.press("ArrowRight")
    assert edit.ref("says").inner_text().startswith("Preview of code 6")
    page.keyboard.press("Escape")
    assert "Preview" not in edit.ref("says").inner_text() and edit.codes()[21] == 5
    assert page.evaluate("document.activeElement.dataset.p") == "21"
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert edit.codes()[21] == 6
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.press("f")
    assert set(edit.codes()) == {6}
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert edit.codes() == before
    for _ in range(4):
        page.keyboard.press("Control+y")
    assert set(edit.codes()) == {6}
    page.keyboard.press("r")
    assert edit.codes() == before


def test_mirror_shift_swap_copy_and_paste_by_key(edit):
    page, before = edit.page, edit.codes()
    edit.cell(24).focus()
    page.keyboard.press("m")
    assert edit.codes() == [before[r * 7 + 6 - c] for r in range(7) for c in range(7)]
    page.keyboard.press("m")
    page.keyboard.press("Shift+M")
    assert edit.codes() == [before[(6 - r) * 7 + c] for r in range(7) for c in range(7)]
    page.keyboard.press("Control+z")
    page.keyboard.press("Alt+ArrowRight")
    assert edit.codes() == [before[r * 7 + (c - 1) % 7] for r in range(7) for c in range(7)]
    page.keyboard.press("Control+z")
    edit.cell(3).click()
    edit.cell(45).click(modifiers=["Control"])
    page.keyboard.press("s")
    swapped = edit.codes()
    assert (swapped[3], swapped[45]) == (before[45], before[3])
    page.keyboard.press("Control+z")
    edit.cell(0).click()
    edit.cell(8).click(modifiers=["Shift"])
    page.keyboard.press("Control+c")
    edit.cell(33).click()
    page.keyboard.press("Control+v")
    assert [edit.codes()[p] for p in (33, 34, 40, 41)] == [before[p] for p in (0, 1, 7, 8)]
    edit.cell(48).click()
    page.keyboard.press("Control+v")  # only its first cell has room
    assert edit.codes()[48] == before[0]


def test_hovering_previews_exactly_and_asks_nothing(edit):
    edit.cell(24).click()
    edit.settle()
    shown, before = edit.picture(), edit.codes()
    edit.asked.clear()
    edit.code(3).hover()
    preview = edit.picture()
    assert preview != shown and edit.ref("says").inner_text() == "Preview of code 3."
    edit.code(4).hover()
    edit.page.mouse.move(5, 5)
    assert edit.picture() == shown and edit.codes() == before
    for p in (0, 10, 20):
        edit.cell(p).hover()
    assert edit.asked == []
    edit.code(3).click()
    edit.settle()
    close = edit.page.evaluate(
        "([a, b]) => { const x = a.split(','), y = b.split(','); return x.every((v, n) => "
        "Math.abs(v - y[n]) <= 1); }",
        [preview, edit.picture()],
    )
    assert close, "the preview is the picture that the commit then gives"


def test_a_code_whose_preview_is_not_here_is_shown_approximately_and_says_so(served):
    edit = served
    edit.page.route(
        "**/component_server/**",
        lambda route: (
            route.abort()
            if "edit_previews" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    edit.cell(3).click()
    edit.page.wait_for_timeout(100)
    edit.code(9).hover()
    assert "approximate" in edit.ref("says").inner_text()


@pytest.mark.parametrize("stroke", [[0, 6, 7, 13, 14, 20, 21, 27, 28, 34, 35, 41, 42, 48], [0, 48]])
def test_painting_drops_no_cell_however_fast_the_pointer(edit, stroke):
    edit.do("paint")
    edit.code(11).click()
    edit.drag(stroke, steps=1)
    codes = edit.codes()
    expected = set(range(49)) if len(stroke) > 2 else {n * 8 for n in range(7)}
    assert {p for p, k in enumerate(codes) if k == 11} >= expected
    edit.do("undo")
    assert {p for p, k in enumerate(edit.codes()) if k == 11} < expected, "one stroke is one step"


def test_touch_selects_drags_paints_and_chooses(browser, edit_app):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(15_000)
    edit = Editor(context, edit_app.url)
    edit.cell(16).scroll_into_view_if_needed()
    edit.cell(16).tap()
    assert edit.selected() == [16]
    session = context.new_cdp_session(edit.page)

    def swipe(cells):
        for n, p in enumerate(cells):
            x, y = edit.middle(p)
            session.send(
                "Input.dispatchTouchEvent",
                {"type": "touchMove" if n else "touchStart", "touchPoints": [{"x": x, "y": y}]},
            )
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe([16, 17, 24, 25])
    assert edit.selected() == [16, 17, 18, 23, 24, 25], "the rectangle from first to last touch"
    edit.code(2).tap()
    assert {edit.codes()[p] for p in edit.selected()} == {2}
    edit.do("paint")
    edit.code(4).tap()
    edit.cell(0).scroll_into_view_if_needed()
    swipe([0, 3, 24])
    assert {edit.codes()[p] for p in (0, 1, 2, 3, 24)} == {4}
    edit.do("select")
    edit.cell(8).tap()
    edit.do("add")
    for p in (10, 12, 10):
        edit.cell(p).tap()
    assert edit.selected() == [8, 12], "a finger adds cells one by one, and takes them out again"
    assert edit.errors == []
    context.close()


SEEN = """element => {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return right > left && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
}"""


def seen(locator):
    """Whether all of it is within the window as it is scrolled."""
    return locator.evaluate(SEEN)


@pytest.mark.parametrize("width, height", VIEWS)
def test_every_menu_lies_within_the_window_and_closes(browser, edit_app, width, height):
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=width < 500
    )
    edit = Editor(context, edit_app.url)
    menus = edit.page.locator("#vq-edit details.menu")
    assert menus.count() == 3
    for menu in menus.all():
        for block in ("start", "end"):
            menu.evaluate("(menu, block) => menu.scrollIntoView({block})", block)
            menu.locator("summary").tap()
            items, word = menu.locator("> div"), menu.bounding_box()
            assert seen(items), f"{menu.inner_text()} at the window's {block}"
            top, bottom = (lambda box: (box["y"], box["y"] + box["height"]))(items.bounding_box())
            assert bottom <= word["y"] or top >= word["y"] + word["height"], (
                "its word stays in sight"
            )
            menu.locator("summary").tap()
            expect(items).to_be_hidden()
    context.close()


@pytest.mark.parametrize("width, height", VIEWS)
def test_neither_a_tool_nor_a_lock_moves_what_is_pressed_next(browser, edit_app, width, height):
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=width < 500
    )
    edit = Editor(context, edit_app.url)
    grid = edit.ref("gridA")
    where = grid.bounding_box()
    for tool in ("paint", "picker", "locker", "select"):
        edit.do(tool)
        assert grid.bounding_box() == where, tool
        assert "Lock selection" in edit.ref("notice").inner_text() or tool != "locker"
    lock, last = edit.ref("lock"), edit.page.locator("#vq-edit .bar [data-do=all]")
    expect(lock).to_have_accessible_name("Lock selection")
    lock.scroll_into_view_if_needed()
    boxes = [lock.bounding_box(), last.bounding_box()]
    lock.tap()
    expect(lock).to_have_accessible_name("Unlock selection")
    expect(lock).to_have_attribute("aria-pressed", "true")
    assert [lock.bounding_box(), last.bounding_box()] == boxes
    context.close()


@pytest.mark.parametrize("width, height", VIEWS)
def test_grid_result_and_palette_are_on_one_screen_and_what_is_said_is_in_sight(
    browser, edit_app, width, height
):
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=width < 500
    )
    context.set_default_timeout(15_000)
    edit = Editor(context, edit_app.url)
    code = edit.code(6)
    assert seen(edit.ref("gridA")) and seen(edit.ref("picture")) and seen(code)
    grid, picture = edit.ref("gridA").bounding_box(), edit.ref("picture").bounding_box()
    assert grid["x"] + grid["width"] <= picture["x"], "side by side"
    shown = edit.picture()
    edit.cell(16).tap()
    edit.cell(17).click(modifiers=["Shift"])
    code.tap()
    edit.settle()
    assert edit.picture() != shown and edit.page.evaluate("scrollY") == 0, "nobody had to scroll"
    edit.page.locator("#vq-edit .bar.selection [data-do=all]").tap()
    fill = edit.page.locator("#vq-edit .bar.selection [data-do=fill]")
    fill.evaluate("button => button.scrollIntoView({block: 'start'})")
    fill.tap()
    notice = edit.ref("notice")
    expect(notice).to_contain_text("Fill with 6: 47 cells changed.")
    assert width > 1180 or seen(notice)
    edit.page.evaluate("scrollTo(0, 0)")
    edit.page.locator("#vq-edit [data-do=next]").tap()
    expect(notice).to_contain_text("Opened: example")
    said, palette = notice.bounding_box(), edit.page.locator("#vq-edit .codes").bounding_box()
    below = said["y"] >= palette["y"] + palette["height"]
    beside = not palette["x"] - said["width"] < said["x"] < palette["x"] + palette["width"]
    assert said["y"] + said["height"] <= palette["y"] or below or beside, "the palette is free"
    context.close()


def test_a_cell_that_the_arrow_keys_lead_to_comes_into_sight(browser, edit_app):
    context = browser.new_context(viewport={"width": 1024, "height": 500})
    edit = Editor(context, edit_app.url)
    edit.cell(24).click()
    for key, cell in (("PageDown", 45), ("PageUp", 3)):
        edit.page.keyboard.press(key)
        assert edit.selected() == [cell] and seen(edit.cell(cell))
    context.close()


def test_a_picture_that_arrives_late_replaces_nothing_that_was_opened_since(edit):
    page, held = edit.page, []
    page.route(
        "**/component_server/**",
        lambda route: (
            held.append(route)
            if re.search(r'"kind": ?"picture"', route.request.post_data or "")
            else route.continue_()
        ),
    )
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    )
    page.set_input_files(
        "#vq-edit input[type=file]", {"name": "x.png", "mimeType": "image/png", "buffer": png}
    )
    expect(edit.ref("notice")).to_have_text("Reading the file…")
    while not held:
        page.wait_for_timeout(50)
    edit.do("next")
    expect(edit.ref("about")).to_contain_text("Example 1")
    held[0].continue_()
    edit.settle()
    expect(edit.ref("notice")).to_contain_text("Opened: example 1")
    assert "Example 1" in edit.ref("about").inner_text()
    edit.do("undo")
    expect(edit.ref("about")).to_contain_text("Example 0")


def test_a_panel_takes_the_keyboard_and_gives_it_back(edit):
    page = edit.page
    edit.cell(9).click()
    page.keyboard.press("l")
    expect(edit.ref("shareText")).to_be_focused()
    page.wait_for_function("document.querySelector('[data-ref=shareText]').value !== ''")
    for name in ("text", "link", "JSON"):
        page.get_by_role("button", name=f"Copy {name}", exact=True).wait_for()
    with page.expect_download():
        page.get_by_role("button", name="Save JSON").click()
    expect(edit.ref("notice")).to_have_text("Saved grid.json.")
    page.keyboard.press("Escape")
    expect(edit.ref("sharePanel")).to_be_hidden()
    expect(edit.cell(9)).to_be_focused()
    share = page.locator("#vq-edit [data-do=share]")
    share.click()
    page.keyboard.press("Escape")
    expect(share).to_be_focused()
    codes = edit.codes()
    page.keyboard.press("n")  # on a button no letter puts another grid in place
    page.keyboard.press("?")
    expect(edit.ref("keysPanel")).to_contain_text("Space paints")
    assert edit.codes() == codes


def test_an_example_that_is_not_there_is_refused_and_the_one_named_opens_afresh(edit):
    number, first = edit.ref("number"), edit.codes()
    number.fill("5")
    number.press("Enter")
    expect(edit.ref("notice")).to_have_text(
        "There is no example 5. Examples are numbered from 0 to 4."
    )
    assert edit.codes() == first and number.input_value() == "0"
    edit.cell(3).click()
    edit.page.keyboard.type("500")
    number.focus()
    number.press("Enter")
    expect(edit.ref("notice")).to_contain_text("Opened: example 0")
    assert edit.codes() == first
    edit.do("random")
    expect(number).to_have_value("")


def test_two_hundred_edits_can_all_be_undone_also_after_a_reload(edit):
    page, before = edit.page, edit.codes()
    page.emulate_media(reduced_motion="reduce")
    edit.cell(0).focus()
    for n in range(40):
        page.keyboard.type(
            f"{60 + n % 39}"
        )  # taken at the second digit: no code of 512 has a third
        page.keyboard.press("ArrowRight" if n % 7 != 6 else "ArrowDown")
    for n in range(160):
        page.keyboard.press("Alt+ArrowRight" if n % 3 else "Alt+ArrowDown")
    after = edit.codes()
    edit.settle()
    page.reload()
    edit.open()
    assert edit.codes() == after
    edit.cell(0).focus()
    for _ in range(200):
        page.keyboard.press("Control+z")
    assert edit.codes() == before
    edit.settle()
    assert edit.ref("changed").inner_text() == "0 of 49"


def test_two_windows_do_not_disturb_each_other(context, edit_app):
    one, two = Editor(context, edit_app.url), Editor(context, edit_app.url)
    start = one.codes()
    for editor, code in ((one, 21), (two, 22)):
        editor.page.bring_to_front()
        editor.cell(5).click()
        editor.code(code).click()
        editor.settle()
    for editor, code in ((one, 21), (two, 22)):
        editor.page.bring_to_front()
        editor.page.reload()
        editor.open()
        assert editor.codes() == [code if p == 5 else k for p, k in enumerate(start)]
    assert one.errors == two.errors == []


def test_each_model_keeps_its_own_history_and_a_tab_change_loses_nothing(edit):
    page = edit.page

    def choose(name):
        page.locator("#vq-model input").click()
        page.get_by_role("option", name=name).click()

    edit.cell(8).click()
    edit.code(33).click()
    edited = edit.codes()
    edit.settle()
    choose("fine")
    page.wait_for_function("document.querySelectorAll('[data-ref=gridA] .cell').length === 196")
    edit.open()
    edit.cell(100).click()
    edit.code(34).click()
    fine = edit.codes()
    edit.settle()
    choose("mnist")
    page.wait_for_function("document.querySelectorAll('[data-ref=gridA] .cell').length === 49")
    edit.open()
    assert edit.codes() == edited
    page.get_by_role("tab").first.click()
    page.get_by_role("tab", name="Edit").click()
    assert edit.codes() == edited
    choose("fine")
    page.wait_for_function("document.querySelectorAll('[data-ref=gridA] .cell').length === 196")
    edit.open()
    assert edit.codes() == fine


def test_a_damaged_model_says_so_and_the_next_one_opens(context, edit_app):
    edit = Editor(context, edit_app.url, "/?model=torn")
    assert "model.safetensors" in edit.ref("notice").inner_text()
    assert not edit.ref("gridA").is_visible()
    edit.page.locator("#vq-model input").click()
    edit.page.get_by_role("option", name="mnist").click()
    edit.page.wait_for_selector("#vq-edit .editor:not(.shut) .cell")
    assert len(edit.codes()) == 49 and edit.errors == []


def test_half_of_a_second_grid_goes_onto_the_first_and_a_slider_takes_over_cell_by_cell(edit):
    first = edit.codes()
    edit.do("second")
    edit.page.wait_for_selector("[data-ref=boardB] .cell")
    # Its cells are there before its codes.
    edit.page.wait_for_function(
        "[...document.querySelectorAll('[data-ref=boardB] .ix')].some(i => Number(i.textContent))"
    )
    second = edit.codes("gridB")
    assert second != first
    edit.drag([0, 44], "gridB")
    edit.page.keyboard.press("Control+c")
    edit.cell(0).click()
    edit.page.keyboard.press("Control+v")
    assert edit.codes() == [second[p] if p % 7 < 3 else first[p] for p in range(49)]
    edit.page.keyboard.press("Control+z")
    slider = edit.ref("blend")
    slider.focus()
    edit.page.keyboard.press("End")
    assert edit.codes() == second
    edit.page.keyboard.press("Home")
    assert edit.codes() == first
    edit.page.keyboard.press("End")
    edit.cell(0, "gridB").click()
    edit.do("next")
    expect(edit.ref("aboutB")).to_have_text("example 2")
    expect(slider).to_have_value("0")
    slider.focus()
    edit.page.keyboard.press("End")
    assert edit.codes() == edit.codes("gridB")
    edit.do("undo")
    assert edit.codes() == second, "Undo takes back what the slider did, not what was opened"
    assert edit.ref("aboutB").inner_text() == "example 2"
    edit.do("second")
    assert not edit.ref("boardB").is_visible()


def test_the_second_grid_goes_to_the_next_example_at_once_and_says_whose_code_it_is(edit):
    number = edit.ref("number")
    edit.do("second")
    edit.cell(24, "gridB").click()
    expect(number).to_have_value("1")
    for told, press in (("2", "next"), ("1", "previous"), ("0", "previous")):
        edit.do(press)
        expect(number).to_have_value(told)
    edit.do("next")
    expect(number).to_have_value("1")
    edit.cell(24).click()
    expect(number).to_have_value("0")
    edit.page.mouse.move(*edit.middle(0, "gridB"))
    first, second = edit.codes()[0], edit.codes("gridB")[0]
    assert first != second
    expect(edit.ref("readout")).to_contain_text(
        f"Row 1, column 1: code {first} in the first grid, {second} in the second"
    )
    edit.do("next")
    expect(number).to_have_value("1")
    assert edit.codes() == edit.codes("gridB")


def test_a_changed_cell_is_marked_until_it_holds_its_code_again(edit):
    changed, cell = edit.ref("gridA").locator(".changed"), edit.cell(24)
    expect(changed).to_have_count(0)
    cell.click()
    code = edit.codes()[24]
    edit.page.keyboard.type(f"{(code + 1) % 512:03}")
    expect(changed).to_have_count(1)
    assert cell.get_attribute("aria-label").endswith(", changed")
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').width") == "13px"
    edit.page.keyboard.type(f"{code:03}")
    expect(changed).to_have_count(0)
    assert "changed" not in cell.get_attribute("aria-label")


def test_what_is_said_of_the_input_agrees_with_its_psnr(edit):
    about, psnr = edit.ref("about"), edit.ref("psnr")
    expect(about).to_contain_text("of the stored codes, and the grid is that picture encoded again")
    expect(psnr).to_contain_text("dB")
    edit.do("random")
    expect(about).to_contain_text("the model’s own picture of these codes.")
    expect(psnr).to_have_text("equal")


def test_what_is_no_code_stays_in_its_box_until_a_code_takes_its_place(edit):
    page, box, before = edit.page, edit.ref("code"), edit.codes()
    box.fill("9999")
    box.press("Enter")
    assert "There is no code 9999: codes run from 0 to 511" in edit.ref("notice").inner_text()
    assert box.get_attribute("aria-invalid") == "true" and box.input_value() == "9999"
    edit.do("fill")
    assert edit.codes() == before and "9999" in edit.ref("notice").inner_text(), (
        "nothing else is filled in for it"
    )
    edit.cell(3).click()
    edit.code(33).click()
    assert edit.codes()[3] == 33 and "9999" not in edit.ref("notice").inner_text()
    assert box.get_attribute("aria-invalid") == "false" and box.input_value() == "33"
    assert page.locator("#vq-edit .notice.bad").count() == 0


def test_text_json_and_link_open_again_and_bad_text_says_what_is_wrong(edit, context, edit_app):
    edit.cell(8).click()
    edit.code(33).click()
    codes = edit.codes()
    edit.do("share")
    edit.page.wait_for_function("document.querySelector('[data-ref=shareText]').value.length > 60")
    edit.settle()
    text, link = edit.ref("shareText").input_value(), edit.ref("shareLink").input_value()
    assert len(text) <= 84
    edit.do("reset")
    assert edit.codes() != codes
    edit.do("text")
    edit.ref("text").fill(text[:-3])
    edit.page.get_by_role("button", name="Open this grid").click()
    edit.page.wait_for_function(
        "document.querySelector('[data-ref=textError]').textContent.includes('cut short')"
    )
    edit.ref("text").fill(text)
    edit.page.get_by_role("button", name="Open this grid").click()
    edit.ref("textPanel").wait_for(state="hidden")
    assert edit.codes() == codes
    visitor = Editor(context, link.split("/?")[0], "/?" + link.split("/?")[1])
    assert visitor.codes() == codes, "a link opens the tab and the grid"
    assert "A shared link" in visitor.ref("about").inner_text()
    assert "grid=" not in visitor.page.url and visitor.errors == []


def test_with_the_server_gone_editing_goes_on_and_what_needs_it_says_so(edit):
    page = edit.page
    edit.cell(24).click()
    edit.settle()
    page.route("**/gradio_api/**", lambda route: route.abort())
    page.evaluate(
        "window.dispatchEvent(new Event('online'))"
    )  # a page looks for the server at once then
    page.wait_for_selector("body.vq-gone")
    shown, codes = edit.picture(), edit.codes()
    edit.asked.clear()
    edit.code(9).click()
    edit.settle()
    assert edit.codes()[24] == 9 and edit.picture() != shown
    edit.do("undo")
    edit.settle()
    assert edit.codes() == codes and edit.picture() == shown
    edit.page.get_by_role("radio", name="Reach").click()
    page.wait_for_function(
        "document.querySelector('[data-ref=says]').textContent.includes('pixels changed')"
    )
    edit.do("random")
    edit.settle()
    assert edit.codes() != codes and edit.picture("input") != ""
    assert edit.asked == [] and page.locator("#vq-edit .editor.lost").count() == 0
    share = page.locator("#vq-edit [data-do=share]")
    assert "needs the server" in share.get_attribute("title")
    share.click(force=True)
    assert "needs the server" in edit.ref("notice").inner_text()
    page.unroute("**/gradio_api/**")
    page.wait_for_selector("body:not(.vq-gone)")
    assert "needs" not in share.get_attribute("title")
    share.click()
    page.wait_for_function("document.querySelector('[data-ref=shareText]').value !== ''")


@pytest.mark.parametrize("model", ["mnist", "vast"])
def test_page_and_server_draw_the_same(browser, edit_app, model):
    pictures = []
    for engine in ("page", "server"):
        context = browser.new_context()
        if engine == "server":
            context.route("**/weights/**", lambda route: route.abort())
        edit = Editor(context, edit_app.url, f"/?model={model}")
        edit.page.wait_for_selector(f"#vq-edit .editor[data-engine={engine}]")
        edit.do("text")
        count = edit.page.locator("#vq-edit [data-ref=gridA] .cell").count()
        side = int(count**0.5)
        rows = [[(7 * r + 13 * c) % 512 for c in range(side)] for r in range(side)]
        edit.ref("text").fill(
            json.dumps({"codebook_size": 512 if model == "mnist" else 4096, "indices": rows})
        )
        edit.page.get_by_role("button", name="Open this grid").click()
        edit.ref("textPanel").wait_for(state="hidden")
        edit.cell(3).click()
        edit.ref("code").fill("11")
        edit.page.keyboard.press("Enter")
        edit.settle()
        pictures.append([int(v) for v in edit.picture().split(",")])
        context.close()
    assert max(abs(a - b) for a, b in zip(*pictures, strict=True)) <= 1


def test_a_hand_that_is_there_before_the_first_grid_does_no_harm(context, open_page):
    held = []
    context.route(
        "**/component_server/**",
        lambda route: (
            held.append(route)
            if '"edit_open"' in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    page = open_page(context, "/?tab=edit")
    while not held:  # the model is there, its first grid is not
        page.wait_for_timeout(100)
    board = page.locator("#vq-edit .board.first")
    for target in (board, page.locator("#vq-edit .palette")):
        target.hover()
        target.click()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("7")
    page.locator("#vq-edit [data-ref=code]").fill("300")
    page.keyboard.press("Tab")
    for tool in ("paint", "picker"):
        page.locator(f"#vq-edit [data-do={tool}]").first.click()
        board.click()
    page.wait_for_timeout(1200)  # a typed number is taken after a moment
    assert held and page.errors == []
    held[0].continue_()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    page.locator("#vq-edit [data-ref=gridA] [data-p]").nth(8).hover()
    expect(page.locator("#vq-edit [data-ref=readout]")).to_contain_text("Row 2, column 2: code")
    assert page.errors == []


def test_a_lost_server_is_said_and_the_edits_are_sent_when_it_is_back(served):
    edit, page = served, served.page
    edit.cell(24).click()
    edit.settle()
    page.route("**/component_server/**", lambda route: route.abort())
    edit.ref("code").fill("400")
    page.keyboard.press("Enter")
    page.wait_for_selector("#vq-edit .editor.lost")
    assert "kept" in edit.ref("notice").inner_text()
    edited, stale = edit.codes(), edit.picture()
    assert edited[24] == 400
    page.unroute("**/component_server/**")
    # "Try now", unless the editor has tried by itself in the meantime.
    edit.ref("notice").locator("button").evaluate_all(
        "buttons => buttons.forEach((button) => button.click())"
    )
    page.wait_for_selector("#vq-edit .editor:not(.lost)")
    edit.settle()
    assert edit.codes() == edited and edit.picture() != stale


def test_one_cell_lights_up_in_all_views_and_the_effect_is_measured(edit):
    edit.cell(30).hover()
    for svg in ("inputMarks", "pictureMarks"):
        assert edit.ref(svg).locator(".hot").get_attribute("d") == "M2 4h1M2 5h1M2 4v1M3 4v1"
    box = edit.ref("pictureMarks").bounding_box()
    edit.page.mouse.click(box["x"] + box["width"] * 5.5 / 7, box["y"] + box["height"] * 1.5 / 7)
    assert edit.selected() == [12]
    edit.page.keyboard.press("v")
    edit.page.keyboard.press("v")
    edit.page.keyboard.press("v")
    edit.page.wait_for_function(
        "document.querySelector('[data-ref=says]').textContent.startsWith('With 24 other codes')"
    )
    assert edit.ref("where").inner_text() == "row 2, column 6"


def test_the_grid_reads_well_to_a_screen_reader(edit):
    grid = edit.page.get_by_role("grid", name="Grid of codes")
    assert grid.get_by_role("row").count() == 7
    code = edit.codes()[25]
    cell = grid.get_by_role("gridcell", name=f"Grid, row 4, column 5, code {code}")
    cell.click()
    assert cell.get_attribute("aria-selected") == "true" and cell.get_attribute("tabindex") == "0"
    assert edit.ref("gridA").locator("[tabindex='0']").count() == 1
    assert (
        edit.page.get_by_role("listbox").get_by_role("option").first.get_attribute("aria-setsize")
        == "512"
    )


def test_the_palette_begins_with_the_codes_that_are_most_like_the_selected_cell(edit):
    edit.page.reload()
    edit.open()
    edit.ref("order").select_option(label="likeness to this cell")
    first = edit.ref("codes").locator("[aria-posinset='1']")
    for cell in (10, 24):
        edit.cell(cell).click()
        expect(first).to_have_attribute("data-code", str(edit.codes()[cell]))


def test_a_fresh_palette_is_sorted_by_likeness(context, open_page):
    page = open_page(context, "/?tab=edit")
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    expect(page.locator("#vq-edit [data-ref=order]")).to_have_value("similarity")
    held = page.locator("#vq-edit [data-ref=gridA] [aria-selected=true] .ix").text_content()
    first, second = (
        page.locator(f"#vq-edit [data-ref=codes] [aria-posinset='{n}']") for n in (1, 2)
    )
    expect(first).to_have_attribute("data-code", held)
    unfold = page.locator("#vq-edit [data-ref=unfold]")
    expect(unfold).to_have_text(re.compile(r"Show the \d+ hidden black codes"))
    bright = second.get_attribute("data-code")
    unfold.click()
    expect(unfold).to_have_text("Hide the black codes")
    expect(second).not_to_have_attribute("data-code", bright)
    assert page.errors == []


def test_a_palette_of_4096_codes_is_one_picture_and_few_elements(context, edit_app):
    images = []
    context.on(
        "request",
        lambda request: images.append(request.url) if request.resource_type == "image" else None,
    )
    edit = Editor(context, edit_app.url, "/?model=vast")
    assert len(edit.codes()) == 256
    images = [url for url in images if not url.startswith("data:image/svg")]
    assert len(images) <= 1
    assert edit.ref("codes").locator("[data-code]").count() < 200
    edit.cell(100).focus()
    edit.page.keyboard.type("4095")
    assert edit.codes()[100] == 4095
    edit.page.keyboard.press("Enter")
    assert edit.page.evaluate("document.activeElement.dataset.code") == "4095"
    edit.page.keyboard.press("Escape")
    edit.page.keyboard.press("o")
    assert edit.ref("order").input_value() != "index"
    assert edit.errors == []


def test_a_palette_that_was_out_of_sight_is_whole_again(edit):
    """Not shown, the list has no height and forgets how far it was scrolled."""
    codes = edit.ref("codes")
    drawn = """list => [...list.querySelectorAll("[data-code]")].filter((item) => {
      const { top, bottom } = item.getBoundingClientRect(), box = list.getBoundingClientRect();
      return bottom > box.top && top < box.bottom;
    }).length"""
    before = codes.evaluate(drawn)
    codes.evaluate("list => list.scrollTo(0, 1000)")
    for model in ("torn", "fine", "mnist"):  # also one that cannot be opened
        edit.page.get_by_role("tab", name="Reconstruct").click()
        edit.page.locator("#vq-model input").click()
        edit.page.get_by_role("option", name=model).first.click()
        edit.page.wait_for_timeout(500)
        edit.page.get_by_role("tab", name="Edit").click()
        edit.page.wait_for_timeout(1000)
    edit.page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    edit.page.wait_for_timeout(500)
    assert codes.evaluate(drawn) >= before > 20


@pytest.mark.parametrize("model", ["mnist", "vast"])
@pytest.mark.parametrize("width, height", VIEWS)
def test_nothing_is_wider_than_the_window(browser, edit_app, width, height, model):
    context = browser.new_context(viewport={"width": width, "height": height})
    edit = Editor(context, edit_app.url, f"/?model={model}")
    assert edit.page.evaluate("document.documentElement.scrollWidth") <= width
    edit.do("second")
    edit.page.wait_for_selector("[data-ref=boardB] .cell")
    assert edit.page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_endpoint_answers_hostile_requests_with_a_sentence(served):
    """Straight to the component's endpoint, as a stranger would."""
    edit, sent = served, []
    edit.page.on(
        "request",
        lambda request: sent.append(request) if "component_server" in request.url else None,
    )
    edit.cell(3).click()
    edit.settle()
    request = next(r for r in sent if "edit_cell" in r.post_data)
    body = json.loads(request.post_data)
    good = body["data"]
    for data in (
        None,
        7,
        "x",
        [],
        {},
        {**good, "indices": [[0]]},
        {**good, "model": "../../etc"},
        {**good, "cell": -1},
        {**good, "cell": 1e9},
        {**good, "input": "A" * 100_000},
        {**good, "indices": [[10**30] * 7] * 7},
        [good, good],
    ):
        answer = edit.page.evaluate(
            "async ([url, body]) => { const r = await fetch(url, {method: 'POST', headers: "
            "{'Content-Type': "
            "'application/json'}, body}); return [r.status, await r.text()]; }",
            [request.url, json.dumps({**body, "data": data})],
        )
        assert answer[0] == 200 and json.loads(answer[1])["ok"] is False, (data, answer)
        assert "Traceback" not in answer[1]
    assert edit.codes()


def test_a_picture_goes_from_reconstruct_to_edit_and_draw_leads_back(edit):
    page = edit.page
    edit.do("draw")
    page.wait_for_selector("[role=tab][aria-selected=true]:has-text('Reconstruct')")
    button = page.get_by_role("button", name="Edit these codes")
    button.wait_for()
    button.click()
    page.wait_for_selector("[role=tab][aria-selected=true]:has-text('Edit')")
    page.wait_for_function(
        "document.querySelector('[data-ref=about]').textContent === 'from Reconstruct'"
    )
    edit.settle()
    assert edit.ref("changed").inner_text() == "0 of 49"
    edit.do("undo")
    assert edit.ref("about").inner_text().startswith("Example"), (
        "what was there before is one step back"
    )


def test_the_first_grid_is_met_with_its_own_code_and_with_questions_about_it(context, open_page):
    page = open_page(context)
    page.get_by_role("button", name="Edit these codes").click()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    edit, why = page.locator("#vq-edit"), page.get_by_text("Why do so many black cells")
    held = edit.locator("[data-ref=gridA] .cell[aria-selected=true] .ix")
    expect(edit.locator("[data-ref=code]")).to_have_value(held.inner_text())
    expect(why).to_be_visible()
    page.goto(page.url.partition("?")[0] + "?tab=edit&model=cifar10")
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    expect(edit.locator("[data-ref=gridA] .cell")).to_have_count(64)
    expect(why).to_be_hidden()
    assert page.errors == []


def challenge(page):
    return page.locator("#vq-edit [data-ref=challengeSays]")


def command(page, name):
    """A button that may lie in a closed menu."""
    page.locator(f"#vq-edit [data-do={name}]").evaluate("button => button.click()")


def test_a_challenge_begins_judges_each_edit_and_what_was_met_is_printed_by_the_quiz(
    context, open_page
):
    page = open_page(context, "/?tab=edit&challenge=eight")
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    says = challenge(page)
    expect(says).to_contain_text("0 cells changed of at most 5")
    expect(page.locator("#vq-edit [data-ref=about]")).to_contain_text(
        re.compile("[Ee]xample 46, class 3")
    )
    expect(says).to_contain_text(re.compile(r"most similar digits are 3 \(\d+×\)"), timeout=60_000)
    for cell, code in ((30, 48), (16, 422), (29, 357)):
        page.locator(f"#vq-edit [data-ref=gridA] [data-p='{cell}']").click()
        page.keyboard.type(f"{code:03}")  # with fewer digits it would wait for more
    expect(says).to_contain_text(re.compile("Done: 3 cells changed.* are 8"), timeout=60_000)
    page.keyboard.press("Control+z")
    expect(says).to_contain_text("2 cells changed")
    page.keyboard.press("e")
    expect(says).to_contain_text("another one")
    command(page, "restart")
    expect(says).to_contain_text("0 cells changed")
    page.locator("#vq-edit .challenge [data-quiz-start]").click()
    met = page.locator("#vq-quiz .vz-challenges")
    expect(met).to_contain_text("Turn a 3 into an 8")
    expect(met).to_contain_text("cells changed of at most 5")
    page.keyboard.press("Escape")
    command(page, "leave")
    expect(page.locator("#vq-edit .challenge")).to_be_hidden()
    assert "challenge=" not in page.url and page.errors == []


def test_a_prediction_is_measured_in_every_cell_and_a_reload_goes_on(context, open_page):
    page = open_page(context, "/?tab=edit")
    page.wait_for_selector("#vq-edit .editor[data-engine=page][aria-busy=false]")
    command(page, "reach")
    says = challenge(page)
    page.locator("#vq-edit [data-ref=gridA] [data-p='0']").click()
    expect(says).to_have_text("Your prediction: row 1, column 1.")
    command(page, "measure")
    expect(says).to_contain_text(
        re.compile("Row 1, column 1 is number (4|3)[0-9] of 49"), timeout=90_000
    )
    strongest = re.search(r"strongest is row (\d), column (\d)", says.inner_text())
    cell = 7 * int(strongest[1]) + int(strongest[2]) - 8
    page.locator(f"#vq-edit [data-ref=gridA] [data-p='{cell}']").click()
    command(page, "measure")
    expect(says).to_contain_text(re.compile("Done: .* is number 1 of 49"), timeout=90_000)
    page.reload()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    expect(says).to_contain_text("Your prediction")
    assert page.errors == []


def test_the_ways_of_the_prior_appear_and_the_page_stays_under_the_pointer(context, open_page):
    context.set_default_timeout(60_000)
    page = open_page(context, "/?tab=edit")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    button = page.locator("#vq-edit [data-do=alternatives]")
    where = button.bounding_box()
    button.click()
    choices = page.locator("#vq-edit [data-choice]:enabled")
    expect(choices).to_have_count(4)
    assert button.bounding_box() == where and seen(choices.last), "nothing had to scroll"
