"""History, turns and forgetting, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.store import Forgotten, NewDecision, NewRequest, NewTurn, RequestState, Store, StoredClip

New = Callable[..., NewRequest]
HERE, THERE = "web/club/cinema/", "web/club/lobby/"


async def exchange(store: Store, new: NewRequest, answer: str = "Yes.", clip: str = "") -> str:
    request = await store.accept(new)
    assert request is not None
    clips = (StoredClip(clip, "clip.mp4"),) if clip else ()
    await store.attach(request.id, clips)
    turns = [NewTurn(role="user", text=new.text, clips=clips), NewTurn(role="assistant", text=answer)]
    await store.finish(request.id, RequestState.DONE, {"text": answer}, turns)
    return request.id


async def test_history_is_the_latest_requests_oldest_first(store: Store, new: New) -> None:
    ids = [await exchange(store, new()) for _ in range(4)]
    await exchange(store, new(conversation=THERE, channel="lobby"))
    open_one = await store.accept(new())
    assert open_one is not None
    assert [request.id for request in await store.history(HERE)] == [*ids, open_one.id]
    latest = await store.history(HERE, limit=2)
    assert [(request.id, request.view) for request in latest] == [(ids[3], {"text": "Yes."}), (open_one.id, None)]


async def test_turns_are_the_latest_of_one_conversation_oldest_first(store: Store, new: New) -> None:
    for number in range(5):
        await exchange(store, new(text=f"question {number}"), answer=f"answer {number}")
        await exchange(store, new(conversation=THERE, channel="lobby"))
    texts = [turn.text for turn in await store.turns(HERE, limit=3)]
    assert texts == ["answer 3", "question 4", "answer 4"]


async def test_forgetting_deletes_words_and_names_every_file(store: Store, new: New) -> None:
    first = await exchange(store, new(), clip="/inbox/1.mp4")
    made = await store.accept(new(event_id="made"))
    assert made is not None
    view = {"videos": [{"path": "/videos/2.mp4", "prompt": "a dog"}], "stills": [{"path": "/stills/3.jpg"}]}
    clip = StoredClip("/videos/2.mp4", "dog.mp4")
    await store.finish(made.id, RequestState.DONE, view, [NewTurn(role="assistant", text="", clips=(clip,))])
    elsewhere = await exchange(store, new(conversation=THERE, channel="lobby"), clip="/inbox/9.mp4")

    gone = await store.forget(HERE)
    assert set(gone.paths) == {"/inbox/1.mp4", "/videos/2.mp4", "/stills/3.jpg"}
    assert gone.requests == (first, made.id)
    assert await store.history(HERE) == []
    assert await store.turns(HERE) == []
    assert await store.undelivered() == [await store.request(elsewhere)]
    assert await store.forget(HERE) == Forgotten()


async def test_after_forgetting_a_redelivered_event_is_still_known(store: Store, new: New) -> None:
    await exchange(store, new(event_id="once"))
    await store.forget(HERE)
    assert await store.accept(new(event_id="once")) is None
    assert await store.accept(new(event_id="twice"))


async def test_a_request_that_is_forgotten_while_it_runs_leaves_nothing_behind(store: Store, new: New) -> None:
    request = await store.accept(new())
    assert request is not None
    await store.claim(request.id)
    await store.forget(HERE)
    assert not await store.finish(request.id, RequestState.DONE, {"text": "late"}, [NewTurn(role="user", text="?")])
    assert not await store.attach(request.id, [])
    assert await store.turns(HERE) == []


async def test_forgetting_keeps_the_numbers_of_the_audit_but_not_its_quotes(store: Store, new: New) -> None:
    decision = NewDecision(
        request="r",
        platform="web",
        community="club",
        channel="cinema",
        conversation=HERE,
        author="u1",
        where="question",
        category="violence",
        score=0.8,
        threshold=0.7,
        action="block",
        excerpt="what somebody wrote",
    )
    await store.accept(new())
    await store.record([decision])
    await store.forget(HERE)
    (row,) = await store.audit()
    assert (row.score, row.action, row.excerpt) == (0.8, "block", "")


async def test_accepting_finishing_and_forgetting_at_once_never_break_each_other(store: Store, new: New) -> None:
    async def forget() -> None:
        for _ in range(5):
            await store.forget(HERE)

    await asyncio.gather(*(exchange_or_forgotten(store, new()) for _ in range(20)), forget(), forget())
    await store.forget(HERE)
    assert await store.history(HERE) == []
    assert await store.turns(HERE) == []


async def exchange_or_forgotten(store: Store, new: NewRequest) -> None:
    request = await store.accept(new)
    assert request is not None
    await store.claim(request.id)
    await store.finish(request.id, RequestState.DONE, {}, [NewTurn(role="user", text="x")])
