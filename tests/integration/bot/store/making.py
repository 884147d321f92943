"""Requests, answers, decisions and cases for the store's tests, in one line each."""

from __future__ import annotations

from typing import Any

from bot.store import (
    CaseRow,
    NewCase,
    NewDecision,
    NewRequest,
    NewTurn,
    NewUsage,
    Request,
    RequestState,
    Store,
    StoredClip,
)

HERE, THERE = "web/club/cinema/", "web/club/lobby/"


async def accepted(store: Store, new: NewRequest) -> Request:
    """A request that nobody works on yet."""
    request = await store.accept(new)
    assert request is not None
    return request


async def answered(
    store: Store, new: NewRequest, *, clip: str = "", video: str = "", still: str = "", quote: str = ""
) -> str:
    """A request that has ended, with files where they are named and a decision that quotes it. Returns its id."""
    request = await accepted(store, new)
    clips = (StoredClip(clip, "clip.mp4"),) if clip else ()
    await store.attach(request.id, clips)
    view: dict[str, Any] = {"text": "Yes."}
    if video:
        view["videos"] = [{"path": video, "prompt": "a dog"}]
    if still:
        view["stills"] = [{"path": still, "time_s": 1.0}]
    if quote:
        await store.record([decision_of(request, excerpt=quote)])
    turns = [NewTurn(role="user", text=new.text, clips=clips), NewTurn(role="assistant", text="Yes.")]
    assert await store.finish(request.id, RequestState.DONE, view, turns)
    return request.id


def decision_of(request: Request, **changes: Any) -> NewDecision:
    """A decision about a request."""
    values: dict[str, Any] = {
        "request": request.id,
        "platform": request.platform,
        "community": request.community,
        "channel": request.channel,
        "conversation": request.conversation,
        "author": request.author_id,
        "where": "question",
        "category": "violence",
        "score": 0.83,
        "threshold": 0.7,
        "action": "block",
    }
    return NewDecision(**values | changes)


def new_case(request: str, **changes: Any) -> NewCase:
    """An appeal of Ada's, unless told otherwise."""
    values: dict[str, Any] = {
        "kind": "appeal",
        "request": request,
        "platform": "web",
        "community": "club",
        "channel": "cinema",
        "thread": "",
        "author_id": "u1",
        "author_name": "Ada",
        "asker_id": "u1",
        "asker_name": "Ada",
        "words": "It was a joke.",
        "snapshot": {"chips": [{"category": "violence", "score": 0.83}]},
    }
    return NewCase(**values | changes)


async def opened(store: Store, request: str, **changes: Any) -> CaseRow:
    """A case that was not there before."""
    case, is_new = await store.open_case(new_case(request, **changes))
    assert is_new
    return case


def one_more(number: int = 1, **changes: Any) -> NewUsage:
    """What Ada's request of that number wants to use."""
    values: dict[str, Any] = {
        "request": f"r{number}",
        "platform": "web",
        "community": "club",
        "author": "u1",
        "measure": "asks",
    }
    return NewUsage(**values | changes)
