"""Two runs side by side: started together, or chosen of those there are.

May import what the Train tab may, and the tab's own views.
"""
