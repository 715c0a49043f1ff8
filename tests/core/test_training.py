"""Training: repeatable, resumable to the bit, bounded by its budget, and safe against divergence
and cut-off saves."""

import json
import os
from dataclasses import replace

import pytest
import torch

from vqvae.analysis.evaluation import evaluate
from vqvae.checkpoints.checkpoint import load_checkpoint
from vqvae.checkpoints.files import CheckpointError, read_tensors, write_tensors
from vqvae.config import ConfigError, ModelConfig, TrainingConfig
from vqvae.data.imageset import ImageSet
from vqvae.data.synthetic import synthetic_digits
from vqvae.nn.build import build_model
from vqvae.quantizers import QUANTIZERS
from vqvae.training import loop, machine, runs
from vqvae.training.machine import check_memory, estimate_bytes, resolve_device
from vqvae.training.runs import TRAINING_FILE, read_run
from vqvae.training.training import Training, TrainingDiverged

CONFIG = ModelConfig(
    height=8, width=8, hidden_channels=8, residual_blocks=1, embedding_dim=4, codebook_size=16
)


def images(n: int = 50, seed: int = 0) -> ImageSet:
    pixels = torch.randint(
        0, 256, (n, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )
    return ImageSet("made", "train", pixels, torch.arange(n) % 2, ("a", "b"))


def start(data=None, model=CONFIG, **changes) -> Training:
    config = TrainingConfig(
        **{"steps": 12, "batch_size": 16, "device": "cpu", "dataset": "made", **changes}
    )
    return Training(build_model(model, config.seed), images() if data is None else data, config)


def run(training: Training, steps: int | None = None) -> list:
    """Train to the end of the budget, or for so many steps."""
    records = []
    for record in training.steps():
        records.append(record)
        if len(records) == steps:
            break
    return records


def assert_same(first: Training, second: Training) -> None:
    other = second.model.state_dict()
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, other[name]), name


# -- repeatable ------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantizer", QUANTIZERS)
@pytest.mark.parametrize("cut", [1, 6])
def test_train_save_load_train_equals_train_train(tmp_path, quantizer, cut):
    model = replace(CONFIG, quantizer=quantizer, restart_threshold=0.5)
    straight, first = start(model=model), start(model=model)
    expected = run(straight)
    run(first, cut)
    first.save(tmp_path)
    second = Training.resume(tmp_path, images())
    assert second.step == cut and second.elapsed == first.elapsed
    records = run(second)
    assert_same(straight, second)
    for one, other in zip(expected[cut:], records, strict=True):
        for field in (
            "step",
            "loss",
            "reconstruction_loss",
            "commitment_loss",
            "perplexity",
            "usage",
            "restarted",
            "learning_rate",
            "epoch",
            "images_seen",
        ):
            assert getattr(one, field) == getattr(other, field), field
    assert (sum(record.restarted for record in expected) > 0) == (
        quantizer in ("ema", "gradient", "residual")
    )


def test_saving_changes_nothing_for_the_run_that_goes_on(tmp_path):
    straight, saved = start(), start()
    run(straight)
    for number, _ in enumerate(saved.steps()):
        if number % 3 == 0:
            saved.save(tmp_path)
    assert_same(straight, saved)


def test_the_seed_decides_and_nothing_else():
    state = torch.get_rng_state()
    first, second, other = start(seed=7), start(seed=7), start(seed=8)
    run(first)
    torch.rand(5)  # the global state is neither read ...
    torch.set_rng_state(state)
    run(second)
    run(other)
    assert_same(first, second)
    assert not torch.equal(first.model.codebook, other.model.codebook)
    assert torch.equal(torch.get_rng_state(), state)  # ... nor written


class Clock:
    """A hundredth of a second passes whenever it is looked at."""

    now = 0.0

    def perf_counter(self):
        self.now += 0.01
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("vqvae.training.step.time", clock)
    return clock


