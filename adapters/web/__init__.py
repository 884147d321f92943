"""The web playground: a chat page and a safety page, served from this machine. Knows no policy and no model."""

from adapters.web.adapter import WebAdapter
from adapters.web.errors import WebError, WebSetupError

__all__ = ["WebAdapter", "WebError", "WebSetupError"]
