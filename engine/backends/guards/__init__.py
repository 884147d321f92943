"""The guards that are neural networks: they score texts and frames, and decide nothing.

Importing this imports no model library; each guard does when it is loaded.
"""

from engine.backends.guards.classifiers import ImageClassifier, TextClassifier
from engine.backends.guards.judge import Judge
from engine.backends.guards.qwen3guard import Qwen3Guard
from engine.backends.guards.shieldgemma import ShieldGemma

__all__ = ["ImageClassifier", "Judge", "Qwen3Guard", "ShieldGemma", "TextClassifier"]
