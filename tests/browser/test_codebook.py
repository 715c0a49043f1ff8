"""The Codebook tab in a real browser: one code in every figure, maps, downloads, history, and every
odd model."""

import json
import math
from types import SimpleNamespace

import pytest
import torch
from playwright.sync_api import expect

import vqvae
from demo.runs.snapshots import Recorder
from tests.names import own_id
from vqvae.data.imageset import ImageSet

VIEWS = [(1440, 900), (1024, 768), (390, 844)]
VISITOR = "fedcba9876543210" * 2
CLASSES = tuple("0123456789")


def make(folder, K=64, gallery=True, one=False, run=None):
    """A checkpoint with random weights, measured on noise; `run` takes snapshots of it while its
    codebook grows."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = vqvae.build_model(
            vqvae.ModelConfig(
                hidden_channels=8,
                residual_blocks=0,
                embedding_dim=4,
                codebook_size=K,
                classes=CLASSES,
            )
        ).eval()
        images = torch.randint(0, 256, (60, 1, 28, 28), dtype=torch.uint8)
        target = torch.randn(K, 4)
    data = ImageSet("mnist", "test", images, torch.arange(60) % 10, CLASSES)
    recorder = Recorder(run) if run else None
    for step in range(1, 61 if run else 2):
        with torch.no_grad():
            model.codebook.copy_(target * (step / 60 if run else 1))
            model.quantizer.usage_counts.fill_(1)
            if one:
                model.codebook.fill_(1e3)
                model.codebook[3] = 0
        if recorder:
            recorder.take_when_due(
                model, images[:12].float() / 255, SimpleNamespace(elapsed=float(step), step=step)
            )
    evaluation, found = vqvae.evaluate(model, data)
    vqvae.save_checkpoint(
        folder,
        model,
        metrics=evaluation.to_dict(),
        training={"dataset": "mnist"},
        gallery=found if gallery else None,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Where the app of this file keeps its models and runs."""
    return tmp_path_factory.mktemp("codebooks")


@pytest.fixture(scope="module")
def url(root, start_app):
    """An app of its own with a plain model, odd ones, and a run of one's own."""
    make(root / "models" / "mnist")
    make(root / "models" / "one", one=True)
    make(root / "models" / "two", K=2)
    make(root / "models" / "huge", K=16_384)
    make(root / "models" / "bare", gallery=False)
    run = root / "runs" / VISITOR / "0123abcd"
    make(run / "checkpoint", run=run)
    app = start_app(root / "runs", "--checkpoints", str(root / "models"))
    yield app.url
    app.stop()


@pytest.fixture
def tab(context, url):
    """A function (model) -> the page with the Codebook tab open on that model."""
    context.set_default_timeout(60_000)

    def open_(model="mnist"):
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(f"{url}/?model={model}")
        page.wait_for_selector("#vq-header")
        page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
        # On a narrow page the button may be in the menu of tabs; a press before the page listens
        # does nothing.
        page.wait_for_function(
            """() => {
          const tab = [...document.querySelectorAll('button[role=tab]')].find((b) => b.innerText.trim() === 'Codebook');
          if (tab && !document.querySelector('.vc')) tab.click();
          return document.querySelector('.vc') !== null;
        }""",
            polling=500,
        )
        page.wait_for_selector(f'.vc[data-dressed="{model}"]', state="attached")
        return page

    return open_


def choose(page, code):
    page.fill(".vc-code input", str(code))
    page.keyboard.press("Enter")
    page.wait_for_selector(f'.vc-code[data-code="{code}"]')


def test_a_click_on_the_atlas_lights_the_code_everywhere(tab):
    page = tab()
    before = page.get_attribute(".vc-code", "data-code")
    page.locator(".vc-sheet canvas").scroll_into_view_if_needed()
    box = page.locator(".vc-sheet canvas").bounding_box()
    page.mouse.click(box["x"] + 0.95 * box["width"], box["y"] + 0.1 * box["height"])
    page.wait_for_function(f"document.querySelector('.vc-code').dataset.code !== '{before}'")
    code = page.get_attribute(".vc-code", "data-code")
    assert page.inner_text(".vc-bars .vc-mark") == f"code {code}"
    assert page.is_visible(".vc-plane .vc-mark") and page.is_visible(".vc-ring")
    assert page.locator(".vc-code .vq-code-near button:visible").count() == 6
    assert page.locator(".vc-code-class svg g").count() == 10
    assert page.locator(".vc-code-position rect").count() == 49
    page.wait_for_function("""() => document.querySelector('.vc-patches').childElementCount > 0
      || document.querySelector('.vc-code .vq-code-use').innerText.includes('dead code')""")
    page.focus(".vc-sheet")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"document.querySelector('.vc-code').dataset.code !== '{code}'")
    assert not page.errors


