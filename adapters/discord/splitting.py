"""What one message on Discord holds, and how longer text is cut into several."""

from __future__ import annotations

from adapters.shared import splitting

LIMIT = 2000  # UTF-16 units of one message: the strictest way in which Discord's clients count


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut `text` into messages that Discord takes. Messages of nothing but blanks are left out."""
    return splitting.split(text, limit)
