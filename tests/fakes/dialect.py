"""A platform whose marks are easy to see in a test: `[b:…]` is bold, `[plain:…]` was made plain."""

from __future__ import annotations

import re
from datetime import datetime

from adapters.shared.dialect import Dialect


class LoudDialect(Dialect):
    platform = "Teletype"
    community = "office"
    group = "desk"

    def marked(self, sentence: str) -> str:
        sentence = re.sub(r"\*\*(.+?)\*\*", r"[b:\1]", sentence)
        sentence = re.sub(r"\*(.+?)\*", r"[i:\1]", sentence)
        return re.sub(r"`(.+?)`", r"[c:\1]", sentence)

    def plain(self, text: str) -> str:
        return f"[plain:{' '.join(text.split())}]" if text.strip() else ""

    def harmless(self, text: str) -> str:
        return f"[harmless:{text}]"

    def hidden(self, text: str) -> str:
        return f"[hidden:{text}]"

    def table(self, text: str) -> str:
        return f"[table:\n{text}\n]"

    def moment(self, at: datetime) -> str:
        return f"[at:{at:%H:%M}]"

    def channel(self, id: str) -> str:
        return f"[channel:{id}]" if id.startswith("C") else ""

    def role(self, id: str) -> str:
        return f"[role:{id}]" if id.startswith("S") else ""

    def person(self, id: str) -> str:
        return f"[person:{id}]" if id.startswith("U") else ""


LOUD = LoudDialect()
