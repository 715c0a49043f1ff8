"""What the Reconstruct tab asks the server, by calling the handlers: right answers, and a sentence
for a wrong call."""

import base64
import io
import json
import logging

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from demo.door import answer
from demo.models.sets import EXAMPLES as TEST_DIGITS
from demo.pictures.images import encode_png, fit
from demo.pictures.layout import pad_size
from demo.pictures.sample_photos import PHOTOS, sample_photos
from demo.settings import Settings
from demo.tabs.reconstruct import tab
from demo.tabs.reconstruct.questions import code_whole, open_model, open_upload, reconstruct
from vqvae.checkpoints.gallery import Gallery


def grids(config, count: int) -> Gallery:
    """A gallery with nothing in it but random grids, labelled 2, 1, 0, 2, 1, 0, ..."""
    generator = torch.Generator().manual_seed(1)
    h, w = config.grid
    K, D = config.codebook_size, config.embedding_dim
    classes = len(config.classes)
    return Gallery(
        indices=torch.randint(K, (count, h, w), generator=generator),
        counts=torch.ones(K, dtype=torch.int64),
        position_counts=torch.zeros(h * w, K, dtype=torch.int64),
        latents=torch.zeros(1, D),
        latent_indices=torch.zeros(1, dtype=torch.int64),
        latent_positions=torch.zeros(1, dtype=torch.int64),
        labels=torch.arange(count).flip(0) % classes if classes else None,
        class_counts=torch.zeros(classes, K, dtype=torch.int64) if classes else None,
        latent_labels=torch.zeros(1, dtype=torch.int64) if classes else None,
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Four untrained models: MNIST's shape, one with 4,096 codes in colour, one that is not square,
    and no VQ-VAE."""
    root = tmp_path_factory.mktemp("models")
    small = {"hidden_channels": 16, "residual_blocks": 1}
    for name, dataset, options, gallery in [
        ("mnist", "mnist", {"codebook_size": 64, "classes": ("zero", "one", "two")}, 9),
        (
            "colour",
            "cifar10",
            {"channels": 3, "height": 32, "width": 32, "downsample": 2, "codebook_size": 4096},
            5,
        ),
        ("wide", "folder", {"height": 24, "width": 40, "codebook_size": 5}, 0),
    ]:
        config = vqvae.ModelConfig(**small, **options)
        model = vqvae.build_model(config, 3).eval()
        # Untrained codes are nearly alike; spread, so that different pictures get different codes.
        model.codebook.data.copy_(
            torch.randn(model.codebook.shape, generator=torch.Generator().manual_seed(2))
        )
        vqvae.save_checkpoint(
            root / "shipped" / name,
            model,
            training={"dataset": dataset},
            gallery=grids(config, gallery) if gallery else None,
        )
    vqvae.save_checkpoint(
        root / "shipped" / "plain", vqvae.build_model(vqvae.ModelConfig(**small)).eval()
    )
    config_path = root / "shipped" / "plain" / "config.json"
    config_path.write_text(config_path.read_text().replace('"vqvae"', '"ae"', 1))
    return Settings(checkpoints=root / "shipped", runs=root / "runs")


def ask(handler, settings, **request) -> dict:
    reply = answer(handler, request, settings)
    json.dumps(reply, allow_nan=False)  # it must be able to travel
    return reply


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def raw(reply: dict, name: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(reply[name]), np.uint8).reshape(shape)


def picture(height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "model, size, grid, K, pad",
    [
        ("mnist", [28, 28, 1], [7, 7], 64, [280, 280]),
        ("colour", [32, 32, 3], [16, 16], 4096, [288, 288]),
        ("wide", [24, 40, 1], [6, 10], 5, [168, 280]),
    ],
)
def test_open_model_says_what_the_page_needs(settings, model, size, grid, K, pad):
    reply = ask(open_model, settings, model=model, n=7)
    assert reply["ok"] and reply["n"] == 7
    assert (reply["size"], reply["grid"], reply["codebook_size"], reply["pad"]) == (
        size,
        grid,
        K,
        pad,
    )
    assert (reply["style"] and reply["style"]["name"]) == ("MNIST" if model == "mnist" else None)
    assert reply["bits_before"] == np.prod(size) * 8
    assert reply["bits_after"] == pytest.approx(np.prod(grid) * np.log2(K))
    sprite = Image.open(io.BytesIO(base64.b64decode(reply["codes"]["png"])))
    side = size[0] // grid[0]
    assert sprite.size == (reply["codes"]["columns"] * side, reply["codes"]["rows"] * side)
    assert reply["codes"]["columns"] * reply["codes"]["rows"] >= K
    for example in reply["examples"]:
        assert len(base64.b64decode(example["pixels"])) == np.prod(size)


def test_examples_are_one_real_digit_of_each_class_and_two_synthetic_ones(settings):
    reply = ask(open_model, settings, model="mnist")
    labels = [example["label"] for example in reply["examples"]]
    assert labels[:4] == ["zero", "one", "two", "3"] and len(labels) == 12
    assert all(label.startswith("synthetic ") for label in labels[10:])
    strip = np.asarray(
        Image.open(TEST_DIGITS)
    )  # not what a decoder has made: it would come back too well
    pixels = np.frombuffer(base64.b64decode(reply["examples"][1]["pixels"]), np.uint8).reshape(
        28, 28
    )
    assert (pixels == strip[:, 56:84]).all()
    assert "test pictures" in reply["examples_from"] and "synthetic" in reply["examples_from"]
    bare = ask(open_model, settings, model="wide")
    assert bare["examples"] == [] and bare["examples_from"] == ""


def test_a_model_of_photos_begins_with_real_ones_of_the_libraries_or_says_that_it_drew_them(
    settings, monkeypatch
):
    photos = sample_photos(32, 48)
    assert all(pixels.shape == (32, 48, 3) and pixels.std() > 20 for _, pixels in photos)
    reply = ask(open_model, settings, model="colour")
    assert [example["label"] for example in reply["examples"]] == [label for label, *_ in PHOTOS]
    pixels = np.frombuffer(base64.b64decode(reply["examples"][0]["pixels"]), np.uint8).reshape(
        32, 32, 3
    )
    assert (pixels == sample_photos(32, 32)[0][1]).all() and "never seen" in reply["examples_from"]
    monkeypatch.setattr(
        "demo.pictures.sample_photos.PHOTOS",
        (("gone", "sklearn", "no.jpg"), ("none", "no_such_package", "a")),
    )
    reply = ask(open_model, settings, model="colour")
    assert len(reply["examples"]) == 5 and "as this model draws them" in reply["examples_from"]


def test_the_picture_of_a_code_is_what_it_decodes_to_among_its_likes(settings):
    reply = ask(open_model, settings, model="colour")["codes"]
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(reply["png"]))))
    model = vqvae.load(settings.checkpoints / "colour")
    for k in (0, 63, 64, 700, 4095):
        row, column = divmod(k, reply["columns"])
        alone = (
            model.decode(torch.full((1, 3, 3), k))[0, :, 2:4, 2:4].permute(1, 2, 0).numpy() * 255
        )
        assert (
            np.abs(sheet[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] - alone).max() <= 0.51
        )


@pytest.mark.parametrize("name", ["mnist", "colour", "wide"])
def test_every_stage_is_what_the_model_says(settings, name):
    model = vqvae.load(settings.checkpoints / name)
    config = model.config
    small = picture(config.height, config.width, config.channels)
    image = text(encode_png(fit(small, *pad_size(config))))
    reply = ask(reconstruct, settings, model=name, image=image, tidy=False, n=3)
    assert reply["ok"] and reply["n"] == 3
    shape = (config.height, config.width, config.channels)
    assert (raw(reply, "input", *shape) == small.reshape(shape)).all()
    x = torch.from_numpy(small.reshape(shape).copy()).permute(2, 0, 1)[None].float() / 255
    indices = model.encode(x)
    x_recon, exact = model.decode(indices), model.decode_latents(model.latents(x))
    assert reply["indices"] == indices.flatten().tolist() and len(set(reply["indices"])) > 1
    for stage, expected in [("recon", x_recon), ("unquantized", exact)]:
        assert (
            np.abs(raw(reply, stage, *shape) - expected[0].permute(1, 2, 0).numpy() * 255).max()
            <= 0.51
        )
    error = (x - x_recon).abs().mean(1)[0].numpy() * 255
    assert np.abs(raw(reply, "error", *shape[:2]) - error).max() <= 0.51
    for figure, stage in [("psnr", "recon"), ("psnr_unquantized", "unquantized")]:
        mse = np.square(
            (raw(reply, stage, *shape) - small.reshape(shape).astype(float)) / 255
        ).mean()
        assert reply[figure] == pytest.approx(-10 * np.log10(mse), abs=1e-3), "of what is shown"
    assert -1 <= reply["ssim"] <= 1


def test_a_dark_digit_on_light_paper_is_turned_round_unless_told_not_to(settings):
    sheet = np.full((300, 400), 250, np.uint8)
    sheet[100:220, 60:75] = 0
    upload = ask(open_upload, settings, model="mnist", file=text(encode_png(sheet)))
    assert upload["ok"] and upload["paper"] == [250] * 3 and upload["notes"] == []
    on = ask(
        reconstruct, settings, model="mnist", image=upload["picture"], tidy=True, source="upload"
    )
    off = ask(
        reconstruct, settings, model="mnist", image=upload["picture"], tidy=False, source="upload"
    )
    ink = np.argwhere(raw(on, "input", 28, 28) > 60)
    assert on["did"] == "Preprocessed like MNIST: inverted, cut out, centred."
    assert 18 <= np.ptp(ink[:, 0]) + 1 <= 21 and np.abs(ink.mean(0) - 13.5).max() < 1
    assert (
        off["did"] == "Used as it is, scaled to 28 × 28 pixels."
        and np.median(raw(off, "input", 28, 28)) == 250
    )


def test_an_example_goes_in_as_it_is_and_other_models_get_no_layout(settings):
    shown = ask(open_model, settings, model="mnist")["examples"][1]["pixels"]
    pixels = np.frombuffer(base64.b64decode(shown), np.uint8).reshape(28, 28)
    image = text(encode_png(fit(pixels, 280, 280)))
    reply = ask(reconstruct, settings, model="mnist", image=image, tidy=True, source="example")
    assert reply["input"] == shown and reply["did"].startswith("Example picture")
    assert (
        ask(reconstruct, settings, model="wide", image=image, tidy=True)["did"]
        == "Cropped to its centre and scaled to 40 × 24 pixels."
    )


def test_an_upload_of_the_models_own_size_arrives_bit_for_bit(settings):
    for name, shape in [("mnist", (28, 28, 1)), ("colour", (32, 32, 3))]:
        small = picture(*shape, seed=4)
        upload = ask(open_upload, settings, model=name, file=text(encode_png(small)))
        reply = ask(
            reconstruct, settings, model=name, image=upload["picture"], tidy=False, source="upload"
        )
        assert (raw(reply, "input", *shape) == small.reshape(shape)).all()


def test_notes_say_how_an_upload_was_read(settings):
    buffer = io.BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(buffer, "PNG")
    upload = ask(open_upload, settings, model="colour", file=text(buffer.getvalue()))
    assert upload["notes"] == ["laid on white"] and upload["paper"] == [255] * 3


def test_a_picture_of_another_shape_is_cropped_or_fitted_and_says_so(settings):
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 255  # the middle third is white
    file = text(encode_png(wide))
    cropped, fitted = (
        ask(open_upload, settings, model="colour", file=file, whole=whole)
        for whole in (False, True)
    )
    assert cropped["cropped"] and fitted["cropped"], "so that the page can offer the other"
    assert (cropped["notes"], fitted["notes"]) == (["cropped to its centre"], ["fitted whole"])
    middle, whole = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(reply["picture"]))))
        for reply in (cropped, fitted)
    )
    assert middle.mean() > 250, "only the middle fills the frame"
    side = whole.shape[0]
    assert (
        whole[side // 2, side // 2].mean() > 250
        and whole[side // 2, 2].mean() < 5
        and whole.mean() < 100
    )
    square = ask(open_upload, settings, model="colour", file=text(encode_png(wide[:, 40:80])))
    assert not square["cropped"] and square["notes"] == []


GOOD = text(encode_png(np.zeros((28, 28), np.uint8)))


@pytest.mark.parametrize(
    "handler, request_, words",
    [
        (open_model, {"model": "nothing"}, "not here any more"),
        (open_model, {"model": "../../etc"}, "not the name of a model"),
        (open_model, {"model": "share:" + "0" * 32 + "/../mnist"}, "not the name of a model"),
        (open_model, {"model": ["mnist"]}, "not the name of a model"),
        (open_model, {}, "not the name of a model"),
        (open_model, {"model": "plain"}, "no codebook"),
        (reconstruct, {"model": "plain", "image": GOOD}, "no codebook"),
        (reconstruct, {"model": "mnist"}, "no picture"),
        (reconstruct, {"model": "mnist", "image": 7}, "no picture"),
        (reconstruct, {"model": "mnist", "image": "not base64!"}, "did not arrive whole"),
        (reconstruct, {"model": "mnist", "image": "é"}, "did not arrive whole"),
        (reconstruct, {"model": "mnist", "image": ""}, "is empty"),
        (reconstruct, {"model": "mnist", "image": text(b"GIF89a")}, "cannot be read as a picture"),
        (
            reconstruct,
            {"model": "mnist", "image": text(encode_png(np.zeros((2100, 2100), np.uint8)))},
            "4 million pixels",
        ),
        (reconstruct, {"model": "mnist", "image": "A" * (12 * 2**20)}, "larger than 8 MB"),
        (open_upload, {"model": "mnist", "file": text(b"<svg></svg>")}, "SVG"),
        (open_upload, {"model": "mnist", "file": ""}, "is empty"),
        (open_upload, {"model": "nothing", "file": GOOD}, "not here any more"),
    ],
)
def test_a_wrong_request_gets_a_sentence(settings, handler, request_, words):
    reply = ask(handler, settings, n=5, **request_)
    assert reply["ok"] is False and reply["n"] == 5 and words in reply["error"]
    assert "Traceback" not in reply["error"] and str(settings.checkpoints) not in reply["error"]


@pytest.mark.parametrize("request_", [None, [], "mnist", 3])
def test_what_is_no_object_gets_a_sentence(settings, request_):
    assert "not a JSON object" in answer(open_model, request_, settings)["error"]


def test_a_failure_of_ours_is_logged_and_not_shown(settings, caplog):
    def broken(request, settings):
        raise KeyError("secret")

    with caplog.at_level(logging.ERROR):
        reply = answer(broken, {"n": True}, settings)
    assert reply["ok"] is False and reply["n"] is None and "secret" not in reply["error"]
    assert "secret" in caplog.text


def test_nothing_of_a_request_stays(settings):
    """The same request gives the same answer, whatever came in between."""
    one = {
        "model": "mnist",
        "image": text(encode_png(picture(280, 280, 1, 1))),
        "tidy": True,
        "source": "drawn",
    }
    first = ask(reconstruct, settings, **one)
    ask(
        reconstruct,
        settings,
        model="colour",
        image=text(encode_png(picture(288, 288, 3))),
        tidy=False,
    )
    assert ask(reconstruct, settings, **one) == first


GRID = {"model": "mnist", "indices": [[1, 2], [3, 4]], "input": "data:image/png;base64,AAAA"}


def test_the_grid_is_handed_to_the_edit_tab():
    grid, tabs = tab.hand_over({"model": "mnist", "grid": GRID})
    assert grid == {**GRID, "stamp": grid["stamp"]} and tabs.selected == "edit"
    assert tab.hand_over({"grid": {**GRID, "input": "javascript:1"}})[0]["input"] is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        {},
        {"grid": 3},
        {"grid": {**GRID, "model": 3}},
        {"grid": {**GRID, "indices": []}},
        {"grid": {**GRID, "indices": [[1], [2, 3]]}},
        {"grid": {**GRID, "indices": [[True]]}},
        {"grid": {**GRID, "indices": [[-1]]}},
        {"grid": {**GRID, "indices": "[[1]]"}},
    ],
)
def test_a_malformed_grid_moves_nothing(value):
    assert tab.hand_over(value) == (gr.skip(), gr.skip())


def test_places_are_reserved_from_the_json_alone(settings):
    assert tab.picture_size("wide", settings) == (24, 40)
    assert tab.picture_size("nothing", settings) == tab.picture_size(None, settings) == (28, 28)


def test_a_whole_photo_keeps_its_size_and_every_figure_is_that_of_the_two_pictures(settings):
    photo = picture(90, 130, 3, seed=4)
    reply = ask(code_whole, settings, model="colour", file=text(encode_png(photo)))
    assert reply["ok"] and reply["size"] == [90, 130] and reply["grid"] == [45, 65]
    original, recon = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(reply[name]))))
        for name in ("original", "recon")
    )
    assert np.array_equal(original, photo) and recon.shape == photo.shape
    mse = np.mean((original / 255 - recon / 255) ** 2)
    assert reply["psnr"] == pytest.approx(-10 * np.log10(mse), abs=0.05)
    assert reply["bits_before"] == 90 * 130 * 24 and reply["bits_after"] == 45 * 65 * 12
    assert reply["ratio"] == pytest.approx(reply["bits_before"] / reply["bits_after"])


def test_a_large_photo_is_scaled_down_before_it_is_coded_whole(settings):
    reply = ask(code_whole, settings, model="wide", file=text(encode_png(picture(700, 1400, 1))))
    assert (
        reply["size"] == [256, 512] and reply["grid"] == [64, 128] and reply["full"] == [700, 1400]
    )
    for request in (
        {"model": "wide"},
        {"model": "wide", "file": text(b"no picture")},
        {"model": "plain"},
    ):
        assert ask(code_whole, settings, **request)["ok"] is False


def test_the_page_can_find_the_nearest_code_itself(settings):
    opened = ask(open_model, settings, model="mnist")
    codebook = np.frombuffer(base64.b64decode(opened["codebook"]), "<f4").reshape(
        -1, opened["embedding_dim"]
    )
    image = text(encode_png(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)))
    reply = ask(reconstruct, settings, model="mnist", image=image, tidy=False, source="example")
    latents = np.frombuffer(base64.b64decode(reply["latents"]), "<f4").reshape(
        -1, opened["embedding_dim"]
    )
    distances = np.square(latents[:, None] - codebook).sum(2)
    assert distances.argmin(1).tolist() == reply["indices"]
    assert ask(open_model, settings, model="colour")["codebook"], "4,096 codes are few enough"
