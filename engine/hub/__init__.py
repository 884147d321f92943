"""Model files: where they are on this machine, and how they come here. Only finding is needed for inference.

Light to import; the hub's library is imported by what fetches.
"""

from engine.hub.store import Held, Store, is_folder, locate

__all__ = ["Held", "Store", "is_folder", "locate"]
