"""The tabs of the page, one a folder; `demo.interface` shows those that exist."""
