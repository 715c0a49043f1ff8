"""What a trained model does, in numbers: evaluation, use of the codebook, projections, reports."""
