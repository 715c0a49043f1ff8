"""When a code is dead and when a codebook has collapsed: one definition for training, statistics
and every page.

Standard library only.
"""

RECENT_STEPS = 50
"""In training a code is in use while it was chosen at least once in this many steps, and dead
otherwise. Once a model is measured, a code is dead when no test image chooses it."""
COLLAPSED_USAGE, COLLAPSED_PERPLEXITY = 0.25, 0.03
"""Shares of the codebook: with fewer codes in use, or a lower perplexity, it has collapsed."""


def collapsed(usage: float, perplexity: float, codebook_size: int) -> bool:
    """Whether a codebook has collapsed, from the share of codes in use (0..1) and its perplexity
    (1..K)."""
    return usage < COLLAPSED_USAGE or perplexity < COLLAPSED_PERPLEXITY * codebook_size
