"""The cards of the model picker: for each model a picture of what it makes, its name and its facts.

May import demo.door, demo.models and below; no tab.
"""
