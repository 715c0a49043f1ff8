"""Small priors and grids that several test files use."""

import torch

from vqvae.prior.config import PriorConfig
from vqvae.prior.model import build_prior, count_codes

SMALL = {"codebook_size": 12, "embedding_dim": 3, "channels": 16, "layers": 2, "heads": 2}


def make_prior(height=3, width=4, classes=3, seed=0, lively=True, **more):
    """A small prior; lively: with random weights where a fresh one has zeros, so that everything
    shows."""
    config = PriorConfig(**{**SMALL, "height": height, "width": width, "classes": classes, **more})
    generator = torch.Generator().manual_seed(seed)
    grids = torch.randint(config.codebook_size, (50, height, width), generator=generator)
    codebook = torch.randn(config.codebook_size, config.embedding_dim, generator=generator)
    prior = build_prior(
        config, codebook, count_codes(grids, config, torch.arange(50) % max(1, classes)), seed
    )
    if lively:
        with torch.no_grad():
            for p in prior.parameters():
                p.add_(0.2 * torch.randn(p.shape, generator=generator))
    return prior.eval()


def grids_of(prior, count=5, seed=1):
    shape = (count, prior.config.height, prior.config.width)
    return torch.randint(
        prior.config.codebook_size, shape, generator=torch.Generator().manual_seed(seed)
    )
