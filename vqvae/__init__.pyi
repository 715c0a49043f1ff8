"""The public names, for editors and type checkers: their one list, which __init__.py reads."""

from .analysis.evaluation import (
    Evaluation as Evaluation,
    evaluate as evaluate,
)
from .checkpoints.checkpoint import (
    Checkpoint as Checkpoint,
    list_checkpoints as list_checkpoints,
    load as load,
    load_checkpoint as load_checkpoint,
    read_info as read_info,
    save_checkpoint as save_checkpoint,
)
from .checkpoints.files import CheckpointError as CheckpointError
from .checkpoints.gallery import Gallery as Gallery
from .config import (
    ConfigError as ConfigError,
    ModelConfig as ModelConfig,
    TrainingConfig as TrainingConfig,
)
from .data.datasets import (
    ImageSet as ImageSet,
    load_dataset as load_dataset,
)
from .data.imageset import DataError as DataError
from .data.index_set import (
    IndexSet as IndexSet,
    encode_set as encode_set,
    indices_of as indices_of,
    read_index_set as read_index_set,
    read_indices as read_indices,
)
from .grids.codes import (
    CodesError as CodesError,
    IndexGrid as IndexGrid,
)
from .nn.baselines import Autoencoder as Autoencoder
from .nn.build import build_model as build_model
from .nn.model import VQVAE as VQVAE
from .nn.networks import (
    Decoder as Decoder,
    Encoder as Encoder,
    ResidualBlock as ResidualBlock,
)
from .nn.quantizers.base import (
    Quantized as Quantized,
    Quantizer as Quantizer,
)
from .nn.quantizers.codebook_loss import VectorQuantizer as VectorQuantizer
from .nn.quantizers.ema import EMAVectorQuantizer as EMAVectorQuantizer
from .nn.quantizers.fsq import FiniteScalarQuantizer as FiniteScalarQuantizer
from .nn.quantizers.lfq import (
    BinarySphericalQuantizer as BinarySphericalQuantizer,
    LookupFreeQuantizer as LookupFreeQuantizer,
)
from .nn.quantizers.residual import ResidualQuantizer as ResidualQuantizer
from .nn.quantizers.simvq import SimVQ as SimVQ
from .prior.checkpoint import (
    load_prior as load_prior,
    save_prior as save_prior,
)
from .prior.model import (
    Prior as Prior,
    build_prior as build_prior,
)
from .prior.naive import (
    gaussian_codes as gaussian_codes,
    marginal_codes as marginal_codes,
    random_codes as random_codes,
)
from .prior.config import PriorConfig as PriorConfig, PriorTrainingConfig as PriorTrainingConfig
from .prior.sampling import (
    SampleStep as SampleStep,
    Sampling as Sampling,
    inpaint as inpaint,
    polish as polish,
    sample as sample,
    sample_steps as sample_steps,
)
from .prior.scoring import (
    bits_per_image as bits_per_image,
    cell_probabilities as cell_probabilities,
    surprise as surprise,
)
from .prior.training import (
    PriorRecord as PriorRecord,
    PriorTraining as PriorTraining,
    evaluate_prior as evaluate_prior,
    new_prior as new_prior,
)
from .training.training import (
    StepRecord as StepRecord,
    Training as Training,
    TrainingDiverged as TrainingDiverged,
)

__version__: str
