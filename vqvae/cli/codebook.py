"""`codebook`: tables and figures of how a codebook is used and where its codes lie."""

from __future__ import annotations

import time

from vqvae.cli.evaluate import skipped
from vqvae.cli.files import folder_to_write
from vqvae.cli.parsing import (
    Failure,
    UsageError,
    add_checkpoint,
    add_data,
    checkpoint_folder,
    load_images_for,
    whole,
)
from vqvae.cli.progress import ProgressLine

METHODS = ("pca", "tsne", "umap")


def add_codebook(subparsers) -> None:
    """`codebook CHECKPOINT [--dataset ...] --output FOLDER`."""
    parser = subparsers.add_parser(
        "codebook",
        help="write tables and figures of a codebook",
        description="Write what a codebook is used for and where its codes lie: tables as "
        "CSV, figures as PNG and SVG, and an index.html of all. Without --dataset from the "
        "statistics stored in the checkpoint.",
    )
    add_checkpoint(parser)
    add_data(parser)
    parser.add_argument(
        "--split",
        choices=("test", "train"),
        default="test",
        help="which images of --dataset to count (default: test)",
    )
    parser.add_argument(
        "--output", metavar="FOLDER", required=True, help="where to write; it is made if absent"
    )
    parser.add_argument(
        "--map",
        choices=METHODS,
        action="append",
        metavar="METHOD",
        dest="methods",
        help="pca, tsne or umap; repeat for several (default: pca and tsne)",
    )
    parser.add_argument(
        "--dimensions", type=whole, choices=(2, 3), default=2, help="of the maps (default: 2)"
    )
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        help="of the maps: the same seed, the same map (default: 0)",
    )
    parser.set_defaults(run=codebook)


def codebook(args) -> None:
    """Count where that is asked for, write the report, and say where it is."""
    if not 0 <= args.seed < 2**32:
        raise UsageError(
            f"--seed is {args.seed}; it must be a whole number from 0 to {2**32 - 1:,}."
        )
    folder = checkpoint_folder(args.checkpoint)
    output = folder_to_write(args.output)
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output {args.output} is a file; give a folder.")
    import vqvae
    from vqvae.analysis.report import write_report
    from vqvae.analysis.statistics import verdict

    checkpoint, started = vqvae.load_checkpoint(folder).with_codes(), time.perf_counter()
    with ProgressLine() as line:
        use, source = count(args, checkpoint, line)
        written = write_report(
            checkpoint,
            use,
            output,
            methods=tuple(dict.fromkeys(args.methods or ("pca", "tsne"))),
            dimensions=args.dimensions,
            seed=args.seed,
            about=f"{folder.name}, {source}",
            progress=line.count,
        )
        line.clear()
    print(verdict(use)[1])
    print(
        f"{use.codebook_size - use.dead:,} of {use.codebook_size:,} codes used, perplexity "
        f"{use.perplexity:.1f}, {use.entropy_bits:.2f} of {use.nominal_bits:.2f} bits per index. "
        f"{len(written)} files in {output} after {time.perf_counter() - started:.1f} s; open "
        f"{output / 'index.html'}."
    )


def count(args, checkpoint, line: ProgressLine):
    """(UsageCounts, what they were counted over): of --dataset, or those in the checkpoint."""
    from vqvae.analysis.counting import count_usage
    from vqvae.analysis.statistics import use_of_gallery

    config = checkpoint.config
    if not args.dataset:
        if checkpoint.gallery is None:
            raise Failure(
                "The checkpoint holds no statistics; give --dataset to count the codes of one, "
                "for example mnist."
            )
        use = use_of_gallery(checkpoint.gallery, config.classes)
        return use, f"from the statistics of {use.images:,} images stored in the checkpoint"
    data = load_images_for(config, args.dataset, args.split, line.count, args)
    use = count_usage(checkpoint.model, data, progress=line.count)
    if data.skipped:
        line.note(skipped(data))
    return use, f"counted over {len(data):,} images of {data.name} ({args.split})"
