"""What the Codebook tab answers, its tables, report and history, for healthy and for odd models."""

import csv
import gc
import io
import time
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import vqvae
from demo import door
from demo.models import library
from demo.runs.snapshots import Recorder, read_snapshot, snapshot_files
from demo.settings import Settings
from demo.tabs.codebook import history as codebook_history
from demo.tabs.codebook import questions as codebook
from demo.tabs.codebook.subject import get_subject
from tests.names import own_id
from vqvae.data.imageset import ImageSet

VISITOR = "0123456789abcdef" * 2
SMALL = {"height": 16, "width": 16, "hidden_channels": 8, "residual_blocks": 0, "embedding_dim": 4}


def images(count=40, channels=1, classes=("a", "b")) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        0, 256, (count, channels, 16, 16), generator=generator, dtype=torch.uint8
    )
    labels = torch.randint(0, len(classes), (count,), generator=generator) if classes else None
    return ImageSet("mnist", "test", pixels, labels, classes)


def model(K=16, **changes):
    made = vqvae.build_model(vqvae.ModelConfig(**{**SMALL, "codebook_size": K, **changes})).eval()
    with torch.no_grad():  # a codebook among the latents, as after training
        made.codebook.copy_(
            torch.randn(made.codebook.shape, generator=torch.Generator().manual_seed(1))
        )
    return made


