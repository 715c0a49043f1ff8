"""The Compare tab: one picture through several models, plans that train them, bits against quality.

May import demo's floors below the tabs; no other tab.
"""
