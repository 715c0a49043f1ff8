"""Training as the app runs it: jobs and their folders, the process that trains, what it reports.

May import demo.settings, demo.session and vqvae; knows no tab and no component.
"""
