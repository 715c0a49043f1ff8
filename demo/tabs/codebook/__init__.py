"""The Codebook tab: usage, atlas, maps, the details and the past of a code.

May import demo's floors below the tabs; no other tab.
"""
