"""Figures as SVG and Plotly: plain functions from numbers to markup.

May import demo.text, demo.models and vqvae; knows no tab and no component.
"""
