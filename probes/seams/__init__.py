"""Everything that touches Keras or TensorFlow from the outside, in one place."""
