"""create_app(): the header, then a loop over the tabs."""

import importlib
import importlib.util
from functools import partial
from typing import NamedTuple

import gradio as gr

from demo.api.calls import add_endpoints
from demo.models.library import default_model
from demo.page.codeless import codeless
from demo.page.codes import component as codes
from demo.page.events import QUIET, Update
from demo.page.header import TITLE, build_header, choices, facts, listed
from demo.page.modules import fetch_ahead
from demo.page.page import Page
from demo.page.picking.component import Card, cards
from demo.runs import storage
from demo.session import MODEL_KEY, STORAGE_SECRET, VISITOR_KEY, Session
from demo.settings import Settings

TABS = (
    ("reconstruct", "Reconstruct"),
    ("edit", "Edit"),
    ("codebook", "Codebook"),
    ("generate", "Generate"),
    ("train", "Train"),
    ("compare", "Compare"),
)

# Files in Gradio's cache (downloads, uploads) are looked through every hour and deleted after a
# day.
CACHE_SECONDS = (3600, 86400)


def available_tabs() -> list[tuple[str, str]]:
    """The tabs whose module exists, as (id, label), in the order of the page."""
    return [
        (tab, label)
        for tab, label in TABS
        if importlib.util.find_spec(f"demo.tabs.{tab}.tab") is not None
    ]


class Opened(NamedTuple):
    """What a page is given when it loads."""

    visitor: str
    picker: Update
    cards: list[Card]
    facts: str


def open_page(settings: Settings, visitor: object, chosen: object, linked: object) -> Opened:
    """When the page loads: the visitor's token, the picker filled and set, its cards, and the facts
    of its model.

    A link's `?model=` comes first, then the model chosen last time in this browser, then the first
    of the list.
    """
    token = Session.resume(visitor).visitor
    storage.seen(settings, token)
    for wanted in (linked, chosen):
        entries = listed(settings, token, wanted)
        if wanted in [entry.id for entry in entries]:
            break
    else:
        wanted = default_model(entries)
    picker = gr.update(choices=choices(entries), value=wanted)
    return Opened(token, picker, cards(entries), facts(settings, wanted))


def create_app(settings: Settings | None = None) -> gr.Blocks:
    """The whole page as a gr.Blocks; `demo.web.server` puts the web server and the look around
    it."""
    settings = settings or Settings()
    tabs_here = available_tabs()
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=CACHE_SECONDS
    ) as app:
        visitor = gr.BrowserState(None, storage_key=VISITOR_KEY, secret=STORAGE_SECRET)
        chosen = gr.BrowserState(None, storage_key=MODEL_KEY, secret=STORAGE_SECRET)
        models_changed = gr.State(0)
        grid = gr.State(None)
        model, look, about, lead = build_header(settings, visitor, chosen, models_changed)

        def open_for(stored: str | None, last: str | None, request: gr.Request) -> Opened:
            # Gradio hands the request to the parameter with this annotation, which a partial would
            # hide.
            return open_page(settings, stored, last, request.query_params.get("model"))

        again = gr.Button("Again", elem_id="vq-again", visible="hidden")
        loaded = app.load(open_for, [visitor, chosen], [visitor, model, look, about], **QUIET)
        with gr.Tabs(elem_id="vq-tabs", overflow_behavior="wrap") as tabs:
            page = Page(
                settings=settings,
                app=app,
                visitor=visitor,
                model=model,
                models_changed=models_changed,
                grid=grid,
                tabs=tabs,
                loaded=loaded,
                again=again,
                lead=lead,
                tab_ids=tuple(tab for tab, _ in tabs_here),
            )
            for tab, label in tabs_here:
                with gr.Tab(label, id=tab, elem_id=f"vq-tab-{tab}"):
                    importlib.import_module(f"demo.tabs.{tab}.tab").build(page)
        codes.build(page)
        none = gr.HTML("", elem_id="vq-codeless", padding=False)
        model.change(partial(codeless, settings), [model], [none], **QUIET)
        page.ready(partial(codeless, settings), [model], [none])
        page.ready(None, None, None, js=fetch_ahead())
        page.ready(None, [model], [lead], js="(model) => ({ model, ready: true })")
        add_endpoints(settings)
    return app
