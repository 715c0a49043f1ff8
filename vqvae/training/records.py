"""What a training loop tells its caller after each step."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class LoopRecord:
    """What the record of a step has, whatever is trained."""

    step: int
    """Steps done, from 1."""
    epoch: float
    """Passes over the training set so far."""
    images_seen: int
    learning_rate: float
    images_per_second: float
    """Over this run so far (since it was last started)."""
    elapsed: float
    """Seconds of training so far, pauses and earlier parts of a resumed run treated as one run
    without gaps."""
    remaining: float
    """Estimated seconds to the end of the budget."""

    def to_dict(self) -> dict:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class StepRecord(LoopRecord):
    """One step of training, as plain numbers."""

    loss: float
    """What the optimiser minimises, on the batch."""
    reconstruction_loss: float
    """Mean squared error over the batch's pixels in [0, 1], before quantities are weighted."""
    codebook_loss: float
    """Raw, mean over the latent's numbers; 0 for models without a codebook."""
    commitment_loss: float
    """Raw, before beta; 0 for models without a codebook."""
    perplexity: float
    """Effective number of codes lately, 1..K; 0 for models without a codebook."""
    usage: float
    """Share of codes chosen in the last 50 steps, 0..1; 0 for models without a codebook."""
    restarted: int
    """Dead codes moved onto encoder outputs in this step."""
    kl: float
    """KL divergence, nats per image; 0 for models without one."""
