"""The tabs of the page, one per folder; `demo.interface` shows those that exist."""
