"""The networks: encoder, decoder, quantizers, losses, the VQ-VAE and what it is compared with.

May import config, metrics and distributed; the methods of the hub reach checkpoints by name, when
they are called.
"""
