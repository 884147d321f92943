"""The sentences about clips: human units, and no two numbers that read the same when they differ."""

from __future__ import annotations

import pytest

from engine.media import _words


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (300, "300 bytes"),
        (1536, "1.5 KB"),
        (2 * 1024**2, "2 MB"),
        (14 * 1024**2, "14 MB"),
        (1024**3 - 1, "1 GB"),
        (1024**4, "1 TB"),
    ],
)
def test_sizes_are_said_in_human_units(count: int, said: str) -> None:
    assert _words.size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(8.2, "8 s"), (99.0, "99 s"), (2520.0, "42 min"), (7200.0, "2 h"), (1e6, "12 days")]
)
def test_lengths_are_said_in_human_units(seconds: float, said: str) -> None:
    assert _words.length(seconds) == said


def test_a_cut_file_says_how_much_of_it_came() -> None:
    mib = 1024**2
    assert str(_words.truncated(2 * mib, 14 * mib)) == "That file ends after 2 of its 14 MB. Upload it again?"
    assert "300 bytes of its 14 MB" in str(_words.truncated(300, 14 * mib))


def test_a_long_clip_says_its_length_and_what_is_taken() -> None:
    error = _words.too_long(42 * 60.0, 600.0)
    assert str(error) == "This clip is 42 min long; I take up to 10. Trim it, or ask about a part."
    assert error.details == {"duration_s": 2520.0, "max_duration_s": 600.0}


def test_lengths_in_different_units_keep_both_units() -> None:
    assert "is 19 h long; I take up to 10 min." in str(_words.too_long(19 * 3600.0, 600.0))


def test_a_clip_just_over_a_cap_never_reads_as_equal_to_it() -> None:
    assert "60.2 s long; I take up to 60.0 s" in str(_words.too_long(60.2, 60.0))
    assert "10,486,000 bytes; I take up to 10,485,760 bytes" in str(_words.too_large(10_486_000, 10 * 1024**2))
    assert "14,680,063 of its 14,680,064 bytes" in str(_words.truncated(14 * 1024**2 - 1, 14 * 1024**2))
