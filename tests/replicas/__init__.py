"""Trainings on several replicas, each in a process of its own: devices are split before TensorFlow starts."""