def test_a_pause_between_records_counts_for_nothing(clock):
    paused, straight = start(), start()
    for _ in paused.steps():
        clock.now += 60
    run(straight)
    assert paused.elapsed == pytest.approx(straight.elapsed)
    assert_same(paused, straight)


def test_evaluating_between_records_does_not_stop_the_codebook():
    watched, straight = start(), start()
    for _ in watched.steps():
        watched.model.eval().encode(torch.rand(2, 1, 8, 8))
    run(straight)
    assert_same(watched, straight)


def test_each_epoch_shows_every_image_once_in_a_new_order(monkeypatch):
    data = ImageSet(
        "made", "train", torch.arange(48, dtype=torch.uint8).view(48, 1, 1, 1).expand(-1, 1, 8, 8)
    )
    training, seen = start(data, batch_size=8, steps=12), []
    real = training.model.forward
    monkeypatch.setattr(
        training.model,
        "forward",
        lambda x, *rest, **options: (seen.append(x[:, 0, 0, 0] * 255), real(x, *rest, **options))[
            1
        ],
    )
    run(training)
    first, second = (torch.cat(seen[a : a + 6]).round().int().tolist() for a in (0, 6))
    assert sorted(first) == sorted(second) == list(range(48)) and first != second


# -- the structural loss ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["vqvae", "ae", "vae"])
def test_the_structural_loss_counts_by_its_weight_and_without_one_is_not_even_computed(
    kind, monkeypatch
):
    weighted, model = (
        run(start(model=replace(CONFIG, kind=kind), ssim_weight=0.5), 1),
        replace(CONFIG, kind=kind),
    )
    monkeypatch.setattr("vqvae.nn.losses.structural_loss", lambda *_: 1 / 0)
    plain = run(start(model=model), 1)
    assert weighted[0].reconstruction_loss == plain[0].reconstruction_loss, (
        "what is reported stays the squared error"
    )
    assert 0 < weighted[0].loss - plain[0].loss <= 0.5 * 2


def test_the_structural_loss_raises_the_ssim_that_is_reached():
    data = ImageSet("made", "train", synthetic_digits(64, 0)[0])
    reached = []
    for weight in (0.0, 1.0):
        training = start(data, replace(CONFIG, height=28, width=28), steps=40, ssim_weight=weight)
        run(training)
        reached.append(evaluate(training.model, data)[0].ssim)
    assert reached[1] > reached[0]


def test_a_run_saved_before_there_was_a_structural_loss_goes_on_without_it(tmp_path):
    first, straight = start(), start()
    run(first, 4)
    first.save(tmp_path)
    tensors = read_tensors(tmp_path / TRAINING_FILE)
    saved = {
        "step": 4,
        "elapsed": first.elapsed,
        "config": first.config.to_dict(),
        "model": first.model.config.to_dict(),
        "images": 50,
    }
    del saved["config"]["ssim_weight"]
    write_tensors(tmp_path / TRAINING_FILE, tensors, {"run": json.dumps(saved)})
    second = Training.resume(tmp_path, images())
    run(second)
    run(straight)
    assert second.config.ssim_weight == 0
    assert_same(straight, second)


# -- budgets and records ---------------------------------------------------------------------------


def test_a_budget_in_steps_or_epochs_is_met_exactly():
    assert [record.step for record in run(start(steps=5))] == [1, 2, 3, 4, 5]
    records = run(
        start(steps=None, epochs=2.5)
    )  # 50 images in batches of 16: 3 whole batches an epoch
    assert (
        len(records) == round(2.5 * 3) and records[2].epoch == 1.0 and records[2].images_seen == 48
    )


def test_a_budget_in_seconds_is_met_within_a_step(clock):
    training = start(steps=None, seconds=0.3)
    records = run(training)
    assert training.finished and 0.3 <= training.elapsed < 0.32
    assert records[-2].elapsed < 0.3
    assert records[-1].remaining == 0 and records[0].remaining > records[-2].remaining > 0
    assert not run(training), "a run whose budget is spent trains no further"