def save(folder, made, data, *, with_gallery=True, edit=lambda gallery: gallery):
    evaluation, gallery = vqvae.evaluate(made, data)
    vqvae.save_checkpoint(
        folder,
        made,
        metrics=evaluation.to_dict(),
        training={"dataset": "mnist"},
        gallery=edit(gallery) if with_gallery else None,
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("codebook")
    save(root / "models" / "plain", model(classes=("a", "b")), images())
    return Settings(checkpoints=root / "models", runs=root / "runs", data_dir=root / "data")


def ask(settings, question, **request):
    reply = door.answer(question, {"model": "plain", **request}, settings)
    assert reply.pop("ok"), reply
    del reply["n"]
    return reply


def refusal(settings, question, **request):
    reply = door.answer(question, {"model": "plain", **request}, settings)
    assert not reply["ok"]
    return reply["error"]


# -- the tab's questions ---------------------------------------------------------------------------


def test_a_model_opens_with_usage_atlas_and_pca(settings):
    opened = ask(settings, codebook.codebook_open)
    assert sorted(k for row in opened["places"] for k in row if k >= 0) == list(range(16))
    assert (
        len(opened["facts"]) == 4
        and opened["level"] in ("good", "fair", "bad")
        and opened["images"] == 40
    )
    assert sum(opened["counts"]) == 40 * 16
    drawn = ask(settings, codebook.codebook_drawn)
    assert drawn["tile"] == 12 and drawn["seen"] == [n > 0 for n in opened["counts"]]
    shown = ask(settings, codebook.codebook_map)
    assert (
        len(shown["codes"]) == 16
        and shown["points"] == 16 + 640
        and 0 < sum(shown["explained"]) <= 1
    )


def test_a_model_that_the_library_lets_go_serves_the_request_that_has_it_and_then_goes(tmp_path):
    for name in ("plain", "other"):
        save(tmp_path / "models" / name, model(), images())
    crowded = Settings(checkpoints=tmp_path / "models", runs=tmp_path / "runs", loaded_models=1)
    subject = get_subject("plain", crowded)
    assert get_subject("plain", crowded) is subject, "made once"
    library.get_checkpoint("other", crowded)
    gc.collect()
    assert len(subject.pictures) == 40 and len(subject.mean_patches["seen"]) == 16
    gone = weakref.ref(subject.model)
    del subject
    gc.collect()
    assert gone() is None, "nothing else keeps it in memory"


def test_bars_of_one_class_alone(settings):
    whole, one = (
        ask(settings, codebook.codebook_usage),
        ask(settings, codebook.codebook_usage, only=1, order="index"),
    )
    use = get_subject("plain", settings).use()
    bars = one["figure"]["data"][0]
    assert one["only"] == 1 and whole["only"] is None and one["bars"] == list(range(16))
    assert bars["type"] == "bar" and one["counts"] == whole["counts"] == use.counts.tolist()


def test_a_code_is_told_everywhere(settings):
    use = get_subject("plain", settings).use()
    code = int(use.counts.argmax())
    told = ask(settings, codebook.codebook_code, code=code)
    assert (
        told["count"] == sum(told["by_class"]) == sum(told["by_position"]) == int(use.counts[code])
    )
    assert told["patches"]["count"] > 0 and told["patches"]["side"] == 12
    assert "as the model draws them" in told["patches"]["about"]
    assert told["rank"] == 1


def finish(settings, question, **request):
    """Ask, wait for the job, ask again."""
    answer = ask(settings, question, **request)
    deadline = time.monotonic() + 240
    while "job" in answer:
        state = ask(settings, codebook.codebook_job, job=answer["job"])
        assert time.monotonic() < deadline and not state["failed"], state
        if state["ended"]:
            answer = ask(settings, question, **request)
        time.sleep(0.02)
    return answer


def test_tsne_is_a_job_whose_map_is_kept_on_disk_and_takes_a_picture(settings, monkeypatch):
    from vqvae.analysis import projection

    monkeypatch.setattr(projection, "EARLY_STEPS", 30)
    monkeypatch.setattr(projection, "LATE_STEPS", 40)
    request = {"method": "tsne", "seed": 5, "colour": "class"}
    shown = finish(settings, codebook.codebook_map, **request)
    assert shown["method"] == "tsne" and shown["trust"] > 0.8
    assert "job" not in ask(settings, codebook.codebook_map, **request)
    assert len(list((settings.runs / "codebook-maps").glob("*.safetensors"))) == 1
    codebook.jobs._results.clear()  # as after a restart
    again = ask(settings, codebook.codebook_map, **request)
    assert np.allclose(again["codes"], shown["codes"], atol=1e-4)
    dropped = finish(settings, codebook.codebook_map, **request, picture={"stored": 0})
    assert dropped["placed"] == 16 and any(
        trace["name"] == "snapped to" for trace in dropped["figure"]["data"]
    )


def test_a_public_set_is_counted_on_demand_and_then_shows_real_patches(settings, monkeypatch):
    monkeypatch.setattr(vqvae, "load_dataset", lambda *a, **k: images(60), raising=False)
    assert finish(settings, codebook.codebook_count, counted="mnist/train") == {"ready": True}
    usage = ask(settings, codebook.codebook_usage, counted="mnist/train")
    assert usage["images"] == 60 and "60 training pictures of MNIST" in usage["title"]
    code = usage["bars"][0]
    assert (
        "Real patches"
        in ask(settings, codebook.codebook_code, counted="mnist/train", code=code)["patches"][
            "about"
        ]
    )


def test_a_data_set_that_cannot_be_had_is_a_sentence(settings, monkeypatch):
    def missing(*args, **options):
        raise vqvae.DataError("No such data here; download it first.")

    monkeypatch.setattr(vqvae, "load_dataset", missing, raising=False)
    ticket = ask(settings, codebook.codebook_count, counted="cifar10/test")["job"]
    deadline = time.monotonic() + 120
    while (
        not (state := ask(settings, codebook.codebook_job, job=ticket))["ended"]
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    assert state["failed"] == "No such data here; download it first."


@pytest.mark.parametrize(
    ("question", "request_", "sentence"),
    [
        ("codebook_open", {"model": "../x"}, "not the name of a model"),
        ("codebook_open", {"model": None}, "not the name"),
        ("codebook_code", {"code": 16}, "from 0 to 15"),
        ("codebook_code", {"code": True}, "whole number"),
        ("codebook_code", {"code": "1"}, "whole number"),
        ("codebook_code", {}, "The code is missing"),
        ("codebook_usage", {"counted": "/etc/passwd"}, "one of the list"),
        ("codebook_usage", {"counted": "mnist/test"}, "counted again"),
        ("codebook_count", {"counted": ["x"]}, "one of"),
        ("codebook_map", {"method": "mds"}, "pca, tsne, umap"),
        ("codebook_map", {"dimensions": 4}, "2 or 3"),
        ("codebook_map", {"seed": -1}, "seed"),
        ("codebook_map", {"picture": {"indices": [[99]]}}, "from 0 to 15"),
        ("codebook_map", {"picture": {"indices": [[1]]}}, "another grid"),
        (
            "codebook_map",
            {"picture": {"input": "data:image/png;base64,AAAA"}},
            "cannot be read as a picture",
        ),
        ("codebook_table", {"table": "../codes"}, "must be one of"),
    ],
)
def test_odd_requests_are_refused_in_a_sentence(settings, question, request_, sentence):
    assert sentence in refusal(settings, getattr(codebook, question), **request_)
    assert door.answer(codebook.codebook_open, "no object", settings)["ok"] is False


def one_code(made):
    with torch.no_grad():
        made.codebook.fill_(1e3)
        made.codebook[3] = 0
    return made


def no_counts(gallery):
    return replace(gallery, counts=0 * gallery.counts, position_counts=0 * gallery.position_counts)


ODD = {
    "one-code": (lambda: one_code(model(8)), images(), {}),
    "two": (lambda: model(2, embedding_dim=1), images(), {}),
    "wide": (lambda: model(64), images(), {}),
    "no-gallery": (lambda: model(8), images(), {"with_gallery": False}),
    "no-classes": (lambda: model(8, channels=3), images(channels=3, classes=()), {}),
    "all-dead": (lambda: model(8), images(), {"edit": no_counts}),
    "huge": (lambda: model(16_384), images(4), {}),
}


@pytest.mark.parametrize("name", ODD)
def test_every_odd_model_has_a_picture_or_a_sentence(settings, name):
    make, data, options = ODD[name]
    save(settings.checkpoints / name, make(), data, **options)
    opened = ask(settings, codebook.codebook_open, model=name)
    assert opened["verdict"] and len(opened["counts"]) == opened["K"]
    ask(settings, codebook.codebook_drawn, model=name)
    ask(settings, codebook.codebook_code, model=name, code=opened["begin"])
    for dimensions in (2, 3):
        for colour in ("usage", "class", "code", "cluster") if name != "huge" else ("usage",):
            shown = ask(
                settings, codebook.codebook_map, model=name, dimensions=dimensions, colour=colour
            )
            assert len(shown["codes"]) == opened["K"] and np.isfinite(shown["codes"]).all()
    for table in ("summary", "classes", "positions"):
        assert ask(settings, codebook.codebook_table, model=name, table=table)["text"].endswith(
            "\n"
        )


# -- tables, report, history -----------------------------------------------------------------------


def test_tables_hold_what_was_counted(settings):
    rows = list(
        csv.DictReader(io.StringIO(ask(settings, codebook.codebook_table, table="codes")["text"]))
    )
    use = get_subject("plain", settings).use()
    assert [int(row["count"]) for row in rows] == use.counts.tolist()
    assert sorted(int(row["rank"]) for row in rows) == list(range(1, 17))
    near = list(
        csv.DictReader(
            io.StringIO(ask(settings, codebook.codebook_table, table="neighbours")["text"])
        )
    )
    first = next(
        row
        for row in near
        if row["code"] == "0" and row["measure"] == "euclidean" and row["rank"] == "1"
    )
    vectors = get_subject("plain", settings).model.codebook
    assert int(first["neighbour"]) == (vectors - vectors[0]).norm(dim=1).argsort()[1]


def test_the_command_writes_tables_and_figures(settings, tmp_path, capsys):
    from vqvae.__main__ import main

    output = tmp_path / "report"
    assert (
        main(
            [
                "codebook",
                str(settings.checkpoints / "plain"),
                "--output",
                str(output),
                "--map",
                "pca",
            ]
        )
        == 0
    )
    names = {file.name for file in output.iterdir()}
    assert {
        "summary.csv",
        "codes.csv",
        "classes.csv",
        "positions.csv",
        "neighbours.csv",
        "map-pca.csv",
        "usage.svg",
        "atlas.png",
        "positions.png",
        "classes.svg",
        "map-pca.svg",
        "map-pca-classes.png",
        "index.html",
    } <= names
    assert (output / "atlas.png").read_bytes()[
        :4
    ] == b"\x89PNG" and "index.html" in capsys.readouterr().out
    file = tmp_path / "file"
    file.write_text("")
    assert main(["codebook", str(settings.checkpoints / "plain"), "--output", str(file)]) == 2
    assert "is a file" in capsys.readouterr().err


def test_a_run_keeps_snapshots_and_the_page_gets_them_on_one_map(tmp_path):
    run = tmp_path / VISITOR / "abc"
    made, x = model(), images(12).images.float() / 255
    recorder = Recorder(run)
    for step in range(1, 400):
        with torch.no_grad():
            made.codebook.add_(0.001)
        recorder.take_when_due(made, x, SimpleNamespace(elapsed=0.1 * step, step=step))
    files = snapshot_files(run)
    assert 15 <= len(files) <= 40 and not made.training
    assert Recorder(run)._next > 20  # a resumed run goes on, it does not begin again
    moments = [read_snapshot(file)["elapsed"] for file in files]
    gaps = np.diff(moments)
    assert moments == sorted(moments) and gaps[-1] > 3 * gaps[0]
    files[0].write_bytes(b"damaged")
    save(run / "checkpoint", made, images())
    past = codebook_history.answer(own_id(tmp_path, VISITOR, "abc"), Settings(runs=tmp_path))
    assert len(past["frames"]) == len(files) - 1 and past["K"] == 16 and past["reach"] > 0
    opened = ask(
        Settings(runs=tmp_path), codebook.codebook_open, model=own_id(tmp_path, VISITOR, "abc")
    )
    assert past["frames"][-1]["dead"] == [k for k, n in enumerate(opened["counts"]) if n == 0], (
        "one figure for both"
    )
    assert past["frames"][0]["dead"] == list(range(16)), "nothing has chosen a code yet"
    assert codebook_history.answer("plain", Settings(runs=tmp_path)) == {"frames": []}
