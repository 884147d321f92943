"""Sessions outlive a restart and end when they should; seats are many, and not without end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.web.sessions import MAX_SESSIONS, SEAT_S, SEATS, SESSION_S, Seats, Sessions
from tests.fakes.clock import Clock

TOKEN = "a long random string"


async def opened(file: Path, clock: Clock, token: str = TOKEN) -> Sessions:
    sessions = Sessions(token, file, clock.now)
    await sessions.load()
    return sessions


async def test_a_session_is_known_until_it_ends_also_after_a_restart(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "web" / "sessions.json"
    sessions = await opened(file, clock)
    ann, bob = await sessions.begin(), await sessions.begin()
    await sessions.end(bob)
    again = await opened(file, clock)
    assert [again.known(session) for session in (ann, bob, "", "made up")] == [True, False, False, False]
    clock.time += SESSION_S
    assert not again.known(ann)
    assert not (await opened(file, clock)).known(ann)


async def test_the_file_holds_neither_a_session_nor_the_token(tmp_path: Path) -> None:
    sessions = await opened(tmp_path / "sessions.json", Clock())
    session = await sessions.begin()
    kept = (tmp_path / "sessions.json").read_text()
    assert session not in kept
    assert TOKEN not in kept
    assert (tmp_path / "sessions.json").stat().st_mode & 0o777 == 0o600


async def test_another_token_ends_all_sessions_for_good(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "sessions.json"
    session = await (await opened(file, clock)).begin()
    assert not (await opened(file, clock, "another one")).known(session)
    assert not (await opened(file, clock)).known(session)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"salt": 7}', '{"salt": "zz", "token": "zz", "sessions": {}}', '{"sessions": []}']
)
async def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sessions.json"
    file.write_text(text)
    sessions = await opened(file, Clock())
    session = await sessions.begin()
    assert (await opened(file, Clock())).known(session)


async def test_what_is_written_into_the_file_by_hand_lasts_no_longer_than_a_session(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "sessions.json"
    session = await (await opened(file, clock)).begin()
    kept = json.loads(file.read_text())
    for wrong in (1e18, "soon", None, float("nan")):
        file.write_text(json.dumps({**kept, "sessions": dict.fromkeys(kept["sessions"], wrong)}))
        assert not (await opened(file, clock)).known(session)


async def test_the_oldest_of_too_many_sessions_ends() -> None:
    sessions = Sessions(TOKEN)
    first = await sessions.begin()
    for _ in range(MAX_SESSIONS):
        last = await sessions.begin()
    assert not sessions.known(first)
    assert sessions.known(last)


def test_nobody_multiplies_without_end_from_one_address() -> None:
    seats = Seats(Clock().now)
    here = {seats.seat("here", f"window {number}") for number in range(1000)}
    assert len(here) == SEATS + 1
    assert seats.seat("there", "window 999") == "window 999"
    assert seats.seat("here", "window 0") == "window 0"


def test_a_seat_is_free_again_when_nothing_was_asked_there_for_a_while() -> None:
    clock = Clock()
    seats = Seats(clock.now)
    for number in range(SEATS):
        seats.seat("here", f"{number}")
        clock.time += 1
    assert seats.seat("here", "late") != "late"
    clock.time += SEAT_S - SEATS
    assert seats.seat("here", "late") == "late"
    assert seats.seat("here", "0") != "0"