def test_records_say_what_happened():
    training = start(steps=30)
    records = run(training)
    assert all(json.loads(json.dumps(record.to_dict())) == record.to_dict() for record in records)
    last = records[-1]
    # eq. 3, from the record's own raw parts
    total = (
        last.reconstruction_loss / training.variance
        + last.codebook_loss
        + 0.25 * last.commitment_loss
    )
    assert last.loss == pytest.approx(total, rel=1e-4)
    assert 1 <= last.perplexity <= 16 and 0 < last.usage <= 1 and last.kl == 0
    assert last.images_per_second > 0 and last.remaining == 0
    assert [record.elapsed for record in records] == sorted(record.elapsed for record in records)


def test_learning_rate_warms_up_and_falls_in_a_straight_line():
    rates = [record.learning_rate for record in run(start(steps=100, learning_rate=1e-2))]
    assert rates[0] == pytest.approx(0.5e-2) and max(rates) == pytest.approx(1e-2, rel=0.01)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[50] == pytest.approx(0.5e-2, rel=0.02) and rates[-1] < 2e-4


@pytest.mark.parametrize("decay, last", [(0.0, 0.99), (0.7, 0.99), (0.995, 0.995)])
def test_the_codebooks_memory_grows_in_a_straight_line_from_the_configs_to_its_longest(decay, last):
    training = start(
        model=replace(CONFIG, ema_decay=decay, restart_threshold=0.0, kmeans_start=False)
    )
    counts, seen = training.model.quantizer.usage_counts, []
    for _ in (
        training.steps()
    ):  # from nothing, a step leaves the share 1 - decay of its 16 x 2 x 2 vectors
        seen.append(1 - counts.sum().item() / 64)
        counts.zero_()
    assert seen == pytest.approx(
        [decay + (last - decay) * step / 12 for step in range(12)], abs=1e-5
    )


def test_the_bernoulli_loss_stands_in_for_the_squared_error_in_the_first_half():
    """It is at least twice as large; the records tell the squared error throughout."""
    training = start(steps=10)
    for record in training.steps():
        others = record.codebook_loss + 0.25 * record.commitment_loss
        ratio = (record.loss - others) * training.variance / record.reconstruction_loss
        assert ratio >= 2 if record.step <= 5 else ratio == pytest.approx(1, rel=1e-4)


def test_a_step_takes_the_optimisers_settings_and_the_clip_of_the_gradient():
    training = start(gradient_clip=1e-3, weight_decay=0.3, learning_rate=2e-3)
    run(training, 3)
    groups = [group for optimizer in training.optimizers for group in optimizer.param_groups]
    assert {group["weight_decay"] for group in groups} == {0.3}
    assert min(group["peak_lr"] for group in groups) == 2e-3
    norms = [p.grad.norm() for p in training.model.parameters()]
    assert torch.stack(norms).norm().item() == pytest.approx(1e-3, rel=1e-2)


@pytest.mark.parametrize("quantizer", ("lfq", "bsq"))
def test_the_entropy_loss_counts_by_its_weight(quantizer):
    model = replace(CONFIG, quantizer=quantizer)
    without, once, twice = (
        run(start(model=model, entropy_weight=weight), 1)[0].loss for weight in (0.0, 1.0, 2.0)
    )
    assert abs(once - without) > 1e-3
    assert twice - once == pytest.approx(once - without, rel=1e-3)


def test_learning_learns():
    data = images(4)
    records = run(start(data, batch_size=4, steps=100, learning_rate=1e-2))
    assert records[-1].reconstruction_loss < 0.5 * records[0].reconstruction_loss


def test_every_parameter_gets_a_gradient_and_changes():
    for quantizer in QUANTIZERS:
        training = start(model=replace(CONFIG, quantizer=quantizer))
        before = {name: value.detach().clone() for name, value in training.model.named_parameters()}
        run(training)
        for name, value in training.model.named_parameters():
            assert (
                value.grad is not None
                and value.grad.isfinite().all()
                and value.grad.abs().sum() > 0
            ), name
            assert not torch.equal(value, before[name]), name


