"""The Generate tab: samples from a prior, step by step, and what they are near.

May import demo's floors below the tabs; no other tab.
"""
