"""What has an address of its own beside the page: scripts, weights, downloads.

May import demo.models, demo.page and below.
"""
