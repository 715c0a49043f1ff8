"""Training a prior: it learns, resumes exactly, is saved and read back, and is bound to its
VQ-VAE."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

import vqvae
from vqvae.checkpoints.files import CheckpointError, read_tensors_and_header, write_tensors
from vqvae.config import ConfigError
from vqvae.data.index_set import encode_set
from vqvae.prior.checkpoint import PRIOR_FILE, load_prior, save_prior
from vqvae.prior.config import PriorTrainingConfig
from vqvae.prior.sampling import Sampling, sample
from vqvae.prior.training import (
    PRIOR_RUN_FILE,
    PriorTraining,
    TrainingDiverged,
    evaluate_prior,
    new_prior,
)

SIZES = {"channels": 16, "layers": 1, "heads": 2}


@pytest.fixture(scope="module")
def checkpoint(trained):
    """(folder, model, 200 grids as codes)"""
    folder, _ = trained
    model = vqvae.load(folder)
    return folder, model, encode_set(model, vqvae.load_dataset("synthetic", count=200))


def start(checkpoint, **settings):
    _, model, grids = checkpoint
    config = PriorTrainingConfig(**{"steps": 12, "batch_size": 20, "device": "cpu", **settings})
    return PriorTraining(new_prior(model, grids, config, **SIZES), grids, config)


def same(a, b):
    return all(
        torch.equal(x, y)
        for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def test_it_learns_what_independent_positions_do_not_know(checkpoint):
    """Two grids only, each half the time: one bit in truth, against many for independent
    positions."""
    _, model, grids = checkpoint
    pair = grids.indices[:2].clone()
    pair[1] = (pair[0] + 3) % 16
    two = replace(grids, indices=pair.repeat(100, 1, 1), labels=None, classes=())
    config = PriorTrainingConfig(steps=60, batch_size=40, device="cpu", learning_rate=1e-2)
    training = PriorTraining(new_prior(model, two, config, **SIZES), two, config)
    records = list(training.steps())
    figures = evaluate_prior(training.prior, two)
    assert figures["marginal_bits"] > 45 and figures["nominal_bits"] == 49 * 4
    assert figures["bits_per_image"] < 8 and records[-1].loss < 0.1 * records[0].loss
    drawn = sample(training.prior.eval(), 20, sampling=Sampling(steps=49, temperature=0.5))
    agreement = torch.stack([(drawn == g).float().mean((1, 2)) for g in pair]).amax(0)
    assert agreement.mean() > 0.9, "each draw is one of the two, not a mixture"


def test_more_draws_measure_the_same_bits(checkpoint):
    prior = start(checkpoint).prior
    once, often = (evaluate_prior(prior, checkpoint[2], draws=n)["bits_per_image"] for n in (1, 4))
    assert often != once and often == pytest.approx(once, rel=0.1)


def test_the_seed_decides_the_first_weights_of_a_prior(checkpoint):
    first, again, other = (start(checkpoint, seed=seed).prior for seed in (1, 1, 2))
    assert same(first, again) and not same(first, other)


def test_a_cancelled_measurement_puts_the_mode_back(checkpoint):
    def cancel(*_):
        raise KeyboardInterrupt

    prior = start(checkpoint).prior.train()
    with pytest.raises(KeyboardInterrupt):
        evaluate_prior(prior, checkpoint[2], progress=cancel)
    assert prior.training


def test_records_tell_where_the_run_stands(checkpoint):
    records = list(start(checkpoint).steps())
    assert [r.step for r in records] == list(range(1, 13)) and records[-1].remaining == 0
    assert records[-1].epoch == pytest.approx(1.2) and records[-1].images_seen == 240
    assert all(r.images_per_second > 0 and r.bits_per_image > 0 for r in records)
    assert set(records[0].to_dict()) >= {"loss", "bits_per_image", "learning_rate", "elapsed"}


def test_the_bits_of_a_record_are_a_running_mean(checkpoint):
    """Of all steps at first, then with the newest for a fiftieth."""
    training = start(checkpoint, steps=60)
    records = list(training.steps())
    bits = [record.loss * training.prior.config.positions / math.log(2) for record in records]
    assert records[0].bits_per_image == pytest.approx(bits[0])
    assert records[49].bits_per_image == pytest.approx(sum(bits[:50]) / 50)
    expected = 0.98 * records[58].bits_per_image + 0.02 * bits[59]
    assert records[59].bits_per_image == pytest.approx(expected)


@pytest.mark.parametrize("dropout", (0.0, 1.0))
def test_a_share_of_the_grids_is_learnt_without_their_class(checkpoint, dropout):
    _, model, grids = checkpoint
    config = PriorTrainingConfig(steps=3, batch_size=20, device="cpu")
    prior = new_prior(model, grids, config, **SIZES, label_dropout=dropout)
    training = PriorTraining(prior, grids, config)
    list(training.steps())
    *classes, none = prior.label.grad.abs().sum(1).tolist()
    assert (none > 0) == (dropout == 1) and any(classes) == (dropout == 0)


def test_a_resumed_run_ends_exactly_like_one_without_a_break(checkpoint, tmp_path):
    straight = start(checkpoint)
    list(straight.steps())
    broken = start(checkpoint)
    list(itertools.islice(broken.steps(), 5))
    broken.save(tmp_path)
    resumed = PriorTraining.resume(tmp_path, checkpoint[2])
    assert (
        resumed.step == 5
        and resumed.elapsed == broken.elapsed
        and resumed.smoothed == broken.smoothed
    )
    records = list(resumed.steps())
    assert records[0].step == 6 and resumed.finished and same(resumed.prior, straight.prior)


def test_a_run_of_other_grids_or_none_is_refused(checkpoint, tmp_path):
    training = start(checkpoint)
    with pytest.raises(CheckpointError, match=f"{PRIOR_RUN_FILE} is missing"):
        PriorTraining.resume(tmp_path, checkpoint[2])
    training.save(tmp_path)
    for other in (
        replace(checkpoint[2], fingerprint="00000000"),
        replace(
            checkpoint[2], indices=checkpoint[2].indices[:50], labels=checkpoint[2].labels[:50]
        ),
    ):
        with pytest.raises(CheckpointError, match="Give the data it was started with"):
            PriorTraining.resume(tmp_path, other)


def test_a_prior_needs_the_grids_of_its_own_vqvae(checkpoint):
    _, model, grids = checkpoint
    config = PriorTrainingConfig(steps=1, device="cpu")
    prior = new_prior(model, grids, config, **SIZES)
    with pytest.raises(ConfigError, match="another VQ-VAE"):
        PriorTraining(prior, replace(grids, fingerprint="00000000"), config)
    with pytest.raises(ConfigError, match="the prior takes"):
        PriorTraining(prior, replace(grids, indices=grids.indices[:, :6]), config)


def test_a_data_set_without_labels_gives_a_prior_without_classes(checkpoint):
    _, model, grids = checkpoint
    config = PriorTrainingConfig(steps=2, batch_size=20, device="cpu")
    for data, settings in (
        (replace(grids, labels=None, classes=()), config),
        (grids, replace(config, class_conditional=False)),
    ):
        training = PriorTraining(new_prior(model, data, settings, **SIZES), data, settings)
        list(training.steps())
        assert training.prior.config.classes == 0


def test_a_run_that_diverges_says_so_and_keeps_the_last_good_weights(checkpoint):
    training = start(checkpoint, learning_rate=1e-3)
    steps = training.steps()
    next(steps)
    with torch.no_grad():
        training.prior.head.weight.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="learning_rate"):
        next(steps)
    assert all(p.isfinite().all() for p in training.prior.parameters())


# -- the file --------------------------------------------------------------------------------------


def test_a_prior_comes_back_as_it_was_up_to_half_precision(checkpoint, tmp_path):
    training = start(checkpoint)
    list(training.steps())
    vqvae.save_checkpoint(tmp_path, checkpoint[1])
    save_prior(
        tmp_path, training.prior, training=training.describe(), metrics={"bits_per_image": 123.4}
    )
    prior = load_prior(tmp_path)
    assert not prior.training and prior.config == training.prior.config
    assert torch.equal(prior.class_counts, training.prior.class_counts)
    assert torch.equal(prior.codebook, checkpoint[1].codebook)
    for name, value in prior.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, training.prior.state_dict()[name], rtol=1e-3, atol=1e-6)
    again = load_prior(tmp_path)
    assert torch.equal(sample(prior, 3, 1), sample(again, 3, 1)), (
        "the same file and seed, the same grids"
    )
    info = vqvae.read_info(tmp_path)
    assert info["has_prior"] and info["prior"]["metrics"] == {"bits_per_image": 123.4}
    assert info["prior"]["training"]["step"] == 12 and info["prior"]["config"]["layers"] == 1


def test_a_prior_beside_another_vqvae_is_refused(checkpoint, tmp_path):
    vqvae.save_checkpoint(tmp_path, vqvae.build_model(checkpoint[1].config, seed=9))
    save_prior(tmp_path, start(checkpoint).prior)
    with pytest.raises(CheckpointError, match=r"belongs to another VQ-VAE.*train-prior"):
        load_prior(tmp_path)


def test_a_checkpoint_without_a_prior_tells_how_to_get_one(checkpoint, tmp_path):
    vqvae.save_checkpoint(tmp_path, checkpoint[1])
    with pytest.raises(
        CheckpointError,
        match=f"has no prior: train one with `python -m vqvae train-prior {tmp_path}`",
    ):
        load_prior(tmp_path)


def test_a_damaged_or_foreign_prior_is_one_sentence(checkpoint, tmp_path):
    vqvae.save_checkpoint(tmp_path, checkpoint[1])
    save_prior(tmp_path, start(checkpoint).prior)
    file = tmp_path / PRIOR_FILE
    whole = file.read_bytes()
    model = (tmp_path / "model.safetensors").read_bytes()
    deeper = whole.replace(b'layers\\": 1', b'layers\\": 2')
    assert deeper != whole
    for damaged in (b"", whole[:5], whole[:200], whole[:-8], b"x" * 99, model, deeper):
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=PRIOR_FILE):
            load_prior(tmp_path)
        assert vqvae.read_info(tmp_path)["has_prior"]
    file.write_bytes(whole)
    tensors, header = read_tensors_and_header(file)
    write_tensors(file, {**tensors, "class_counts": -tensors["class_counts"] - 1}, header)
    with pytest.raises(CheckpointError, match="counts codes below zero"):
        load_prior(tmp_path)
    file.write_bytes(whole)
    assert load_prior(tmp_path)


def test_a_prior_of_other_codes_than_its_vqvae_has_is_refused(checkpoint, tmp_path):
    """Also where its file says that it is of this very model."""
    model = checkpoint[1]
    vqvae.save_checkpoint(tmp_path, model)
    config = replace(start(checkpoint).prior.config, codebook_size=8)
    prior = vqvae.build_prior(config)
    prior.fingerprint = model.fingerprint()
    save_prior(tmp_path, prior)
    with pytest.raises(CheckpointError, match=r"is of \(8, \d+\) codes and the VQ-VAE has \(16,"):
        load_prior(tmp_path)


def test_a_run_that_would_not_fit_the_memory_is_refused_before_it_starts(checkpoint, monkeypatch):
    monkeypatch.setattr("vqvae.prior.training.total_bytes", lambda: 2**20)
    with pytest.raises(ConfigError, match=r"A batch of 20 grids.*Lower batch_size \(20\)"):
        start(checkpoint)
