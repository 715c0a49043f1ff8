"""The Train tab: the form, the run on show and what it learns."""
