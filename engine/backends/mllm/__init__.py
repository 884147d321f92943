"""Understanding through transformers: one backend for every family of models that takes videos or pictures and chats.

Importing it imports no model library.
"""

from engine.backends.mllm.backend import Mllm

__all__ = ["Mllm"]
