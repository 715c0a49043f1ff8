"""What Gradio keeps for each page: little, and no client pushes out the others' pages."""

from collections import Counter
from copy import copy

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

from demo.asker import ADDRESS
from demo.web.addresses import address_of

SESSIONS = 500
"""Pages whose state is kept. What a visitor has made is in the browser or in the folder of runs."""


class LightState(SessionState):
    """The state of one page without Gradio's copy of every component's description, which only
    deep links need: each made-up name of a session took 0.3 MB and 45 ms of the event loop."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values = {}
        self.state_data = {}
        self._state_ttl = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600


class Sessions(StateHolder):
    """The states of all pages. When they are too many, the oldest of the address with most goes."""

    def __init__(self, blocks: gr.Blocks, capacity: int = SESSIONS) -> None:
        super().__init__()
        self._addresses: dict[str, str] = {}
        blocks.state_session_capacity = capacity
        self.set_blocks(blocks)

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = LightState(self.blocks)
            self._addresses[session_id] = ADDRESS.get()
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            while len(self.session_data) > self.capacity:
                held = Counter(self._addresses[kept] for kept in self.session_data)
                most = held.most_common(1)[0][0]
                self._remove(
                    next(kept for kept in self.session_data if self._addresses[kept] == most)
                )

    def _remove(self, session_id: str) -> None:
        del self.session_data[session_id], self._addresses[session_id]
        self.time_last_used.pop(session_id, None)


def asked_by(scope) -> None:
    """Note, for what this task does from here on, whose request it answers."""
    ADDRESS.set(address_of(scope))


class KnowAsker:
    """ASGI middleware: notes whose request is being answered."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            asked_by(scope)
        await self.app(scope, receive, send)
