"""Every verb of the command line: what it prints and what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import vqvae
from vqvae.__main__ import main
from vqvae.cli.settings import MODEL_FLAGS, TRAINING_FLAGS

ROOT = Path(__file__).parents[2]


def test_train_leaves_a_complete_checkpoint_and_one_summary_line(trained):
    path, (out, err) = trained
    checkpoint = vqvae.load_checkpoint(path)
    assert checkpoint.config.codebook_size == 16 and checkpoint.config.classes[3] == "3"
    assert checkpoint.training["step"] == 8 and checkpoint.training["finished"]
    assert len(checkpoint.gallery.indices) == 60
    assert out.count("\n") == 1 and f"saved in {path}" in out
    assert (
        f"mse {checkpoint.metrics['mse']:.5f}" in out
        and f"usage {checkpoint.metrics['usage']:.1%}" in out
    )
    assert "200 images to train on and 60 to test" in err
    assert not (path / "training.safetensors").exists(), "a finished run has nothing to resume"


def test_a_log_file_gets_lines_without_control_characters(trained):
    _, (out, err) = trained
    assert all(c.isprintable() or c == "\n" for c in out + err)
    assert "100 %  step 8  mse" in err


def test_evaluate_json_prints_exactly_the_object_of_the_contract(trained, capsys):
    path, _ = trained
    assert main(["evaluate", str(path), "--dataset", "synthetic", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert list(values) == [
        "dataset",
        "split",
        "images",
        "mse",
        "psnr",
        "ssim",
        "perplexity",
        "usage",
        "bits_per_image",
        "images_per_second",
    ]
    assert (values["dataset"], values["split"], values["images"], values["bits_per_image"]) == (
        "synthetic",
        "test",
        60,
        49 * 4,
    )
    stored = json.loads((path / "metrics.json").read_text())
    assert (
        values["mse"] == pytest.approx(stored["mse"], rel=1e-5)
        and values["usage"] == stored["usage"]
    )


def test_evaluate_takes_the_data_set_of_the_training_and_prints_a_table(trained, capsys):
    assert main(["evaluate", str(trained[0]), "--split", "train"]) == 0
    table = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (
        table["dataset"] == "synthetic" and table["split"] == "train" and table["images"] == "200"
    )


def test_info_prints_a_table_and_json(trained, capsys):
    assert main(["info", str(trained[0])]) == 0
    out = capsys.readouterr().out
    assert "7 x 7 of 16, each 4 numbers; 196 bits" in out and "8 steps in" in out and "PSNR" in out
    assert main(["info", str(trained[0]), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (
        values["grid"] == [7, 7]
        and values["dataset"] == "synthetic"
        and values["metrics"]["images"] == 60
    )


def test_info_and_wrong_calls_do_not_wait_for_torch(trained):
    script = (
        "import sys\nfrom vqvae.__main__ import main\n"
        "calls = ['info', sys.argv[1]], ['train', '--dataset', 'mnist'], ['info', 'nowhere']\n"
        "print([main(call) for call in calls], 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(trained[0])], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[0, 2, 2] False", done.stderr


def test_every_setting_of_the_table_is_a_field_and_reaches_the_checkpoint(cli_train, tmp_path):
    assert (
        cli_train(
            tmp_path / "a",
            "--steps",
            "1",
            "--quantizer",
            "residual",
            "--levels",
            "8x2",
            "--gradient-estimator",
            "rotation",
            "--entropy-weight",
            "0.3",
            "--downsample",
            "2",
            "--seed",
            "7",
            "--ema-decay",
            "0.9",
            "--restart-threshold",
            "0",
            "--no-kmeans-start",
            "--commitment-weight",
            "0.5",
            "--learning-rate",
            "0.001",
            "--kl-weight",
            "0.3",
            "--free-bits",
            "9",
            "--ssim-weight",
            "0.2",
        )
        == 0
    )
    info = vqvae.read_info(tmp_path / "a")
    values = info | info["training"]["config"]
    expected = {
        "quantizer": "residual",
        "levels": (8, 2),
        "gradient_estimator": "rotation",
        "entropy_weight": 0.3,
        "downsample": 2,
        "ema_decay": 0.9,
        "restart_threshold": 0.0,
        "seed": 7,
        "kmeans_start": False,
        "commitment_weight": 0.5,
        "learning_rate": 0.001,
        "codebook_size": 16,
        "embedding_dim": 4,
        "hidden_channels": 8,
        "residual_blocks": 1,
        "batch_size": 32,
        "kind": "vqvae",
        "kl_weight": 0.3,
        "free_bits": 9.0,
        "ssim_weight": 0.2,
    }
    assert {name: values[name] for name in expected} == expected
    assert {flag.field for flag in (*MODEL_FLAGS, *TRAINING_FLAGS)} | {"kmeans_start"} == set(
        expected
    )


def test_a_folder_of_pictures_is_named_with_what_was_skipped(cli_train, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name in range(12):
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(
            tmp_path / f"{name}.png"
        )
    (tmp_path / "bad\x1b[31m.png").write_bytes(b"no picture")
    assert (
        cli_train(
            tmp_path / "out",
            "--steps",
            "1",
            "--size",
            "16x24",
            "--channels",
            "3",
            "--num-workers",
            "1",
            dataset=str(tmp_path),
        )
        == 0
    )
    captured = capsys.readouterr()
    assert "1 file was skipped: bad?[31m.png" in captured.err
    assert vqvae.read_info(tmp_path / "out")["grid"] == [4, 6]


def test_reconstruct_writes_input_reconstruction_and_error_enlarged(
    trained, digit, tmp_path, capsys
):
    assert (
        main(
            [
                "reconstruct",
                str(trained[0]),
                str(digit),
                str(digit),
                "--output",
                str(tmp_path / "s.png"),
            ]
        )
        == 0
    )
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 3 and out[0].startswith(f"{digit}: mse ") and "dB" in out[0]
    sheet = np.asarray(Image.open(tmp_path / "s.png"))
    side, x = 28 * 7, torch.from_numpy(np.asarray(Image.open(digit)).copy())[None].float() / 255
    model = vqvae.load(trained[0])
    left, top = 8, 30
    for row in range(2):
        cells = [
            sheet[top + row * (side + 8) :][:side, left + column * (side + 8) :][:, :side][
                3::7, 3::7
            ]
            for column in range(3)
        ]
        assert np.array_equal(cells[0][..., 0], np.asarray(Image.open(digit)))
        assert np.array_equal(
            cells[1][..., 1], model.decode(model.encode(x))[0].mul(255).round().byte().numpy()
        )
        assert tuple(cells[2][0, 0]) != (255, 255, 255)


def test_the_error_is_coloured_dark_to_bright():
    from vqvae.cli.pictures import colour

    row = colour(torch.tensor([[[0.0, 0.1, 0.3, 0.5, 0.9]]]))[0, 0]
    assert tuple(row[0]) == (0x00, 0x22, 0x4E) and tuple(row[3]) == tuple(row[4]) == (
        0xFE,
        0xE8,
        0x38,
    )
    luma = row @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(luma[:4]) > 0).all()


def test_encode_writes_little_more_than_the_bits_and_decode_gives_the_reconstruction(
    trained, digit, tmp_path, capsys
):
    code, picture = tmp_path / "digit.vqc", tmp_path / "back.png"
    assert main(["encode", str(trained[0]), str(digit), "--output", str(code)]) == 0
    assert code.stat().st_size <= -(-49 * 4 // 8) + 20
    assert f"{code.stat().st_size} bytes" in capsys.readouterr().out
    assert main(["decode", str(trained[0]), str(code), "--output", str(picture)]) == 0
    model, x = (
        vqvae.load(trained[0]),
        torch.from_numpy(np.asarray(Image.open(digit)).copy())[None].float() / 255,
    )
    expected = model.decode(model.encode(x))[0].mul(255).round().byte().numpy()
    assert np.array_equal(np.asarray(Image.open(picture)), expected)


def test_a_whole_picture_becomes_a_larger_grid_and_a_picture_again(trained, tmp_path, capsys):
    code, back, photo = tmp_path / "photo.vq", tmp_path / "back.png", tmp_path / "photo.png"
    Image.effect_noise((90, 30), 60).save(photo)
    assert main(["encode", str(trained[0]), str(photo), "--whole", "--output", str(code)]) == 0
    # 4 pixels per code, filled up to the next
    assert "8 x 23 codes of 16" in capsys.readouterr().out
    assert main(["decode", str(trained[0]), str(code), "--output", str(back)]) == 0
    assert Image.open(back).size == (92, 32)
    Image.new("L", (3000, 60)).save(photo)
    assert main(["encode", str(trained[0]), str(photo), "--whole", "--output", str(code)]) == 0
    assert (
        "3 x 128 codes of 16 (scaled down from 3000 to 512 pixels on the long side)"
        in capsys.readouterr().out
    )
    assert main(["reconstruct", str(trained[0]), str(photo), "--whole", "--output", str(back)]) == 0
    assert (
        "20 x 1024 pixels (scaled down from 3000 to 1024 pixels on the long side)"
        in capsys.readouterr().out
    )


def test_an_encoded_file_is_refused_by_another_model_and_when_damaged(
    trained, digit, tmp_path, capsys
):
    code = tmp_path / "digit.vqc"
    main(["encode", str(trained[0]), str(digit), "--output", str(code)])
    vqvae.save_checkpoint(
        tmp_path / "other", vqvae.build_model(vqvae.load(trained[0]).config, seed=9)
    )
    content, out = code.read_bytes(), tmp_path / "o.png"
    for model, damaged, sentence in (
        (tmp_path / "other", content, "was encoded by another model"),
        (trained[0], content[:-3], "damaged or cut short"),
        (trained[0], content[:5], "cut short"),
        (trained[0], b"", "first bytes are not 'VQC'"),
        (trained[0], b"VQC" * 20_000, "larger than 40,000 bytes"),
    ):
        code.write_bytes(damaged)
        capsys.readouterr()
        assert main(["decode", str(model), str(code), "--output", str(out)]) == 1
        err = capsys.readouterr().err
        assert sentence in err and str(code) in err and err.count("\n") == 1
    assert not out.exists()
