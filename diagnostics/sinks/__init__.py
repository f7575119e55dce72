"""What takes over a run while it is recorded, trackers and notebooks: ``ProbeCallback(..., sinks=[diagnostics.sinks.MLflow()])``."""

from diagnostics.sinks.mlflow import MLflow
from diagnostics.sinks.notebook import Notebook
from diagnostics.sinks.wandb import Wandb
from diagnostics.training.sink import Outcome, Sink
from diagnostics.training.tensorboard.sink import TensorBoard

__all__ = ["MLflow", "Notebook", "Outcome", "Sink", "TensorBoard", "Wandb"]
