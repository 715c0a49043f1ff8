"""A VQ-VAE as two graphs that run without this package: pictures to indices, indices to pictures.

    encoder    x float32 (batch, C, factor * h, factor * w) in [0, 1]
               ->  indices int64 (batch, h, w)
    decoder    indices int64 (batch, h, w) in 0..K-1
               ->  x float32 (batch, C, factor * h, factor * w) in [0, 1]

Any batch and any size go through (pictures of at least two cells per side). What goes in is not
checked there: pixels must lie in [0, 1].
"""

from __future__ import annotations

import copy
import importlib.util
import io
import os
import re
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.fx import GraphModule

from vqvae.checkpoints.atomic import replace_file
from vqvae.checkpoints.checkpoint import load_checkpoint, write_json
from vqvae.errors import VqvaeError
from vqvae.nn.model import VQVAE

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
"""Of a graph's file, by format: ONNX, or a program of torch.export."""
ABOUT = "graphs.json"
"""What the graphs take and give, and the model they come from."""
NEEDED = ("onnx", "onnxscript")
"""Packages that PyTorch needs to write ONNX."""
OPSET = 20
MOST_PICTURES, MOST_CELLS = 65_536, 4_096
"""Limits that a graph has to name: pictures at once, cells per side."""


class ExportError(VqvaeError):
    """A model cannot be written in a format. The text says what is missing and what to do."""


class Ends(NamedTuple):
    """What a graph's input and output are called."""

    input: str
    output: str


ENDS = {"encoder": Ends("x", "indices"), "decoder": Ends("indices", "x")}


class EncoderGraph(nn.Module):
    """`model.encode`, without the decoder's weights."""

    def __init__(self, model: VQVAE) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.model.decoder = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.model.encode(x)


class DecoderGraph(nn.Module):
    """`model.decode`, without the encoder's weights."""

    def __init__(self, model: VQVAE) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.model.encoder = nn.Identity()

    def forward(self, indices: Tensor) -> Tensor:
        return self.model.decode(indices)


def programs(model: VQVAE) -> dict[str, ExportedProgram]:
    """Both graphs of a model on the CPU, as torch.export traces them: encoder and decoder.

    Where this package lies on the disk is left out: such paths name people, and graphs are given
    away.
    """
    config = model.config
    batch = Dim("batch", min=1, max=MOST_PICTURES)
    h, w = (Dim(name, min=1, max=MOST_CELLS) for name in "hw")
    x = torch.zeros(2, config.channels, config.height, config.width)
    indices = torch.zeros(2, *config.grid, dtype=torch.int64)
    pixels = {0: batch, 2: config.downsample * h, 3: config.downsample * w}
    made = {
        "encoder": (EncoderGraph(model), x, pixels),
        "decoder": (DecoderGraph(model), indices, {0: batch, 1: h, 2: w}),
    }
    traced = {
        name: torch.export.export(graph.eval(), (example,), dynamic_shapes=(sizes,))
        for name, (graph, example, sizes) in made.items()
    }
    for program in traced.values():
        for part in program.graph_module.modules():
            for node in part.graph.nodes if isinstance(part, GraphModule) else ():
                node.meta.pop("stack_trace", None)
    return traced


def write_graphs(
    checkpoint: str | os.PathLike, format: str, folder: str | os.PathLike
) -> list[Path]:
    """Write both graphs of a VQ-VAE's checkpoint, and `graphs.json` that describes them, into a
    folder, which is made if absent. Returns the files.

    CheckpointError for another kind of model, ExportError where a package is missing or the folder
    cannot be written to.
    """
    loaded, folder = load_checkpoint(checkpoint).with_codes(), Path(folder)
    to_bytes = _onnx_bytes if format == "onnx" else _torch_bytes
    if format == "onnx":
        check_packages()
    files = {
        f"{name}{SUFFIXES[format]}": to_bytes(name, made)
        for name, made in programs(loaded.model).items()
    }
    about = {
        "model": loaded.path.name,
        "fingerprint": loaded.model.fingerprint(),
        "config": loaded.config.to_dict(),
        **{
            name: {"file": f"{name}{SUFFIXES[format]}", **ends._asdict()}
            for name, ends in ENDS.items()
        },
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            replace_file(folder / name, content)
        write_json(folder / ABOUT, about)
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written to ({error.strerror or error}); give another folder."
        ) from error
    return [*(folder / name for name in files), folder / ABOUT]


def check_packages() -> None:
    """ExportError unless what writes ONNX is installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportError(
            f"Writing ONNX needs {' and '.join(missing)}, which "
            f"{'are' if len(missing) > 1 else 'is'} not "
            f"installed; run `pip install {' '.join(missing)}`, or give --format torch."
        )


def _torch_bytes(name: str, program: ExportedProgram) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()


def _onnx_bytes(name: str, program: ExportedProgram) -> bytes:
    ends = ENDS[name]
    made = torch.onnx.export(
        program,
        dynamo=True,
        opset_version=OPSET,
        input_names=[ends.input],
        output_names=[ends.output],
        verbose=False,
    )
    assert made is not None, "with dynamo a program is returned"
    return _with_names(made.model_proto, ends).SerializeToString()


def _with_names(proto, ends: Ends):
    """The same graph with its sizes called batch, h and w; the tracer numbers them."""
    graph = proto.graph
    values = {value.name: value for value in (*graph.input, *graph.output)}
    cells = values["indices"].type.tensor_type.shape.dim
    names = {dim.dim_param: name for dim, name in zip(cells, ("batch", "h", "w"), strict=True)}
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.dim_param = re.sub(r"\bs\d+\b", lambda m: names.get(m[0], m[0]), dim.dim_param)
    return proto
