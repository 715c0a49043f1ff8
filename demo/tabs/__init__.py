"""The tabs of the page, one a file; `demo.interface` shows those that exist."""
