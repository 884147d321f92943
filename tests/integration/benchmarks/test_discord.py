"""The bench of Discord, with few members and short answers: it measures, and what it counts is right."""

from __future__ import annotations

from benchmarks import discord


def test_a_few_members_are_each_answered_once_within_the_limits() -> None:
    found = {row.name: row.value for row in discord.rows(members=4, guilds=2, words=20)}
    assert found["questions that were answered exactly once"] == 4
    assert found["requests refused as too many (429)"] == found["requests refused for another reason"] == 0
    assert found["most requests within a second"] <= 50
    assert found["shortest time between two edits of one message"] >= 0.95  # less what the way there may take
    assert found["from a question to its placeholder, p50"] > 0
    assert 0 < found["lateness of the bot's loop, p50"] <= found["lateness of the bot's loop, longest"]
