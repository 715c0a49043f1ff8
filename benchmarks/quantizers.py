"""Quantizers side by side: `python benchmarks/quantizers.py [--dataset cifar10 --images ZIP]`.

Trains a VQ-VAE with each quantizer on the same networks, images and seeds, for the same number of
steps or of seconds, at the same number of bits or the nearest that it can have, and measures it on
all test images; then a small prior on its codes, equally long for each. With the usual 800 steps it
writes the figures to `checkpoints/`: the tables that the Compare tab shows before a visitor has
trained anything. Where they are of one seed, small differences say nothing. The time of a step is
measured at the end, all quantizers in turn, so that what else the machine does falls on all alike;
`--times` does only that, for the figures that are there. Prints one JSON line per figure. A seed
takes some 7 minutes on one core.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from figures import hardware, report  # noqa: E402 (beside this file)
from running import run  # noqa: E402

if TYPE_CHECKING:
    from demo.runs.plans.plan import Part

STEPS = 800
TURNS, STEPS_OF_TURN = 7, 10
REPORTED = ("seed", "steps", "psnr", "bits", "coded_bits", "prior_bits", "usage", "perplexity",
            "step_ms")  # fmt: skip


def main() -> None:
    """Train, measure, write."""
    from demo.runs.plans.making import RIVALS, quantizers

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", choices=("mnist", "cifar10"), default="mnist")
    parser.add_argument(
        "--images", help="CIFAR-10 as a zip or folder of images (default: the public archive)"
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--steps", type=int, help="steps of each (default: 800)")
    budget.add_argument("--seconds", type=float, help="seconds of each, instead of steps")
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=RIVALS,
        default=list(RIVALS),
        help="which to train (default: all)",
    )
    parser.add_argument(
        "--seeds",
        nargs="+",
        type=int,
        default=[0, 1],
        metavar="N",
        help="train each once with every one of these (default: 0 1)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="a file for the figures (default: that of the data set in checkpoints/; none with "
        "--seconds)",
    )
    parser.add_argument(
        "--data-dir", type=Path, help="where the sets lie (default: $VQVAE_DATA_DIR, else data/)"
    )
    parser.add_argument(
        "--times", action="store_true", help="measure only the time of a step, for what is there"
    )
    args = parser.parse_args()
    if args.seconds is None:
        args.steps = args.steps or STEPS
        args.output = args.output or ROOT / "checkpoints" / f"quantizers-{args.dataset}.json"
    if args.times and not (args.output and args.output.is_file()):
        parser.error("--times is for figures that are there; measure them first, without it")
    import vqvae
    from vqvae.checkpoints.files import write_json

    source = args.images or args.dataset
    train, test = (
        vqvae.load_dataset(source, split, data_dir=args.data_dir) for split in ("train", "test")
    )
    command = _command(args)
    plan = quantizers(args.dataset, args.kinds, args.steps or STEPS, args.data_dir or Path("data"))
    table = {
        "dataset": args.dataset,
        "images": len(test),
        "steps": args.steps,
        "seconds": args.seconds,
        "seeds": args.seeds,
        "hardware": hardware(),
        "command": command,
        "done": [],
    }
    if args.times:
        table = json.loads(args.output.read_text())
    for seed, part in () if args.times else itertools.product(args.seeds, plan.parts):
        figures = measured(part, seed, args, train, test)
        table["done"].append(figures)
        if args.output is not None:  # What is measured stays measured, should the rest be cut off.
            write_json(args.output, table)
        report(
            f"quantizer_{args.dataset}_{part.name}_mse",
            figures["mse"],
            "mean squared error, pixels in [0, 1]",
            "",
            command,
            **{name: figures[name] for name in REPORTED},
        )
    times = step_times(plan.parts, train)
    for name, ms in times.items():
        report(f"quantizer_{args.dataset}_{name}_step", ms, "ms", "", command)
    if args.output is not None:
        for figures in table["done"]:
            figures["step_ms"] = times.get(figures["name"], figures["step_ms"])
        write_json(args.output, table)


def measured(part: Part, seed: int, args: argparse.Namespace, train, test) -> dict:
    """The figures of one quantizer, trained with this seed; with its pictures for the first seed
    only."""
    import vqvae
    from demo.runs.measuring import measure_quantizer, prior_bits, small_prior
    from demo.runs.plans.making import PRIOR_STEPS

    config = replace(part.training, steps=args.steps, seconds=args.seconds, seed=seed)
    training = vqvae.Training(vqvae.build_model(part.model, seed), train, config)
    learn(training)
    evaluation, _ = vqvae.evaluate(training.model, test)
    figures = {"name": part.name, **measure_quantizer(training, evaluation, test)}
    if seed != args.seeds[0]:
        del figures["pictures"]
    prior = small_prior(training.model, train, PRIOR_STEPS)
    learn(prior)
    bits = prior_bits(prior.prior, training.model, test)
    return {**figures, "prior_bits": bits, "seed": seed, "steps": training.step}


def step_times(parts: Iterable[Part], train) -> dict[str, float]:
    """Milliseconds that a step of each takes: the median of some turns, in each of which all take
    a few steps, one after another. The first turn, which sets up, does not count."""
    import vqvae

    most = (TURNS + 1) * STEPS_OF_TURN
    trainings = {
        part.name: vqvae.Training(
            vqvae.build_model(part.model, 0),
            train,
            replace(part.training, steps=most, seconds=None),
        )
        for part in parts
    }
    under_way = {name: training.steps() for name, training in trainings.items()}
    took: dict[str, list[float]] = {name: [] for name in trainings}
    for _ in range(TURNS + 1):
        for name, training in trainings.items():
            elapsed, step = training.elapsed, training.step
            for _record in itertools.islice(under_way[name], STEPS_OF_TURN):
                pass
            took[name].append(1_000 * (training.elapsed - elapsed) / (training.step - step))
    return {name: statistics.median(turns[1:]) for name, turns in took.items()}


def learn(training) -> None:
    """Train to the end of the budget."""
    for _ in training.steps():
        pass


def _command(args: argparse.Namespace) -> str:
    """What to type for these figures again, without the places of files."""
    from demo.runs.plans.making import RIVALS

    parts = ["python benchmarks/quantizers.py"]
    if args.dataset != "mnist":
        parts.append(f"--dataset {args.dataset}")
    if args.images:
        parts.append("--images ZIP")
    parts.append(f"--seconds {args.seconds:g}" if args.seconds else f"--steps {args.steps}")
    if args.seeds != [0, 1]:
        parts.append(f"--seeds {' '.join(map(str, args.seeds))}")
    if list(args.kinds) != list(RIVALS):
        parts.append(f"--kinds {' '.join(args.kinds)}")
    return " ".join(parts)


if __name__ == "__main__":
    run(main)
