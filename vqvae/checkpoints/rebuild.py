"""Whether a model can come back from what is saved of it: config.json rebuilds the networks of this
package and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def misfit(model: nn.Module) -> str:
    """What of a model its config would not rebuild, in words; "" where all of it is rebuilt."""
    import torch

    from vqvae.nn.build import build_model

    with torch.device("meta"):  # shapes alone
        expected = build_model(model.config)  # ty: ignore[invalid-argument-type]
    if not isinstance(model, type(expected)):
        return f"it is a {type(model).__name__} and would come back as a {type(expected).__name__}"
    ours, theirs = (dict(m.named_modules()) for m in (model, expected))
    for name in [n for n in theirs if n] + [n for n in ours if n not in theirs]:
        given, rebuilt = (
            type(m[name]).__name__ if name in m else "nothing" for m in (ours, theirs)
        )
        if name not in ours or name not in theirs or type(ours[name]) is not type(theirs[name]):
            return f"its {name} is {given} and would come back as {rebuilt}"
    ours, theirs = model.state_dict(), expected.state_dict()
    for name in [*theirs, *(n for n in ours if n not in theirs)]:
        given, rebuilt = (tuple(m[name].shape) if name in m else "nothing" for m in (ours, theirs))
        if given != rebuilt:
            return f"its {name} has shape {given} and would come back with {rebuilt}"
    return ""
