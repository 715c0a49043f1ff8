"""A judge of digits: a small network trained on the real MNIST, which knows nothing of the VQ-VAE
or the prior.

It reads samples (is a sample of class 3 read as a 3?), and its features measure diversity and the
Frechet distance. Trained once (about two minutes on a laptop's CPU) and kept under outputs/.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = 64
EPOCHS, BATCH, RATE = 4, 128, 4e-3
KEPT = Path(__file__).resolve().parent.parent / "outputs" / "classifier.pt"


class Classifier(nn.Module):
    """Three convolutions and two linear layers. float (B, 1, 28, 28) in [0, 1] -> logits
    (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * 49, FEATURES),
            nn.ReLU(),
        )
        self.dropout, self.last = nn.Dropout(0.3), nn.Linear(FEATURES, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.dropout(self.body(x)))

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """float (B, FEATURES): what the last layer reads."""
        return torch.cat([self.body(part) for part in x.split(500)])

    @torch.no_grad()
    def read(self, x: Tensor) -> Tensor:
        """int64 (B,): the class of each digit."""
        return self.last(self.features(x)).argmax(1)


def get_classifier(train, test, kept: Path = KEPT) -> tuple[Classifier, float]:
    """(classifier in eval mode, its accuracy on the test set); train and test are ImageSets of
    MNIST."""
    classifier = Classifier()
    if kept.is_file():
        classifier.load_state_dict(torch.load(kept, weights_only=True))
    else:
        fit(classifier, train.images, train.labels)
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.save(classifier.state_dict(), kept)
    classifier.eval()
    accuracy = (classifier.read(test.images.float().div(255)) == test.labels).float().mean().item()
    return classifier, accuracy


def fit(classifier: Classifier, images: Tensor, labels: Tensor, seed: int = 0) -> None:
    """Train in place: images shifted by up to two pixels, one learning-rate cycle."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=RATE, weight_decay=1e-2)
    per_epoch = len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * per_epoch)
    classifier.train()
    for epoch in range(EPOCHS):
        order = torch.randperm(len(images), generator=generator)
        for step in range(per_epoch):
            rows = order[step * BATCH : (step + 1) * BATCH]
            down, right = torch.randint(-2, 3, (2,), generator=generator).tolist()
            x = images[rows].float().div(255).roll((down, right), (2, 3))
            loss = F.cross_entropy(classifier(x), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"classifier: epoch {epoch + 1} of {EPOCHS}, loss {loss.item():.4f}", file=sys.stderr)


def diversity(features: Tensor, labels: Tensor) -> float:
    """Mean distance of two digits of one class, averaged over the classes."""
    means = []
    for label in labels.unique():
        rows = features[labels == label][:500]
        means.append(torch.cdist(rows, rows).sum().item() / (len(rows) * (len(rows) - 1)))
    return sum(means) / len(means)


def frechet(a: Tensor, b: Tensor) -> float:
    """Frechet distance of the Gaussians fitted to two sets of features (arXiv:1706.08500, eq. 6),
    squared as usual."""

    def moments(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.double().mean(0), torch.cov(x.double().T)

    (mean_a, cov_a), (mean_b, cov_b) = moments(a), moments(b)
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    distance = (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * shared
    return max(0.0, distance.item()) if math.isfinite(distance.item()) else math.inf
