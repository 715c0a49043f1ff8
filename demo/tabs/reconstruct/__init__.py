"""The Reconstruct tab: a drawing or an upload at every stage of the model.

May import demo's floors below the tabs; no other tab.
"""
