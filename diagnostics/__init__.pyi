"""What static checkers and completion see of the package; a test holds it against what is there."""

from diagnostics.callback import ProbeCallback as ProbeCallback
from diagnostics.compare import compare as compare
from diagnostics.experiments import Experiment as Experiment
from diagnostics.experiments import load_experiment as load_experiment
from diagnostics.record import Run as Run
from diagnostics.record import RunWriter as RunWriter
from diagnostics.record import load_run as load_run
from diagnostics.report import report as report
from diagnostics.rules import diagnose as diagnose
from diagnostics.trainer import Trainer as Trainer
