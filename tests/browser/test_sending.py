"""Large photos are made smaller in the page, at every door in the same way; small files and those
that a browser cannot decode go as they are."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.bad_files import written
from tests.heif_files import heic, photo

SLOW = 90_000
UNTOUCHED = 720 * 1024
ORIENTATION = 0x0112


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned_photo() -> bytes:
    """12 megapixels as a phone stores them: its left side is red, and up once it is turned as its
    Exif says."""
    pixels = noise(3024, 4032) // 4
    pixels[:, :2016, 0] += 180
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return saved(Image.fromarray(pixels), "JPEG", quality=90, exif=exif)


def half_transparent() -> bytes:
    pixels = noise(700, 900, 4)
    pixels[:350, :, 3], pixels[350:, :, 3] = 0, 255
    return saved(Image.fromarray(pixels), "PNG", compress_level=1)


def large_heic() -> bytes:
    """More than a photo of a phone may have to be sent untouched, and than this browser can make
    smaller."""
    return photo(Image.fromarray(noise(900, 1200)), quality=95)


def deep() -> bytes:
    return saved(
        Image.fromarray(noise(800, 600, 2).view(np.uint16)[..., 0]), "PNG", compress_level=1
    )


AS_THEY_ARE = {
    "small.jpg": saved(Image.fromarray(noise(300, 400)), "JPEG"),
    "scan.tif": saved(Image.fromarray(noise(600, 700)), "TIFF"),
    "deep.png": deep(),
    "cut.jpg": turned_photo()[: 2 * UNTOUCHED],
    "IMG_0001.HEIC": large_heic(),
}


INPUTS = {
    "reconstruct": ("#vq-reconstruct .vr-file", "open_upload"),
    "edit": ("#vq-edit input[type=file]", "edit_open"),
    "compare": ("#vq-compare input[type=file]", "compare_upload"),
}


class Doors:
    """The page, and what it sends of a picture: `send(door, name, content)` gives the bytes that
    leave it."""

    def __init__(self, page) -> None:
        self.page = page
        page.set_default_timeout(SLOW)
        page.wait_for_function(
            "() => /dB/.test(document.querySelector('[data-figure=psnr]')?.textContent)"
        )

    def open(self, door: str) -> None:
        self.page.get_by_role("tab", name=door.title()).click()
        if door == "edit":
            self.page.wait_for_selector("#vq-edit .editor[aria-busy=false]")
        if door == "compare":
            expect(self.page.locator('.vc-column [data-figure="psnr"]').first).to_contain_text(
                "dB", timeout=SLOW
            )

    def send(self, door: str, name: str, content: bytes) -> bytes:
        selector, question = INPUTS[door]

        def asks(request) -> bool:
            return "component_server" in request.url and question in (request.post_data or "")

        with self.page.expect_request(asks) as asked:
            self.page.locator(selector).set_input_files(
                {"name": name, "mimeType": "", "buffer": content}
            )
        return base64.b64decode(file_in(asked.value.post_data_json))


def file_in(value) -> str:
    """The field `file`, wherever it lies in a request."""
    found = [value["file"]] if isinstance(value, dict) and "file" in value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(iter([*found, *filter(None, map(file_in, inner))]), "")


@pytest.fixture
def doors(page):
    return Doors(page)


def test_a_photo_of_a_phone_is_made_smaller_and_upright_at_every_door(doors):
    photo = turned_photo()
    assert len(photo) > 4 * UNTOUCHED
    arrived = []
    for door in INPUTS:
        doors.open(door)
        arrived.append(doors.send(door, "photo.jpg", photo))
    assert len(set(arrived)) == 1, "one file gives one grid, whichever door it comes through"
    assert len(arrived[0]) <= UNTOUCHED
    picture = Image.open(io.BytesIO(arrived[0]))
    assert picture.format == "JPEG" and picture.getexif().get(ORIENTATION, 1) == 1
    assert (
        picture.height / picture.width == pytest.approx(4 / 3, abs=0.01) and picture.height >= 1280
    )
    red = np.asarray(picture.convert("RGB"))[..., 0]
    assert red[: len(red) // 3].mean() > 170 > 60 > red[-len(red) // 3 :].mean()


def test_transparency_stays(doors):
    picture = Image.open(io.BytesIO(doors.send("reconstruct", "cut out.png", half_transparent())))
    alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert (alpha[: len(alpha) // 3] == 0).all() and (alpha[-len(alpha) // 3 :] == 255).all()


def test_what_is_small_or_no_picture_to_a_browser_goes_as_it_is(doors):
    for name, content in AS_THEY_ARE.items():
        assert doors.send("reconstruct", name, content) == content, name


@pytest.mark.parametrize(
    "name, content",
    [
        ("scan.tif", saved(Image.fromarray(noise(1700, 1700)), "TIFF")),
        ("IMG_0001.HEIC", large_heic()[: 2**20] + bytes(8 * 2**20)),
    ],
)
def test_what_stays_too_large_is_said_and_not_sent(doors, name, content):
    doors.page.locator("#vq-reconstruct .vr-file").set_input_files(
        {"name": name, "mimeType": "", "buffer": content}
    )
    expect(doors.page.locator(".vr-status")).to_have_text(
        re.compile(
            r"The file has 9 MB; up to 8 MB are valid, and this browser cannot make it smaller: "
            r"save it smaller, "
            r"or as a JPEG\.$"
        )
    )


SAID = {"reconstruct": ".vr-status", "edit": "#vq-edit .notice", "compare": ".vc-status"}


def test_heic_and_avif_are_offered_and_opened_at_every_door(doors):
    for door, (selector, _) in INPUTS.items():
        doors.open(door)
        assert {".heic", ".heif", ".avif"} <= set(
            doors.page.locator(selector).get_attribute("accept").split(",")
        )
        for name, content in {
            "a.heic": heic(written(side=300)),
            "b.avif": saved(written(side=300), "AVIF"),
        }.items():
            assert doors.send(door, name, content) == content
            opened = "Opened: " if door == "edit" else f"{name}"
            expect(doors.page.locator(SAID[door])).to_have_text(re.compile(rf"^{opened}"))
            expect(doors.page.locator(SAID[door])).not_to_contain_text("HEIC file")


COPY = """async () => {
    const canvas = new OffscreenCanvas(64, 64), context = canvas.getContext('2d');
    context.fillStyle = 'white';
    context.fillRect(0, 0, 64, 64);
    context.fillRect(28, 10, 8, 44);
    const picture = await canvas.convertToBlob({ type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
}"""
PRESS = "Control+V"
FOCUS = {
    "reconstruct": [
        "body",
        "#vq-reconstruct .vr-pad",
        ".vr-size input",
        ".vr-switch input",
        '#vq-reconstruct [data-do="clear"]',
    ],
    "edit": ["body", "#vq-edit [role=gridcell]", "#vq-edit summary", '#vq-edit [data-do="share"]'],
    "compare": ["body", "#vq-compare .vc-pad", "#vq-compare .vc-switch input"],
}


def test_a_picture_is_pasted_wherever_the_focus_is(doors):
    page = doors.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(COPY)
    for door, (_, question) in INPUTS.items():
        doors.open(door)
        for focus in [*FOCUS[door], f'[role=tab]:text-is("{door.title()}")']:
            if focus == "body":
                page.evaluate("document.activeElement.blur()")
            else:
                page.locator(focus).first.focus()
            with page.expect_request(
                lambda request, asked=question: asked in (request.post_data or "")
            ):
                page.keyboard.press(PRESS)
    assert not page.errors


def test_in_a_text_field_and_in_other_tabs_a_picture_is_not_pasted(doors):
    page, asked = doors.page, []
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(COPY)
    page.on(
        "request",
        lambda request: asked.extend(
            question for _, question in INPUTS.values() if question in (request.post_data or "")
        ),
    )
    doors.open("edit")
    asked.clear()
    page.locator("#vq-edit [data-ref=number]").focus()
    page.keyboard.press(PRESS)
    page.get_by_role("tab", name="Codebook").click()
    page.keyboard.press(PRESS)
    page.get_by_role("tab", name="Reconstruct").click()
    with page.expect_request(lambda request: "open_upload" in (request.post_data or "")):
        page.keyboard.press(PRESS)  # the first one to be taken
    assert asked == ["open_upload"]
