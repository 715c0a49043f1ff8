"""The card of a code, the same on every tab: its tile, how often it is chosen, its
nearest codes, and the way on.

May import demo.door, demo.models and below; no tab.
"""
