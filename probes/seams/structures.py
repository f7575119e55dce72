"""The structure of a data set's batches as bytes, and back; reading them executes nothing."""

from __future__ import annotations

from typing import Any

from probes.seams.private import module_with

_coder: Any = module_with("tensorflow.python.saved_model.nested_structure_coder", "encode_structure", "decode_proto")
_protobuf: Any = module_with("tensorflow.core.protobuf.struct_pb2", "StructuredValue")


def structure_bytes(spec: Any) -> bytes | None:
    """A nested structure of ``tf.TypeSpec`` as bytes; ``None`` if this version of TensorFlow, or the structure, has no such form."""
    if _coder is None or _protobuf is None:
        return None
    try:
        return _coder.encode_structure(spec).SerializeToString()
    except Exception:  # a class of the user's in it
        return None


def structure_of(stored: bytes) -> Any:
    """The structure that these bytes stand for.

    Raises:
        ValueError: they stand for none.
    """
    try:
        return _coder.decode_proto(_protobuf.StructuredValue.FromString(stored))
    except Exception as error:  # of protobuf, or of the coder
        raise ValueError(f"no structure of batches: {error}") from error
