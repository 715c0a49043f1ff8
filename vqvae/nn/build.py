"""Fresh models from a config: the one place that knows every kind of model and every quantizer."""

from __future__ import annotations

from typing import Any

import torch

from vqvae.config import ModelConfig
from vqvae.nn.baselines import CLASS_CHANNELS, Autoencoder
from vqvae.nn.model import VQVAE
from vqvae.nn.networks import build_networks
from vqvae.nn.quantizers.base import Quantizer
from vqvae.nn.quantizers.codebook_loss import VectorQuantizer
from vqvae.nn.quantizers.ema import EMAVectorQuantizer
from vqvae.nn.quantizers.fsq import FiniteScalarQuantizer
from vqvae.nn.quantizers.lfq import BinarySphericalQuantizer, LookupFreeQuantizer
from vqvae.nn.quantizers.residual import ResidualQuantizer
from vqvae.nn.quantizers.simvq import SimVQ


def build_model(config: ModelConfig, seed: int = 0) -> VQVAE | Autoencoder:
    """A fresh model of the config's kind; the same config and seed give the same weights. The
    global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(
            seed
        )  # torch.manual_seed would also seed every GPU, for good
        if config.kind != "vqvae":
            return build_baseline(config)
        encoder, decoder = build_networks(config, config.embedding_dim)
        quantizer = build_quantizer(config)
    return VQVAE(encoder, quantizer, decoder, config)


def build_quantizer(config: ModelConfig) -> Quantizer:
    """A fresh quantizer; called by `build_model`, which seeds it."""
    common: dict[str, Any] = {
        "ema_decay": config.ema_decay,
        "gradient_estimator": config.gradient_estimator,
    }
    started = common | {"kmeans_start": config.kmeans_start}
    restarted: dict[str, Any] = started | {"restart_threshold": config.restart_threshold}
    K, D = config.codebook_size, config.embedding_dim
    match config.quantizer:
        case "ema":
            return EMAVectorQuantizer(K, D, **restarted)
        case "gradient":
            return VectorQuantizer(K, D, **restarted)
        case "residual":
            return ResidualQuantizer(config.levels, D, **restarted)
        case "simvq":
            return SimVQ(K, D, **started)
        case "fsq":
            return FiniteScalarQuantizer(config.levels, **common)
        case "lfq":
            return LookupFreeQuantizer(D, **common)
        case "bsq":
            return BinarySphericalQuantizer(D, **common)
    raise ValueError(f"unknown quantizer {config.quantizer!r}")  # the config has checked it


def build_baseline(config: ModelConfig) -> Autoencoder:
    """A fresh AE, VAE or CVAE; called by `build_model`, which seeds it."""
    extra = CLASS_CHANNELS if config.kind == "cvae" else 0
    encoder, decoder = build_networks(config, config.embedding_dim, extra_inputs=extra)
    return Autoencoder(encoder, decoder, config)
