"""Several trainings as one run: what a plan is, those that can be asked for, and how one is
trained. Imports the floor around it."""