def test_a_batch_larger_than_the_data_is_the_data():
    training = start(images(5), batch_size=4096)
    record = run(training, 1)[0]
    assert training.batch_size == 5 and record.images_seen == 5 and record.epoch == 1


def test_a_single_image_trains():
    assert len(run(start(images(1), batch_size=1, steps=3))) == 3


def test_pictures_that_are_all_of_one_colour_train():
    blank = replace(images(), images=torch.full((50, 1, 8, 8), 40, dtype=torch.uint8))
    assert run(start(blank))[-1].loss < 1e4


# -- refusals --------------------------------------------------------------------------------------


def test_data_that_does_not_fit_the_model_is_refused():
    with pytest.raises(ConfigError, match=r"images of made are \(1, 8, 8\).*takes \(3, 8, 8\)"):
        start(model=replace(CONFIG, channels=3))
    with pytest.raises(ConfigError, match="made holds no images"):
        start(images(0))


def test_settings_beyond_the_machines_memory_are_refused_before_they_are_taken():
    huge = ModelConfig(
        height=1024, width=1024, hidden_channels=1024, residual_blocks=16, downsample=2
    )
    with pytest.raises(
        ConfigError, match=r"need about [\d,]+ GB of memory.*Lower batch_size \(65536\)"
    ):
        check_memory(huge, 65_536)
    check_memory(ModelConfig(), 128)
    assert estimate_bytes(ModelConfig(), 256) > estimate_bytes(ModelConfig(), 128)


def test_the_pictures_count_when_a_run_is_held_to_the_memory(monkeypatch):
    step, pictures = estimate_bytes(CONFIG, 16), images().images.nbytes
    monkeypatch.setattr(machine, "total_bytes", lambda: (step + pictures) / machine.MEMORY_SHARE)
    start()
    with pytest.raises(ConfigError, match="of memory"):
        start(images(51))


def test_a_device_that_is_not_there_is_refused():
    assert resolve_device("cpu").type == "cpu" and resolve_device("auto").type in (
        "cpu",
        "cuda",
        "mps",
    )
    absent = [
        name
        for name, there in [
            ("cuda", torch.cuda.is_available()),
            ("mps", torch.backends.mps.is_available()),
        ]
        if not there
    ]
    for name in absent:
        with pytest.raises(
            ConfigError, match=f"device {name} is not available here; use --device .*cpu"
        ):
            resolve_device(name)


# -- divergence ------------------------------------------------------------------------------------


def poison(training: Training, value: float = float("nan")) -> None:
    """From now on every picture holds `value`."""
    real = training.model.forward
    training.model.forward = lambda x, *rest, **options: real(x * value, *rest, **options)


@pytest.mark.parametrize("good_steps", [0, 1, 7])
@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_a_loss_that_is_no_number_stops_in_words_and_keeps_the_last_good_weights(
    good_steps, quantizer
):
    training = start(steps=40, model=replace(CONFIG, quantizer=quantizer))
    if good_steps:
        run(training, good_steps)
    poison(training)
    with pytest.raises(
        TrainingDiverged, match=r"loss became nan at step \d+, with learning_rate 0.004.*try 0.0004"
    ):
        run(training)
    del training.model.forward
    values = training.model.state_dict().items()
    assert all(value.isfinite().all() for _, value in values if value.is_floating_point())
    output = training.model.eval()(torch.rand(4, 1, 8, 8))
    assert output.x_recon.isfinite().all()


def test_a_long_run_that_diverges_goes_back_a_few_steps_and_not_to_its_start(monkeypatch):
    monkeypatch.setattr(loop, "GOOD_EVERY", 5)
    straight, diverging = start(steps=12), start(steps=12)
    run(straight, 5)
    steps = diverging.steps()
    for _ in range(8):
        next(steps)
    poison(diverging)
    with pytest.raises(TrainingDiverged):
        next(steps)
    assert_same(diverging, straight)


