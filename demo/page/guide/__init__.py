"""What leads through the page: its address, the popover of the model, and the lesson.

May import what demo.page may.
"""
