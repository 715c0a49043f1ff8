"""What the page of the Codebook tab asks the server, one function a question.

Each takes one JSON object and gives one back: {"ok": true, ...} or {"ok": false, "error": one
sentence}. Anybody can call them, so each checks what it is given. Long ones give a `job` to ask
about with `codebook_job` until it has ended; then the question is asked again and answered from
what is kept. Figures are Plotly's JSON.
"""

import json

import numpy as np

from demo.door import OfModel
from demo.models.palette import code_sheet
from demo.settings import Settings
from demo.tabs.codebook import answers
from demo.tabs.codebook import details as codebook_details
from demo.tabs.codebook import history as codebook_history
from demo.tabs.codebook import maps as codebook_maps
from demo.tabs.codebook.requests import (
    SPLITS,
    CodeRequest,
    Counted,
    JobRequest,
    MapRequest,
    TableRequest,
    UsageRequest,
)
from demo.tabs.codebook.subject import PUBLIC, STORED, QuestionError, get_subject, jobs
from demo.text import DATASET_NAMES, number


def codebook_open(request: UsageRequest, settings: Settings) -> answers.Opened:
    """{model} -> what the page must know once: sizes, the sheet of codes, their arrangement, the
    stored statistics."""
    subject = get_subject(request.model, settings)
    config = subject.config
    subject.prepare()
    return {
        "model": request.model,
        "K": config.codebook_size,
        "D": config.embedding_dim,
        "grid": list(config.grid),
        "tile": config.downsample,
        "sheet": code_sheet(subject.model),
        "places": subject.arrangement.tolist(),
        "has_history": bool(codebook_history.snapshots(request.model, settings)),
        "stored": 0 if subject.gallery is None else len(subject.gallery.indices),
        "has_latents": len(subject.latents) > 0,
        "has_classes": bool(config.classes),
        "sets": [
            {"id": f"{name}/{split}", "title": f"{DATASET_NAMES.get(name, name)}, {SPLITS[split]}"}
            for name in sorted(PUBLIC, key=lambda n: n != subject.dataset)
            for split in SPLITS
        ],
        **_usage(subject, STORED, request),
        "begin": subject.opening_code,
    }


def codebook_drawn(request: OfModel, settings: Settings) -> answers.DrawnCodes:
    """{model} -> the sheet of what each code looks like in the stored pictures; see
    InspectedModel.mean_patches."""
    return get_subject(request.model, settings).mean_patches


def codebook_usage(request: UsageRequest, settings: Settings) -> answers.Usage:
    """{model, counted, order, scale, only} -> the figure of usage, its summary, and the counts of
    all codes."""
    return _usage(get_subject(request.model, settings), request.counted, request)


def codebook_code(request: CodeRequest, settings: Settings) -> answers.Code:
    """{model, counted, code} -> everything about one code."""
    subject = get_subject(request.model, settings)
    return codebook_details.details(
        subject, _use(subject, request.counted), _code(request.code, subject)
    )


def codebook_map(request: MapRequest, settings: Settings) -> answers.Map | answers.Begun:
    """{model, counted, method, dimensions, seed, colour, picture} -> {figure, ...}, or {job} while
    it is fitted."""
    subject = get_subject(request.model, settings)
    return codebook_maps.answer(subject, _use(subject, request.counted), request)


def codebook_count(request: Counted, settings: Settings) -> answers.Ready | answers.Begun:
    """{model, counted: "mnist/train"} -> {job} while the data set is read and counted, {ready:
    true} when it is."""
    subject = get_subject(request.model, settings)
    counted = request.counted
    if counted == STORED or subject.use(counted) is not None:
        return {"ready": True}
    name, split = counted.rsplit("/", 1)
    model, config = subject.model, subject.config

    def work(progress):
        from vqvae import load_dataset
        from vqvae.analysis.counting import count_usage

        progress(0, 0, f"Reading {DATASET_NAMES.get(name, name)}")
        data = load_dataset(
            name,
            split,
            data_dir=settings.data_dir,
            size=(config.height, config.width),
            channels=config.channels,
            progress=progress,
        )
        return count_usage(model, data, progress=progress)

    return {"job": jobs.start(subject.usage_key(counted), work)}


def codebook_job(request: JobRequest, settings: Settings) -> answers.Progress:
    """{job} -> {ended, failed, text, share}: how far a long computation is."""
    job = jobs.job(request.job)
    if job is None:
        return {
            "ended": True,
            "failed": "The server was restarted in between; ask again.",
            "text": "",
            "share": 0,
        }
    return {
        "ended": job.ended,
        "failed": job.error if job.ended else "",
        "text": job.text,
        "share": min(1.0, job.done / job.total) if job.total else 0.0,
    }


