"""Everything that reaches into Keras or TensorFlow, public names replaced or private names used, in one place."""
