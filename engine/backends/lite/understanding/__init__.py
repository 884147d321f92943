"""The understanding role without a model: clips are measured, and questions answered from the measurements.

Importing this package is cheap; what measures is imported by `LiteUnderstanding.load`.
"""

from engine.backends.lite.understanding.backend import NAME, LiteUnderstanding

__all__ = ["NAME", "LiteUnderstanding"]
