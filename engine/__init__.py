"""The models: video in, text and video out, in one inference process behind an async front.

Light to import: model and media libraries are loaded by the inference process only.
"""

from engine.decoding.settings import DecodingSettings
from engine.engine import Engine, build_engine
from engine.registry import backend_names, model_cards
from engine.settings import EngineSettings, Health
from engine.ticket import Ticket

__all__ = [
    "DecodingSettings",
    "Engine",
    "EngineSettings",
    "Health",
    "Ticket",
    "backend_names",
    "build_engine",
    "model_cards",
]
