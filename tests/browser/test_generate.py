"""The Generate tab in a real browser: a sheet at once, playback, another code for a cell, the
editor, and no prior."""

import json
import struct

import pytest
import torch

import vqvae
from vqvae.data.index_set import IndexSet, write_indices
from vqvae.prior.training import new_prior

VIEWS = [(1440, 900), (1024, 768), (390, 844)]
K, CLASSES = 16, tuple("0123456789")


def make(folder, prior=True):
    """A model with random weights, and a random prior of it."""
    rng = torch.Generator().manual_seed(0)
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
    with torch.no_grad():
        model.codebook.copy_(torch.randn(K, 4, generator=rng))
    vqvae.save_checkpoint(folder, model, training={"dataset": "mnist"})
    if not prior:
        return
    grids = IndexSet(
        "mnist",
        torch.randint(K, (200, 7, 7), generator=rng).short(),
        torch.arange(200) % 10,
        CLASSES,
        K,
        model.fingerprint(),
    )
    write_indices(folder, grids)
    made = new_prior(model, grids, channels=8, layers=1, heads=2)
    with torch.no_grad():
        made.head.weight.normal_(std=2, generator=rng)
    vqvae.save_prior(folder, made)


@pytest.fixture(scope="module")
def url(tmp_path_factory, start_app):
    """An app of its own with a model that has a prior, and one that has none."""
    root = tmp_path_factory.mktemp("generate")
    make(root / "models" / "mnist")
    make(root / "models" / "bare", prior=False)
    app = start_app(root / "runs", "--checkpoints", str(root / "models"))
    yield app.url
    app.stop()


@pytest.fixture
def tab(context, url):
    """A function (model, what else the address says) -> the page with the Generate tab open on that
    model and its first sheet whole."""
    context.set_default_timeout(60_000)

    def open_(model="mnist", settings=""):
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(f"{url}/?model={model}{settings}")
        page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
        # On a narrow page the button may be in the menu of tabs; a press before the page listens
        # does nothing.
        page.wait_for_function(
            """() => {
          if (document.querySelector('.vg')?.offsetParent) return true;
          [...document.querySelectorAll('#vq-tabs button')].filter((b) => b.textContent.trim() === 'Generate')
            .forEach((b) => b.click());
          return false;
        }""",
            polling=500,
        )
        if model == "mnist":
            page.wait_for_selector('.vg[data-ready="mnist 0"]')
            page.click(".vg-player [data-play=last]")
        return page

    return open_


def cells(page):
    """What the cells say of themselves: {place: words}."""
    return page.eval_on_selector_all(
        ".vg-cells button", "all => all.map((b) => b.getAttribute('aria-label'))"
    )


def codes(page):
    return [int(words.rpartition("code ")[2]) for words in cells(page)]


def unknown(page):
    return page.locator(".vg-cells .vg-unknown").count()


def generate(page, count="4", seed="7"):
    page.click(f".vg-counts [value='{count}']")
    page.fill(".vg [name=seed]", seed)
    page.click(".vg-go")
    page.wait_for_selector(f'.vg[data-ready="mnist {seed}"]')
    page.click(".vg-player [data-play=last]")


def test_the_tab_opens_with_a_full_sheet_and_everything_below_it(tab):
    page = tab()
    assert page.locator(".vg-picks button").count() == 100
    assert page.locator(".vg-names span").all_inner_texts() == list(CLASSES)
    assert "Seed 0" in page.inner_text(".vg-made")
    page.wait_for_selector(".vg-reasons[data-seed]")
    page.wait_for_selector(".vg-shelf figure")
    assert page.locator(".vg-shelf figure").count() == 9
    assert "Of 200 training pictures" in page.inner_text(".vg-near > p")
    assert not page.errors


def test_the_same_seed_gives_the_same_sheet_and_a_new_one_is_drawn_without(tab):
    page = tab()
    picture = "document.querySelector('.vg-paper canvas').toDataURL()"
    page.click(".vg-classes [value='3']")
    generate(page)
    assert page.locator(".vg-picks button").count() == 4
    assert "Seed 7 · class 3 · 4 pictures" in page.inner_text(".vg-made")
    first = page.evaluate(picture)
    generate(page, seed="8")
    assert page.evaluate(picture) != first
    generate(page)
    assert page.evaluate(picture) == first
    page.check(".vg [name=fresh]")
    page.click(".vg-go")
    page.wait_for_function("!document.querySelector('.vg-made').innerText.includes('Seed 7 ')")
    assert page.input_value(".vg [name=seed]") != "7"


def test_playback_steps_back_on_and_scrubs(tab):
    page = tab()
    assert unknown(page) == 0
    page.click(".vg-player [data-play=first]")
    assert unknown(page) == 49
    page.click(".vg-player [data-play=on]")
    once = unknown(page)
    assert 0 < once < 49 and page.locator(".vg-cells .vg-fresh").count() == 49 - once
    page.click(".vg-player [data-play=on]")
    assert unknown(page) < once
    page.click(".vg-player [data-play=back]")
    assert unknown(page) == once
    blur = page.evaluate("document.querySelector('.vg-picture').toDataURL()")
    page.fill(".vg-player input", page.get_attribute(".vg-player input", "max"))
    assert (
        unknown(page) == 0
        and page.evaluate("document.querySelector('.vg-picture').toDataURL()") != blur
    )
    page.click(".vg-play")
    assert page.inner_text(".vg-play") == "Pause" and unknown(page) > 0
    page.wait_for_function("document.querySelector('.vg-play').innerText === 'Play'")
    assert unknown(page) == 0


