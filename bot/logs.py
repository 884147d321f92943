"""Logging for operators: one line an event, or one JSON object a line. No prompt, answer or secret is ever logged."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure(level: str, *, as_json: bool) -> None:
    """Send the bot's logs to stderr; libraries stay quiet below warnings."""
    handler = logging.StreamHandler()
    line = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")
    handler.setFormatter(_JsonFormatter() if as_json else line)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("bot", "adapters", "engine"):
        logging.getLogger(name).setLevel(level.upper())
