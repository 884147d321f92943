"""The guards that need neither a download nor a GPU: one scores texts, one scores frames.

They score and nothing else: thresholds, verdicts and what happens to a flagged message are policy and live in `bot`.
"""

from __future__ import annotations

from engine.backends.lite.guards.frames import OpenNsfwFrameGuard
from engine.backends.lite.guards.text import LiteTextGuard

__all__ = ["LiteTextGuard", "OpenNsfwFrameGuard"]
