"""The log: what repeats itself is told a few times a minute and then counted; everything else is told."""

from __future__ import annotations

import logging

from bot.logs import KINDS, TOLD, WINDOW_S, Repeats
from tests.fakes.clock import Clock


class Log:
    """Lines as they would stand in the log."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self._filter = Repeats(self.clock.now)

    def say(self, text: str, *args: object, level: int = logging.WARNING, error: Exception | None = None) -> None:
        exc_info = (type(error), error, None) if error else None
        record = logging.LogRecord("somewhere", level, "file", 1, text, args, exc_info)
        if self._filter.filter(record):
            self.lines.append(record.getMessage())


def test_what_is_said_all_the_time_is_told_a_few_times_a_minute_and_counted() -> None:
    log = Log()
    for number in range(5000):
        log.say("%s hung up", f"address {number}")
    assert log.lines == [f"address {number} hung up" for number in range(TOLD[logging.WARNING])]
    log.clock.time += WINDOW_S
    log.say("%s hung up", "the last")
    assert log.lines[-1] == f"the last hung up [and {5000 - TOLD[logging.WARNING]} more like this]"
    log.say("%s hung up", "really the last")
    assert log.lines[-1] == "really the last hung up"


def test_other_words_another_error_and_another_level_are_other_kinds() -> None:
    log = Log()
    for _ in range(TOLD[logging.WARNING]):
        log.say("it broke", error=OSError())
    log.say("it broke", error=OSError())
    for level, error in ((logging.WARNING, ValueError()), (logging.ERROR, OSError()), (logging.WARNING, None)):
        log.say("it broke", level=level, error=error)
    log.say("it broke altogether")
    assert len(log.lines) == TOLD[logging.WARNING] + 4


def test_requests_are_told_one_by_one_and_details_for_a_search_always() -> None:
    log = Log()
    for number in range(300):
        log.say("request %s: done", number, level=logging.INFO)
    for _ in range(5000):
        log.say("detail", level=logging.DEBUG)
    assert len(log.lines) == 5300


def test_ever_new_words_fill_neither_the_memory_nor_the_log() -> None:
    log = Log()
    for number in range(10_000):
        log.say(f"a line made of {number}")
    assert len(log.lines) <= KINDS + TOLD[logging.WARNING]
    assert len(log._filter._kinds) <= KINDS + 1
    log.clock.time += WINDOW_S
    log.say("something else")
    assert log.lines[-1] == "something else"
