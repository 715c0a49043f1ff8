"""Checkpoints: what goes in comes out, a cut-off write harms nothing, and every damage is told in a
sentence."""

import json
import os
import pickle
import struct
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import vqvae
from vqvae.analysis.evaluation import evaluate
from vqvae.checkpoints import checkpoint, files
from vqvae.checkpoints.card import model_card
from vqvae.checkpoints.checkpoint import (
    list_checkpoints,
    load_checkpoint,
    read_info,
    save_checkpoint,
)
from vqvae.checkpoints.files import CheckpointError
from vqvae.checkpoints.gallery import Gallery
from vqvae.cli.info import describe
from vqvae.config import ModelConfig
from vqvae.data.imageset import ImageSet
from vqvae.nn.build import build_model
from vqvae.quantizers import QUANTIZERS

CONFIG = ModelConfig(
    height=8,
    width=8,
    hidden_channels=8,
    residual_blocks=1,
    embedding_dim=4,
    codebook_size=16,
    kmeans_start=False,
    classes=("a", "b"),
)


def make(seed: int = 0):
    return build_model(CONFIG, seed).eval()


def gallery_of(model):
    images = torch.randint(
        0, 256, (12, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    return evaluate(model, ImageSet("made", "test", images, torch.arange(12) % 2, ("a", "b")))


@pytest.fixture
def folder(tmp_path) -> Path:
    model = make()
    figures, gallery = gallery_of(model)
    return save_checkpoint(
        tmp_path / "made",
        model,
        metrics=figures.to_dict(),
        training={"dataset": "made"},
        gallery=gallery,
    )


# -- round trip ------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_what_goes_in_comes_out(tmp_path, quantizer):
    config = ModelConfig(**{**CONFIG.to_dict(), "quantizer": quantizer})
    model = build_model(config, 5)
    figures, gallery = gallery_of(model)
    save_checkpoint(
        tmp_path / "m",
        model,
        metrics=figures.to_dict(),
        training={"dataset": "made"},
        gallery=gallery,
    )
    back = load_checkpoint(tmp_path / "m")
    assert (
        back.config == config == back.model.config
        and not back.model.training
        and back.path == tmp_path / "m"
    )
    assert all(torch.equal(v, back.model.state_dict()[k]) for k, v in model.state_dict().items())
    assert [p.requires_grad for p in back.model.parameters()] == [
        p.requires_grad for p in model.parameters()
    ]
    assert back.metrics == figures.to_dict() and back.training["dataset"] == "made"
    assert back.training["versions"]["torch"] == torch.__version__
    for name, value in gallery.tensors().items():
        assert torch.equal(getattr(back.gallery, name).to(value.dtype), value)
    x = torch.rand(2, 1, 8, 8)
    assert torch.equal(
        back.model.decode(back.model.encode(x)), model.eval().decode(model.encode(x))
    )
    back.model.train()(x).x_recon.mean().backward()  # what was loaded can go on learning


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_in_another_precision_are_read_in_float32(tmp_path, dtype):
    folder = save_checkpoint(tmp_path / "m", make(3).to(dtype))
    back = load_checkpoint(folder).model
    assert {v.dtype for v in back.state_dict().values() if v.is_floating_point()} == {torch.float32}
    torch.testing.assert_close(back.codebook, make(3).codebook.to(dtype).float())
    assert back.fingerprint() == make(3).to(dtype).fingerprint()
    assert (folder / "model.safetensors").stat().st_size < 30_000


def test_a_channels_last_model_is_saved_as_any_other(tmp_path):
    model = make()
    expected = model.fingerprint()
    save_checkpoint(tmp_path, model.to(memory_format=torch.channels_last))
    assert load_checkpoint(tmp_path).model.fingerprint() == expected


def test_loading_leaves_the_global_random_state_alone(folder):
    state = torch.get_rng_state()
    load_checkpoint(folder)
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_not_given_is_left_as_it_is(folder):
    save_checkpoint(folder, make())
    back = load_checkpoint(folder)
    assert (
        back.metrics["images"] == 12
        and back.training["dataset"] == "made"
        and back.gallery is not None
    )


def test_a_gallery_of_other_weights_is_not_shown(folder):
    save_checkpoint(folder, make(seed=1))
    assert load_checkpoint(folder).gallery is None


def test_without_figures_and_gallery_a_checkpoint_is_whole(tmp_path):
    save_checkpoint(tmp_path / "plain", make())
    back = load_checkpoint(tmp_path / "plain")
    assert (back.metrics, back.training, back.gallery) == ({}, {}, None)


def test_names_paths_and_links(folder, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "empty").mkdir()
    assert list_checkpoints(tmp_path) == [tmp_path / "link", folder]
    assert list_checkpoints(tmp_path / "absent") == []
    monkeypatch.setattr(checkpoint, "SHIPPED", tmp_path)
    monkeypatch.chdir(folder)
    for given in ("made", "link", str(folder), folder, Path(".")):
        assert vqvae.load(given).fingerprint() == make().fingerprint()


def test_info_reads_json_only_and_without_torch(folder):
    info = read_info(folder)
    assert (info["name"], info["dataset"], info["grid"], info["bits_per_image"]) == (
        "made",
        "made",
        [2, 2],
        16,
    )
    assert (
        info["codebook_size"] == 16
        and info["metrics"]["images"] == 12
        and info["has_prior"] is False
    )
    (folder / "model.safetensors").write_bytes(b"not read")
    script = (
        "import sys, json, vqvae; print(json.dumps(vqvae.read_info(sys.argv[1])));"
        "sys.exit(any(m.split('.')[0] in ('torch', 'numpy', 'safetensors') for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(json.dumps(info))


# -- writing ---------------------------------------------------------------------------------------


class Cut(Exception):
    """Stands for the process or the disk failing at this very moment."""


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("nth", range(4))
def test_a_write_cut_off_anywhere_leaves_a_checkpoint_that_loads(folder, monkeypatch, call, nth):
    old, new, names = make().fingerprint(), make(seed=1), sorted(os.listdir(folder))
    real, calls = getattr(os, call), []

    def cut(*args):
        calls.append(args)
        if len(calls) > nth:
            raise Cut
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, cut)
        with pytest.raises(Cut):
            save_checkpoint(folder, new, metrics={"mse": 1.0}, training={"dataset": "new"})
    assert load_checkpoint(folder).model.fingerprint() == old
    assert sorted(os.listdir(folder)) == names, "a temporary file was left"


def test_a_first_write_that_is_cut_off_is_no_checkpoint_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "write_tensors", lambda *args: (_ for _ in ()).throw(Cut()))
    with pytest.raises(Cut):
        save_checkpoint(tmp_path / "m", make())
    assert list_checkpoints(tmp_path) == []


def test_a_full_disk_is_told_in_words(folder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        CheckpointError, match=r"could not be written to .*made: No space left on device.*Free some"
    ):
        save_checkpoint(folder, make())
    (folder / "file").write_text("x")
    with pytest.raises(CheckpointError, match=r"File exists|Not a directory"):
        save_checkpoint(folder / "file", make())


def test_numbers_that_json_lacks_are_not_written(folder):
    before = (folder / "metrics.json").read_bytes()
    with pytest.raises(ValueError, match="JSON compliant"):
        save_checkpoint(folder, make(), metrics={"mse": float("nan")})
    assert (folder / "metrics.json").read_bytes() == before


# -- damage ----------------------------------------------------------------------------------------


def rewrite(file: Path, change) -> None:
    """Change the tensors of a safetensors file in place, keeping it one of ours."""
    tensors = files.read_tensors(file)
    change(tensors)
    save_file({k: v.contiguous() for k, v in tensors.items()}, file, {"vqvae_format": "1"})


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.99])
@pytest.mark.parametrize(
    "name", ["model.safetensors", "gallery.safetensors", "config.json", "metrics.json"]
)
def test_truncated_files_are_refused(folder, name, share):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=rf"{name} is damaged.*Copy it again, or train again"):
        load_checkpoint(folder)


class Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


@pytest.mark.parametrize("name", ["model.safetensors", "gallery.safetensors", "config.json"])
def test_a_pickle_is_refused_and_never_run(folder, name, monkeypatch):
    monkeypatch.chdir(folder.parent)
    (folder / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match=f"{name} is damaged"):
        load_checkpoint(folder)
    assert not Path("exploded").exists()


@pytest.mark.parametrize("length", [2**63, 2**40, 10**9, 0])
def test_a_lying_header_length_is_refused(folder, length):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + content[8:])
    with pytest.raises(CheckpointError, match=r"model.safetensors is damaged"):
        load_checkpoint(folder)


def test_files_that_are_absent_are_named(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    with pytest.raises(
        CheckpointError, match=r"model.safetensors is missing.*Copy the whole folder"
    ):
        load_checkpoint(folder)
    (folder / "config.json").unlink()
    for given, reason in [
        (folder, "holds no config.json"),
        (tmp_path / "absent", "does not exist"),
        (folder / "metrics.json", "is a file"),
        ("n" * 5000, "cannot be read"),
        ("mn\0st", "no ch"),
    ]:
        with pytest.raises(CheckpointError, match=f"is no checkpoint.*{reason}|is {reason}"):
            load_checkpoint(given)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda t: t.pop("quantizer.codebook"), "missing ..quantizer.codebook"),
        (lambda t: t.update(extra=torch.zeros(1)), "unknown ..extra"),
        (
            lambda t: t.update({"quantizer.codebook": torch.zeros(16, 5)}),
            r"is torch.float32 \(16, 5\); config.json",
        ),
        (
            lambda t: t.update({"quantizer.codebook": torch.zeros(16, 4).int()}),
            "codebook is torch.int32",
        ),
        (
            lambda t: t.update({"quantizer.started": torch.ones(()).half()}),
            "started is torch.float16",
        ),
        (
            lambda t: t.update(
                {"quantizer.codebook": torch.full((16, 4), 1e300, dtype=torch.double)}
            ),
            "NaN or infinite",
        ),
        (
            lambda t: t["quantizer.codebook"].fill_(torch.nan),
            "codebook holds NaN or infinite numbers.*lower learning rate",
        ),
        (
            lambda t: t["quantizer.usage_counts"].fill_(torch.inf),
            "usage_counts holds NaN or infinite",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(folder, change, words):
    rewrite(folder / "model.safetensors", change)
    with pytest.raises(CheckpointError, match=f"model.safetensors.*{words}"):
        load_checkpoint(folder)


def test_the_config_of_another_model_is_refused(folder):
    for other, words in [
        ({"codebook_size": 512}, r"config.json asks for .*\(512, 4\)|asks for"),
        ({"residual_blocks": 2}, "does not fit its config.json: missing"),
        ({"quantizer": "gradient"}, "unknown ..quantizer.vector_sums"),
    ]:
        files.write_json(folder / "config.json", {"format": 1, **CONFIG.to_dict(), **other})
        with pytest.raises(CheckpointError, match=f"model.safetensors.*({words})"):
            load_checkpoint(folder)


def test_weights_of_other_programs_and_later_versions_are_refused(folder):
    for metadata, words in [
        ({}, "was not written by this program.*train"),
        ({"vqvae_format": "2"}, "format 2.*Update"),
        ({"vqvae_format": "one"}, "format one"),
    ]:
        save_file(make().state_dict(), folder / "model.safetensors", metadata)
        with pytest.raises(CheckpointError, match=f"model.safetensors.*{words}"):
            load_checkpoint(folder)


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "is damaged"),
        ("[1, 2]", "must hold one object"),
        ("null", "must hold one object"),
        ("", "is damaged"),
        (b"\xff\xfe\x00", "is damaged"),
        ("[" * 100_000, "is damaged"),
        ('{"kind": "vqvae"}', "names no format"),
        ('{"format": 2}', "has format 2; this program reads up to 1. Update it"),
        ('{"format": "1"}', "names no format"),
        ('{"format": 1, "colour": 3}', "unknown fields colour"),
        ('{"format": 1, "codebook_size": "512"}', "'512'"),
        ('{"format": 1, "codebook_size": 1e9}', "codebook_size is"),
        ('{"format": 1, "downsample": 4.0}', "downsample is"),
        ('{"format": 1, "ema_decay": NaN}', "ema_decay is nan"),
        ('{"format": 1, "classes": 5}', "classes is 5"),
    ],
)
def test_every_damage_of_the_config_is_refused(folder, content, words):
    (folder / "config.json").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(CheckpointError, match=rf"config.json.*({words})"):
        load_checkpoint(folder)


