"""Figures as SVG and Plotly: plain functions from numbers to markup."""
