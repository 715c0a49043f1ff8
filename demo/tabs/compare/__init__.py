"""The Compare tab: one picture through several models, plans that train them, bits against
quality."""
