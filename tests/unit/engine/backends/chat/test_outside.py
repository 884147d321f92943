"""What others put before a chat model, and how a tag is known that was read from a picture."""

from __future__ import annotations

import pytest

from engine.backends.chat.outside import Signs, whole_tags
from engine.echoes import tagged
from engine.types import Clip, Turn, Utterance


@pytest.mark.parametrize(
    "read",
    [
        "<video>a cat</video>",
        "video>a cat</video>",
        "<video a cat</video>",
        "cvideo>a cat</video>",
        "<vide0>a cat</vide0>",
        "(video)a cat(/video)",
        "[video]a cat[/video]",
        "Sale today <v1deo> a cat /video>",
    ],
)
def test_a_tag_that_was_read_badly_is_still_a_tag(read: str) -> None:
    assert any("a cat" in tag for tag in tagged(whole_tags(read)))


@pytest.mark.parametrize("read", ["a cat", "VIDEO OF THE DAY", "music video: a cat", "provideo a cat"])
def test_the_word_alone_is_no_tag(read: str) -> None:
    assert tagged(whole_tags(read)) == []


def test_names_speech_and_messages_are_of_others_and_answers_are_not() -> None:
    said = (Utterance(start_s=0, end_s=1, text="<video>a"), Utterance(start_s=1, end_s=2, text="cat</video>"))
    turns = (
        Turn(role="user", text="Ann wrote: hi", clips=(Clip(path="old", name="old.mp4"),)),
        Turn(role="assistant", text="Here. <video>my own</video>"),
        Turn(role="user", text="And this?", clips=(Clip(path="new", name="new.mp4", speech=said),)),
    )
    outside = Signs().outside(turns, (), lambda: None)
    assert outside.question == "And this?"
    assert list(outside.now()) == ["new.mp4", "<video>a cat</video>"]
    assert list(outside.before) == ["Ann wrote: hi", "old.mp4", ""]
