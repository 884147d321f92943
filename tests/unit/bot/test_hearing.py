"""What is said, cut into pieces that a guard can judge."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import context, estimate_tokens
from bot.files import Shelf
from bot.hearing import pieces, words_of
from bot.store import NewTurn, StoredClip
from engine.types import Clip, Turn, Utterance


def test_a_short_text_is_one_piece() -> None:
    assert list(pieces("Good morning.")) == ["Good morning."]


@given(st.text(alphabet="ab \n", max_size=400))
def test_every_text_is_covered_by_pieces_that_overlap(text: str) -> None:
    found = list(pieces(text, longest=40, overlap=10))
    assert all(len(piece) <= 40 for piece in found)
    rebuilt = found[0]
    for piece in found[1:]:
        assert rebuilt.endswith(piece[:10])
        rebuilt += piece[10:]
    assert rebuilt == text


def test_pieces_end_between_words_where_there_are_any() -> None:
    first, *_ = pieces("one two three four five six seven eight nine ten", longest=20, overlap=5)
    assert first == "one two three four "


def test_a_text_without_blanks_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in pieces("字" * 90, longest=40, overlap=10)] == [40, 40, 30]


def test_the_words_of_a_clip_are_its_lines() -> None:
    said = (Utterance(start_s=0, end_s=1, text="one"), Utterance(start_s=1, end_s=2, text="two"))
    assert words_of(Clip(path="a", speech=said)) == "one\ntwo"
    assert words_of(Clip(path="a")) == ""


def test_what_is_said_costs_tokens_of_the_conversation() -> None:
    said = tuple(Utterance(start_s=n, end_s=n + 1, text="x" * 40) for n in range(10))
    silent = Turn(role="user", text="?", clips=(Clip(path="a"),))
    spoken = Turn(role="user", text="?", clips=(Clip(path="a", speech=said),))
    assert estimate_tokens(spoken, 8) - estimate_tokens(silent, 8) == 10 * 10 + 10 * 6


def test_earlier_clips_come_with_what_is_known_to_be_said_in_them() -> None:
    said = (Utterance(start_s=0, end_s=1, text="one"),)
    earlier = NewTurn(role="user", text="What?", clips=(StoredClip("a", "a"), StoredClip("b", "b")))
    turns = context(
        [earlier],
        Turn(role="user", text="And?"),
        budget=100_000,
        frames_per_clip=8,
        exists=lambda _: True,
        speech=lambda path: said if path == "a" else None,
    )
    assert [clip.speech for clip in turns[0].clips] == [said, None]


def test_transcripts_lie_beside_posted_clips_and_nowhere_else(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "clips", tmp_path / "videos", max_bytes=10)
    kept = shelf.transcript(str(tmp_path / "clips" / "r1" / "0-a.mp4"))
    assert kept == tmp_path / "clips" / "r1" / "speech" / "0-a.mp4.json"
    assert shelf.transcript(str(shelf.video("r1"))) is None
    assert shelf.transcript("/etc/passwd") is None