def test_another_code_for_a_cell_and_the_rest_follows(tab):
    page = tab()
    generate(page)
    before = cells(page)
    page.fill(".vg-player input", "4")
    there = [n for n, words in enumerate(cells(page)) if "code" in words]
    page.locator(".vg-cells button").nth(24).click()
    choice = page.locator(".vg-candidates button:not([aria-current])").nth(3)
    code = choice.get_attribute("data-code")
    choice.click()
    page.wait_for_selector(".vg [data-do=undo]")
    page.wait_for_function("document.querySelector('.vg-play').innerText === 'Play'")
    page.click(".vg-player [data-play=last]")
    after = cells(page)
    assert after[24].endswith(f"code {code}")
    assert all(after[n] == before[n] for n in there if n != 24)
    page.click(".vg [data-do=undo]")
    assert cells(page) == before


def test_keys_walk_over_pictures_and_cells(tab):
    page = tab()
    page.focus(".vg-picks button")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".vg-which") == "picture 12 (class 1)"
    page.focus(".vg-cells button")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".vg-candidates button")
    assert page.inner_text(".vg-cell-words").startswith("Row 2, column 2.")


def test_a_sample_goes_to_the_editor(tab):
    page = tab()
    page.locator(".vg-picks button").nth(5).click()
    page.wait_for_function("document.querySelector('.vg-which').innerText.startsWith('picture 6')")
    expected = codes(page)
    page.click(".vg [data-do=edit]")
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    page.wait_for_function(
        "(codes) => JSON.stringify([...document.querySelectorAll('#vq-edit [data-ref=gridA] .ix')]"
        ".map((i) => Number(i.textContent))) === codes",
        arg=json.dumps(expected).replace(" ", ""),
    )
    assert not page.errors


def test_the_sheet_is_saved_as_a_png(tab, tmp_path):
    page = tab()
    with page.expect_download() as download:
        page.click(".vg [data-do=save]")
    assert download.value.suggested_filename == "samples-seed-0.png"
    download.value.save_as(tmp_path / "sheet.png")
    head = (tmp_path / "sheet.png").read_bytes()[:24]
    assert struct.unpack(">II", head[16:24]) == (
        1164,
        1164,
    )  # ten pictures of 4 × 28 pixels and their margins


def test_a_model_without_a_prior_leads_to_training(tab):
    page = tab("bare")
    page.wait_for_selector(".vg-empty")
    assert "rubble" in page.inner_text(".vg-empty") and not page.is_visible(".vg-form")
    page.click(".vg [data-do=train]")
    page.wait_for_function(
        "document.querySelector('[role=tab][aria-selected=true]').innerText.trim() === 'Train'"
    )


def test_a_lost_server_says_so_and_what_was_asked_comes_when_it_is_back(tab):
    page = tab()
    page.route("**/component_server**", lambda route: route.abort())
    page.click(".vg-counts [value='1']")
    page.click(".vg-go")
    page.wait_for_selector(".vg-status[data-kind=lost]")
    assert "does not answer" in page.inner_text(".vg-status")
    page.unroute("**/component_server**")
    page.wait_for_function("document.querySelectorAll('.vg-picks button').length === 1")
    page.wait_for_function("document.querySelector('.vg-status').innerText === ''")


def stay_half(page):
    """From now on every drawing that is asked for is half done; nothing of it is drawn."""
    whole = []

    def answer(route):
        name = json.loads(route.request.post_data)["fn_name"]
        if name == "generate_stop":
            route.fulfill(json={"ok": True})
        elif name != "generate_sample":
            route.continue_()
        else:
            if not whole:
                whole.append(route.fetch().json())
            route.fulfill(json={**whole[0], "n": None, "job": "ticket", "done": 5})

    page.route("**/component_server**", answer)


def pixels(page):
    return page.eval_on_selector(".vg-paper canvas", "canvas => canvas.toDataURL()")