def test_a_click_on_a_point_and_on_a_bar_chooses_its_code(tab):
    page = tab()
    for place in (".vc-plane", ".vc-bars"):
        page.locator(place).scroll_into_view_if_needed()
        at = page.evaluate(
            """(place) => {
          const plot = document.querySelector(place + ' .js-plotly-plot'), { xaxis, yaxis } = plot._fullLayout;
          const trace = plot._fullData.find((t) => t.name === 'codes' || t.type === 'bar');
          const i = Math.floor(trace.x.length / 3), box = plot.getBoundingClientRect();
          const y = trace.type === 'bar' ? yaxis.range[1] * 0.9 : trace.y[i]; // far above a bar is its column still
          return [box.left + xaxis._offset + xaxis.l2p(trace.x[i]), box.top + yaxis._offset + yaxis.l2p(y),
            trace.customdata[i]];
        }""",
            place,
        )
        before = page.get_attribute(".vc-code", "data-code")
        page.mouse.move(at[0], at[1])
        page.mouse.click(at[0], at[1])
        page.wait_for_function(f"document.querySelector('.vc-code').dataset.code !== '{before}'")
        if place == ".vc-bars":  # points of a map may lie over each other, bars do not
            assert page.get_attribute(".vc-code", "data-code") == str(at[2])


def test_the_tile_in_pictures_stays_one_when_the_atlas_shows_codes_alone(tab):
    page = tab()
    page.wait_for_function("document.querySelector('.vc').dataset.dressed")
    tile = "document.querySelector('.vc-drawn').toDataURL()"
    page.locator(".vc-code .vq-code-near button").first.click()
    page.wait_for_timeout(300)
    drawn, code = page.evaluate(tile), page.get_attribute(".vc-code", "data-code")
    page.click('[data-choice="look"] [value="alone"]')
    page.fill(".vc-code input", "0" if code != "0" else "1")
    page.press(".vc-code input", "Enter")
    page.fill(".vc-code input", code)
    page.press(".vc-code input", "Enter")
    page.wait_for_function(f"document.querySelector('.vc-code').dataset.code === '{code}'")
    assert page.evaluate(tile) == drawn


def test_zoom_is_kept_when_the_colour_changes(tab):
    page = tab()
    # Both have a legend and no colour bar, so the plot keeps its size and with it the ranges of its
    # equal scales.
    page.select_option('[data-map="colour"]', "cluster")
    plot = "document.querySelector('.vc-plane .js-plotly-plot')"
    page.wait_for_function(f"{plot}.data.some((trace) => trace.name === 'cluster 1')")
    page.hover(".vc-plane .nsewdrag")
    page.mouse.wheel(0, -400)
    ranges = f"[...{plot}._fullLayout.xaxis.range]"
    page.wait_for_timeout(400)
    zoomed = page.evaluate(ranges)
    page.select_option('[data-map="colour"]', "class")
    page.wait_for_function(f"{plot}.data.some((trace) => trace.name === '7')")
    assert page.evaluate(ranges) == pytest.approx(zoomed)


def test_tsne_shows_progress_and_a_picture_is_dropped_onto_it(tab):
    page = tab()
    page.click('[data-choice="method"] [value="tsne"]')
    page.wait_for_function(
        "document.querySelector('.vc-map-note').innerText.startsWith('t-SNE is being fitted')"
    )
    page.wait_for_function(
        "document.querySelector('.vc-plane .js-plotly-plot').layout.xaxis.title.text === 't-SNE 1'"
    )
    assert "Trustworthiness" in page.inner_text(".vc-map-note")
    page.select_option('[data-map="picture"]', "stored 1")
    page.wait_for_function("document.querySelector('.vc-map-note').innerText.includes('49 cells')")
    names = page.evaluate(
        "document.querySelector('.vc-plane .js-plotly-plot').data.map((trace) => trace.name)"
    )
    assert names.count("snapped to") == names.count("this picture") == 1


def test_a_choice_pressed_again_asks_nothing_and_a_long_count_moves_nothing(tab):
    page = tab()
    asked = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if "component_server" in request.url else None,
    )
    page.click('[data-choice="method"] [value="pca"]')
    page.click('[data-choice="dimensions"] [value="2"]')
    page.wait_for_timeout(300)
    assert not asked
    before = page.locator(".vc-bars").bounding_box()
    page.select_option(".vc-counted select", "synthetic/train")
    page.wait_for_selector(".vc-usage .vc-job", state="visible")
    assert asked and page.locator(".vc-bars").bounding_box() == before
    page.click('[data-stop="count"]')
    page.wait_for_function("document.querySelector('.vc-counted select').value === 'stored'")


