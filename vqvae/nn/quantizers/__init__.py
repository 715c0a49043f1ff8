"""Quantizers, one file each, on one interface: `base.py` says what it is.

Every kind is "squash z_e, then the nearest row of a (K, D) table". They differ in how the table is
made, in their losses and in how it learns:

    codebook_loss  a table of free vectors, moved by the gradient of the codebook loss
    ema            a table of free vectors that follows moving averages
    residual       every sum of one vector from each of a few small tables
    simvq          a frozen table times one learned matrix
    fsq            a fixed grid: a few values for each number
    lfq, bsq       a fixed grid: the signs of each number; the corners of a cube, or on a sphere

Import order: search, estimators -> base -> the kinds.
"""