def test_a_gradient_that_is_no_number_is_named_and_not_the_loss():
    training = start(steps=40)
    run(training, 2)
    next(training.model.parameters()).register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(TrainingDiverged, match=r"The norm of the gradient became (nan|inf) at"):
        run(training)


def test_a_resumed_run_that_diverges_at_once_keeps_the_weights_it_was_resumed_with(tmp_path):
    first = start(steps=40)
    run(first, 7)
    first.save(tmp_path)
    second = Training.resume(tmp_path, images())
    poison(second)
    with pytest.raises(TrainingDiverged):
        run(second)
    assert_same(first, second)


def test_a_learning_rate_far_too_high_never_leaves_broken_weights():
    training = start(steps=80, learning_rate=100.0, gradient_clip=1e9, weight_decay=0.0)
    try:
        run(training)
    except TrainingDiverged as error:
        assert "learning_rate 100" in str(error)
    assert all(
        v.isfinite().all() for v in training.model.state_dict().values() if v.is_floating_point()
    )


# -- saving ----------------------------------------------------------------------------------------


def test_a_saved_run_is_a_checkpoint_and_says_how_it_was_trained(tmp_path):
    training = start(data_dir=tmp_path)
    run(training, 4)
    training.save(tmp_path / "run")
    back = load_checkpoint(tmp_path / "run")
    assert back.model.fingerprint() == training.model.fingerprint()
    assert (back.training["step"], back.training["images"], back.training["finished"]) == (
        4,
        50,
        False,
    )
    saved = read_run(tmp_path / "run")
    assert (saved["step"], saved["config"], saved["model"]) == (4, training.config, CONFIG)
    training.save(tmp_path / "run", resumable=False)
    with pytest.raises(CheckpointError, match="holds no run to resume"):
        Training.resume(tmp_path / "run", images())


class Cut(Exception):
    """Stands for the process failing at this very moment."""


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize("nth", range(4))
def test_a_save_cut_off_anywhere_leaves_the_old_or_the_new_run(tmp_path, monkeypatch, call, nth):
    training = start()
    run(training, 2)
    training.save(tmp_path)
    names, real, calls = sorted(os.listdir(tmp_path)), getattr(os, call), []
    run(training, 3)

    def cut(*args):
        calls.append(args)
        if len(calls) > nth:
            raise Cut
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, cut)
        with pytest.raises(Cut):
            training.save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == names
    load_checkpoint(tmp_path)
    resumed, straight = Training.resume(tmp_path, images()), start()
    assert resumed.step in (2, 5)
    run(resumed)
    run(straight)
    assert_same(resumed, straight)