def test_the_map_says_what_its_marks_are(tab):
    assert "Diamonds are codes, crosses dead codes, dots encoder outputs" in tab().inner_text(
        ".vc-map-note"
    )
    assert tab("bare").inner_text(".vc-map-note").startswith("Diamonds are codes. ")


def test_the_picture_in_reconstruct_can_be_dropped_too(tab):
    page = tab()
    page.focus('[data-map="picture"]')
    page.select_option('[data-map="picture"]', "drawn")
    page.wait_for_function("document.querySelector('.vc-map-note').innerText.includes('49 cells')")


@pytest.mark.parametrize(
    ("menu", "button", "name", "begin"),
    [
        (".vc-usage", '[data-save="usage"][value="svg"]', "codebook-usage.svg", b"<svg"),
        (".vc-map", '[data-save="map"][value="png"]', "codebook-map-pca.png", b"\x89PNG"),
        (".vc-map", '[data-save="map"][value="html"]', "codebook-map-pca.html", b"<!doctype html>"),
        (".vc-atlas", '[data-save="atlas"][value="svg"]', "codebook-atlas.svg", b"<svg"),
        (".vc-code", '[data-save="code"][value="png"]', "code-5.png", b"\x89PNG"),
        (".vc-code", '[data-save="code"][value="csv"]', "code-5.csv", b"measure,key,value"),
        (".vc-usage", '[data-table="codes"]', "codes.csv", b"code,count,share"),
    ],
)
def test_everything_can_be_saved(tab, menu, button, name, begin):
    page = tab()
    choose(page, 5)
    page.click(f"{menu} summary")
    with page.expect_download() as saved:
        page.click(button)
    assert saved.value.suggested_filename == name
    with open(saved.value.path(), "rb") as file:
        assert file.read().startswith(begin)


def test_a_code_goes_to_the_editor_and_the_grid_there_stays(tab):
    page = tab()
    grid, notice = page.locator("#vq-edit [data-ref=gridA]"), page.locator("#vq-edit .notice")
    code, cells = page.locator("#vq-edit [data-ref=code]"), grid.locator(".cell")

    def codes():
        return cells.locator(".ix").all_inner_texts()

    page.get_by_role("tab", name="Edit").click()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    cells.nth(10).click()
    page.keyboard.type("40")
    edited = codes()
    for _ in range(2):  # what is brought twice arrives twice
        cells.nth(3).click()
        page.keyboard.press("i")  # the code of another cell takes its place
        page.get_by_role("tab", name="Codebook").click()
        choose(page, 7)
        page.get_by_role("button", name="Open in Edit").click()
        expect(notice).to_contain_text("Code 7 is ready: Fill and Paint use it.")
        expect(code).to_have_value("7")
        expect(cells.nth(3)).to_be_focused()
        assert codes() == edited
    notice.get_by_role("button", name="Open a picture with it").click()
    expect(notice).to_contain_text("Opened: a picture with code 7.")
    selected = grid.locator("[aria-selected=true] .ix").all_inner_texts()
    assert set(selected) == {"7"} and len(selected) == codes().count("7")
    page.keyboard.press("Control+z")
    assert codes() == edited


def test_the_past_of_a_run_is_a_slider(tab, root):
    page = tab(own_id(root / "runs", VISITOR, "0123abcd"))
    page.wait_for_selector(".vc-past .js-plotly-plot")
    last = page.inner_text(".vc-time output")
    spread = "Math.max(...document.querySelector('.vc-past .js-plotly-plot').data[1].x.concat([0]))"
    wide = page.evaluate(spread)
    page.fill(".vc-time input", "0")
    page.wait_for_function(
        f"document.querySelector('.vc-time output').innerText !== {json.dumps(last)}"
    )
    page.wait_for_function(f"{spread} < {wide} / 4")
    page.click(".vc-play")
    page.wait_for_function(
        f"document.querySelector('.vc-time output').innerText === {json.dumps(last)}"
    )


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("one", "one of 64"),
        ("two", "Healthy: every code is"),
        ("huge", "Collapsed"),
        ("bare", "Nothing was counted"),
    ],
)
def test_odd_models_have_a_picture_or_a_sentence(tab, model, words):
    page = tab(model)
    assert words in page.inner_text(".vc-verdict")
    for dimensions, axes in (("3", "scene"), ("2", "xaxis")):
        page.click(f'[data-choice="dimensions"] [value="{dimensions}"]')
        page.wait_for_function(
            f"document.querySelector('.vc-plane .js-plotly-plot').layout.{axes} !== undefined"
        )
    assert page.inner_text(".vc-status") == "" and not page.errors


@pytest.mark.parametrize("size", VIEWS)
def test_nothing_hangs_over_the_edge(context, tab, size):
    page = tab()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for part in (".vc-usage", ".vc-atlas", ".vc-map", ".vc-code"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0 and math.floor(box["x"] + box["width"]) <= size[0]
