"""`generate`: pictures from the prior, from the data set, or from random codes, as one PNG."""

from __future__ import annotations

import math

from vqvae.cli.files import Output
from vqvae.cli.parsing import Failure, UsageError, add_checkpoint, checkpoint_folder, number, whole
from vqvae.cli.pictures import save_png, to_picture
from vqvae.cli.settings import option
from vqvae.config import ConfigError

SOURCES = ("prior", "dataset", "random", "marginal", "gaussian")
SAMPLING = (
    ("steps", whole, "N", "parallel steps"),
    ("temperature", number, "T", "below 1: likely codes likelier"),
    ("top_k", whole, "K", "draw among this many likeliest codes only; 0: all"),
    ("top_p", number, "P", "draw among the likeliest codes of this total probability only; 1: all"),
    (
        "guidance",
        number,
        "G",
        "how strongly the class is insisted on at first, fading to 1: as trained",
    ),
)
MAX_COUNT = 10_000
SHEET_SIDE = 1_000
"""Pixels that the sheet measures about, where a whole scale allows it."""
GAP = 2


def add_generate(subparsers) -> None:
    """`generate CHECKPOINT [--from ...] --output FILE.png`."""
    parser = subparsers.add_parser(
        "generate",
        help="draw new pictures from the prior, as one PNG",
        description=(
            "Draw grids of codes and decode them. From the prior: new pictures; dataset: training "
            "images as the model keeps them; random: any code anywhere; marginal: each position by "
            "itself; gaussian: a Gaussian at each position, snapped to the codebook. The last "
            "three show why there is a prior."
        ),
    )
    add_checkpoint(parser)
    parser.add_argument(
        "--from", dest="source", choices=SOURCES, default="prior", help="(default: prior)"
    )
    parser.add_argument("--label", metavar="N", help="the class, by number or name (default: any)")
    parser.add_argument(
        "--count", type=whole, default=100, metavar="N", help="pictures (default: 100)"
    )
    for name, kind, letter, text in SAMPLING:
        parser.add_argument(option(name), type=kind, metavar=letter, help=text)
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="the same seed, the same pictures (default: 0)",
    )
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE.png",
        help="the sheet of pictures; - for standard output",
    )
    parser.set_defaults(run=generate)


def generate(args) -> None:
    """Write the sheet."""
    folder = checkpoint_folder(args.checkpoint)
    if not 1 <= args.count <= MAX_COUNT:
        raise UsageError(f"--count is {args.count}; give 1 to {MAX_COUNT:,} pictures.")
    if not 0 <= args.seed < 2**63:
        raise UsageError(f"--seed is {args.seed}; give a whole number from 0 to 2^63 - 1.")
    output = Output(args.output, suffix=".png")
    settings = sampling(args)
    import torch

    import vqvae

    model = vqvae.load_checkpoint(folder).with_codes().model
    label = class_of(args.label, model.config.classes)
    indices = draw(args, folder, model, label, settings)
    with torch.no_grad():
        pictures = torch.cat([model.decode(part) for part in indices.split(64)])
    save_png(contact_sheet(pictures), output)
    output.tell(
        f"{output}: {len(pictures)} pictures from "
        f"{described(args.source, label, model.config.classes)}, seed "
        f"{args.seed}"
    )


def sampling(args):
    """The checked `Sampling` of a call. ConfigError names the flags as they are typed."""
    from vqvae.prior.sampling import Sampling

    try:
        return Sampling(
            **{
                name: getattr(args, name)
                for name, *_ in SAMPLING
                if getattr(args, name) is not None
            }
        )
    except ConfigError as error:
        name, _, rest = str(error).partition(" ")
        raise ConfigError(f"{option(name)} {rest}") from error


def class_of(label: str | None, classes: tuple[str, ...]) -> int | None:
    """The number of a class given by number or name; UsageError when there is none such."""
    if label is None:
        return None
    if label in classes:
        return classes.index(label)
    if label.isascii() and label.isdigit() and int(label) < len(classes):
        return int(label)
    valid = (
        f"0 to {len(classes) - 1}, or a name ({', '.join(classes[:10])})"
        if classes
        else "none: it has no classes"
    )
    raise UsageError(f"--label is {label[:40]!r}; the classes of this checkpoint are {valid}.")


def draw(args, folder, model, label: int | None, settings):
    """Index grids: int64 (count, h, w)."""
    import torch

    from vqvae.prior import naive
    from vqvae.prior.checkpoint import load_prior
    from vqvae.prior.sampling import sample

    if args.source == "random":
        return torch.randint(
            model.config.codebook_size,
            (args.count, *model.config.grid),
            generator=torch.Generator().manual_seed(args.seed),
        )
    if args.source == "dataset":
        return from_dataset(folder, model, label, args.count, args.seed)
    prior = load_prior(folder, model)
    if args.source != "prior":
        return (naive.marginal_codes if args.source == "marginal" else naive.gaussian_codes)(
            prior, args.count, args.seed
        )
    if label is not None and not prior.config.classes:
        raise Failure(
            "This prior was trained without classes; leave --label out, or train one with "
            "--class-conditional."
        )
    return sample(prior, args.count, label, settings, args.seed)


def from_dataset(folder, model, label: int | None, count: int, seed: int):
    """Grids of random training images, or of the gallery's test images where those are not kept."""
    import torch

    from vqvae.checkpoints.checkpoint import load_checkpoint
    from vqvae.checkpoints.files import CheckpointError
    from vqvae.data.index_set import read_indices

    try:
        indices, labels = read_indices(folder, model)
    except CheckpointError as error:
        gallery = load_checkpoint(folder).gallery
        if gallery is None:
            raise Failure(str(error)) from error
        indices, labels = gallery.indices, gallery.labels
    rows = (
        torch.arange(len(indices))
        if label is None or labels is None
        else (labels == label).nonzero().squeeze(1)
    )
    if not len(rows):
        raise Failure(
            "The checkpoint keeps no image of this class; leave --label out or choose another."
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.cat(
        [torch.randperm(len(rows), generator=generator) for _ in range(-(-count // len(rows)))]
    )
    return indices[rows[order[:count]]]


def described(source: str, label: int | None, classes: tuple[str, ...]) -> str:
    """Where the pictures come from, in words."""
    words = {
        "prior": "the prior",
        "dataset": "the data set",
        "random": "random codes",
        "marginal": "independent positions",
        "gaussian": "Gaussians at each position",
    }[source]
    return (
        f"{words}, class {classes[label]}"
        if label is not None and source in ("prior", "dataset")
        else words
    )


def contact_sheet(pictures):
    """float (N, C, H, W) in [0, 1] -> one RGB image, rows of about as many pictures as there are
    rows, each enlarged by a whole factor."""
    from PIL import Image

    n, _, height, width = pictures.shape
    columns = math.ceil(math.sqrt(n))
    rows = -(-n // columns)
    scale = max(1, SHEET_SIDE // (columns * (width + GAP)))
    step_x, step_y = width * scale + GAP, height * scale + GAP
    canvas = Image.new("RGB", (columns * step_x + GAP, rows * step_y + GAP), "white")
    for i, picture in enumerate(pictures):
        large = (
            to_picture(picture)
            .convert("RGB")
            .resize((width * scale, height * scale), Image.Resampling.NEAREST)
        )
        canvas.paste(large, (GAP + i % columns * step_x, GAP + i // columns * step_y))
    return canvas
