"""VQ-VAE: quantizer, model, training, prior and index grids, on PyTorch and nothing of any user interface.

Import order, each module knowing only those before it:
config, metrics -> quantizer, networks, losses -> model, baselines -> checkpoint -> data -> training.

    >>> import vqvae
    >>> model = vqvae.load("mnist")
    >>> indices = model.encode(x)          # x float (B, C, H, W) in [0, 1] -> int64 (B, h, w)
    >>> x_recon = model.decode(indices)    # float (B, C, H, W) in [0, 1]

Names are resolved on first use, so that `import vqvae` alone costs nothing: PyTorch loads when a name needs it.
"""

from __future__ import annotations

import importlib

_HOME = {
    "ModelConfig": "config", "TrainingConfig": "config", "ConfigError": "config",
    "VectorQuantizer": "quantizer", "EMAVectorQuantizer": "quantizer", "Quantized": "quantizer",
    "Encoder": "networks", "Decoder": "networks", "ResidualBlock": "networks",
    "VQVAE": "model", "build_model": "model", "Autoencoder": "baselines",
    "Evaluation": "metrics", "evaluate": "metrics",
    "Checkpoint": "checkpoint", "CheckpointError": "checkpoint", "Gallery": "gallery", "load": "checkpoint",
    "load_checkpoint": "checkpoint", "save_checkpoint": "checkpoint", "read_info": "checkpoint",
    "list_checkpoints": "checkpoint",
    "ImageSet": "data", "DataError": "data", "load_dataset": "data",
    "Training": "training", "StepRecord": "training", "TrainingDiverged": "training",
    "Prior": "prior", "PriorConfig": "prior", "build_prior": "prior",
    "Sampling": "sampling", "SampleStep": "sampling", "sample_steps": "sampling", "sample": "sampling",
    "fill": "sampling", "polish": "sampling", "cell_probabilities": "sampling", "surprise": "sampling",
    "bits_per_image": "sampling",
    "random_codes": "naive", "marginal_codes": "naive", "gaussian_codes": "naive",
    "load_prior": "prior_checkpoint", "save_prior": "prior_checkpoint",
    "IndexSet": "index_set", "read_indices": "index_set", "read_index_set": "index_set", "encode_set": "index_set",
    "indices_of": "index_set", "new_prior": "prior_training", "evaluate_prior": "prior_training",
    "PriorTraining": "prior_training", "PriorTrainingConfig": "prior_training", "PriorRecord": "prior_training",
    "IndexGrid": "codes", "CodesError": "codes",
}
__all__ = sorted(_HOME)  # noqa: PLE0605 (the table above is the one list of names)
__version__ = "0.1.0"


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'vqvae' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vqvae.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
