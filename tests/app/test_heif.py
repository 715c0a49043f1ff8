"""HEIC and AVIF, as phones store photos: the same pixels as any other format, at every reader."""

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from demo.pictures.images import ImageError, read_image
from tests import heif_files
from tests.bad_files import gradient, image, written
from tests.heif_files import heic, photo
from vqvae.__main__ import main
from vqvae.data.boxes import BoxError
from vqvae.data.heif import BYTES_PER_PIXEL, DECODED_BYTES, is_heif, open_heif
from vqvae.data.pictures import PictureError, read_picture, read_whole_picture


def cost(data: bytes) -> float:
    """Bytes per pixel that a file's head asks for."""
    opened = open_heif(data)
    return opened.info[DECODED_BYTES] / (opened.width * opened.height)


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pixels_are_those_of_the_picture(form, mode):
    picture = gradient(mode, side=96)
    pixels = read_image(image(picture, form, quality=95)).pixels
    same = np.asarray(picture.convert("RGB" if pixels.ndim == 3 else "L")).astype(int)
    assert np.abs(pixels - same).mean() < 4
    core = read_whole_picture(image(picture, form, quality=95), 3, 96).transpose(1, 2, 0)
    assert np.abs(core - np.asarray(picture.convert("RGB")).astype(int)).mean() < 4


def test_a_tiled_photo_is_upright_and_its_size_is_told_as_it_then_lies():
    sideways = Image.new("RGB", (1600, 1200), "white")
    sideways.paste("red", (0, 0, 800, 1200))  # the left side, which is up once it is turned
    picture = read_image(photo(sideways))
    assert picture.full == (1600, 1200) and picture.pixels.shape == (1024, 768, 3)
    red = picture.pixels[:, :, 1] < 100
    assert red[:500].all() and not red[520:].any()
    assert (read_picture(photo(sideways), (32, 24), 3)[1, :14] < 100).all()


def test_transparency_shows_white():
    half = Image.new("RGBA", (64, 64), (0, 0, 200, 255))
    half.paste((0, 200, 0, 0), (0, 0, 64, 32))
    for form in ("HEIF", "AVIF"):
        picture = read_image(image(half, form, quality=95))
        assert (picture.pixels[:24] > 245).all() and picture.notes == ("laid on white",)
        assert (picture.pixels[40:, :, 0] < 30).all()


def test_of_several_pictures_the_main_one_is_taken():
    file, buffer = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red")), io.BytesIO()
    file.add_from_pillow(Image.new("RGB", (64, 64), "blue"))
    file.save(buffer, primary_index=1)
    picture = read_image(buffer.getvalue())
    assert picture.pixels[32, 32, 2] > 200 and picture.notes == ("main one of 2 pictures",)


def test_ten_bits_of_grey_keep_their_range():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(64, 0)
    buffer = io.BytesIO()
    pillow_heif.from_bytes("L;16", (64, 64), ramp.tobytes()).save(buffer, quality=-1)
    pixels = read_image(buffer.getvalue()).pixels
    assert pixels.shape == (64, 64) and pixels[0, 0] < 4 and pixels[0, -1] > 250
    assert abs(int(pixels[0, 32]) - 129) < 4


def test_what_one_costs_follows_from_its_head():
    picture = Image.new("RGB", (640, 480))
    assert cost(heic(picture)) == BYTES_PER_PIXEL
    assert cost(heic(picture.convert("L"))) == BYTES_PER_PIXEL
    assert cost(heic(picture.convert("RGBA"))) == 2 * BYTES_PER_PIXEL
    assert cost(heic(picture, chroma=444)) == 2 * BYTES_PER_PIXEL
    assert cost(heif_files.deep_heic((640, 480))) == 2 * BYTES_PER_PIXEL
    assert BYTES_PER_PIXEL < cost(photo(Image.new("RGB", (4032, 3024)))) < 1.05 * BYTES_PER_PIXEL


def test_the_boxes_made_here_are_right():
    """So that the bombs are refused for what is wrong with them alone."""
    config, content = heif_files.tile()
    plain = heif_files.put_together({1: (b"hvc1", content, [config, heif_files.size(640, 480)])})
    four = heif_files.put_together(
        {
            1: (b"grid", heif_files.grid(2, 2, 1200, 900), [heif_files.size(1200, 900)]),
            2: (b"hvc1", content, [config, heif_files.size(640, 480)]),
        },
        ((b"dimg", 1, [2, 2, 2, 2]),),
    )
    assert read_image(plain).full == (480, 640) and read_image(four).full == (900, 1200)


def test_every_cut_is_a_sentence():
    whole = photo(Image.new("RGB", (600, 600), "red"))
    for end in range(12, len(whole) - 20, 61):
        with pytest.raises(ImageError) as caught:
            read_image(whole[:end])
        assert str(caught.value).endswith(".") and "cut off or damaged" in str(caught.value), end
        with pytest.raises(PictureError, match=r"cut off or damaged|damaged or cut short"):
            read_picture(whole[:end], (8, 8), 3)


def test_avif_is_not_taken_for_heic():
    assert is_heif(heic(gradient())) and not is_heif(image(gradient(), "AVIF"))
    assert not is_heif(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(40))
    assert not is_heif(b"") and not is_heif(image(gradient()))
    with pytest.raises(BoxError):
        open_heif(image(gradient(), "AVIF"))


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_the_command_line_reads_them(trained, tmp_path, form):
    given = [str(trained[0]), str(tmp_path / "photo")]
    (tmp_path / "photo").write_bytes(image(written("RGB", 300), form))
    assert main(["encode", *given, "--output", str(tmp_path / "photo.vq")]) == 0
    assert main(["encode", *given, "--whole", "--output", str(tmp_path / "whole.vq")]) == 0
    assert main(["reconstruct", *given, "--output", str(tmp_path / "sheet.png")]) == 0
    assert (tmp_path / "whole.vq").stat().st_size > (tmp_path / "photo.vq").stat().st_size
