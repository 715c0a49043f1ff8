"""The Train tab: the form, the run on show and what it learns.

May import demo's floors below the tabs; no other tab.
"""
