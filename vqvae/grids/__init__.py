"""Grids of codes as values: checked, changed, packed into text, cut from whole photos."""
