"""Measuring clips: pixels and samples in, numbers out.

Nothing here knows the question, or any words but the names of colours.
"""
