"""The loss as a picture: its three terms with the latest figures, and what the gradient of each
moves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.charts.curves import number
from demo.text import term

CSS_PATH = Path(__file__).with_suffix(".css")
TERMS = (
    ("reconstruction", "reconstruction_loss", "reconstruction loss", ""),
    ("codebook", "codebook_loss", "codebook loss", "+ "),
    ("commitment", "commitment_loss", "commitment loss", f"+ {term('commitment weight', 'β')} × "),
)
"""Name in the picture, in a record, in the glossary, and what stands before it in the sum."""
PICTURE = (
    '<svg class="vq-loss-flow" viewBox="0 0 660 158" role="img" aria-label="Encoder, z_e, z_q and '
    "decoder in a row. The reconstruction's gradient goes back through the decoder to z_q, is "
    "copied to z_e, and goes on through the "
    "encoder. The codebook loss moves z_q towards z_e, the commitment loss z_e towards "
    'z_q."><defs><marker id="vq-loss-head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="11" '
    'markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0L10 '
    '5L0 10z"/></marker></defs><g class="vq-loss-forward"><path d="M40 78H84M206 78H236M294 '
    '78H376M434 78H464M586 78H612"/></g><g class="vq-loss-box"><path d="M88 52L202 64V92L88 '
    '104z"/><path d="M582 52L468 64V92L582 104z"/><rect x="240" y="58" width="50" height="40" '
    'rx="8"/><rect x="380" y="58" width="50" height="40" rx="8"/></g><g '
    'class="vq-loss-words"><text x="24" y="84">x</text><text x="145" y="84">Encoder</text><text '
    'x="265" y="84">z_e</text><text x="335" y="72" class="vq-loss-small">nearest</text><text '
    'x="405" y="84">z_q</text><text x="525" y="84">Decoder</text><text x="632" '
    'y="84">x̂</text></g><g class="vq-loss-reconstruction"><path d="M632 58C610 14 440 14 410 '
    '52"/><path class="vq-loss-jump" d="M398 52C370 14 300 14 272 52"/><path d="M258 52C236 18 170 '
    '18 148 50"/></g><g class="vq-loss-codebook"><path d="M272 104C300 126 368 126 396 '
    '104"/></g><g class="vq-loss-commitment"><path d="M412 104C384 158 290 158 260 104"/></g></svg>'
)


def loss_html(record: Mapping[str, Any]) -> str:
    """The sum with the figures of a record, the picture of its gradients, and why two of the curves
    coincide."""
    parts = "".join(
        f'<span data-term="{name}">{before}{term(word, name)} '
        f"<b>{number(record.get(key))}</b></span> "
        for name, key, word, before in TERMS
    )
    return (
        '<section class="vq-loss" aria-label="The loss"><h3>The '
        f"{term('loss')}, and what each part of it moves</h3>"
        f'{PICTURE}<p class="vq-note">x is the picture, z_e the {term("latent")} of a cell, z_q '
        f"the nearest {term('code')}, x̂ the picture redrawn. Dashed: the {term('gradient')} "
        f"jumps from z_q to z_e ({term('straight-through')}).</p>"
        f'<p class="vq-loss-sum"><b>{term("loss", "L")}</b> = {parts}</p>'
        '<p class="vq-note">Codebook and commitment loss are the same distance, so their curves '
        "coincide; what differs is who moves: the codes, or the encoder. With "
        f"{term('EMA')}, a moving average moves the codes in place of the codebook "
        "loss.</p></section>"
    )
