"""Training: the loop, the optimizer, records, runs that can be resumed, several processes.

May import everything of the core but prior and cli.
"""