def test_a_full_disk_is_told_in_words(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    training = start()
    monkeypatch.setattr(runs, "write_tensors", full)
    with pytest.raises(
        CheckpointError,
        match=r"run could not be saved to .*No space left on device.*Free some space",
    ):
        training.save(tmp_path)


def test_resuming_with_a_new_budget(tmp_path):
    first = start(steps=4)
    run(first)
    first.save(tmp_path)
    assert not run(Training.resume(tmp_path, images()))
    longer = Training.resume(tmp_path, images(), config=replace(first.config, steps=6))
    assert [record.step for record in run(longer)] == [5, 6]


def test_a_finished_run_is_trained_further_with_a_larger_budget(tmp_path):
    first = start(steps=4, learning_rate=1e-3)
    run(first)
    first.save(tmp_path, resumable=False)
    assert not run(Training.resume(tmp_path, images()))
    further = Training.resume(tmp_path, images(), config=replace(first.config, steps=7))
    assert_same(first, further)
    records = run(further)
    assert [record.step for record in records] == [5, 6, 7] and records[-1].epoch == pytest.approx(
        7 / 3
    )
    assert further.config.learning_rate == 1e-3 and further.describe()["finished"]
    with pytest.raises(CheckpointError, match="trained on 50 images and made has 49"):
        Training.resume(tmp_path, images(49))
    (tmp_path / "training.json").write_text(json.dumps({"finished": True, "step": "x"}))
    with pytest.raises(CheckpointError, match=r"does not tell how the model was trained.*--init"):
        Training.resume(tmp_path, images())


def test_what_a_run_started_from_is_told_and_survives_a_stop(tmp_path):
    training = Training(
        build_model(CONFIG), images(), TrainingConfig(steps=3, device="cpu"), started_from="mnist"
    )
    run(training, 1)
    training.save(tmp_path)
    back = Training.resume(tmp_path, images())
    assert back.describe()["started_from"] == "mnist" and "started_from" not in start().describe()


@pytest.mark.parametrize("count", [1, 50, 6_000])
def test_the_variance_of_the_data_is_that_of_its_pixels(count):
    data = images(count)
    assert start(data).variance == pytest.approx(
        data.images.float().div(255).var().item(), rel=0.01
    )
    if count <= 5_000:
        assert start(data).variance == pytest.approx(
            data.images.float().div(255).var().item(), rel=1e-5
        )


def test_the_variance_of_large_pictures_is_told_from_some_spread_over_the_set(monkeypatch):
    pixels = torch.zeros(40, 1, 8, 8, dtype=torch.uint8)
    pixels[20:] = 255  # sorted by class
    monkeypatch.setattr("vqvae.training.training.VARIANCE_BYTES", 10 * 64)
    assert start(ImageSet("made", "train", pixels)).variance == pytest.approx(0.25, rel=0.01)


def test_a_run_on_other_data_is_refused(tmp_path):
    training = start()
    training.save(tmp_path)
    with pytest.raises(CheckpointError, match="trained on 50 images and made has 49"):
        Training.resume(tmp_path, images(49))
    for other in (TrainingConfig(steps=1), None):
        with pytest.raises(CheckpointError, match="holds no run to resume"):
            Training.resume(tmp_path / "absent", images(), config=other)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"PK\x03\x04",
        {},
        {"run": "[]"},
        {"run": "{"},
        {"run": "{}"},
        {"run": "x", "step": 1},
        {"run": {"step": "a"}},
        {"run": {"step": float("inf")}},
        {"run": {"config": {"steps": -1}}},
        {"run": {"model": {"kind": "x"}}},
        {"run": {"model": []}},
        {"run": {"images": None}},
    ],
)
def test_a_damaged_run_is_refused(tmp_path, damage):
    training = start()
    run(training, 1)
    training.save(tmp_path)
    file = tmp_path / TRAINING_FILE
    if isinstance(damage, bytes):
        file.write_bytes(damage)
    else:
        if isinstance(damage.get("run"), dict):
            good = {
                "step": 1,
                "elapsed": 1.0,
                "config": training.config.to_dict(),
                "model": CONFIG.to_dict(),
                "images": 50,
            }
            damage = {"run": json.dumps({**good, **damage["run"]})}
        write_tensors(file, read_tensors(file), {k: str(v) for k, v in damage.items()})
    with pytest.raises(CheckpointError, match=rf"{TRAINING_FILE} is damaged.*Start the run anew"):
        Training.resume(tmp_path, images())


def test_a_run_with_foreign_tensors_is_refused(tmp_path):
    training = start()
    run(training, 1)
    training.save(tmp_path)
    file = tmp_path / TRAINING_FILE
    metadata = {
        "run": json.dumps(
            {
                "step": 1,
                "elapsed": 1.0,
                "config": training.config.to_dict(),
                "model": CONFIG.to_dict(),
                "images": 50,
            }
        )
    }
    tensors = read_tensors(file)
    name = next(n for n in tensors if n.startswith("optimizer.") and tensors[n].ndim)
    for wrong in (torch.zeros(3, 3, 3), torch.full_like(tensors[name], torch.nan)):
        write_tensors(file, {**tensors, name: wrong}, metadata)
        with pytest.raises(CheckpointError, match=rf"{TRAINING_FILE}.*{name}"):
            Training.resume(tmp_path, images())
