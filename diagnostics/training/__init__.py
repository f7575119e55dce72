"""Everything that trains: the only folder here that may load TensorFlow."""
