"""The prior in a real browser: lock, fill, rank, judge and polish in the Edit tab, and train one in
the Train tab."""

import json
import re
import shutil

import pytest
import torch
from playwright.sync_api import expect

import vqvae
from vqvae.checkpoints.gallery import Gallery
from vqvae.data.index_set import IndexSet, write_indices
from vqvae.prior.checkpoint import save_prior
from vqvae.prior.training import new_prior

K = 64
SLOW = 90_000
"""Milliseconds, on a machine that does other work too."""


def make(path):
    """A model of random weights whose pictures are of two kinds, with its training set as codes and
    a small prior."""
    config = vqvae.ModelConfig(
        hidden_channels=8,
        residual_blocks=1,
        embedding_dim=4,
        codebook_size=K,
        classes=("low", "high"),
    )
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(400) % 2
    grids = torch.randint(K // 2, (400, 7, 7), generator=generator) + K // 2 * labels[:, None, None]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = vqvae.build_model(config).eval()
        with torch.no_grad():
            model.codebook.copy_(torch.randn(K, 4, generator=generator))
        data = IndexSet("noise", grids.short(), labels, ("low", "high"), K, model.fingerprint())
        prior = new_prior(model, data, channels=16, layers=1, heads=2)
        with torch.no_grad():
            prior.head.weight.normal_()
    gallery = Gallery(
        indices=grids[:5],
        counts=torch.arange(K),
        position_counts=torch.zeros(49, K, dtype=torch.int64),
        latents=torch.zeros(1, 4),
        latent_indices=torch.zeros(1, dtype=torch.int64),
        latent_positions=torch.zeros(1, dtype=torch.int64),
        labels=labels[:5],
        class_counts=torch.zeros(2, K, dtype=torch.int64),
    )
    vqvae.save_checkpoint(
        path, model, training={"dataset": "noise", "classes": ["low", "high"]}, gallery=gallery
    )
    write_indices(path, data)
    save_prior(path, prior)


@pytest.fixture(scope="module")
def prior_app(tmp_path_factory, start_app):
    """An app of its own: `able` has a prior, `plain` is the same model without one."""
    root = tmp_path_factory.mktemp("models")
    make(root / "able")
    shutil.copytree(root / "able", root / "plain")
    (root / "plain" / "prior.safetensors").unlink()
    running = start_app(tmp_path_factory.mktemp("runs"), "--checkpoints", str(root))
    yield running
    running.stop()


@pytest.fixture
def visit(context, prior_app):
    """A function (model, tab) -> the page with that model, on that tab; its scripts must throw
    nothing."""
    pages = []
    context.set_default_timeout(SLOW)

    def visit_(model="able", tab="Edit"):
        page = context.new_page()
        page.thrown = []
        page.on("pageerror", lambda error: page.thrown.append(str(error)))
        page.goto(f"{prior_app.url}/?model={model}")
        page.wait_for_function("localStorage.getItem('vqvae-visitor') !== null")
        page.get_by_role("tab", name=tab, exact=True).click()
        if tab == "Edit":
            page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
        pages.append(page)
        return page

    yield visit_
    assert [page.thrown for page in pages] == [[]] * len(pages)


def ref(page, name):
    return page.locator(f"#vq-edit [data-ref={name}]")


def codes(page):
    return ref(page, "gridA").evaluate(
        "grid => [...grid.querySelectorAll('.ix')].map(i => Number(i.textContent))"
    )


def locked(page):
    return ref(page, "gridA").evaluate(
        "grid => [...grid.querySelectorAll('.locked')].map(c => Number(c.dataset.p))"
    )


def picture(page, of="[data-ref=picture]"):
    return page.locator(f"#vq-edit {of}").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()"
    )


def do(page, command):
    menu = page.locator(f"#vq-edit details.menu:not([open]):has([data-do={command}]) summary")
    if menu.count():
        menu.click()
    page.locator(f"#vq-edit .bar [data-do={command}]").click()


