"""All code that replaces functions of Keras or TensorFlow, or uses their private names."""
