"""`train-prior` and `generate`, and what a prior adds to `evaluate` and `info`."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from vqvae.__main__ import main
from vqvae.cli.generate import contact_sheet
from vqvae.prior.training import PRIOR_RUN_FILE

TINY = (
    "--channels",
    "16",
    "--layers",
    "1",
    "--heads",
    "2",
    "--batch-size",
    "20",
    "--device",
    "cpu",
)


@pytest.fixture(scope="module")
def with_prior(trained, tmp_path_factory):
    """A checkpoint folder with a prior of 6 steps."""
    folder = tmp_path_factory.mktemp("prior") / "model"
    shutil.copytree(trained[0], folder)
    assert main(["train-prior", str(folder), "--dataset", "synthetic", "--steps", "6", *TINY]) == 0
    return folder


def test_train_prior_leaves_a_prior_the_codes_and_its_figures(with_prior):
    prior = vqvae.load_prior(with_prior)
    assert prior.config.classes == 10 and prior.config.channels == 16
    indices, labels = vqvae.read_indices(with_prior)
    assert indices.shape == (200, 7, 7) and len(labels) == 200
    info = vqvae.read_info(with_prior)["prior"]
    assert (
        info["metrics"]["images"] == 60
        and info["training"]["finished"]
        and info["training"]["step"] == 6
    )
    assert info["metrics"]["bits_per_image"] < info["metrics"]["nominal_bits"] == 49 * 4
    assert not (with_prior / PRIOR_RUN_FILE).exists()


def test_evaluate_adds_the_prior_and_info_tells_of_it(with_prior, trained, capsys):
    assert main(["evaluate", str(with_prior), "--dataset", "synthetic", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (
        list(values)[-1] == "prior_bits_per_image" and 0 < values["prior_bits_per_image"] < 49 * 4
    )
    stored = vqvae.read_info(with_prior)["prior"]["metrics"]["bits_per_image"]
    assert values["prior_bits_per_image"] == pytest.approx(stored, rel=1e-3)
    assert main(["info", str(with_prior)]) == 0
    assert (
        f"1 layers of 16 channels, 10 classes, {stored:.1f} bits per image, 6 steps"
        in capsys.readouterr().out
    )


def test_a_prior_is_not_replaced_unasked_and_output_leaves_it_alone(with_prior, tmp_path, capsys):
    before = (with_prior / "prior.safetensors").read_bytes()
    call = ["train-prior", str(with_prior), "--steps", "2", "--no-class-conditional", *TINY]
    assert main(call) == 2 and "already holds a prior; use --force" in capsys.readouterr().err
    assert main([*call, "--output", str(tmp_path / "copy")]) == 0
    assert (with_prior / "prior.safetensors").read_bytes() == before
    assert (
        vqvae.load_prior(tmp_path / "copy").config.classes == 0
        and vqvae.load_checkpoint(tmp_path / "copy").gallery
    )
    assert (
        main(
            [
                "generate",
                str(tmp_path / "copy"),
                "--label",
                "3",
                "--output",
                str(tmp_path / "o.png"),
            ]
        )
        == 1
    )
    assert "without classes" in capsys.readouterr().err


def test_a_stopped_run_goes_on(with_prior, tmp_path, monkeypatch, capsys):
    """A budget of 4 steps, raised to 7 on the resumed run: as a run that was stopped."""
    from vqvae.prior.training import PriorTraining

    folder = tmp_path / "model"
    shutil.copytree(with_prior, folder)
    with monkeypatch.context() as patch:
        patch.setattr(PriorTraining, "steps", stopped_after(PriorTraining.steps, 4))
        assert main(["train-prior", str(folder), "--steps", "7", "--force", *TINY]) == 128 + 2
    assert (
        "4 steps; everything is saved" in capsys.readouterr().err
        and (folder / PRIOR_RUN_FILE).is_file()
    )
    assert main(["train-prior", str(folder), "--resume", "--layers", "2"]) == 2
    assert "--layers cannot change" in capsys.readouterr().err
    assert main(["train-prior", str(folder), "--resume"]) == 0
    assert (
        vqvae.read_info(folder)["prior"]["training"]["step"] == 7
        and not (folder / PRIOR_RUN_FILE).exists()
    )
    assert main(["train-prior", str(folder), "--resume"]) == 2


def stopped_after(steps, count):
    """`steps` that raises SIGINT, as Ctrl-C does, after `count` records."""
    import signal

    def wrapped(self):
        for record in steps(self):
            if record.step == count:
                signal.raise_signal(signal.SIGINT)
            yield record

    return wrapped


@pytest.mark.parametrize("source", ["prior", "dataset", "random", "marginal", "gaussian"])
def test_generate_writes_the_same_sheet_for_the_same_seed(with_prior, tmp_path, source, capsys):
    sheets = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        file = tmp_path / f"{name}.png"
        assert (
            main(
                [
                    "generate",
                    str(with_prior),
                    "--from",
                    source,
                    "--count",
                    "10",
                    "--seed",
                    str(seed),
                    "--steps",
                    "3",
                    "--output",
                    str(file),
                ]
            )
            == 0
        )
        sheets.append(np.asarray(Image.open(file)))
    assert np.array_equal(sheets[0], sheets[1]) and not np.array_equal(sheets[0], sheets[2])
    assert "10 pictures from" in capsys.readouterr().out


def test_generate_of_the_data_set_shows_images_of_the_class(with_prior, tmp_path):
    from vqvae.cli.generate import from_dataset

    model, (indices, labels) = vqvae.load(with_prior), vqvae.read_indices(with_prior)
    drawn = from_dataset(with_prior, model, 3, 5, 0)
    assert all(any(torch.equal(d, i) for i in indices[labels == 3]) for d in drawn)
    assert (
        main(
            [
                "generate",
                str(with_prior),
                "--from",
                "dataset",
                "--label",
                "3",
                "--count",
                "4",
                "--output",
                str(tmp_path / "o.png"),
            ]
        )
        == 0
    )


def test_the_sheet_shows_every_picture_enlarged_by_a_whole_factor():
    pictures = torch.arange(5).reshape(5, 1, 1, 1).expand(5, 1, 28, 28) / 5
    sheet = np.asarray(contact_sheet(pictures))
    scale = (sheet.shape[1] - 2) // 3 // 28
    middles = [
        (2 + (i // 3) * (28 * scale + 2) + 14 * scale, 2 + (i % 3) * (28 * scale + 2) + 14 * scale)
        for i in range(5)
    ]
    assert [int(sheet[m][0]) for m in middles] == [round(i / 5 * 255) for i in range(5)]


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (
            ["generate", "{path}", "--label", "12", "--output", "o.png"],
            2,
            "--label is '12'; the classes",
        ),
        (["generate", "{path}", "--count", "0", "--output", "o.png"], 2, "--count is 0; give 1 to"),
        (
            ["generate", "{path}", "--temperature", "-1", "--output", "o.png"],
            2,
            "--temperature is -1.0; it must be",
        ),
        (
            ["generate", "{path}", "--top-k", "-1", "--output", "o.png"],
            2,
            "--top-k is -1; it must be",
        ),
        (["generate", "{path}", "--output", "o.jpg"], 2, "it must end in .png"),
        (["generate", "{bare}", "--output", "o.png"], 1, "has no prior: train one with"),
        (["train-prior", "{bare}", "--resume"], 2, "no prior's run to go on with"),
        (["train-prior", "{bare}", "--heads", "3", "--steps", "1"], 2, "must divide"),
        (["train-prior", "{bare}", "--seconds", "0"], 2, "--seconds is 0.0"),
        (["train-prior", "{bare}", "--dataset", "no-such"], 2, "There is no data set"),
        (["train-prior", "no-such", "--steps", "1"], 2, "is no checkpoint"),
    ],
)
def test_wrong_calls_are_one_sentence(
    with_prior, trained, arguments, code, sentence, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main([a.format(path=with_prior, bare=trained[0]) for a in arguments]) == code
    captured = capsys.readouterr()
    assert (
        sentence in captured.err and captured.err.count("\n") == 1 and not list(tmp_path.iterdir())
    )


def test_a_new_vqvae_in_the_folder_drops_the_old_prior(with_prior, cli_train, tmp_path):
    shutil.copytree(with_prior, tmp_path / "model")
    assert cli_train(tmp_path / "model", "--steps", "1", "--force") == 0
    assert not (tmp_path / "model" / "prior.safetensors").exists()
    assert not (tmp_path / "model" / "indices.safetensors").exists()
