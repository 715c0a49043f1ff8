"""Whose request is being answered, for what is bounded an address deep inside the app.

demo.web notes it at the door; handlers run in a copy of the same context, in whatever thread.
"""

from contextvars import ContextVar

ADDRESS: ContextVar[str] = ContextVar("address", default="")
"""The visitor's, as demo.web.addresses counts it; empty where no request is answered."""
PAGE: ContextVar[str] = ContextVar("page", default="")
"""The page in somebody's browser, by the name that it gave itself; empty where none is known."""
