"""Figures of a codebook as files, drawn by matplotlib: for the command line, where no browser draws
them.

The same figures in the same colours as the app's Codebook tab. Letters: K codes, P = h * w
positions, M latents, d (2 or 3) dimensions of a map.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vqvae.analysis.projection import Projection
    from vqvae.analysis.statistics import UsageCounts
    from vqvae.nn.model import VQVAE

TEAL, GREY, WARM = "#1f9a84", "#8b9698", "#d97b29"
CLASSES = (
    "#6f63d1",
    "#6cc0ea",
    "#44aa99",
    "#2f9955",
    "#999933",
    "#d9b84a",
    "#cc6677",
    "#b03a78",
    "#aa66c9",
    "#7d8b8e",
    "#e58606",
    "#5d88c1",
)
FORMATS = ("png", "svg")
MAX_CLASS_COLUMNS = 512


def static_figures(model: VQVAE, use: UsageCounts) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of what takes no fit: usage, atlas, positions, and classes where there
    are some."""
    yield from _files("usage", lambda figure: _usage(figure, use), (10, 3.2))
    sheet = _atlas(model)
    yield from _files(
        "atlas",
        lambda figure: _picture(figure, sheet),
        (7, 7 * sheet.shape[0] / sheet.shape[1] + 0.3),
    )
    yield from _files("positions", lambda figure: _positions(figure, model, use), (4.6, 4))
    if use.class_counts is not None and len(use.class_counts):
        height = 1.2 + 0.28 * len(use.class_counts)
        yield from _files("classes", lambda figure: _classes(figure, model, use), (10, height))


def map_figures(
    method: str,
    found: Projection,
    use: UsageCounts,
    latent_indices: np.ndarray,
    labels: np.ndarray | None,
    classes: tuple[str, ...],
    trust: float,
) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of a map, coloured by use, and once more by class where latents have
    one."""
    yield from _files(
        f"map-{method}",
        lambda figure: _map(figure, found, use, latent_indices, None, (), trust),
        (7, 6),
    )
    if labels is not None and len(labels):
        yield from _files(
            f"map-{method}-classes",
            lambda figure: _map(figure, found, use, latent_indices, labels, classes, trust),
            (7, 6),
        )


def index_page(use: UsageCounts, figures: list[str], tables: list[str], about: str) -> str:
    """One HTML page that shows the figures and links the tables, all of them files beside it."""
    from vqvae.analysis.statistics import verdict

    facts = [
        ("Used", f"{use.codebook_size - use.dead:,} of {use.codebook_size:,} codes"),
        ("Perplexity", f"as varied as {use.perplexity:.1f} equally used codes"),
        ("Entropy", f"{use.entropy_bits:.2f} of {use.nominal_bits:.2f} bits per index"),
    ]
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts)
    images = "".join(
        f'<figure><img src="{escape(name)}" alt="{escape(name)}"></figure>' for name in figures
    )
    links = ", ".join(f'<a href="{name}.csv">{name}.csv</a>' for name in tables)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Codebook</title>
<style>body{{max-width:60rem;margin:2rem auto;padding:0 1rem}}
body{{font:16px/1.5 system-ui,sans-serif;color:#1d2426}}
img{{max-width:100%}}figure{{margin:1.5rem 0}}
dl{{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem}}
dt{{color:#566063}}dd{{margin:0}}</style>
<h1>Codebook</h1><p>{escape(about)}</p><p><b>{escape(verdict(use)[1])}</b></p><dl>{items}</dl>{images}
<p>Tables: {links}</p></html>
"""


# -- drawing ---------------------------------------------------------------------------------------


def _files(name: str, draw: Callable, size: tuple[float, float]) -> Iterator[tuple[str, bytes]]:
    """One figure in each format. The object-oriented interface alone: pyplot would keep global
    state."""
    import matplotlib
    from matplotlib.figure import Figure

    # Text stays text and ids do not change from call to call: the same report twice is the same
    # file.
    with matplotlib.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": name,
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    ):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        for kind in FORMATS:
            buffer = io.BytesIO()
            figure.savefig(
                buffer, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None
            )
            yield f"{name}.{kind}", buffer.getvalue()


def _usage(figure, use: UsageCounts) -> None:
    axes = figure.subplots()
    counts = np.sort(use.counts.numpy())[::-1]
    axes.stairs(counts, fill=True, color=TEAL)
    if use.total:
        axes.axhline(use.total / len(counts), color=GREY, linestyle=":", linewidth=1)
        axes.set_yscale("symlog")
    axes.set(
        xlim=(0, len(counts)),
        xlabel=f"{len(counts):,} codes, most used first; {use.dead:,} dead",
        ylabel="times chosen (log)",
        title="How often each code is chosen",
    )


def _atlas(model: VQVAE) -> np.ndarray:
    """float (R f, C f, 1 or 3): the codes as the decoder draws them, similar ones together; white
    where none is."""
    from vqvae.analysis.atlas import arrange
    from vqvae.analysis.statistics import draw_codes

    places = arrange(model.codebook.detach().float().cpu().numpy())
    tiles = draw_codes(model).cpu().permute(0, 2, 3, 1).numpy()
    sheet = tiles[places]
    sheet[places < 0] = 1
    rows, columns, f, _, channels = sheet.shape
    return sheet.transpose(0, 2, 1, 3, 4).reshape(rows * f, columns * f, channels)


