"""How sharply is the loss curved where training stands?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from probes.errors import UsageError

Product = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Sharpness:
    """Largest eigenvalue of the loss's Hessian over all trainable variables, on a fixed batch.

    sharpness = λ_max(∂²L/∂W²), by Lanczos over Hessian-vector products (a gradient of a gradient each); plain gradient
    descent with a learning rate η oscillates where it exceeds 2/η. Unlike the probes it is no statistic of a training
    step: it runs when asked, outside of any compiled step, and changes nothing in the model.

    The loss is the one that training minimises: batch normalisation uses the statistics of this batch, whose curvature is
    another than that with moving statistics, and dropout draws one set of masks, the same for all products.

    ::

        curvature = probes.Sharpness(loss_fn, x[:512], y[:512])
        curvature.of(model)                # between two steps, as often as wanted; read it against 2 / learning_rate

    Args:
        loss: ``loss(y, output)``: a scalar, or one number an example, which is then averaged.
        x: the batch, in any structure that the model takes.
        y: the target, passed on to ``loss`` as it is.
        tolerance: relative accuracy of the eigenvalue. Lanczos ends there; 10⁻³ is finer than what the noise of a batch
            leaves of it.
        iterations: restarts that Lanczos may take; after them there is no number. scipy's own default is 10 n.

    References:
        Cohen, Kaur, Li, Kolter and Talwalkar 2021, Gradient descent on neural networks typically occurs at the edge of
        stability, arXiv 2103.00065.
    """

    loss: Callable[[Any, Any], Any]
    x: Any
    y: Any
    tolerance: float = 1e-3
    iterations: int = 1000

    def of(self, model: keras.Model) -> float:
        """The sharpness of the model as it is now.

        Args:
            model: anything callable with ``trainable_variables``, built.

        Returns:
            λ_max in the loss's unit per squared weight's unit, of either sign. NaN where the Hessian holds a NaN or Inf, or
            Lanczos did not converge (with a warning).

        Raises:
            UsageError: nothing trainable, or a loss that does not depend on it.
        """
        variables = [v.value if isinstance(v, keras.Variable) else v for v in model.trainable_variables]
        if not variables:
            raise _misuse("a model without trainable variables", "build the model first, by calling it on a batch")
        sizes = [math.prod(variable.shape) for variable in variables]
        return largest_eigenvalue(self._product(model, variables, sizes), sum(sizes), self.tolerance, self.iterations)

    def _product(self, model: keras.Model, variables: Sequence[tf.Variable], sizes: list[int]) -> Product:
        """H v for v ``[n]``."""

        @tf.function(autograph=False, input_signature=[tf.TensorSpec([sum(sizes)], tf.float32)])
        def product(vector):
            return _hessian_times(lambda: self._value(model), variables, tf.split(vector, sizes))

        # Moving statistics and random generators: training mode changes them, and masks must be the same in all products.
        kept = [(variable, variable.numpy()) for variable in getattr(model, "non_trainable_variables", ())]

        def multiplied(vector: np.ndarray) -> np.ndarray:
            try:
                return product(tf.constant(vector, tf.float32)).numpy().astype(np.float64)
            finally:
                for variable, value in kept:
                    variable.assign(value)

        return multiplied

    def _value(self, model: keras.Model) -> tf.Tensor:
        output = model(self.x, training=True) if isinstance(model, keras.Layer) else model(self.x)
        return tf.reduce_mean(tf.cast(self.loss(self.y, output), tf.float32))


def _hessian_times(loss: Callable[[], tf.Tensor], variables: Sequence[tf.Variable], parts: Sequence) -> tf.Tensor:
    """H v ``[n]``: the gradient of vᵀ ∂L/∂W."""
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            value = loss()
        gradients = inner.gradient(value, variables)
        pairs = [(g, part) for g, part in zip(gradients, parts, strict=True) if g is not None]
        if not pairs:
            raise _misuse("a loss that depends on no trainable variable", "give the loss that training minimises")
        directional = tf.add_n([_dot(gradient, part) for gradient, part in pairs])
    products = outer.gradient(directional, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.concat([tf.reshape(tf.cast(tf.convert_to_tensor(p), tf.float32), [-1]) for p in products], axis=0)


def _dot(gradient: tf.Tensor | tf.IndexedSlices, part: tf.Tensor) -> tf.Tensor:
    dense = tf.cast(tf.convert_to_tensor(gradient), tf.float32)
    return tf.reduce_sum(dense * tf.reshape(part, dense.shape))


def largest_eigenvalue(product: Product, size: int, tolerance: float, iterations: int) -> float:
    """λ_max of a symmetric matrix of which only products with vectors are known.

    Args:
        product: v ``[n]`` to A v ``[n]``.
        size: n.
        tolerance: relative accuracy.
        iterations: restarts before giving up.

    Returns:
        The largest eigenvalue; NaN where a product is not finite or Lanczos did not converge.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh  # noqa: PLC0415 - an optional extra

    # A start of its own, so that nobody's random numbers are used up and the same weights give the same number.
    start = np.random.default_rng(0).normal(size=size)
    first = product(start)
    if not np.isfinite(first).all():
        return np.nan
    if size == 1 or not first.any():  # neither of which Lanczos takes
        return float(first[0] / start[0])
    operator = LinearOperator((size, size), matvec=lambda v: product(v.ravel()), dtype=np.float64)  # pyright: ignore
    options: dict[str, Any] = {"v0": start, "tol": tolerance, "maxiter": iterations}
    try:
        values = eigsh(operator, k=1, which="LA", return_eigenvectors=False, **options)
    except ArpackNoConvergence:
        warnings.warn(f"sharpness: no convergence to {tolerance:g} in {iterations} restarts", stacklevel=3)
        return np.nan
    return float(values[0])


def _misuse(got: str, do: str) -> UsageError:
    return UsageError(what="there is no curvature to measure", where="Sharpness.of(model)", got=got, do=do)
