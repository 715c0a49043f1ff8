"""What a model does beside its own work: training or eval mode for a while, and work without
gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch
from torch import nn

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def without_gradients(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`torch.no_grad()` as a decorator, which leaves no trace in a graph that is compiled or
    exported: a program of torch.export with a change of the mode inside cannot be read back."""

    @functools.wraps(function)
    def call(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        if torch.compiler.is_compiling():
            return function(*args, **options)
        with torch.no_grad():
            return function(*args, **options)

    return call


@contextmanager
def eval_mode(model: nn.Module) -> Generator[None]:
    """The model in eval mode inside, in the mode it had after, whatever is raised."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
