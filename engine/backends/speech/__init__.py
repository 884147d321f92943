"""The speech role: writes down what is said in a clip, and when. It knows no question and no policy.

Importing this package is cheap; what computes is imported by `Whisper.load`.
"""

from engine.backends.speech.whisper import Whisper

__all__ = ["Whisper"]
