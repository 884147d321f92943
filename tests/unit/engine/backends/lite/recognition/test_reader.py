"""Which lines count as read, and which as letters that nobody could read."""

import pytest

from engine.backends.lite.recognition.reader import Found, Lines, sort_out


def line(text: str, *, score: float = 0.98, is_text: float = 0.85, width: float | None = None) -> Found:
    return Found(text, score, is_text, width if width is not None else 14.0 * max(2, len(text)), 30.0)


def test_what_was_read_surely_is_kept_in_order() -> None:
    assert sort_out([line("OPEN"), line("24 HOURS")]) == Lines(("OPEN", "24 HOURS"))


@pytest.mark.parametrize(
    "found",
    [
        line("", width=300.0),  # Cyrillic
        line(", ", width=290.0),
        line(" 24 ", width=390.0),  # the digits in a Cyrillic line
        line("E三OΔOΣ ΔE三IA", score=0.84),  # Greek
        line("Eξοδο δεξι", score=0.8),
        line("DN'DX'Y'", score=0.61, width=220.0),  # Hebrew
    ],
)
def test_a_line_of_other_letters_is_noticed_and_not_quoted(found: Found) -> None:
    assert sort_out([found]) == Lines((), unread=True)


def test_beside_unreadable_letters_a_word_that_could_be_cyrillic_is_not_quoted_as_latin() -> None:
    assert sort_out([line("MOCKBA"), line("", width=160.0), line("HOTEL")]) == Lines(("HOTEL",), unread=True)
    assert sort_out([line("MOCKBA")]) == Lines(("MOCKBA",))


@pytest.mark.parametrize(
    "found",
    [
        line("", is_text=0.65, width=300.0),  # a texture
        line("■", score=0.7, width=31.0),  # a drawn square
        line("H", score=0.43, is_text=0.65, width=25.0),
        line("O", width=30.0),  # a wheel
        line("I", width=12.0),  # a post
    ],
)
def test_shapes_that_only_look_like_letters_are_nothing(found: Found) -> None:
    assert sort_out([found]) == Lines()


def test_a_digit_alone_is_read_when_it_is_certain() -> None:
    assert sort_out([line("5", score=1.0, width=25.0)]) == Lines(("5",))


def test_a_nought_among_letters_is_an_o() -> None:
    assert sort_out([line("0PEN"), line("C0FFEE"), line("2024")]) == Lines(("OPEN", "COFFEE", "2024"))
