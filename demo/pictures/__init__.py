"""Pictures that people send: decoded within bounds, and made into what a model takes. Imports
nothing of the page."""