def _picture(figure, sheet: np.ndarray) -> None:
    axes = figure.subplots()
    pixels = sheet.squeeze(-1) if sheet.shape[2] == 1 else sheet
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title("Atlas: every code as the decoder draws it, similar ones together")


def _positions(figure, model: VQVAE, use: UsageCounts) -> None:
    from vqvae.metrics import perplexity

    h, w = model.config.grid
    values = np.array([perplexity(row) if row.sum() else 0.0 for row in use.position_counts])
    axes = figure.subplots()
    shown = axes.imshow(
        values.reshape(h, w) if values.size == h * w else values[None], cmap="viridis"
    )
    figure.colorbar(shown, ax=axes, label="perplexity")
    axes.set(title="Perplexity at each position", xlabel="column", ylabel="row")


def _classes(figure, model: VQVAE, use: UsageCounts) -> None:
    """Which codes live in which class: the share of each code's uses, codes sorted by the class
    they prefer."""
    assert use.class_counts is not None, "drawn only where there are classes"
    counts = use.class_counts.double().numpy()
    shares = counts / np.maximum(
        counts.sum(1, keepdims=True), 1
    )  # a frequent class does not own every code
    shares /= np.maximum(shares.sum(0, keepdims=True), 1e-12)
    used = np.flatnonzero(counts.sum(0) > 0)
    used = used[np.argsort(-counts.sum(0)[used], kind="stable")][:MAX_CLASS_COLUMNS]
    order = used[np.lexsort((-shares[:, used].max(0), shares[:, used].argmax(0)))]
    axes = figure.subplots()
    if len(order):
        shown = axes.imshow(
            shares[:, order], cmap="viridis", aspect="auto", vmin=0, interpolation="nearest"
        )
        figure.colorbar(shown, ax=axes, label="share of its use")
    names = [*(model.config.classes or use.classes)]
    names += [str(i) for i in range(len(names), len(counts))]
    axes.set_yticks(range(len(counts)), names[: len(counts)])
    axes.set(
        title="Which codes live in which class",
        xticks=[],
        xlabel=f"{len(order):,} codes, by the class they prefer",
    )


def _map(
    figure,
    found: Projection,
    use: UsageCounts,
    latent_indices: np.ndarray,
    labels: np.ndarray | None,
    classes: tuple[str, ...],
    trust: float,
) -> None:
    axes = figure.subplots(subplot_kw={"projection": "3d"} if found.dimensions == 3 else None)
    codes, latents = np.split(found.coordinates, [use.codebook_size])
    dead = (use.counts.numpy() == 0) & (use.total > 0)
    if labels is None:
        heat = np.log10(use.counts.numpy() + 1.0)
        shown = _by_use(axes, codes[~dead], heat[~dead], latents, heat[latent_indices], heat.max())
        figure.colorbar(shown, ax=axes, label="times chosen (log10, plus 1)", shrink=0.7)
    else:
        _by_class(axes, codes[~dead], latents, labels, classes)
    if dead.any():
        axes.scatter(*codes[dead].T, color=WARM, marker="x", s=20, label="dead codes")
    _name_axes(axes, found, trust)


def _by_use(axes, codes, heat, latents, latent_heat, hottest: float):
    """Codes and latents by how often they, or their codes, were chosen; returns what has the
    colours."""
    colours = {"vmin": 0, "vmax": max(float(hottest), 1e-9)}
    if len(latents):
        axes.scatter(*latents.T, c=latent_heat, s=4, alpha=0.5, linewidths=0, **colours)
    outline = {"edgecolors": "#141c1e", "linewidths": 0.5}
    return axes.scatter(*codes.T, c=heat, s=22, marker="D", **outline, **colours)


def _by_class(axes, codes, latents, labels: np.ndarray, classes: tuple[str, ...]) -> None:
    for label in np.unique(labels):
        name = classes[label] if label < len(classes) else str(label)
        colour = CLASSES[int(label) % len(CLASSES)]
        of_class = latents[labels == label]
        axes.scatter(*of_class.T, color=colour, s=6, alpha=0.6, linewidths=0, label=name)
    outline = {"facecolors": "none", "edgecolors": "#141c1e", "linewidths": 0.5}
    axes.scatter(*codes.T, s=16, marker="D", **outline)
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    axes.legend(markerscale=2, frameon=False, fontsize=8, **beside)


def _name_axes(axes, found: Projection, trust: float) -> None:
    from vqvae.analysis.projection import TITLES

    title = (
        f"{TITLES[found.method]} of codes (diamonds) and encoder outputs; trustworthiness "
        f"{trust:.3f}"
    )
    axes.set_title(title if not found.note else f"{title}\n{found.note}", fontsize=9)
    if found.explained:
        axes.set(
            xlabel=f"PC 1, {100 * found.explained[0]:.0f} % of the variance",
            ylabel=f"PC 2, {100 * found.explained[1]:.0f} % of the variance",
        )
    if found.dimensions == 2:
        axes.set_aspect("equal", adjustable="datalim")
