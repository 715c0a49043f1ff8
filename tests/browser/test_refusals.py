"""What a proxy or the app refuses is told as a refusal, not as silence."""

import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect

SLOW = 90_000
TOO_LARGE = "larger than the server, or a proxy in front of it, accepts"
HTML = "<html><head><title>413 Request Entity Too Large</title></head></html>"


def refuse(page, path, status, text=HTML, kind="text/html"):
    page.route(
        f"**/gradio_api/{path}**",
        lambda route: route.fulfill(status=status, body=text, content_type=kind),
    )


def photo(width, height, kind="JPEG", seed=0):
    """A picture that does not compress well."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def small_picture():
    """A file that the server has to read, whoever runs the model."""
    return {"name": "a.png", "mimeType": "image/png", "buffer": photo(28, 28, "PNG")}


def ready(page):
    page.set_default_timeout(SLOW)
    page.wait_for_function(
        "() => /dB/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
    )


def test_a_proxys_413_is_told_as_too_large_wherever_a_file_is_sent(page, tmp_path):
    ready(page)
    small = small_picture()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator('.vc-column [data-figure="psnr"]').first).to_contain_text(
        "dB", timeout=SLOW
    )
    page.get_by_role("tab", name="Edit").click()
    page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
    refuse(page, "component_server", 413)
    page.locator("#vq-edit input[type=file]").set_input_files(small)
    expect(page.locator("#vq-edit")).to_contain_text(TOO_LARGE)
    page.get_by_role("tab", name="Reconstruct").click()
    page.locator("#vq-reconstruct .vr-file").set_input_files(small)
    expect(page.locator(".vr-status")).to_contain_text(TOO_LARGE)
    page.get_by_role("tab", name="Compare").click()
    page.locator("#vq-compare input[type=file]").set_input_files(small)
    expect(page.locator("#vq-compare .vc-status")).to_contain_text(TOO_LARGE)
    refuse(page, "upload", 413)
    zipped = tmp_path / "model.zip"
    zipped.write_bytes(b"x" * 100)
    page.locator("#vq-about-open[aria-expanded]").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#vq-upload").click()
    chooser.value.set_files(zipped)
    expect(page.get_by_text(TOO_LARGE).locator("visible=true").last).to_be_visible()


def test_a_refusal_of_the_app_is_said_in_its_words(page):
    ready(page)
    sentence = "Requests from another site are refused: open this app's own page."
    refuse(page, "component_server", 403, sentence, "text/plain; charset=utf-8")
    page.locator("#vq-reconstruct .vr-file").set_input_files(small_picture())
    expect(page.locator("#vq-reconstruct .vr-status")).to_contain_text(sentence)
    refuse(page, "queue/join", 403, sentence, "text/plain; charset=utf-8")
    page.locator("#vq-about-open[aria-expanded]").click()
    page.locator("#vq-download").click()
    expect(page.get_by_text(sentence).locator("visible=true").last).to_be_visible()
    assert "does not answer" not in page.locator("body").inner_text()
