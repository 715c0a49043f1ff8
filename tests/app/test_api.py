"""The five endpoints, called over HTTP by Gradio's own Python client as a program would; nothing
else is public."""

import ast
import base64
import contextlib
import io
import threading

import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

import vqvae
from demo.interface import create_app
from demo.settings import Settings
from demo.web.server import Server, create_server
from tests import bad_files

FIVE = {"/encode", "/decode", "/reconstruct", "/generate", "/complete"}
CONFIG = vqvae.ModelConfig(hidden_channels=8, codebook_size=16, embedding_dim=4, residual_blocks=1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A model with a prior that has learned nothing."""
    root = tmp_path_factory.mktemp("api")
    model = vqvae.build_model(CONFIG, seed=1).eval()
    vqvae.save_checkpoint(
        root / "checkpoints/mnist", model, metrics={}, training={"dataset": "mnist"}
    )
    vqvae.save_checkpoint(root / "checkpoints/bare", model)
    config = vqvae.PriorConfig(codebook_size=16, embedding_dim=4, height=7, width=7, classes=10)
    prior = vqvae.build_prior(config)
    prior.fingerprint = model.fingerprint()
    vqvae.save_prior(root / "checkpoints/mnist", prior)
    return Settings(checkpoints=root / "checkpoints", runs=root / "runs", data_dir=root)


@contextlib.contextmanager
def served(settings, **options):
    """The app on a free port of this machine, in a thread; its address."""
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    server = Server(create_server(create_app(settings), settings, **options), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True  # without waiting for those who listen
        thread.join(10)


@pytest.fixture(scope="module")
def client(settings):
    with served(settings) as url:
        yield Client(url, verbose=False)


@pytest.fixture(scope="module")
def model(settings):
    return vqvae.load(settings.checkpoints / "mnist")


def picture(seed: int = 0) -> str:
    noise = np.random.default_rng(seed).integers(0, 256, (28, 28), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def pixels(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def test_the_five_and_nothing_else_are_public_typed_and_documented(client):
    info = client.view_api(return_format="dict")
    assert set(info["named_endpoints"]) == FIVE and not info["unnamed_endpoints"]
    for endpoint in info["named_endpoints"].values():
        assert endpoint["description"]
        for parameter in endpoint["parameters"]:
            assert parameter["type"] != {} and parameter["python_type"]["type"] != "Any"
    assert {p["parameter_name"] for p in info["named_endpoints"]["/complete"]["parameters"]} == {
        "indices",
        "known",
        "model",
        "label",
        "alternatives",
        "seed",
        "temperature",
    }


def test_encode_and_decode_are_the_models_own(client, model):
    encoded = client.predict(image=picture(), model="mnist", api_name="/encode")
    x = torch.from_numpy(pixels(encoded["input"]).copy())[None, None].float() / 255
    assert (
        torch.tensor(encoded["indices"]).equal(model.encode(x)[0])
        and encoded["codebook_size"] == 16
    )
    decoded = pixels(
        client.predict(indices=encoded["indices"], model="mnist", api_name="/decode")["image"]
    )
    expected = (model.decode(torch.tensor([encoded["indices"]]))[0, 0] * 255).round()
    assert (decoded == expected.detach().numpy()).all()
    passed = client.predict(
        image=f"data:image/png;base64,{picture()}", model="mnist", api_name="/reconstruct"
    )
    assert (pixels(passed["image"]) == decoded).all() and passed["indices"] == encoded["indices"]
    heic = base64.b64encode(bad_files.image(bad_files.written(side=300), "HEIF")).decode()
    assert np.shape(client.predict(image=heic, model="mnist", api_name="/encode")["indices"]) == (
        7,
        7,
    )
    error = (decoded.astype(float) - pixels(passed["input"])) / 255
    assert passed["mse"] == pytest.approx((error**2).mean(), rel=1e-6)


def test_generate_and_complete_draw_from_the_prior(client):
    drawn = client.predict(model="mnist", count=3, label=4, seed=5, api_name="/generate")
    assert np.shape(drawn["indices"]) == (3, 7, 7) and pixels(drawn["images"][2]).shape == (28, 28)
    assert drawn == client.predict(model="mnist", count=3, label=4, seed=5, api_name="/generate")
    known = [[row < 3] * 7 for row in range(7)]
    filled = client.predict(
        indices=drawn["indices"][0],
        known=known,
        model="mnist",
        alternatives=2,
        api_name="/complete",
    )
    assert np.shape(filled["indices"]) == (2, 7, 7)
    assert all(grid[:3] == drawn["indices"][0][:3] for grid in filled["indices"])


GRID = [[0] * 7] * 7
BAD = [
    ("/encode", {"image": "no picture!", "model": "mnist"}, "not base64 text"),
    ("/encode", {"image": "aGVsbG8=", "model": "mnist"}, "cannot be read as a picture"),
    ("/encode", {"image": "", "model": "mnist"}, "file is empty"),
    ("/encode", {"image": 7, "model": "mnist"}, "base64"),
    ("/encode", {"image": picture(), "model": "../mnist"}, "not the name of a model"),
    ("/encode", {"image": picture(), "model": "gone"}, "not here any more"),
    ("/encode", {"image": picture(), "model": None}, "not the name of a model"),
    ("/decode", {"indices": [], "model": "mnist"}, "7 rows of 7 codes"),
    ("/decode", {"indices": [[0]], "model": "mnist"}, "7 rows of 7 codes"),
    ("/decode", {"indices": [[16] * 7] * 7, "model": "mnist"}, "holds '16'"),
    ("/decode", {"indices": [[-1] * 7] * 7, "model": "mnist"}, "holds '-1'"),
    ("/decode", {"indices": [[0.5] * 7] * 7, "model": "mnist"}, "holds '0.5'"),
    ("/decode", {"indices": "0000000", "model": "mnist"}, "7 rows of 7 codes"),
    ("/reconstruct", {"image": "AAAA", "model": "mnist"}, "cannot be read as a picture"),
    ("/generate", {"model": "bare"}, "has no prior"),
    ("/generate", {"count": 0}, "count is '0'; it must be a whole number from 1 to 100"),
    ("/generate", {"count": 10**9}, "from 1 to 100"),
    ("/generate", {"count": "many"}, "from 1 to 100"),
    ("/generate", {"label": 10}, "from 0 to 9"),
    ("/generate", {"seed": -1}, "seed is '-1'"),
    ("/generate", {"temperature": -1}, "temperature"),
    ("/generate", {"temperature": "hot"}, "temperature is 'hot'; it must be a number"),
    ("/generate", {"steps": 10**6}, "Steps"),
    ("/generate", {"top_p": 2}, "top_p"),
    ("/complete", {"indices": GRID, "known": [[True]]}, "7 rows of 7 times true or false"),
    ("/complete", {"indices": GRID, "known": [[1] * 7] * 7}, "true or false"),
    ("/complete", {"indices": [[99] * 7] * 7, "known": [[True] * 7] * 7}, "holds '99'"),
    ("/complete", {"indices": GRID, "known": [[True] * 7] * 7, "alternatives": 17}, "from 1 to 16"),
]


@pytest.mark.parametrize(
    ("endpoint", "arguments", "sentence"), BAD, ids=[f"{e} {s}" for e, _, s in BAD]
)
def test_a_wrong_call_is_one_sentence(client, endpoint, arguments, sentence):
    with pytest.raises(AppError) as raised:
        client.predict(**arguments, api_name=endpoint)
    text = str(raised.value)
    assert sentence in text and len(text) < 300 and "Traceback" not in text and "/tmp" not in text


def test_an_unforeseen_failure_is_logged_and_tells_nothing(client, monkeypatch, caplog):
    def breaks(*_):
        raise ZeroDivisionError("secret path")

    monkeypatch.setattr("demo.api.pictures.editing.decode", breaks)
    with pytest.raises(AppError, match="its log says why"):
        client.predict(indices=GRID, model="mnist", api_name="/decode")
    assert "secret path" in caplog.text


def test_the_mcp_server_has_the_same_five_and_is_off_unless_asked_for(settings, client):
    pytest.importorskip("mcp", reason="the MCP server is an option: pip install mcp")
    import asyncio

    import httpx
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    assert httpx.post(f"{client.src}gradio_api/mcp/", json={}).status_code == 404

    async def talk(url: str):
        async with (
            streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            decoded = await session.call_tool("decode", {"indices": GRID, "model": "mnist"})
            refused = await session.call_tool("decode", {"indices": [[0]], "model": "mnist"})
            return tools, decoded, refused

    with served(settings, mcp=True) as url:
        tools, decoded, refused = asyncio.run(talk(url))
    assert {f"/{tool.name}" for tool in tools} == FIVE
    assert all(tool.description and tool.inputSchema["properties"] for tool in tools)
    assert pixels(ast.literal_eval(decoded.content[0].text)["image"]).shape == (28, 28)
    assert refused.isError and "7 rows of 7 codes" in refused.content[0].text