def fill(page):
    do(page, "alternatives")
    page.wait_for_selector("#vq-edit [data-choice='3']:enabled")
    expect(ref(page, "choices")).to_have_attribute("aria-busy", "false")


def lock_rows(page, count):
    page.locator("#vq-edit [data-ref=gridA] [data-p='0']").click()
    page.locator(f"#vq-edit [data-ref=gridA] [data-p='{7 * count - 1}']").click(modifiers=["Shift"])
    page.keyboard.press("k")


def test_lock_fill_choose_and_undo_and_a_reload_keeps_the_locks(visit):
    page = visit()
    before, shown = codes(page), picture(page)
    lock_rows(page, 4)
    assert locked(page) == list(range(28))
    cell = page.get_by_role("gridcell", name=re.compile(r"row 1, column 1, code \d+, locked"))
    assert cell.locator(".lock").is_visible(), "a padlock, not a colour alone"
    page.keyboard.press("f")
    assert codes(page) == before and "unlock them" in ref(page, "notice").inner_text()
    page.keyboard.press("Control+a")
    page.keyboard.press("f")
    assert codes(page)[:28] == before[:28] and len(set(codes(page)[28:])) == 1
    page.keyboard.press("Control+z")

    fill(page)
    choice = page.locator("#vq-edit [data-choice='2']")
    choice.hover()
    assert ref(page, "says").inner_text() == "Preview of alternative 3 of 4."
    assert picture(page) == picture(page, "[data-choice='2'] canvas") != shown
    tried = codes(page)
    page.mouse.move(5, 5)
    assert codes(page) == before and picture(page) == shown
    choice.click()
    assert codes(page) == tried and tried[:28] == before[:28] and tried[28:] != before[28:]
    expect(choice).to_have_attribute("aria-pressed", "true")
    page.locator("#vq-edit [data-choice='0']").click()
    assert codes(page) != tried, "another alternative replaces it"
    do(page, "undo")
    assert codes(page) == tried
    do(page, "undo")
    assert codes(page) == before, "each choice is one step"

    page.wait_for_timeout(400)
    page.reload()
    page.get_by_role("tab", name="Edit", exact=True).click()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    assert locked(page) == list(range(28))
    do(page, "undo")
    assert locked(page) == []
    do(page, "redo")
    do(page, "unlock")
    assert locked(page) == []


def test_one_click_completes_a_picture_and_a_late_fill_is_dropped(visit):
    page = visit()
    before = codes(page)
    do(page, "complete")
    page.wait_for_selector("#vq-edit [data-choice='0']:enabled")
    assert locked(page) == [] and codes(page) == before, "nothing is left locked"
    page.locator("#vq-edit [data-choice='0']").click()
    assert codes(page)[:28] == before[:28] and codes(page)[28:] != before[28:]
    do(page, "next")  # another picture: the four ways belong to the one before
    page.wait_for_selector("#vq-edit [data-choice='0']:disabled")
    assert locked(page) == []
    expect(ref(page, "choicesSaid")).to_contain_text("Lock cells")
    asked = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    ref(page, "klass").select_option("1")
    fill(page)
    [request] = [json.loads(data)["data"] for data in asked if "prior_fill" in data]
    assert request["label"] == 1 and request["locked"] == []


def test_several_selected_cells_are_redrawn_and_all_others_stay(visit):
    page = visit()
    before = codes(page)
    redraw = page.locator("#vq-edit [data-do=complete]")
    expect(redraw).to_have_text("Redraw lower half")
    page.locator("#vq-edit [data-ref=gridA] [data-p='16']").click()
    page.locator("#vq-edit [data-ref=gridA] [data-p='24']").click(modifiers=["Shift"])
    expect(redraw).to_have_text("Redraw selected cells")
    do(page, "complete")
    page.wait_for_selector("#vq-edit [data-choice='3']:enabled")
    expect(ref(page, "notice")).to_contain_text("the 4 cells that are selected")
    page.locator("#vq-edit [data-choice='0']").click()
    changed = [p for p, (a, b) in enumerate(zip(codes(page), before, strict=True)) if a != b]
    assert changed and set(changed) <= {16, 17, 23, 24} and not locked(page)