def test_a_config_that_asks_for_gigabytes_is_refused_before_they_are_taken(folder):
    huge = ModelConfig(
        hidden_channels=1024, residual_blocks=16, embedding_dim=1024, codebook_size=16_384
    )
    files.write_json(folder / "config.json", {"format": 1, **huge.to_dict()})
    real, largest = torch.empty, [0]
    with pytest.MonkeyPatch.context() as patch:

        def watched(*args, **options):
            made = real(*args, **options)
            largest[0] = max(largest[0], 0 if made.is_meta else made.numel())
            return made

        patch.setattr(torch, "empty", watched)
        with pytest.raises(CheckpointError, match=r"does not fit its config\.json"):
            load_checkpoint(folder)
    assert largest[0] < 10**6


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda t: t.pop("counts"), "hold a gallery of this version.*counts"),
        (lambda t: t.update(extra=torch.zeros(1)), "hold a gallery of this version.*extra"),
        (lambda t: t["indices"].fill_(16), "indices goes from 16 to 16"),
        (lambda t: t["latent_indices"].fill_(200), "latent_indices goes"),
        (lambda t: t["latent_positions"].fill_(4), "latent_positions goes"),
        (lambda t: t["labels"].fill_(2), "labels goes"),
        (lambda t: t.update(labels=t["labels"][:3]), "labels is"),
        (lambda t: t.update(indices=t["indices"][0]), r"indices has shape"),
        (lambda t: t.update(counts=torch.zeros(8, dtype=torch.int32)), "counts is"),
        (lambda t: t.update(counts=torch.full((16,), -1)), "counts goes from -1"),
        (lambda t: t.update(counts=torch.zeros(16)), "counts is"),
        (lambda t: t.update(position_counts=t["position_counts"][:1]), "position_counts is"),
        (lambda t: t.update(class_counts=t["class_counts"][:, :3]), "class_counts is"),
        (lambda t: t["latents"].fill_(torch.nan), "latents holds NaN"),
        (lambda t: t.update(latents=t["latents"][:, :2]), "latents is"),
        (lambda t: t.update(counts=torch.zeros(16, dtype=torch.complex64)), "complex"),
        *(
            (lambda t, name=field.name: t.update({name: t[name].flatten()[0]}), "(is|has shape)")
            for field in fields(Gallery)
        ),
    ],
)
def test_a_gallery_that_does_not_fit_is_refused(folder, change, words):
    rewrite(folder / "gallery.safetensors", change)
    with pytest.raises(CheckpointError, match=f"gallery.safetensors does not .*{words}.*remove it"):
        load_checkpoint(folder)


