"""`export`: a model in a form that other programs open."""

from __future__ import annotations

from pathlib import Path

from vqvae.cli.files import Output, folder_to_write
from vqvae.cli.parsing import UsageError, add_checkpoint, checkpoint_folder

FORMATS = ("html", "onnx", "torch")


def add_export(subparsers) -> None:
    """`export CHECKPOINT [--format html|onnx|torch] --output FILE.html or FOLDER`."""
    parser = subparsers.add_parser(
        "export",
        help=(
            "the model as one html file that runs in any browser, or as graphs for ONNX or PyTorch"
        ),
        description=(
            "html: one file that opens by a double click, with no server and no network: draw, see "
            "the codes, change them, share them. It holds the weights, the model card and a few "
            "test pictures. onnx, torch: a folder with the encoder (pictures to indices), the "
            "decoder (indices to pictures), each for any batch and any size, and graphs.json, "
            "which says what they take; onnx needs `pip install onnx onnxscript`, torch writes "
            "programs of torch.export."
        ),
    )
    add_checkpoint(parser)
    parser.add_argument("--format", choices=FORMATS, default="html", help="(default: html)")
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE.html|FOLDER",
        help="the file, - for standard output; for onnx and torch the folder, made if absent",
    )
    parser.set_defaults(run=export)


def export(args) -> None:
    """Write the file or the folder."""
    folder = checkpoint_folder(args.checkpoint)
    if args.format != "html":
        return export_graphs(folder, args.format, folder_to_write(args.output))
    output = Output(args.output, suffix=".html")
    from vqvae.export.html import to_html

    page = to_html(folder).encode()
    output.write(page)
    output.tell(f"{output}: {len(page) / 1e6:.1f} MB, opens in a browser without a server")


def export_graphs(folder: Path, format: str, output: Path) -> None:
    """Write encoder and decoder, and say what they are."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output {output} is a file; give a folder.")
    from vqvae.export.graphs import write_graphs

    files = write_graphs(folder, format, output)
    size = sum(file.stat().st_size for file in files) / 1e6
    print(
        f"{output}: {', '.join(file.name for file in files)}, {size:.1f} MB, for any batch and "
        f"any size"
    )