@pytest.mark.parametrize("at", ["half", "decoding"])
def test_cancel_brings_the_sheet_back_that_was_there(tab, at):
    page = tab()
    before = pixels(page)
    stay_half(page)
    if at == "decoding":  # the pictures of a half sheet are on their way into the page
        page.evaluate(
            """() => { const { decode } = HTMLImageElement.prototype;
            HTMLImageElement.prototype.decode = async function () {
              document.body.dataset.decoding = "";
              await decode.call(this);
              await new Promise((done) => setTimeout(done, 1500));
            }; }"""
        )
    page.click(".vg-counts [value='4']")
    page.click(".vg-go")
    if at == "half":
        page.wait_for_function("document.querySelectorAll('.vg-picks button').length === 4")
        assert page.is_disabled(".vg [data-do=save]") and page.is_disabled(".vg [data-do=edit]")
    else:
        page.wait_for_selector("[data-decoding]")
    page.click(".vg [data-do=cancel]")
    page.wait_for_timeout(2000)
    assert page.locator(".vg-picks button").count() == 100 and pixels(page) == before
    assert page.inner_text(".vg-status") == "Cancelled." and page.is_hidden(".vg-job")
    assert not page.locator(".vg-go[aria-busy]").count()
    assert page.is_enabled(".vg [data-do=save]") and page.is_enabled(".vg [data-do=edit]")
    page.click(".vg-cells button >> nth=3")
    page.wait_for_selector(".vg-candidates button")
    assert page.errors == []


def test_where_no_sheet_was_before_cancel_leaves_none(tab, context):
    page = tab("bare")
    stay_half(page)
    page.locator("#vq-model input").click()
    page.get_by_role("option").filter(has_text="mnist").first.click()
    page.wait_for_function("document.querySelectorAll('.vg-picks button').length === 100")
    page.click(".vg [data-do=cancel]")
    page.wait_for_selector(".vg-frame", state="hidden")
    assert "Press Generate" in page.inner_text(".vg-status") and page.is_hidden(".vg-sample")
    assert page.is_disabled(".vg [data-do=save]")
    page.unroute("**/component_server**")
    generate(page)
    assert page.is_visible(".vg-sample") and page.is_enabled(".vg [data-do=save]")
    assert page.errors == []


def test_a_wrong_number_is_named_and_nothing_is_lost(tab):
    page = tab()
    page.fill(".vg [name=top_k]", "-3")
    page.click(".vg-go")
    page.wait_for_selector(".vg-status[data-kind=error]")
    assert f"from 0 to {K}" in page.inner_text(".vg-status")
    assert page.locator(".vg-picks button").count() == 100


def test_another_model_opens_whatever_is_in_the_fields(tab):
    page = tab()
    page.fill(".vg [name=seed]", "1e30")
    for model, seen in (("bare", ".vg-empty"), ("mnist", ".vg-all")):
        page.locator("#vq-model input").click()
        page.get_by_role("option").filter(has_text=model).first.click()
        page.wait_for_selector(f"{seen}:visible")
    page.wait_for_function("document.querySelector('.vg [name=seed]').value === '0'")
    page.wait_for_selector(".vg-go:not([aria-busy])")
    assert page.errors == []


MADE = "Seed 41 · class 3 · 4 pictures · 5 steps · temperature 0.6 · top-k 7"


def test_the_settings_are_in_the_address(tab):
    page = tab()
    assert "generate-" not in page.url
    page.get_by_role("button", name="Careful").click()
    page.click(".vg-classes [value='3']")
    page.fill(".vg [name=steps]", "5")
    page.fill(".vg [name=top_k]", "7")
    page.fill(".vg [name=guidance]", "1")
    generate(page, seed="41")
    assert MADE in page.inner_text(".vg-made")
    here, first = page.url, pixels(page)
    page.reload()
    page.wait_for_selector('.vg[data-ready="mnist 41"]')
    assert MADE in page.inner_text(".vg-made")
    assert not page.is_checked(".vg [name=fresh]"), "the same seed when it is drawn again"
    page.click(".vg-player [data-play=last]")
    same = pixels(page) == first
    assert same and page.url == here

    page.check(".vg [name=fresh]")
    page.wait_for_timeout(1200)  # a later change is a step of its own
    page.click(".vg-go")
    page.wait_for_function("!document.querySelector('.vg-made').innerText.includes('Seed 41 ')")
    second = page.url
    assert second != here and "generate-fresh" not in second
    page.go_back()
    page.wait_for_function("document.querySelector('.vg-made').innerText.includes('Seed 41 ')")
    page.go_forward()
    page.wait_for_function("!document.querySelector('.vg-made').innerText.includes('Seed 41 ')")
    page.wait_for_selector(".vg-go:not([aria-busy])")
    assert page.url == second and page.errors == []


BENT = "&tab=generate&generate-class=cat&generate-pictures=37&generate-top_k=9999"
BENT += "&generate-steps=x&generate-guidance=&generate-temperature=0&generate-seed=-1"


def test_of_a_bent_address_what_fits_is_drawn(tab):
    page = tab(settings=BENT)
    assert "Seed 0 · one row per class · 100 pictures · 8 steps" in page.inner_text(".vg-made")
    assert "temperature 0 · guidance 1.8." in page.inner_text(".vg-made")
    page.wait_for_url("**?model=mnist&tab=generate&generate-temperature=0")
    assert page.errors == []


@pytest.mark.parametrize("size", VIEWS)
def test_nothing_is_cut_off(tab, context, size):
    page = tab()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    wide = page.evaluate("""() => [...document.querySelectorAll('.vg-all *')].filter((e) => e.offsetParent &&
      !e.closest('.vq-tip') && e.getBoundingClientRect().right > innerWidth + 0.5)
      .map((e) => e.className || e.tagName)""")
    assert wide == []
