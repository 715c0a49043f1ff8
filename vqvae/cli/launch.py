"""`train --processes N`: several processes of this machine, started and ended as one.

The launcher is PyTorch's, the one inside `torchrun`, called within this process: the exit code of a
run that is stopped, and what is said of it, are then the verb's own and no traceback of a launcher.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def launched() -> bool:
    """Whether a launcher has started this process, alone or as one of several."""
    return "WORLD_SIZE" in os.environ


def launch(processes: int, argv: Sequence[str]) -> int:
    """Run `python -m vqvae` with these arguments as so many processes; the exit code of them
    all."""
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    # Not all cores for each of them. (The launcher itself would give each one.)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    options = ["--standalone", "--nproc-per-node", str(processes), "-m", "vqvae"]
    logging.disable()  # The processes say what there is to say; the launcher would tell it again.
    try:
        run(parse_args([*options, *argv]))
    except SignalException as error:
        return 128 + error.sigval
    except ChildFailedError as error:
        _, first = error.get_first_failure()
        return first.exitcode if first.exitcode > 0 else 128 - first.exitcode
    finally:
        logging.disable(logging.NOTSET)
    return 0


def leave(code: int) -> NoReturn:
    """End this process with the exit code. One that a launcher started ends without tearing the
    interpreter down: gloo's threads do not survive that every time ("terminate called without an
    active exception"), and a run that has saved everything would count as failed."""
    if not launched():
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
