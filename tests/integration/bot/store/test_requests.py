"""The life of a request, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, timedelta

import pytest

from bot.store import NewRequest, NewTurn, RecordRefused, Request, RequestState, Store, StoredClip

New = Callable[..., NewRequest]


async def accepted(store: Store, new: NewRequest) -> Request:
    request = await store.accept(new)
    assert request is not None
    return request


async def test_an_accepted_request_reads_back_as_it_was_returned(store: Store, new: New, clock) -> None:
    made = await store.accept(new(kind="generate", params={"seconds": 3.5, "seed": None}, thread="t9"))
    assert made is not None
    assert made.state is RequestState.ACCEPTED
    assert made.created_at == clock.now
    assert made.created_at.tzinfo is UTC
    assert await store.request(made.id) == made


async def test_ids_are_twelve_unguessable_characters(store: Store, new: New) -> None:
    ids = {(await accepted(store, new())).id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(id) == 12 and id.isalnum() and id == id.lower() for id in ids)
    assert len({id[:4] for id in ids}) > 40  # no counter and no clock in front


async def test_an_event_is_accepted_once_per_platform(store: Store, new: New) -> None:
    assert await store.accept(new(event_id="e", platform="web"))
    assert await store.accept(new(event_id="e", platform="web", text="redelivered")) is None
    assert await store.accept(new(event_id="e", platform="slack"))
    assert len(await store.unfinished()) == 2


async def test_the_request_of_an_event_can_be_found_again(store: Store, new: New) -> None:
    made = await accepted(store, new(event_id="e", platform="web"))
    await accepted(store, new(event_id="e", platform="slack"))
    assert await store.find("web", "e") == made
    assert await store.find("discord", "e") is None


async def test_of_many_concurrent_deliveries_of_one_event_exactly_one_is_accepted(
    store: Store, database_url: str, new: New
) -> None:
    other = Store(database_url)
    tries = [place.accept(new(event_id="same")) for place in (store, other) for _ in range(10)]
    results = await asyncio.gather(*tries)
    await other.close()
    winners = [result for result in results if result]
    assert len(winners) == 1
    assert [request.id for request in await store.unfinished()] == [winners[0].id]


async def test_people_may_write_anything(store: Store, new: New) -> None:
    made = await accepted(store, new(text="nul \x00, half a pair \ud83d, whole 🎬", params={"avoid": "\x00\ud83d"}))
    read = await store.request(made.id)
    assert read is not None
    assert read.text == "nul \ufffd, half a pair \ufffd, whole 🎬"
    assert read.params == {"avoid": "\x00\ud83d"}


async def test_clips_are_attached_after_they_were_downloaded(store: Store, new: New) -> None:
    made = await accepted(store, new())
    clips = (StoredClip("/data/inbox/1.mp4", "bikes.mp4"), StoredClip("/data/inbox/2.gif", "Ü ber.gif"))
    assert await store.attach(made.id, clips)
    read = await store.request(made.id)
    assert read is not None
    assert read.clips == clips
    assert not await store.attach("nobody000000", clips)


async def test_every_claim_counts_an_attempt_until_the_request_has_ended(store: Store, new: New) -> None:
    made = await accepted(store, new())
    assert [await store.claim(made.id), await store.claim(made.id)] == [1, 2]
    assert await store.finish(made.id, RequestState.FAILED, {})
    assert await store.claim(made.id) is None
    assert await store.claim("nobody000000") is None


async def test_concurrent_claims_each_get_their_own_attempt(store: Store, new: New) -> None:
    made = await accepted(store, new())
    attempts = await asyncio.gather(*(store.claim(made.id) for _ in range(10)))
    assert sorted(attempts) == list(range(1, 11))


async def test_finishing_stores_state_view_and_turns_together(store: Store, new: New, clock) -> None:
    made = await accepted(store, new())
    await store.claim(made.id)
    clock.advance(5)
    view = {"text": "Two people ride past.", "videos": [{"path": "/v/1.mp4"}], "seed": None}
    clip = StoredClip("/data/inbox/1.mp4", "bikes.mp4")
    turns = [NewTurn(role="user", text="What?", clips=(clip,)), NewTurn(role="assistant", text="Two people.")]
    assert await store.finish(made.id, RequestState.DONE, view, turns)

    read = await store.request(made.id)
    assert read is not None
    assert (read.state, read.view, read.delivered) == (RequestState.DONE, view, False)
    assert read.finished_at == made.created_at + timedelta(seconds=5)
    kept = await store.turns("web/club/cinema/")
    assert [(turn.role, turn.text, turn.clips, turn.request, turn.at) for turn in kept] == [
        ("user", "What?", (clip,), made.id, clock.now),
        ("assistant", "Two people.", (), made.id, clock.now),
    ]


@pytest.mark.parametrize("first", [state for state in RequestState if state.terminal])
async def test_an_end_is_final(store: Store, new: New, first: RequestState) -> None:
    made = await accepted(store, new())
    assert await store.finish(made.id, first, {"n": 1})
    for state in RequestState:
        if state.terminal:
            assert not await store.finish(made.id, state, {"n": 2}, [NewTurn(role="user", text="late")])
    read = await store.request(made.id)
    assert read is not None
    assert (read.state, read.view) == (first, {"n": 1})
    assert await store.turns("web/club/cinema/") == []


async def test_of_concurrent_ends_exactly_one_wins_and_its_view_is_kept(store: Store, new: New) -> None:
    made = await accepted(store, new())
    ends = [RequestState.DONE, RequestState.CANCELLED, RequestState.FAILED] * 4
    won = await asyncio.gather(*(store.finish(made.id, state, {"n": n}) for n, state in enumerate(ends)))
    assert won.count(True) == 1
    read = await store.request(made.id)
    assert read is not None
    assert (read.state, read.view) == (ends[won.index(True)], {"n": won.index(True)})


async def test_only_an_end_can_finish(store: Store, new: New) -> None:
    made = await accepted(store, new())
    with pytest.raises(ValueError, match="not an end"):
        await store.finish(made.id, RequestState.RUNNING, {})


async def test_a_view_that_cannot_be_stored_leaves_the_request_open(store: Store, new: New) -> None:
    made = await accepted(store, new())
    with pytest.raises(RecordRefused):
        await store.finish(made.id, RequestState.DONE, {"score": float("nan")})
    assert [request.id for request in await store.unfinished()] == [made.id]
    assert await store.finish(made.id, RequestState.DONE, {})


async def test_a_cancelled_caller_does_not_undo_its_write(store: Store, new: New) -> None:
    made = await accepted(store, new())
    task = asyncio.create_task(store.finish(made.id, RequestState.DONE, {"n": 1}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await store.finish(made.id, RequestState.FAILED, {"n": 2})
    read = await store.request(made.id)
    assert read is not None
    assert read.view == {"n": 1}


async def test_a_start_finds_what_is_unfinished_and_what_is_undelivered(store: Store, new: New) -> None:
    waiting = await accepted(store, new())
    running = await accepted(store, new(platform="slack"))
    await store.claim(running.id)
    ended = await accepted(store, new())
    await store.finish(ended.id, RequestState.DONE, {"text": "here"})
    told = await accepted(store, new())
    await store.finish(told.id, RequestState.DONE, {"text": "there"})
    await store.delivered(told.id)

    assert [request.id for request in await store.unfinished()] == [waiting.id, running.id]
    assert [request.id for request in await store.unfinished(["slack"])] == [running.id]
    assert await store.unfinished([]) == []
    assert [(request.id, request.view) for request in await store.undelivered()] == [(ended.id, {"text": "here"})]
    assert await store.undelivered(["slack"]) == []
    read = await store.request(told.id)
    assert read is not None
    assert read.delivered
