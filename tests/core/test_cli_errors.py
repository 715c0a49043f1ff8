"""Wrong calls and failures of the command line: the expected sentence and exit code, and nothing
written."""

import errno

import pytest
import torch

from vqvae.__main__ import main
from vqvae.cli.settings import as_typed
from vqvae.errors import VqvaeError, lacks_memory

TRAIN = "train --dataset synthetic --output {tmp}/new "
WRONG = [
    ("", "No verb was given; give one of train, train-prior, evaluate"),
    ("trian", "invalid choice: 'trian' (choose from"),
    ("train", "--dataset is missing; give mnist"),
    ("train --dataset mnist", "--output is missing; give the folder"),
    ("train --datas mnist", "Unrecognized arguments: --datas"),
    (TRAIN + "--dataset minst", "Did you mean mnist?"),
    (
        TRAIN + "--dataset /no/such/place.zip",
        "There is no data set and no file named '/no/such/place.zip'",
    ),
    (TRAIN + "--seconds", "Argument --seconds: expected one argument"),
    (TRAIN + "--seconds soon", "Argument --seconds: 'soon' is not a number"),
    (TRAIN + "--seconds nan", "--seconds is nan; it must be a number from 0.1"),
    (TRAIN + "--seconds -5", "--seconds is -5.0; it must be"),
    (TRAIN + "--seconds 5 --steps 5", "--steps: not allowed with argument --seconds"),
    (TRAIN + "--steps 1.5", "'1.5' is not a whole number"),
    (TRAIN + "--steps 0", "--steps is 0; it must be a whole number from 1"),
    (TRAIN + "--epochs inf", "--epochs is inf; it must be"),
    (TRAIN + "--steps " + "9" * 5000, "is not a whole number"),
    (
        TRAIN + "--codebook-size 1",
        "--codebook-size is 1; it must be a whole number from 2 to 16,384",
    ),
    (TRAIN + "--codebook-size 1000000000", "--codebook-size is 1000000000"),
    (TRAIN + "--embedding-dim 0", "--embedding-dim is 0"),
    (TRAIN + "--hidden-channels 100000", "--hidden-channels is 100000"),
    (TRAIN + "--batch-size 10000000", "--batch-size is 10000000"),
    (TRAIN + "--learning-rate 0", "--learning-rate is 0.0"),
    (TRAIN + "--commitment-weight -1", "--commitment-weight is -1.0"),
    (TRAIN + "--ema-decay 1", "--ema-decay is 1.0"),
    (TRAIN + "--seed -1", "--seed is -1"),
    (TRAIN + "--downsample 3", "Argument --downsample: invalid choice: 3 (choose from 2, 4, 7, 8)"),
    (
        TRAIN + "--downsample 8",
        "The images' height is 28; it must be divisible by --downsample (8)",
    ),
    (TRAIN + "--size 30", "The images' height is 30; it must be divisible by --downsample (4)"),
    (TRAIN + "--size huge", "'huge' is no size; give one side or HEIGHTxWIDTH"),
    (TRAIN + "--size 4x2000", "each from 8 to 1024 pixels"),
    (TRAIN + "--channels 2", "Argument --channels: invalid choice: 2 (choose from 1, 3)"),
    (TRAIN + "--quantizer magic", "invalid choice: 'magic' (choose from 'ema', 'gradient', 'fsq'"),
    (
        TRAIN + "--quantizer lfq --codebook-size 500",
        "--codebook-size 500 and --embedding-dim 9 do not go together with "
        "quantizer lfq; the nearest that do are --codebook-size 512 and --embedding-dim 9.",
    ),
    (
        TRAIN + "--quantizer fsq --levels 8x8 --codebook-size 60",
        "nearest that do are --codebook-size 64",
    ),
    (
        TRAIN + "--quantizer fsq --levels eight",
        "'eight' is not a list of whole numbers such as 8x8x8",
    ),
    (TRAIN + "--levels 8x8", "--levels is (8, 8); it must be empty for quantizer ema"),
    (TRAIN + "--kind gan", "invalid choice: 'gan'"),
    (TRAIN + "--device abacus", "invalid choice: 'abacus'"),
    (TRAIN + "--num-workers 0", "0 threads were asked for; give 1 to 64"),
    (
        "train --dataset synthetic --output {model}",
        "already holds a checkpoint; use --force to overwrite it, --resume",
    ),
    ("train --dataset synthetic --output {digit}", "is a file; give the name of a folder"),
    ("train --dataset synthetic --output {digit}/below", "is no folder that may be written to"),
    (
        "train --resume {model}",
        "is finished; give a larger budget to train it further, such as --seconds 600",
    ),
    ("train --resume {model} --steps 8", "has spent 8 steps already"),
    ("train --resume {model} --steps 9 --init mnist", "--init and --resume were given"),
    (TRAIN + "--init nowhere", "'nowhere' is no checkpoint"),
    (TRAIN + "--init {model} --codebook-size 17", "--codebook-size is 17 and the model of --init"),
    (TRAIN + "--init {model} --channels 3", "--channels is 3 and the model of --init"),
    (
        TRAIN + "--init mnist-vae --kind vae --size 32",
        "--size is 32x32 and the model of --init mnist-vae has 28x28",
    ),
    ("train --resume /no/where", "training.safetensors is missing"),
    (
        "train --resume {model} --batch-size 3 --seed 1",
        "--batch-size and --seed cannot change on a resumed run",
    ),
    (
        "evaluate",
        "The following arguments are required: CHECKPOINT. See `python -m vqvae evaluate --help`",
    ),
    ("evaluate nowhere", "'nowhere' is no checkpoint: as a folder it does not exist"),
    ("evaluate {digit}", "is no checkpoint: as a folder it is a file"),
    ("evaluate {tmp}", "is no checkpoint: as a folder it holds no config.json"),
    ("evaluate {model} --dataset nothing", "There is no data set and no file named 'nothing'"),
    ("evaluate {model} --split valid", "invalid choice: 'valid'"),
    ("reconstruct {model} {digit}", "The following arguments are required: --output"),
    ("reconstruct {model} --output {tmp}/a.png", "The following arguments are required: IMAGE"),
    ("reconstruct {model} /no/picture.png --output {tmp}/a.png", "/no/picture.png does not exist"),
    ("reconstruct {model} {tmp} --output {tmp}/a.png", "is a folder, not a file"),
    ("reconstruct {model} {digit} --output {tmp}/a.jpg", "it must end in .png"),
    ("reconstruct {model} {digit} --output {tmp}/no/a.png", "does not exist; make it first"),
    ("reconstruct {model} {digit} --output {digit}", "is also the input and would be overwritten"),
    ("encode {model} {digit} --output {tmp}", "is a folder; give the name of a file"),
    (
        "train --dataset synthetic --output -",
        "--output - is standard output, and this writes a folder",
    ),
    (
        "train-prior {model} --output -",
        "--output - is standard output, and this writes a folder",
    ),
    ("codebook {model} --output -", "--output - is standard output, and this writes a folder"),
    ("reconstruct {model} - - --output {tmp}/a.png", "- is given more than once"),
    ("encode {model} {digit} {digit} --output {tmp}/a", "Unrecognized arguments"),
    ("decode {model} /no/file --output {tmp}/a.png", "/no/file does not exist"),
    ("info", "required: CHECKPOINT"),
    ("info ../../etc", "is no checkpoint"),
]


