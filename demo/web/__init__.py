"""The web server around the page: who may talk to the app, how much, and about which files.

Nothing here knows what the page shows.
"""
