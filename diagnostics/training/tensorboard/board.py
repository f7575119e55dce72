"""Writes a run as event files for TensorBoard, during training or from a stored run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from diagnostics.measures.tables import KEYS
from diagnostics.pages.board import SPLITS, heat_maps, hyperparameters, metrics_of, numeric, summary_text
from diagnostics.runs.bin_edges import edges_of
from diagnostics.runs.confined import as_name
from diagnostics.runs.run import Run
from probes.errors import UsageError

HISTOGRAM = "histogram"
ALWAYS = ("loss",)
"""Scalars measured in every row, where NaN is a value; in other columns NaN means missing and is not written."""


class BoardWriter:
    """Writes tables as TensorBoard events: ``train/``, ``validation/`` and, for hyperparameters and text, the folder itself.

    Tags are ``STATISTIC/LAYER``, such as ``gradient_norm/hidden_1``, so that TensorBoard groups layers by statistic; scalars
    have the same name in all splits, so that it draws training and validation in one chart.

    Args:
        directory: folder for the event files; created at the first write. Existing files in it are kept.
        probes: the probes' reprs, for the bins of ``Histogram``.

    Raises:
        UsageError: TensorBoard is not installed.
    """

    def __init__(self, directory: str | Path, *, probes: Sequence[str] = ()) -> None:
        require_tensorboard()
        self.directory = Path(directory)
        self._edges = edges_of(probes)
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

    def layers(self, frame: pd.DataFrame) -> None:
        """Write statistics of layers.

        Args:
            frame: step, layer and a column for every statistic; NaN is left out. A column ``histogram`` of counts becomes
                histograms.
        """
        with self._in("train"):
            _write_scalars(frame, numeric(frame, but=KEYS), "{}/{}".format)
            if HISTOGRAM in frame:
                self._write_histograms(frame.loc[frame[HISTOGRAM].notna(), ["step", "layer", HISTOGRAM]])

    def scalars(self, frame: pd.DataFrame) -> None:
        """Write loss, metrics and learning rate.

        Args:
            frame: step, split and a column for every scalar; NaN is left out, except in the loss.
        """
        for split, rows in frame.groupby("split", observed=True, sort=False):
            with self._in(SPLITS.get(str(split), str(split))):
                _write_scalars(rows, numeric(rows, but=("step", "epoch")), lambda column, _: column)

    def hyperparameters(self, run: Run) -> None:
        """Write the settings of a run, and which scalars TensorBoard's table of runs shows beside them."""
        from tensorboard.plugins.hparams import api  # noqa: PLC0415 - an extra

        values = hyperparameters(run)
        metrics = [api.Metric(tag, group=group, display_name=f"{group} {tag}") for group, tag in metrics_of(run)]
        with self._in(""):
            api.hparams_config([api.HParam(name) for name in values], metrics)
            api.hparams(values, trial_id=str(run.path))

    def finish(self, run: Run) -> None:
        """Write what is known only at the end: hyperparameters, heat maps as images, the report's findings as text.

        Args:
            run: the stored run.
        """
        last = int(run.layers["step"].to_numpy().max()) if len(run.layers) else 0
        self.hyperparameters(run)
        with self._in("train"):
            for column, picture in heat_maps(run):
                tf.summary.image(column, tf.io.decode_png(picture)[tf.newaxis], step=last)
        with self._in(""):
            tf.summary.text("summary", summary_text(run), step=last)

    def flush(self) -> None:
        """Write everything to disk, so that TensorBoard shows it."""
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Flush and close the files."""
        for writer in self._writers.values():
            writer.close()

    def _in(self, split: str) -> AbstractContextManager:
        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(
                str(self.directory / as_name(split) if split else self.directory)
            )
        return self._writers[split].as_default()

    def _write_histograms(self, frame: pd.DataFrame) -> None:
        from tensorboard.plugins.histogram import metadata  # noqa: PLC0415 - an extra

        about = metadata.create_summary_metadata(display_name=None, description="activations, counts by bin")
        for step, layer, counts in frame.itertuples(index=False):
            tf.summary.write(f"{HISTOGRAM}/{layer}", bins(np.asarray(counts), self._edges), step=step, metadata=about)


def bins(counts: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Counts of ``probes.Histogram`` in the form of TensorBoard's histogram plugin.

    Args:
        counts: ``[2·K + 2]``; the last is the number of NaN, which TensorBoard cannot show.
        edges: e_1 < … < e_K.

    Returns:
        ``[2·K + 1, 3]``: left edge, right edge, count. The outermost bins, which are unbounded, are drawn half a decade wide.

    Raises:
        UsageError: the number of counts does not match the number of edges.
    """
    if len(counts) != 2 * len(edges) + 2:
        raise UsageError(
            what="the histograms do not match these bins",
            where="the column histogram",
            got=f"{len(counts)} counts for {len(edges)} edges",
            do="give the probes' reprs as they stand in run.json: BoardWriter(directory, probes=run.probes)",
        )
    outer = edges[-1] * np.sqrt(10)
    boundaries = np.array([-outer, *(-edge for edge in reversed(edges)), *edges, outer])
    return np.column_stack([boundaries[:-1], boundaries[1:], counts[:-1]])


def _write_scalars(frame: pd.DataFrame, columns: Sequence[str], tags: Callable[[str, str], str]) -> None:
    """Write one event per step with all its values; ``tf.summary.scalar`` for each value takes a hundred times as long."""
    from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415 # pyright: ignore[reportAttributeAccessIssue]
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb  # noqa: PLC0415

    layers = frame["layer"].astype(str).tolist() if "layer" in frame else [""] * len(frame)
    values = {column: frame[column].to_numpy(np.float64) for column in columns}
    events: dict[int, Any] = {}
    for column, numbers in values.items():
        for step, layer, number in zip(frame["step"].tolist(), layers, numbers, strict=True):
            if column in ALWAYS or not np.isnan(number):
                events.setdefault(step, Summary()).MergeFrom(scalar_pb(tags(column, layer), number))
    for step, summary in sorted(events.items()):
        tf.summary.experimental.write_raw_pb(summary.SerializeToString(), step=step)


def require_tensorboard() -> None:
    """Check that TensorBoard is installed.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import tensorboard  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            what="TensorBoard is not installed",
            where="event files for TensorBoard",
            got=str(error),
            do="pip install tensorboard, or install this package with the extra: pip install -e '.[tensorboard]'",
        ) from error


def write_board(run: Run, directory: str | Path) -> Path:
    """Write a stored run as event files.

    Args:
        run: the run.
        directory: folder for the event files.

    Returns:
        The folder to give to ``tensorboard --logdir``.

    Raises:
        UsageError: TensorBoard is not installed, or the folder cannot be written.
    """
    board = BoardWriter(directory, probes=run.probes)
    try:
        board.layers(run.layers)
        board.scalars(run.scalars)
        board.finish(run)
        board.close()
    except tf.errors.OpError as error:
        raise UsageError(
            what="event files cannot be written",
            where=str(directory),
            got=str(error.message),
            do="choose a folder that you may write to, with room on its disk",
        ) from error
    return Path(directory)
