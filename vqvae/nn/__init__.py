"""The networks: encoder, decoder, quantizers, losses, the VQ-VAE and what it is compared with."""
