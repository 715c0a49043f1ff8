"""The look: Gradio's variables set from one small palette; everything else is in theme.css beside
this file.

System fonts only. The accent is a teal with at least 4.5:1 against what it stands on, in light and
in dark.
"""

from functools import cache
from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color

CSS_PATHS = tuple(
    Path(__file__).parent / name for name in ("theme.css", "codes/card.css", "picking/picking.css")
)
"""The page's look, and that of cards that stand within other components."""
IN_HEAD = Path(__file__).with_name("head")
SCRIPTS = ("page.js", "refusals.js", "alive.js")
LOOKS_OUTSIDE = "outside.css"
"""Of what stands beside Gradio's page, which the sheets of CSS_PATHS are confined to."""

_TEAL = Color(
    "#effaf7",
    "#d5f2ea",
    "#abe4d6",
    "#79d0bd",
    "#41b59e",
    "#1f9a84",
    "#0f766e",
    "#0d5f59",
    "#0f4c48",
    "#103f3c",
    "#052624",
    name="vq-teal",
)
_SLATE = Color(
    "#f8f9f9",
    "#f0f2f2",
    "#e1e5e5",
    "#ccd2d2",
    "#98a2a3",
    "#667072",
    "#4a5355",
    "#363e40",
    "#222a2c",
    "#171d1f",
    "#0e1314",
    name="vq-slate",
)

FIRST_HEAD = """
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,%3Csvg
 xmlns='http://www.w3.org/2000/svg' viewBox='0 0 12 12'%3E%3Crect width='12' height='12'
 rx='2.5' fill='%230f766e'/%3E%3Cg fill='%23fff'%3E %3Crect x='2.5' y='2.5' width='3' height='3'
 opacity='.95'/%3E%3Crect x='6.5' y='2.5' width='3' height='3' opacity='.45'/%3E%3Crect x='2.5'
 y='6.5' width='3' height='3' opacity='.6'/%3E%3Crect x='6.5' y='6.5' width='3' height='3'
 opacity='.95'/%3E%3C/g%3E%3C/svg%3E">
"""


@cache
def head() -> str:
    """What Gradio puts into the page's head: scripts for explained words, for refused requests, and
    the watch over the server."""
    scripts = "".join(f"<script>{(IN_HEAD / name).read_text('utf-8')}</script>" for name in SCRIPTS)
    return f"<style>{(IN_HEAD / LOOKS_OUTSIDE).read_text('utf-8')}</style>{scripts}"


@cache
def theme() -> gr.themes.Base:
    """The Gradio theme. Values whose names end in `_dark` are for dark mode."""
    base = gr.themes.Base(
        primary_hue=_TEAL,
        secondary_hue=_TEAL,
        neutral_hue=_SLATE,
        radius_size=gr.themes.sizes.radius_md,
        font=("ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"),
    )
    return base.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="#1d2426",
        body_text_color_dark="#e7ecec",
        body_text_color_subdued="#566063",
        body_text_color_subdued_dark="#a3afb1",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="#1d2426",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#2c3537",
        border_color_accent="*primary_600",
        border_color_accent_dark="*primary_400",
        color_accent="*primary_600",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_700",
        link_text_color_hover_dark="*primary_200",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="none",
        block_radius="10px",
        container_radius="10px",
        block_label_text_color="*body_text_color_subdued",
        block_title_text_color="*body_text_color",
        block_title_text_weight="600",
        block_info_text_color="*body_text_color_subdued",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_background_fill="white",
        input_background_fill_dark="#12181a",
        input_border_color="#c3cbcc",
        input_border_color_dark="#3c4749",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        input_shadow_focus="0 0 0 3px *primary_100",
        input_shadow_focus_dark="0 0 0 3px *primary_800",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="#04201c",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="#1d2426",
        button_secondary_background_fill_hover_dark="#283134",
        button_secondary_border_color="#c3cbcc",
        button_secondary_border_color_hover="*primary_600",
        button_secondary_border_color_dark="#3c4749",
        button_secondary_text_color="*body_text_color",
        button_border_width="1px",
        button_border_width_dark="1px",
        button_large_text_weight="600",
        button_small_text_weight="500",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_border_color_selected="*primary_600",
        loader_color="*primary_600",
        loader_color_dark="*primary_400",
    )
