"""Model files: where they are on this machine, and how they come here. Only finding is needed for inference.

Light to import: the hub's own library is imported by what fetches, when it fetches.
"""

from engine.hub.pull import Advance, pull
from engine.hub.source import ENDPOINT, Source
from engine.hub.store import Held, Store, is_folder, is_repository, locate

__all__ = ["ENDPOINT", "Advance", "Held", "Source", "Store", "is_folder", "is_repository", "locate", "pull"]
