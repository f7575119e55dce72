"""Trackers that take over a run while it is recorded: ``ProbeCallback(..., sinks=[diagnostics.sinks.MLflow()])``."""

from diagnostics.sinks.mlflow import MLflow
from diagnostics.sinks.wandb import Wandb
from diagnostics.training.sink import Outcome, Sink
from diagnostics.training.tensorboard.sink import TensorBoard

__all__ = ["MLflow", "Outcome", "Sink", "TensorBoard", "Wandb"]
