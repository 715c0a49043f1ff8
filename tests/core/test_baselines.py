"""AE, VAE and conditional VAE: the algebra against references computed another way, and the same
loop, files and verbs as the VQ-VAE's."""

import json
import math

import pytest
import torch

import vqvae
from vqvae.__main__ import main
from vqvae.config import KINDS, ConfigError, ModelConfig, TrainingConfig
from vqvae.data.imageset import ImageSet
from vqvae.metrics import mse, sharpness
from vqvae.nn import losses

BASELINES = ("ae", "vae", "cvae")


def tiny(kind, **settings):
    settings = {
        "kind": kind,
        "height": 8,
        "width": 8,
        "downsample": 2,
        "hidden_channels": 8,
        "residual_blocks": 1,
        "embedding_dim": 4,
        "codebook_size": 16,
        "classes": ("a", "b", "c"),
        **settings,
    }
    return ModelConfig(**settings)


def pictures(count=24, seed=0):
    """Three classes, each a bar at another height, with noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    images = torch.randint(0, 60, (count, 1, 8, 8), generator=generator)
    for i, label in enumerate(labels.tolist()):
        images[i, 0, 2 * label : 2 * label + 2] += 190
    return ImageSet("bars", "train", images.to(torch.uint8), labels, ("a", "b", "c"))


@pytest.fixture(scope="module")
def trained():
    """One of each kind after 120 steps on the bars."""
    made = {}
    for kind in BASELINES:
        config = TrainingConfig(steps=120, batch_size=24, device="cpu")
        run = vqvae.Training(vqvae.build_model(tiny(kind), 0), pictures(), config)
        run.last = list(run.steps())[-1]
        made[kind] = run
    return made


def test_the_closed_form_of_the_kl_divergence_agrees_with_monte_carlo():
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = (
        torch.randn(3, 5, generator=generator),
        torch.randn(3, 5, generator=generator),
    )
    noise = torch.randn(40_000, 3, 5, generator=generator)
    z = mean + (log_variance / 2).exp() * noise
    log_q = -0.5 * (noise.square() + log_variance + math.log(2 * math.pi))
    log_p = -0.5 * (z.square() + math.log(2 * math.pi))
    sampled = (log_q - log_p).sum(2)
    error = sampled.std(0) / math.sqrt(len(noise))
    assert ((sampled.mean(0) - losses.kl_divergence(mean, log_variance)).abs() < 5 * error).all()


def test_the_evidence_lower_bound_is_that_of_a_gaussian_decoder():
    x, x_recon, kl, variance = (
        torch.rand(4, 1, 6, 6),
        torch.rand(4, 1, 6, 6),
        torch.rand(4) * 30,
        0.08,
    )
    decoder = torch.distributions.Normal(x_recon, math.sqrt(variance / 2))
    bound = decoder.log_prob(x).flatten(1).sum(1) - kl
    constant = -18 * math.log(math.pi * variance)
    loss = losses.vae_loss(losses.reconstruction_loss(x_recon, x, variance), kl, 36)
    assert loss.item() * 36 == pytest.approx(-(bound.mean().item() - constant), rel=1e-4)


def test_free_nats_cost_nothing_and_more_cost_as_before():
    kl = torch.tensor([4.0, 6.0], requires_grad=True)
    losses.vae_loss(torch.tensor(1.0), kl, 10, 2.0, free_nats=7.0).backward()
    assert kl.grad.tolist() == [0, 0]
    assert losses.vae_loss(torch.tensor(1.0), kl, 10, 2.0, free_nats=3.0).item() == pytest.approx(
        2.0
    )
    # They are free on the mean, not an image: one that takes fewer makes room for one that takes
    # more.
    uneven = torch.tensor([1.0, 13.0], requires_grad=True)
    loss = losses.vae_loss(torch.tensor(1.0), uneven, 10, 2.0, free_nats=4.0)
    loss.backward()
    assert loss.item() == pytest.approx(1 + 2 * 7 / 10) and uneven.grad.tolist() == pytest.approx(
        [0.1, 0.1]
    )


def test_the_latent_is_drawn_by_reparameterisation():
    model = vqvae.build_model(tiny("vae"), 0).train()
    x = torch.rand(6, 1, 8, 8)
    output = model(x, torch.Generator().manual_seed(3))
    noise = torch.randn(6, model.config.latent_dim, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(output.z, output.mean + (output.log_variance / 2).exp() * noise)
    mean_gradient, variance_gradient = torch.autograd.grad(
        output.z.sum(), [output.mean, output.log_variance]
    )
    torch.testing.assert_close(mean_gradient, torch.ones_like(noise))
    torch.testing.assert_close(variance_gradient, noise * (output.log_variance / 2).exp() / 2)
    assert torch.equal(model.eval()(x).z, model(x).mean)


@pytest.mark.parametrize("kind", BASELINES)
def test_every_parameter_gets_a_gradient(kind):
    model = vqvae.build_model(tiny(kind), 0).train()
    for name, parameter in model.named_parameters():  # some branches start at zero on purpose
        if name.endswith("weight") and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    output = model(torch.rand(6, 1, 8, 8), torch.Generator().manual_seed(0), torch.arange(6) % 3)
    loss = output.x_recon.square().mean()
    if output.kl is not None:
        loss = loss + output.kl.mean()
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("kind", BASELINES)
def test_one_picture_is_as_one_of_a_batch(kind, trained):
    model = trained[kind].model.eval()
    x = pictures().images.float() / 255
    labels = pictures().labels if kind == "cvae" else None
    z = model.encode(x, labels)
    assert z.shape == (24, model.config.latent_dim)
    torch.testing.assert_close(
        model.encode(x[3], None if labels is None else labels[3]), z[3], atol=1e-4, rtol=1e-3
    )
    x_recon = model.decode(z, labels)
    assert x_recon.shape == x.shape and x_recon.min() >= 0 and x_recon.max() <= 1
    torch.testing.assert_close(model.reconstruct(x, labels), x_recon)


@pytest.mark.parametrize("kind", BASELINES)
def test_training_lowers_the_error_and_says_the_kl(kind, trained):
    run, x = trained[kind], pictures().images.float() / 255
    model = run.model.eval()
    flat = mse(x.mean(0, keepdim=True).expand_as(x), x).mean()
    assert mse(model.reconstruct(x), x).mean() < 0.5 * flat
    assert (run.last.kl > 0) == (kind != "ae") and run.last.perplexity == run.last.usage == 0


def test_a_kl_weight_too_high_collapses_the_posterior():
    config = TrainingConfig(steps=60, batch_size=24, device="cpu", kl_weight=500.0)
    run = vqvae.Training(vqvae.build_model(tiny("vae"), 0), pictures(), config)
    last = list(run.steps())[-1]
    x_recon = run.model.eval().reconstruct(pictures().images.float() / 255)
    assert last.kl < 0.1
    assert (x_recon - x_recon.mean(0)).abs().max() < 0.02  # all the same picture


def test_free_bits_are_bits_of_a_picture():
    """Of more than the model spends, the loss has all: bits, not nats, spread over the pixels."""
    config = TrainingConfig(steps=1, batch_size=24, device="cpu", free_bits=100.0, kl_weight=0.5)
    training = vqvae.Training(vqvae.build_model(tiny("vae"), 0), pictures(), config)
    (record,) = training.steps()
    assert record.kl < 100 * math.log(2)
    rate = (record.loss - record.reconstruction_loss / training.variance) * 64
    assert rate == pytest.approx(0.5 * 100 * math.log(2), rel=1e-3)


def test_free_bits_hold_the_rate_where_they_are_set():
    config = TrainingConfig(steps=150, batch_size=24, device="cpu", free_bits=8.0, kl_weight=20.0)
    run = vqvae.Training(vqvae.build_model(tiny("vae"), 0), pictures(), config)
    tail = [record.kl for record in run.steps()][-30:]
    assert sum(tail) / 30 == pytest.approx(8 * math.log(2), rel=0.25)


def test_a_conditional_vae_draws_the_class_it_is_told_and_guesses_the_right_one(trained):
    model, x = trained["cvae"].model.eval(), pictures().images.float() / 255
    assert (model.guess(x) == pictures().labels).float().mean() > 0.9
    for label in range(3):
        drawn = model.sample(5, torch.full((5,), label), torch.Generator().manual_seed(1)).mean(
            (0, 1, 3)
        )
        assert drawn[2 * label : 2 * label + 2].mean() == drawn.view(4, 2).mean(1).max()
    shares = torch.tensor([[0.0, 1.0, 0.0]])
    z = torch.zeros(1, model.config.latent_dim)
    assert torch.equal(model.decode(z, shares), model.decode(z, torch.tensor([1])))
    with pytest.raises(ValueError, match="give labels"):
        model.decode(z)
    with pytest.raises(ValueError, match=r"they must lie in 0\.\.2"):
        model.decode(z, torch.tensor([3]))


def test_a_guess_is_by_the_bound_and_not_by_the_error_alone():
    model, x = vqvae.build_model(tiny("cvae"), 0).eval(), pictures(90).images.float() / 255
    with torch.no_grad():
        model.to_latent.weight.mul_(20)  # far from what the prior holds for likely
        outputs = [model(x, labels=torch.full((len(x),), label)) for label in range(3)]
    errors = torch.stack([(o.x_recon - x).square().flatten(1).sum(1) for o in outputs])
    bounds = errors / x.var(correction=0) + torch.stack([o.kl for o in outputs])
    assert torch.equal(model.guess(x), bounds.argmin(0))
    assert (bounds.argmin(0) != errors.argmin(0)).any()


def test_an_ae_remembers_its_latents_of_a_hundred_steps():
    model = vqvae.build_model(tiny("ae"), 0).train()
    with torch.no_grad():
        z = model(pictures().images.float() / 255).z
    torch.testing.assert_close(model.latent_mean, 0.01 * z.mean(0))
    torch.testing.assert_close(model.latent_variance, 0.99 + 0.01 * z.var(0))


def test_samples_of_a_vae_come_from_its_prior_and_an_aes_follow_its_own_latents(trained):
    x = pictures().images.float() / 255
    ae = trained["ae"].model.eval()
    z = ae.to_latent(ae.encoder(x * 2 - 1).flatten(1))
    torch.testing.assert_close(ae.latent_mean, z.mean(0), atol=0.5, rtol=0.5)
    a, b = (ae.sample(3, generator=torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(a, b) and a.shape == (3, 1, 8, 8)
    vae = trained["vae"].model.eval()
    noise = torch.randn(3, vae.config.latent_dim, generator=torch.Generator().manual_seed(2))
    assert torch.equal(vae.sample(3, generator=torch.Generator().manual_seed(2)), vae.decode(noise))


def test_an_aes_numbers_are_cut_to_256_values(trained):
    model = trained["ae"].model.eval()
    z = torch.randn(2000, model.config.latent_dim, generator=torch.Generator().manual_seed(0))
    z = model.latent_mean + z * model.latent_variance.sqrt()
    cut = model.cut(z)
    assert all(len(column.unique()) <= 256 for column in cut.T)
    inside = (z - model.latent_mean).abs() < 4 * model.latent_variance.sqrt()
    step = 8 * model.latent_variance.sqrt() / 255
    assert (((cut - z).abs() <= step / 2 + 1e-5) | ~inside).all()
    torch.testing.assert_close(model.cut(cut), cut)


@pytest.mark.parametrize("kind", KINDS)
def test_the_vector_has_the_bits_of_the_grid(kind):
    config = ModelConfig(kind=kind, classes=("0", "1"))
    assert config.latent_dim == 55 and abs(8 * config.latent_dim - config.bits_per_image) <= 4
    assert ModelConfig(height=512, width=512).latent_dim == 256


@pytest.mark.parametrize("kind", BASELINES)
def test_a_saved_baseline_is_the_same_model(kind, trained, tmp_path):
    run = trained[kind]
    evaluation, gallery = vqvae.evaluate(run.model, pictures(9, 5))
    assert gallery is None
    vqvae.save_checkpoint(
        tmp_path / "model", run.model, metrics=evaluation.to_dict(), training=run.describe()
    )
    loaded = vqvae.load(tmp_path / "model")
    x, labels = pictures(6, 1).images.float() / 255, pictures(6, 1).labels
    torch.testing.assert_close(
        loaded.reconstruct(x, labels), run.model.eval().reconstruct(x, labels)
    )
    info = vqvae.read_info(tmp_path / "model")
    assert info["kind"] == kind and info["metrics"]["mse"] == evaluation.mse


@pytest.mark.parametrize("kind", BASELINES)
def test_evaluation_equals_one_picture_at_a_time(kind, trained):
    model, data = trained[kind].model, pictures(9, 5)
    figures, _ = vqvae.evaluate(model.train(), data, batch_size=4)
    assert model.training  # put back
    model.eval()
    errors, sharp, kls = [], [], []
    for image, label in zip(data.images, data.labels, strict=True):
        x = image[None].float() / 255
        x_recon = model.reconstruct(x, label[None])
        errors.append(mse(x_recon, x).item())
        sharp.append(sharpness(x_recon, x).item())
        kls.append(model.kl(x, label[None]).item())
    assert figures.mse == pytest.approx(sum(errors) / 9, rel=1e-4)
    assert figures.sharpness == pytest.approx(sum(sharp) / 9, rel=1e-4)
    assert figures.perplexity is None and figures.usage is None
    if kind == "ae":
        assert figures.kl_nats is None and figures.bits_per_image == 8 * model.config.latent_dim
    else:
        assert figures.kl_nats == pytest.approx(sum(kls) / 9, rel=1e-4)
        assert figures.bits_per_image == pytest.approx(figures.kl_nats / math.log(2))


def test_a_resumed_vae_goes_on_as_if_never_stopped(tmp_path):
    def run():
        return vqvae.Training(
            vqvae.build_model(tiny("vae"), 0),
            pictures(),
            TrainingConfig(steps=12, batch_size=8, device="cpu"),
        )

    whole = run()
    for _ in whole.steps():
        pass
    half = run()
    for record in half.steps():
        if record.step == 6:
            break
    half.save(tmp_path)
    resumed = vqvae.Training.resume(tmp_path, pictures())
    for _ in resumed.steps():
        pass
    for a, b in zip(
        whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_a_conditional_vae_needs_the_classes_it_was_made_for():
    with pytest.raises(ConfigError, match="needs a data set with classes"):
        tiny("cvae", classes=())
    data = pictures()
    unlabelled = ImageSet(data.name, data.split, data.images)
    with pytest.raises(ConfigError, match="tells 3 classes apart and bars has 0"):
        vqvae.Training(vqvae.build_model(tiny("cvae")), unlabelled, TrainingConfig(steps=1))


def test_pictures_of_another_size_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="its size is fixed"):
        vqvae.build_model(tiny("vae")).encode(torch.rand(2, 1, 16, 16))


# -- sharpness -------------------------------------------------------------------------------------


def test_sharpness_is_one_for_equal_pictures_zero_for_flat_ones_and_the_edges_contrast_between():
    x = torch.rand(3, 1, 12, 12)
    torch.testing.assert_close(sharpness(x, x), torch.ones(3))
    torch.testing.assert_close(sharpness(0.5 * x + 0.2, x), torch.full((3,), 0.5))
    assert sharpness(torch.full_like(x, 0.3), x).max() < 1e-2
    blurred = torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    assert (sharpness(blurred, x) < 0.5).all()
    assert sharpness(x, torch.zeros_like(x)).isfinite().all()


# -- the command line ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BASELINES)
def test_the_verbs_of_the_command_line(kind, cli_train, digit, tmp_path, capsys):
    folder = tmp_path / kind
    assert (
        cli_train(folder, "--kind", kind, "--steps", "4", "--kl-weight", "0.5", "--free-bits", "3")
        == 0
    )
    assert "bits per image" in capsys.readouterr().out
    training = json.loads((folder / "training.json").read_text())["config"]
    assert (training["kl_weight"], training["free_bits"]) == (0.5, 3.0)

    assert main(["evaluate", str(folder), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (
        values["usage"] is None
        and values["bits_per_image"] > 0
        and (values["kl_nats"] is None) == (kind == "ae")
    )
    assert main(["evaluate", str(folder)]) == 0
    assert "sharpness" in capsys.readouterr().out

    assert main(["info", str(folder)]) == 0
    said = capsys.readouterr().out
    assert f"one vector of {round(49 * 4 / 8)} numbers" in said and "codebook" not in said
    assert (
        main(["reconstruct", str(folder), str(digit), "--output", str(tmp_path / "sheet.png")]) == 0
    )
    assert "numbers per picture" in capsys.readouterr().out and (tmp_path / "sheet.png").is_file()

    made = str(tmp_path / "made.png")
    for call in (
        ["encode", str(folder), str(digit), "--output", made],
        ["reconstruct", str(folder), str(digit), "--whole", "--output", made],
        ["codebook", str(folder), "--output", made],
        ["generate", str(folder), "--output", made],
        ["train-prior", str(folder), "--dataset", "synthetic", "--output", made],
        ["export", str(folder), "--format", "torch", "--output", made],
    ):
        assert main(call) == 1
        assert f"of kind {kind}; only a vqvae has codes and a codebook" in capsys.readouterr().err
        assert not (tmp_path / "made.png").exists()
