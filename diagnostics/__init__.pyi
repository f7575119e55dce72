"""The public names for type checkers and code completion; a test compares them with the package."""

from diagnostics import sinks as sinks
from diagnostics.pages.comparison import compare as compare
from diagnostics.pages.run_page import report as report
from diagnostics.rules import diagnose as diagnose
from diagnostics.runs.experiment import Experiment as Experiment
from diagnostics.runs.experiment import load_experiment as load_experiment
from diagnostics.runs.fits import join_fits as join_fits
from diagnostics.runs.run import Run as Run
from diagnostics.runs.run import load_run as load_run
from diagnostics.runs.writer import RunWriter as RunWriter
from diagnostics.training.fit.callback import ProbeCallback as ProbeCallback
from diagnostics.training.flight.options import FlightRecorder as FlightRecorder
from diagnostics.training.trainer import Trainer as Trainer
