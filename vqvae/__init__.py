"""VQ-VAE: quantizer, model, training, prior and index grids, on PyTorch and nothing of any user
interface.

    >>> import vqvae
    >>> model = vqvae.load("mnist")
    >>> indices = model.encode(x)          # x float (B, C, H, W) in [0, 1] -> int64 (B, h, w)
    >>> x_recon = model.decode(indices)    # float (B, C, H, W) in [0, 1]

The names are listed in __init__.pyi and resolved on first use, so that `import vqvae` alone costs
nothing: PyTorch loads when a name needs it.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
