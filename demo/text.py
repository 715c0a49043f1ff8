"""The page's words: what a newcomer does not know, each explained in one sentence."""

import math
from html import escape

GLOSSARY = {
    "VQ-VAE": (
        "A vector-quantized autoencoder: it turns a picture into a small grid of entries from a "
        "learned codebook, and redraws the picture from them."
    ),
    "code": "One entry of the codebook: a learned vector for a kind of patch.",
    "codebook": (
        "The K vectors the model has learned; every cell of the grid points to one of them."
    ),
    "codebook size": "K, how many entries the codebook has; each cell then costs log2 K bits.",
    "embedding dimension": "D, how many numbers make up one codebook vector and one latent.",
    "grid": "The picture as the model keeps it: rows and columns of codebook indices.",
    "index": "The number of a codebook entry, from 0 to K - 1.",
    "latent": "The vector the encoder computes for one cell, before it is snapped to the codebook.",
    "quantization": (
        "Replacing each latent by the nearest codebook vector, so that only its index "
        "has to be kept."
    ),
    "loss": (
        "The number that training makes small: how wrong the pictures are, and what else counts."
    ),
    "gradient": (
        "For each number in the model, which way and how steeply the loss rises; training moves "
        "it the other way."
    ),
    "straight-through": (
        "Choosing the nearest code has no slope, so training copies the decoder's gradient past "
        "that step to the encoder unchanged."
    ),
    "codebook loss": (
        "How far the codes are from the latents they were chosen for; it moves the codes."
    ),
    "commitment loss": (
        "How far the latents are from the codes chosen for them; it keeps the encoder close to "
        "its codebook."
    ),
    "commitment weight": "Beta, how strongly the commitment loss counts beside the reconstruction.",
    "reconstruction loss": (
        "The mean squared difference between the picture and what the decoder draws."
    ),
    "EMA": (
        "An exponential moving average: each code drifts towards the mean of the latents that "
        "chose it lately, without a gradient."
    ),
    "k-means start": (
        "The codebook begins as the cluster centres of real latents, not as random numbers."
    ),
    "dead code": (
        "A codebook entry that nothing chooses any more; it costs bits and carries nothing."
    ),
    "restart": (
        "A dead code is moved onto a latent of the current batch, so that it comes back into use."
    ),
    "codebook collapse": (
        "Only a few codes are in use, so the grid can say far less than its bits would allow."
    ),
    "usage": "The share of codes that were chosen at least once, from 0 to 100 %.",
    "perplexity": (
        "How many equally used codes would be as varied: K if all are chosen equally often, 1 if "
        "only one ever is."
    ),
    "entropy": "The average information in an index, in bits, given how often each code is chosen.",
    "bits per image": "What the grid costs to store: its number of cells times log2 K.",
    "mse": "The mean squared error over pixels between 0 and 1; smaller is better.",
    "PSNR": (
        "Peak signal-to-noise ratio in decibels: 10 log10(1 / mse); 3 dB more means half the error."
    ),
    "SSIM": (
        "Structural similarity, 1 for equal pictures: compares local means, contrasts and patterns."
    ),
    "downsampling": "How many pixels one grid cell covers along each side.",
    "receptive field": "The pixels that one cell can change.",
    "prior": "A model of which grids are likely; with it the codes can be filled in or invented.",
    "temperature": (
        "How daring the sampling is: below 1 it prefers likely codes, above 1 it tries "
        "unlikely ones."
    ),
    "top-k": "Sampling chooses only among the k likeliest codes.",
    "top-p": (
        "Sampling chooses only among the likeliest codes that together reach the probability p."
    ),
    "guidance": (
        "How strongly the class pulls at first, fading to 1, as learned: more is more "
        "typical, less varied."
    ),
    "class": (
        "What kind of picture is asked for; the prior was told it in training, and also "
        "learned to do without."
    ),
    "parallel steps": (
        "In each step the prior draws several cells at once, without their seeing each other: more "
        "steps agree better and take longer."
    ),
    "surprise": "How unlikely the prior finds a cell's code given all the others, in bits.",
    "sharpness": (
        "The contrast at the edges beside that of the picture itself, measured by its Laplacian: "
        "100 % is as sharp, less is blurred, more is noisy."
    ),
    "rate": (
        "What the picture takes when it is kept: codes times their bits, numbers at 8 bits each, "
        "or a VAE's KL divergence in bits."
    ),
    "AE": (
        "An autoencoder: it turns a picture into a vector of numbers and redraws it; nothing "
        "else is asked of it."
    ),
    "VAE": (
        "A variational autoencoder: an autoencoder whose vector is noisy on purpose and pulled "
        "towards a standard normal distribution, so that samples can be drawn from it."
    ),
    "free bits": (
        "So much KL divergence costs nothing, so that a VAE settles at just this many bits."
    ),
    "posterior collapse": (
        "The encoder of a VAE carries no information, so the decoder draws the same for all."
    ),
    "Gaussian": (
        "A normal distribution: numbers drawn from it lie around a mean, far ones being rare."
    ),
    "KL divergence": (
        "What a VAE pays for its latents: how far they are from pure noise, in nats or bits."
    ),
    "learning rate": "How far one step moves the weights.",
    "batch size": "How many pictures one training step looks at.",
    "seed": "The number that starts the random generator: the same seed gives the same result.",
}
DATASET_NAMES = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "cifar10-jpeg": "CIFAR-10 (JPEG)",
    "synthetic": "synthetic digits",
}
"""The public data sets as people call them."""