@pytest.mark.parametrize("call, sentence", WRONG, ids=[call[:60] or "nothing" for call, _ in WRONG])
def test_a_wrong_call_is_answered_in_a_sentence(trained, digit, tmp_path, capsys, call, sentence):
    before = sorted(tmp_path.iterdir())
    argv = [part.format(tmp=tmp_path, model=trained[0], digit=digit) for part in call.split()]
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert sentence in err, err
    assert err.endswith(".\n") or err.endswith("?\n") or err.endswith(").\n")
    assert err.count("\n") == 1 and not out
    assert sorted(tmp_path.iterdir()) == before, "a wrong call writes nothing"


def test_failures_are_sentences_with_exit_code_1(trained, digit, tmp_path, capsys):
    damaged, page, blank = tmp_path / "damaged", tmp_path / "page.png", tmp_path / "empty"
    damaged.mkdir()
    blank.mkdir()
    for file in trained[0].iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "model.safetensors").write_bytes((damaged / "model.safetensors").read_bytes()[:100])
    page.write_text("<html>not found</html>")
    out = str(tmp_path / "o.png")
    for argv, sentence in (
        (["evaluate", str(damaged)], "model.safetensors is damaged or no safetensors file"),
        (
            ["reconstruct", str(damaged), str(digit), "--output", out],
            "model.safetensors is damaged",
        ),
        (
            ["reconstruct", str(trained[0]), str(page), "--output", out],
            f"{page}: a web page, not an image",
        ),
        (["encode", str(trained[0]), str(page), "--output", out], "a web page, not an image"),
        (["train", "--dataset", str(blank), "--output", str(tmp_path / "new")], "holds no images"),
    ):
        assert main(argv) == 1
        captured = capsys.readouterr()
        assert sentence in captured.err and captured.err.count("\n") == 1 and not captured.out
    assert not (tmp_path / "o.png").exists() and not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "error, sentence",
    [
        (KeyError("x"), "failed unexpectedly (KeyError: 'x'). It is a defect"),
        (MemoryError(), "There is not enough memory"),
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
            "There is not enough memory",
        ),
        (
            OSError(28, "No space left on device", "/a/file"),
            "/a/file cannot be read or written (No space left on device)",
        ),
        (FileNotFoundError(2, "No such file", "/memory/a.zip"), "/memory/a.zip cannot be read"),
        (KeyError("memory_bank"), "failed unexpectedly (KeyError: 'memory_bank')"),
        (ModuleNotFoundError("no", name="safetensors"), "The package safetensors is not installed"),
        (KeyboardInterrupt(), "Interrupted."),
    ],
)
def test_the_unexpected_is_a_sentence_too_unless_debugging(
    trained, monkeypatch, capsys, error, sentence
):
    def fail(*_):
        raise error

    monkeypatch.setattr("vqvae.checkpoints.checkpoint.read_info", fail)
    assert main(["info", str(trained[0])]) == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert sentence in capsys.readouterr().err
    if isinstance(error, Exception):
        with pytest.raises(type(error)):
            main(["info", str(trained[0]), "--debug"])


def test_a_lack_of_memory_is_known_by_what_pytorch_raises_and_not_by_a_word_in_a_name():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55)
    assert lacks_memory(caught.value) and lacks_memory(MemoryError())
    assert lacks_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert lacks_memory(OSError(errno.ENOMEM, "Cannot allocate memory"))
    for other in (
        FileNotFoundError(2, "No such file", "/data/allocations/x.zip"),
        KeyError("memory_bank"),
        VqvaeError("a data set named out of memory"),
        RuntimeError("the memory format is not supported"),
    ):
        assert not lacks_memory(other)


def test_settings_are_named_as_they_are_typed():
    assert as_typed("kmeans_start is 3; it must be true or false.").startswith(
        "--no-kmeans-start is 3"
    )
    assert as_typed("Lower batch_size (9) or seed.") == "Lower --batch-size (9) or seed."
    assert (
        as_typed("device cuda is not here; use --device cpu.")
        == "--device cuda is not here; use --device cpu."
    )
