"""The type of what Keras passes between layers, models and losses."""

from __future__ import annotations

from typing import Any, TypeAlias

Nest: TypeAlias = Any
"""A tensor, or lists, tuples and dictionaries of tensors as ``tf.nest`` flattens them; a type checker cannot say more."""
