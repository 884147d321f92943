"""The generator that needs neither a model nor a GPU: it reads the prompt and draws it, frame by frame."""

from __future__ import annotations

from engine.backends.lite.storyboard.backend import Storyboard

__all__ = ["Storyboard"]
