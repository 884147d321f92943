"""Numbers of rules and quotas as they are shown, and as they are read from forms. Pure."""

from __future__ import annotations

import math
import re

from adapters.shared.admin import sentences
from adapters.shared.dialect import Dialect

_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")


def number(value: float) -> str:
    """`10`, `0.5`, `1,200`."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def limit(value: float) -> str:
    """A threshold or a score: at least two places, and more only where they say something."""
    text = f"{value:.3f}"
    return text[:-1] if text.endswith("0") else text


def read_number(text: str, dialect: Dialect) -> float:
    """What somebody wrote as a number: `10`, `0.5`, `0,5`, `1,200`. Raises `ValueError` with a sentence."""
    digits = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text.replace(",", ".")
    try:
        value = float(digits)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(dialect.say(sentences.NOT_A_NUMBER, text=dialect.plain(text)))
    return value


def read_limit(text: str, dialect: Dialect) -> float:
    """A threshold from 0 to 1. Raises `ValueError` with a sentence."""
    threshold = read_number(text, dialect)
    if not 0 <= threshold <= 1:
        raise ValueError(sentences.NOT_A_LIMIT)
    return round(threshold, 3)


def read_amount(text: str, dialect: Dialect) -> float | None:
    """The amount of a quota, None for no limit. Raises `ValueError` with a sentence."""
    return None if text.lower() in sentences.NO_LIMIT_WORDS else read_number(text, dialect)


def read_days(text: str, dialect: Dialect) -> int | None:
    """Whole days, None for an empty line. Raises `ValueError` with a sentence."""
    if not text:
        return None
    days = read_number(text, dialect)
    if days != int(days):
        raise ValueError(dialect.say(sentences.NOT_A_NUMBER, text=dialect.plain(text)))
    return int(days)