def test_the_palette_by_prior_surprise_and_polish(visit):
    page = visit()
    page.locator("#vq-edit [data-ref=gridA] [data-p='24']").click()
    ref(page, "order").select_option("prior")
    expect(ref(page, "codes").locator("[aria-posinset='1'] .say")).to_contain_text("%")
    said = ref(page, "codes").evaluate(
        "list => [...list.querySelectorAll('.code')].sort((a, b) => a.ariaPosInSet - "
        "b.ariaPosInSet)"
        ".map(c => parseFloat(c.querySelector('.say').textContent.replace('<', '')))"
    )
    assert said == sorted(said, reverse=True) and said[0] > 100 / K

    page.keyboard.press("Escape")
    do(page, "surprise")
    page.wait_for_selector("#vq-edit .cells.heated")
    bits = ref(page, "gridA").evaluate(
        "grid => [...grid.querySelectorAll('.bits')].map(b => Number(b.textContent))"
    )
    assert len(bits) == 49 and max(bits) > 0
    mean = float(re.search(r"others, ([\d.]+) bits", ref(page, "heatSaid").inner_text())[1])
    assert mean == pytest.approx(sum(bits) / 49, abs=0.11)
    assert f"surprise {bits[24]:.1f} bits" in ref(page, "readout").inner_text()

    lock_rows(page, 2)
    before = codes(page)
    do(page, "polish")
    expect(ref(page, "notice")).to_contain_text("Redrew the")
    after = codes(page)
    assert (
        after[:14] == before[:14]
        and 0 < sum(a != b for a, b in zip(after, before, strict=True)) < 35
    )
    expect(ref(page, "heatSaid")).not_to_contain_text(f"others: {mean} bits")
    do(page, "undo")
    assert codes(page) == before
    do(page, "surprise")
    expect(page.locator("#vq-edit .cells.heated")).to_have_count(0)


def test_a_model_without_a_prior_says_so_and_the_train_tab_gives_it_one(visit):
    page = visit("plain")
    expect(ref(page, "noPriorSaid")).to_contain_text("has no prior")
    assert not ref(page, "priorTools").is_visible() and not ref(page, "choices").is_visible()
    lock_rows(page, 1)
    assert locked(page) == list(range(7)), "cells can be locked without one"
    page.keyboard.press("a")
    expect(ref(page, "notice")).to_contain_text("has no prior")
    ref(page, "train").click()
    expect(page.locator("#vq-prior-about")).to_contain_text("plain")

    page.locator("#vq-prior-seconds input").fill("-3")
    page.keyboard.press("Tab")
    page.locator("#vq-prior-start").click()
    expect(page.locator("#vq-prior-problem [role=alert]")).to_contain_text("it must be a number")
    page.locator("#vq-prior-seconds input").fill("4")
    page.keyboard.press("Tab")
    page.locator("#vq-prior-start").click()
    expect(page.locator("#vq-train-status .vq-phase")).to_have_text(
        "Training the prior", timeout=SLOW
    )
    page.reload()
    page.get_by_role("tab", name="Train", exact=True).click()
    expect(page.locator("#vq-train-status .vq-phase")).to_have_text("Finished", timeout=SLOW)
    expect(page.locator("#vq-train-pictures .vq-pictures")).to_have_attribute(
        "style", re.compile("image/png")
    )
    expect(page.locator("#vq-train-charts path[data-name=prior][d^='M']")).to_be_attached()
    expect(page.locator("#vq-train-pictures")).to_contain_text("bits")
    page.locator("#vq-train-use").click()
    expect(page.locator("#vq-model input")).to_have_value(re.compile("^Mine"))
    page.get_by_role("tab", name="Edit", exact=True).click()
    expect(ref(page, "priorTools")).to_be_visible()
    fill(page)


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_is_wider_than_the_window(visit, width):
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    do(page, "surprise")
    fill(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
