"""What several test files share."""

import contextlib
import gc
import io
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from demo.web.quickstart import skip_stubs

# One thread of PyTorch for each process that a test is or starts: sums are then added in one order,
# and the small models here are fastest. Set before anything imports PyTorch.
os.environ["OMP_NUM_THREADS"] = "1"

skip_stubs()  # as app.py does; workers beside each other would write the same files

# A shell makes what it starts in the background ignore Ctrl-C, and so would what the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no deadline", deadline=None)  # machines differ, and may be busy
settings.load_profile("no deadline")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def real_data_dir() -> Path:
    """Where the real data sets are looked for: ``$VQVAE_DATA_DIR``, else ``../shared/data`` beside
    the project."""
    return Path(os.environ.get("VQVAE_DATA_DIR") or SHARED_DATA)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Browser tests that are left out are not read either."""
    left_out = config.option.markexpr == "not browser"
    return True if left_out and collection_path.name == "browser" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: they are the slow ones, and Playwright then keeps an event loop
    running in the main thread, in which asyncio.run() of another test could not start its own."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
    items.sort(key=lambda item: "browser" in item.path.parts)


def pytest_collection_finish() -> None:
    """What has been imported by now stays, and the garbage collector need not look at it again."""
    gc.freeze()


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """A data folder with the real MNIST files in it."""
    folder = real_data_dir()
    if not (folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte").is_file():
        pytest.skip(f"needs the MNIST files in {folder}; set VQVAE_DATA_DIR to where they are")
    return folder


@pytest.fixture(scope="session")
def cifar_zip() -> Path:
    """CIFAR-10 as a zip of JPEG files in train/<class>/ and test/<class>/."""
    path = real_data_dir() / "cifar10-jpeg.zip"
    if not path.is_file():
        pytest.skip(f"needs {path}; set VQVAE_DATA_DIR to where it is")
    return path


@pytest.fixture
def uploads(tmp_path, monkeypatch) -> Path:
    """A folder whose files count as uploaded by a visitor, for as long as the test runs."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def small_sets():
    """The synthetic digits are a few hundred."""
    from vqvae.data import datasets as data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "SYNTHETIC_COUNTS", {"train": 200, "test": 60})
        yield


@pytest.fixture(scope="module")
def cli_train(small_sets):
    """`cli_train(output, *arguments)`: run the verb `train` for a tiny model of synthetic digits;
    the exit code."""
    from vqvae.__main__ import main

    def train(output, *arguments, dataset="synthetic"):
        return main(
            [
                "train",
                "--dataset",
                str(dataset),
                "--output",
                str(output),
                "--codebook-size",
                "16",
                "--hidden-channels",
                "8",
                "--residual-blocks",
                "1",
                "--embedding-dim",
                "4",
                "--batch-size",
                "32",
                "--device",
                "cpu",
                *arguments,
            ]
        )

    return train


@pytest.fixture(scope="module")
def trained(cli_train, tmp_path_factory):
    """(checkpoint folder, (standard output, standard error)) of 8 steps by the command line."""
    folder, out, err = tmp_path_factory.mktemp("trained") / "model", io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli_train(folder, "--steps", "8")
    assert code == 0, err.getvalue()
    return folder, (out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def digit(tmp_path_factory):
    """A picture file of a synthetic digit, 28 x 28 grey."""
    from PIL import Image

    from vqvae.data.synthetic import synthetic_digits

    file = tmp_path_factory.mktemp("digit") / "digit.png"
    Image.fromarray(synthetic_digits(1, 5)[0][0, 0].numpy()).save(file)
    return file
