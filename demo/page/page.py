"""What interface.py hands to every tab."""

from dataclasses import dataclass, field

import gradio as gr

from demo.settings import Settings


@dataclass(frozen=True)
class Page:
    """The shared parts of the page. A tab listens to them and writes to them; it never imports
    another tab.

    First paint of a tab: `page.ready(handler, inputs=[page.visitor, page.model], outputs=[...])`,
    which runs once per page load, after the visitor and the model are known. Later changes:
    `page.model.change(...)`.
    """

    settings: Settings
    app: gr.Blocks
    visitor: gr.BrowserState
    """The visitor token (str); valid from `ready` on."""
    model: gr.Dropdown
    """The model picker; its value is a model id (str), or None when there is no model at all."""
    models_changed: gr.State
    """An int; write a larger one when the list of models has changed, and the picker is filled
    again."""
    grid: gr.State
    """The picture handed from tab to tab: None or {"model": id, "indices": [[int]], "input": PNG
    data URL or None}."""
    tabs: gr.Tabs
    """To switch tab, output `gr.Tabs(selected="edit")` here."""
    loaded: gr.events.Dependency
    """The event that fills visitor and picker when the page opens; see `ready`."""
    again: gr.Button
    """Not seen; "clicked" by head/alive.js when a server that was started anew has forgotten every
    gr.State."""
    lead: gr.HTML
    """The guide (demo.page.guide); its event `moved` says that Back or Forward has changed the
    address."""
    tab_ids: tuple[str, ...] = field(default=())
    """The tabs on this page, in order."""

    def has_tab(self, tab_id: str) -> bool:
        """Whether the page has this tab."""
        return tab_id in self.tab_ids

    def ready(self, handler, inputs=None, outputs=None, **options) -> gr.events.Dependency:
        """Run `handler` once the page knows its visitor and model; options as for any Gradio
        event."""
        options = {"show_progress": "hidden", "api_visibility": "private", **options}
        return self.loaded.then(handler, inputs, outputs, **options)
