"""What stands beside an answer, in the marks of any platform: nothing that people wrote comes through unescaped."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.base import (
    Author,
    Bar,
    Chip,
    Exchange,
    Holdings,
    MadeVideo,
    Measure,
    QueueSpot,
    State,
    Usage,
    View,
    Window,
)
from adapters.shared import sentences
from adapters.shared.accounts import held, usage_line, waiting_line
from adapters.shared.lines import ending, footer, progress, remarks, wishes
from tests.fakes.dialect import LOUD

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VIDEO = MadeVideo("/nowhere/ball.mp4", "a red *ball*", 7, 640, 360, 3.0)
BLOCKED = View("7f3k", State.BLOCKED, notice="violence 0.83 is over the limit")


def test_the_place_in_the_queue_goes_before_the_bar_and_the_bar_before_the_status() -> None:
    queue, bar = QueueSpot(2), Bar(1, 2, label="half_way")
    assert progress(View("r", State.WAITING, queue=queue, bar=bar, status="x"), LOUD) == "2nd in line"
    assert progress(View("r", State.WORKING, bar=bar, status="x"), LOUD).endswith("  [plain:half_way] 1/2")
    assert progress(View("r", State.WORKING, status="Watching a_b.mp4"), LOUD) == "[plain:Watching a_b.mp4]"
    assert progress(View("r", State.DONE, status="left over"), LOUD) == ""


def test_an_end_without_words_has_a_sentence_and_an_answer_needs_none() -> None:
    assert ending(View("r", State.CANCELLED), LOUD, public=True) == "Cancelled."
    assert ending(View("r", State.DONE), LOUD, public=True) == sentences.NO_ANSWER
    assert ending(View("r", State.DONE, text="A dog."), LOUD, public=True) == ""
    assert ending(View("r", State.WORKING), LOUD, public=True) == ""


def test_others_never_read_why_something_was_blocked() -> None:
    assert ending(BLOCKED, LOUD, public=True) == sentences.BLOCKED_HERE
    assert ending(BLOCKED, LOUD, public=True, told=True) == "I can't answer this one here. I wrote you why."
    assert ending(BLOCKED, LOUD, public=False) == f"[harmless:{BLOCKED.notice}]"


def test_the_wish_of_a_video_is_hidden_when_a_check_warns_of_it() -> None:
    warning = Chip("violence", 0.5, 0.7, "warn", "prompt")
    assert wishes(View("r", State.DONE, videos=(VIDEO, VIDEO)), LOUD) == ["[plain:a red *ball*]"]
    assert wishes(View("r", State.DONE, videos=(VIDEO,), chips=(warning,)), LOUD) == ["[hidden:[plain:a red *ball*]]"]


def test_what_the_checks_warn_of_is_said_worst_first() -> None:
    chips = (
        Chip("hate", 0.4, 0.7, "warn", "answer"),
        Chip("violence", 0.6, 0.7, "warn", "video", 7.0),
        Chip("sexual", 0.1, 0.7, "allow", "video"),
    )
    (line,) = remarks(View("r", State.DONE, text="x", chips=chips), LOUD)
    assert line.startswith(
        "⚠ Sensitive: [plain:violence] 0.60 in the video at 0:07 and [plain:hate] 0.40 in the answer."
    )


def test_the_last_line_names_who_answered_or_the_number_for_the_operator() -> None:
    assert footer(View("r", State.DONE, footer="lite", not_covered=("hate",))) == "lite · not checked for hate"
    foreign = View("r", State.DONE, footer="lite", not_covered=("hate", "violence"), unread=("violence",))
    assert footer(foreign) == "lite · not checked for hate · language not covered by the checks"
    assert footer(View("7f3k", State.FAILED, footer="lite")) == "request 7f3k"
    assert footer(View("r", State.WORKING)) == ""


def test_our_own_sentences_take_the_marks_and_the_names_of_the_platform() -> None:
    assert LOUD.say(sentences.WAITING_TITLE) == "[b:Waiting for you]"
    assert LOUD.say(sentences.HOLDINGS_EVERYWHERE, what="1 clip") == "In all of Teletype I keep of you: 1 clip."


def test_who_waits_reads_what_for_and_how_long() -> None:
    view = View("r", State.WAITING, queue=QueueSpot(2, 40))
    exchange = Exchange("r", Author("1", "ann"), "a *red* ball", ("b.mp4",), NOON, view)
    assert waiting_line(exchange, LOUD, "https://x") == "[plain:a *red* ball] · 2nd in line · about 40 s · https://x"
    silent = Exchange("r", Author("1", "ann"), " ", ("b.mp4",), NOON, View("r", State.WORKING))
    assert waiting_line(silent, LOUD) == "[plain:b.mp4] · at work"


def test_who_has_used_everything_reads_when_the_next_is_free() -> None:
    assert usage_line(Usage(Measure.VIDEOS, Window.DAY, 3, 10, NOON), LOUD) == "videos: 3 of 10 in the past 24 hours"
    assert usage_line(Usage(Measure.ASKS, Window.HOUR, 5, 5, NOON), LOUD) == (
        "questions: 5 of 5 in the past hour, the next is free [at:12:00]"
    )


def test_what_is_kept_of_somebody_is_counted() -> None:
    assert held(Holdings()) == ""
    assert held(Holdings(3, 1, 2, 14_000_000, 2)) == (
        "3 questions, 1 video and 2 clips in 2 conversations (14 MB of files)"
    )
