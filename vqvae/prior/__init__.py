"""The learned prior over grids of codes: its network, sampling, training and files."""
