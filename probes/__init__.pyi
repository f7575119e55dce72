"""The public names for type checkers and code completion; a test compares them with the package."""

from probes.activation_gradient import ActivationGradient as ActivationGradient
from probes.activation_moments import ActivationMoments as ActivationMoments
from probes.activation_sparsity import ActivationSparsity as ActivationSparsity
from probes.batch_norm_shift import BatchNormShift as BatchNormShift
from probes.clipped_gradient import ClippedGradient as ClippedGradient
from probes.dead_units import DeadUnits as DeadUnits
from probes.defaults import default as default
from probes.dropout_variance import DropoutVariance as DropoutVariance
from probes.errors import UsageError as UsageError
from probes.gradient_histogram import GradientHistogram as GradientHistogram
from probes.gradient_noise import GradientNoise as GradientNoise
from probes.gradient_norm import GradientNorm as GradientNorm
from probes.histogram import Histogram as Histogram
from probes.monitor import Monitor as Monitor
from probes.non_finite import NonFinite as NonFinite
from probes.probe import Probe as Probe
from probes.reading import Reading as Reading
from probes.saturation import Saturation as Saturation
from probes.sharpness import Sharpness as Sharpness
from probes.snapshot.snapshot import Snapshot as Snapshot
from probes.update_ratio import UpdateRatio as UpdateRatio
from probes.weight_histogram import WeightHistogram as WeightHistogram

def probe_names() -> list[str]: ...
