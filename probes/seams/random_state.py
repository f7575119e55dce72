"""The random generators that Keras and TensorFlow hold for everyone who names none."""

from __future__ import annotations

from typing import Any

from probes.seams.private import module_with

_keras_state: Any = module_with("keras.src.backend.common.global_state", "get_global_attribute")
_keras_generator: Any = module_with("keras.src.random.seed_generator", "GLOBAL_SEED_GENERATOR")
_generators: Any = module_with("tensorflow.python.ops.stateful_random_ops", "global_generator")


def global_generators() -> dict[str, Any]:
    """The variables that hold the state of the global generators, by name; one that nobody has used yet is missing.

    Returns:
        ``keras``, behind random operations without a seed, and ``tensorflow``, behind ``tf.random.get_global_generator()``.
    """
    found = {}
    if _keras_state is not None and _keras_generator is not None:
        keras_own = _keras_state.get_global_attribute(_keras_generator.GLOBAL_SEED_GENERATOR)
        found["keras"] = getattr(keras_own, "state", None)
    found["tensorflow"] = getattr(getattr(_generators, "global_generator", None), "state", None)
    return {name: state for name, state in found.items() if state is not None}