def codebook_stop(request: JobRequest, settings: Settings) -> answers.Nothing:
    """{job} -> {}: the computation ends unless somebody else wants it too."""
    jobs.stop(request.job)
    return {}


def codebook_past(request: OfModel, settings: Settings) -> answers.Past:
    """{model} -> the run's snapshots: where codes and latents were, which codes were dead, the test
    pictures."""
    return codebook_history.answer(request.model, settings)


def codebook_table(request: TableRequest, settings: Settings) -> answers.Table:
    """{model, counted, table} -> {name, text}: one table as CSV."""
    from vqvae.analysis.report import TABLES

    subject = get_subject(request.model, settings)
    table = request.table
    if table not in TABLES:
        raise QuestionError(f"The table must be one of {', '.join(TABLES)}.")
    text = TABLES[table](subject.model, _use(subject, request.counted))
    return {"name": f"{table}.csv", "text": text}


QUESTIONS = (
    codebook_open,
    codebook_drawn,
    codebook_usage,
    codebook_code,
    codebook_map,
    codebook_count,
    codebook_job,
    codebook_stop,
    codebook_past,
    codebook_table,
)


# -- parts -----------------------------------------------------------------------------------------


def _usage(subject, counted: str, request: UsageRequest) -> answers.Usage:
    from demo.charts.usage_plot import usage_figure
    from vqvae.analysis.statistics import verdict

    use = _use(subject, counted)
    counts, only, order = use.counts, request.only, request.order
    if only is not None and use.class_counts is not None and 0 <= only < len(use.class_counts):
        counts = use.class_counts[only]
    else:
        only = None
    level, words = verdict(use)
    bars = (-counts).argsort(stable=True) if order == "sorted" else range(len(counts))
    return {
        "bars": [int(code) for code in bars],
        "figure": json.loads(
            usage_figure(counts.numpy(), order=order, scale=request.scale).to_json()
        ),
        "counts": use.counts.tolist(),
        "counted": counted,
        "title": subject.counted_title(counted, use),
        "level": level,
        "verdict": words,
        "facts": _facts(use),
        "classes": _class_names(subject, use),
        "only": only,
        "by_class": _class_perplexity(use),
        "by_position": _position_perplexity(use),
        "images": use.images,
    }


def _facts(use) -> list[answers.Fact]:
    """The figures above the bars: glossary word, value, and what it means here in a sentence."""
    K, known = use.codebook_size, use.total > 0
    effective = f"{use.perplexity:,.0f}" if use.perplexity >= 10 else f"{use.perplexity:.1f}"
    return [
        {
            "word": "usage",
            "title": "In use",
            "value": f"{100 * use.usage:.0f}\u202f%" if known else "–",
            "means": f"{K - use.dead:,} of {K:,} codes were chosen at least once."
            if known
            else "Not counted.",
        },
        {
            "word": "dead code",
            "title": "Dead codes",
            "value": f"{use.dead:,}" if known else "–",
            "means": "No cell of any picture chose them."
            if use.dead or not known
            else "Every code was chosen.",
        },
        {
            "word": "perplexity",
            "title": "Perplexity",
            "value": effective if known else "–",
            "means": f"As diverse as {effective} equally used codes (maximum {K:,}).",
        },
        {
            "word": "entropy",
            "title": "Entropy",
            "value": f"{number(use.entropy_bits, 'bits', 2)}" if known else "–",
            "means": f"Average information per index; stored plainly, {use.nominal_bits:.2f} bits.",
        },
    ]


def _class_names(subject, use) -> list[str]:
    if use.class_counts is None:
        return []
    names = list(subject.config.classes or use.classes)
    count = len(use.class_counts)
    return [str(names[i]) if i < len(names) else str(i) for i in range(count)]


def _class_perplexity(use) -> list[float]:
    from vqvae.metrics import perplexity

    return (
        [] if use.class_counts is None else [round(perplexity(row), 2) for row in use.class_counts]
    )


def _position_perplexity(use) -> list[float]:
    counts = use.position_counts.double()
    p = counts / counts.sum(1, keepdim=True).clamp_min(1)
    bits = -(p * p.clamp_min(1e-12).log2()).sum(1)
    return np.exp2(bits.numpy()).round(2).tolist()


def _use(subject, counted: str):
    use = subject.use(counted)
    if use is None:
        raise QuestionError("That data set has to be counted again: choose it once more.")
    return use


def _code(code: int, subject) -> int:
    K = subject.config.codebook_size
    if not 0 <= code < K:
        raise QuestionError(
            f"The code is {str(code)[:20]!r}; it must be a whole number from 0 to {K - 1}."
        )
    return code