@pytest.mark.parametrize("value", ["many", True, [1], {"a": 1}, 10**400, -(10**400), None, 1e999])
def test_whatever_a_record_says_its_table_and_its_card_are_made(folder, value):
    """A record is a file that people pass on: under any name may stand any value."""
    figures = json.loads((folder / "metrics.json").read_text())
    training = {"step": 3, "elapsed_seconds": 2.0, "device": "cpu", "dataset": "a", "config": {}}
    for file, record in (("metrics.json", figures), ("training.json", training)):
        for name in (*record, "images", "epoch", "split"):
            content = json.dumps({**record, name: value}).replace("Infinity", "1e999")
            (folder / file).write_text(content)
            info = read_info(folder)
            assert dict(describe(info))["name"] == folder.name
            assert model_card(info).startswith("---")
            loaded = load_checkpoint(folder)
            assert (loaded.metrics, loaded.training) == (info["metrics"], info["training"])


def test_a_huge_file_is_refused_unread(folder, monkeypatch):
    monkeypatch.setattr(files, "MAX_TENSOR_BYTES", 1000)
    with pytest.raises(
        CheckpointError, match=r"model.safetensors has [\d,]+ bytes; at most 1,000 are read"
    ):
        load_checkpoint(folder)
    monkeypatch.setattr(files, "MAX_JSON_BYTES", 10)
    with pytest.raises(CheckpointError, match=r"config.json is damaged .*at most 10 are read"):
        read_info(folder)


# -- models that could not come back ---------------------------------------------------------------


class Shallow(torch.nn.Module):
    """An encoder of somebody's own."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 4, 4, stride=4)

    def forward(self, x):
        return self.layer(x)


def with_other_width(model):
    model.decoder.layers[0] = torch.nn.Conv2d(4, 16, 3, padding=1)


@pytest.mark.parametrize(
    "change, words",
    [
        (
            lambda m: setattr(m, "encoder", Shallow()),
            "its encoder is Shallow and would come back as Encoder",
        ),
        (
            lambda m: m.decoder.layers.__setitem__(3, torch.nn.ReLU()),
            "its decoder.layers.3 is ReLU and .* as SiLU",
        ),
        (
            lambda m: setattr(m, "extra", torch.nn.Linear(1, 1)),
            "its extra is Linear and would come back as nothing",
        ),
        (
            with_other_width,
            r"its decoder.layers.0.weight has shape \(16, 4, 3, 3\) and .* with \(8, 4, 3, 3\)",
        ),
        (
            lambda m: m.register_buffer("mask", torch.zeros(3)),
            r"its mask has shape \(3,\) and .* with nothing",
        ),
    ],
)
def test_a_model_that_could_not_be_loaded_again_is_not_saved_and_says_why(tmp_path, change, words):
    model = make()
    change(model)
    with pytest.raises(
        CheckpointError, match=f"could not be loaded again: {words}.*model.state_dict"
    ):
        save_checkpoint(tmp_path / "m", model)
    with pytest.raises(CheckpointError, match="could not be loaded again"):
        model.save_pretrained(tmp_path / "m")
    assert not list(tmp_path.glob("m/*.safetensors"))


def test_a_model_compiled_in_place_is_saved(tmp_path):
    model = make()
    model.encoder.compile()
    assert (
        load_checkpoint(save_checkpoint(tmp_path / "m", model)).model.fingerprint()
        == model.fingerprint()
    )
