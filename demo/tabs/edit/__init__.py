"""The Edit tab: a grid of codes changed cell by cell, and the prior beside it."""