SEE = {
    "VQ-VAE": "reconstruct",
    "code": "codebook",
    "codebook": "codebook",
    "codebook size": "train",
    "grid": "edit",
    "index": "edit",
    "latent": "edit",
    "quantization": "edit",
    "straight-through": "edit",
    "dead code": "codebook",
    "codebook collapse": "codebook",
    "usage": "codebook",
    "perplexity": "codebook",
    "entropy": "codebook",
    "loss": "train",
    "gradient": "train",
    "codebook loss": "train",
    "commitment loss": "train",
    "commitment weight": "train",
    "reconstruction loss": "train",
    "EMA": "train",
    "k-means start": "train",
    "restart": "train",
    "downsampling": "train",
    "embedding dimension": "train",
    "learning rate": "train",
    "batch size": "train",
    "seed": "train",
    "receptive field": "edit",
    "surprise": "edit",
    "prior": "generate",
    "temperature": "generate",
    "top-k": "generate",
    "top-p": "generate",
    "guidance": "generate",
    "class": "generate",
    "parallel steps": "generate",
    "Gaussian": "generate",
    "PSNR": "reconstruct",
    "SSIM": "reconstruct",
    "bits per image": "reconstruct",
    "mse": "compare",
    "rate": "compare",
    "sharpness": "compare",
    "AE": "compare",
    "VAE": "compare",
    "free bits": "compare",
    "posterior collapse": "compare",
    "KL divergence": "compare",
}
"""The tab on which a word is best seen at work."""


def term(word: str, label: str | None = None) -> str:
    """HTML for a word that explains itself on hover and on focus, in the glossary's sentence;
    pressed, the sentence stays and leads to the tab where one sees it (demo/page/page.js).

    `label` is the text shown where it differs from the glossary's key. Raises KeyError for an
    unknown word.
    """
    sentence = GLOSSARY[word]
    return (
        f'<span class="vq-term" tabindex="0" data-see="{SEE[word]}">{escape(label or word)}'
        f'<span class="vq-tip" role="tooltip">{escape(sentence)}</span></span>'
    )


def figure(value: object) -> float | None:
    """A finite number from a metrics file, or None for whatever else stands there."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def number(value: float | None, unit: str = "", digits: int = 1) -> str:
    """A figure with its unit, a narrow no-break space between: `6,272 bits`; a dash where there is
    none."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    return f"{text}\u202f{unit}" if unit else text
