"""Training: the loop, the optimizer, records, runs that can be resumed, several processes."""
