"""What a trained model does, in numbers: evaluation, use of the codebook, projections, reports.

May import everything of the core but training, prior and cli.
"""
