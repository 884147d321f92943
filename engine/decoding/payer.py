"""For whom a clip is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who is charged for decoding. All that is read for one `request` shares one budget; who posts slow files waits
    behind those who do not. Without a `user` every request is somebody of its own."""

    request: str
    user: str = ""
    community: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """The sender, as shares are counted."""
        return self.community, self.user or f"request {self.request}"
