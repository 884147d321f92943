"""Checkpoints of real architectures with random weights, so small that a test builds and loads one in a moment."""
