"""What is kept of people and places, and how it goes away, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncTransaction

from bot.store import (
    Ceiling,
    Forgotten,
    Kept,
    NewRequest,
    NewTurn,
    QuotaRow,
    RequestState,
    RuleRow,
    Store,
)
from tests.integration.bot.store.making import (
    HERE,
    THERE,
    accepted,
    answered,
    decision_of,
    new_case,
    one_more,
    opened,
)
from tests.postgres import PostgresServer

New = Callable[..., NewRequest]
ADA, BOB = {"author_id": "u1", "author_name": "Ada"}, {"author_id": "u2", "author_name": "Bob"}
LOBBY = {"conversation": THERE, "channel": "lobby"}


async def ids(store: Store, conversation: str = HERE) -> list[str]:
    return [request.id for request in await store.history(conversation)]


# --- what is asked already -----------------------------------------------------------------------------------------


async def test_what_somebody_waits_for_is_found_everywhere_on_the_platform_oldest_first(store: Store, new: New) -> None:
    first = await accepted(store, new())
    await answered(store, new())
    await accepted(store, new(**BOB))
    await accepted(store, new(platform="slack", conversation="slack"))
    second = await accepted(store, new(**LOBBY))
    await store.claim(second.id)
    assert [request.id for request in await store.waiting("web", "u1")] == [first.id, second.id]
    await store.finish(first.id, RequestState.CANCELLED, {})
    assert [request.id for request in await store.waiting("web", "u1")] == [second.id]


async def test_the_requests_of_a_reply_chain_are_found_by_their_events_oldest_first(store: Store, new: New) -> None:
    made = [await answered(store, new(event_id=f"e{n}")) for n in range(4)]
    await answered(store, new(event_id="e1", platform="slack", conversation="slack"))
    found = await store.asked("web", ["e3", "unknown", "e1", "e3"])
    assert [(request.id, request.view) for request in found] == [
        (made[1], {"text": "Yes."}),
        (made[3], {"text": "Yes."}),
    ]
    assert await store.asked("web", []) == []
    many = await store.asked("web", [f"e{n}" for n in range(3_000)])
    assert [request.id for request in many] == made


async def test_the_turns_of_some_requests_come_oldest_first_and_without_the_others(store: Store, new: New) -> None:
    made = [await answered(store, new(text=f"question {n}")) for n in range(3)]
    assert [turn.text for turn in await store.turns_of([made[2], made[0], made[2]])] == [
        "question 0",
        "Yes.",
        "question 2",
        "Yes.",
    ]
    assert await store.turns_of([]) == []


# --- what is kept --------------------------------------------------------------------------------------------------


async def test_what_is_kept_of_somebody_is_counted_in_one_conversation_or_in_all(store: Store, new: New) -> None:
    await answered(store, new(), clip="/clips/1.mp4", still="/clips/1.jpg")
    made = await answered(store, new(kind="generate"), video="/videos/2.mp4")
    await opened(store, made, snapshot={"still": {"path": "/clips/case.jpg"}})
    await accepted(store, new(**LOBBY))
    await answered(store, new(**BOB), clip="/clips/9.mp4")
    await answered(store, new(platform="slack", conversation="slack"), clip="/clips/8.mp4")

    here = Kept(2, 1, 1, 1, ("/clips/1.mp4", "/videos/2.mp4", "/clips/1.jpg", "/clips/case.jpg"))
    found = await store.kept("web", "u1", HERE)
    assert (found.questions, found.videos, found.conversations, found.clips) == (2, 1, 1, 1)
    assert set(found.paths) == set(here.paths)
    everywhere = await store.kept("web", "u1")
    assert (everywhere.questions, everywhere.videos, everywhere.conversations, everywhere.clips) == (3, 1, 2, 1)
    assert await store.kept("web", "nobody") == Kept(0, 0, 0, 0, ())


async def test_what_is_said_to_be_kept_is_what_forgetting_names(store: Store, new: New) -> None:
    for n in range(3):
        await answered(store, new(), clip=f"/clips/{n}.mp4", video=f"/videos/{n}.mp4", still=f"/clips/{n}.jpg")
    kept = await store.kept("web", "u1")
    gone = await store.forget_author("web", "u1")
    assert (kept.questions, sorted(kept.paths)) == (len(gone.requests), sorted(gone.paths))


# --- one request ---------------------------------------------------------------------------------------------------


async def test_erasing_takes_one_request_with_all_that_belongs_to_it(store: Store, new: New) -> None:
    kept = await answered(store, new(), clip="/clips/1.mp4", quote="said first")
    gone = await answered(store, new(), clip="/clips/2.mp4", video="/videos/2.mp4", quote="said second")
    case = await opened(store, gone, snapshot={"still": {"path": "/clips/case.jpg"}})
    await store.note_card(case.id, "channel/card")

    erased = await store.erase(gone)
    assert (erased.requests, erased.cards) == ((gone,), ("channel/card",))
    assert set(erased.paths) == {"/clips/2.mp4", "/videos/2.mp4", "/clips/case.jpg"}
    assert await ids(store) == [kept]
    assert [turn.request for turn in await store.turns(HERE)] == [kept, kept]
    assert await store.case(case.id) is None
    assert [request.id for request in await store.undelivered()] == [kept]
    assert [row.excerpt for row in await store.audit()] == ["", "said first"]
    assert await store.erase(gone) == Forgotten()


async def test_a_conversation_goes_with_its_last_request_and_can_begin_again(store: Store, new: New) -> None:
    only = await answered(store, new())
    assert await store.communities("web") == ["club"]
    await store.erase(only)
    assert await store.communities("web") == []
    again = await answered(store, new())
    assert await ids(store) == [again]


# --- one person ----------------------------------------------------------------------------------------------------


async def test_forgetting_somebody_leaves_everybody_else_alone(store: Store, new: New) -> None:
    mine = [
        await answered(store, new(**ADA), clip="/clips/1.mp4", quote="Ada said"),
        await answered(store, new(**ADA, **LOBBY), video="/videos/2.mp4"),
        (await accepted(store, new(**ADA))).id,
    ]
    bobs = await answered(store, new(**BOB), clip="/clips/9.mp4", quote="Bob said")
    slack = await answered(store, new(platform="slack", conversation="slack"), clip="/clips/8.mp4", quote="elsewhere")

    gone = await store.forget_author("web", "u1")
    assert gone.requests == tuple(mine)
    assert set(gone.paths) == {"/clips/1.mp4", "/videos/2.mp4"}
    assert await ids(store) == [bobs]
    assert await ids(store, THERE) == []
    assert await ids(store, "slack") == [slack]
    assert [turn.request for turn in await store.turns(HERE)] == [bobs, bobs]
    told = [(row.author, row.excerpt) for row in await store.audit()]
    assert told == [("u1", "elsewhere"), ("u2", "Bob said"), ("forgotten", "")]
    assert await store.forget_author("web", "u1") == Forgotten()


async def test_forgetting_somebody_in_one_conversation_leaves_their_others(store: Store, new: New) -> None:
    here = await answered(store, new(), clip="/clips/1.mp4", quote="here")
    there = await answered(store, new(**LOBBY), clip="/clips/2.mp4", quote="there")
    bobs_here, bobs_there = await answered(store, new(**BOB)), await answered(store, new(**BOB, **LOBBY))
    case_here = await opened(store, bobs_here, kind="report", author_id="u1", asker_id="u2")
    case_there = await opened(store, bobs_there, kind="report", author_id="u1", asker_id="u2", channel="lobby")

    gone = await store.forget_author("web", "u1", HERE)
    assert (gone.requests, gone.paths) == ((here,), ("/clips/1.mp4",))
    assert await ids(store, THERE) == [there, bobs_there]
    assert await store.case(case_here.id) is None
    assert await store.case(case_there.id) == case_there
    assert [(row.author, row.excerpt) for row in await store.audit()] == [("u1", "there"), ("forgotten", "")]


async def test_what_somebody_reported_goes_without_the_files_of_the_one_they_reported(store: Store, new: New) -> None:
    theirs = await answered(store, new(**BOB), video="/videos/bob.mp4", still="/clips/bob.jpg")
    evidence = {"videos": [{"path": "/videos/bob.mp4"}], "still": {"path": "/clips/shared.jpg"}}
    mine = {"kind": "report", "author_id": "u1", "asker_id": "u2"}
    own = {"still": {"path": "/clips/case.jpg"}, "stills": [{"path": "/clips/shared.jpg"}, {"path": "/clips/bob.jpg"}]}
    case = await opened(store, theirs, **mine, snapshot=own)
    await store.note_card(case.id, "channel/card")
    other = await opened(store, theirs, kind="report", author_id="u3", asker_id="u2", snapshot=evidence)

    assert await store.forget_author("web", "u1") == Forgotten((), ("/clips/case.jpg",), ("channel/card",))
    assert await ids(store) == [theirs]
    assert await store.case(case.id) is None
    assert await store.case(other.id) == other


async def test_cases_about_somebodys_requests_go_with_them_whoever_opened_them(store: Store, new: New) -> None:
    mine = await answered(store, new(), quote="words")
    open_one = await opened(store, mine, kind="report", author_id="u2")
    ruled = await opened(store, mine, kind="report", author_id="u3")
    await store.rule_case(ruled.id, "kept", by="mod")
    await store.forget_author("web", "u1")
    assert [await store.case(case.id) for case in (open_one, ruled)] == [None, None]
    (change,) = await store.audit(kind="change")
    assert (change.author, change.details["to"]) == ("mod", "kept")


async def test_who_changed_a_rule_cannot_take_their_name_off_it(store: Store, new: New) -> None:
    await answered(store, new(), quote="words")
    await store.set_rule(RuleRow("web", "club", "", "hate", 0.5, "warn"), by="u1")
    await store.forget_author("web", "u1")
    assert [(row.kind, row.author) for row in await store.audit()] == [("change", "u1"), ("decision", "forgotten")]


async def test_forgetting_refills_no_quota(store: Store, new: New) -> None:
    request, one = await answered(store, new()), [Ceiling("asks", 3600, 1)]
    await store.reserve(one_more(request=request), one)
    await store.forget_author("web", "u1")
    await store.erase(request)
    await store.forget(HERE)
    assert await store.reserve(one_more(2), one) is not None


async def test_after_all_ways_of_forgetting_a_redelivered_event_is_still_known(store: Store, new: New, clock) -> None:
    for n, forget in enumerate(
        (
            lambda request: store.erase(request),
            lambda _: store.forget_author("web", "u1"),
            lambda _: store.forget_community("web", "club"),
            lambda _: store.prune("web", "club", clock.now + timedelta(seconds=1)),
        )
    ):
        await forget(await answered(store, new(event_id=f"once {n}")))
        assert await ids(store) == []
        assert await store.accept(new(event_id=f"once {n}")) is None


# --- one community -------------------------------------------------------------------------------------------------


async def fill(store: Store, new: New, community: str) -> str:
    """A bit of everything. Returns the id of the request."""
    place = {"community": community, "conversation": f"web/{community}/c/"}
    request = await answered(store, new(**place), clip=f"/clips/{community}.mp4", quote="words")
    await accepted(store, new(**place))
    await opened(store, request, community=community)
    await store.set_setting("web", community, "model", "large", by="ada")
    await store.set_quota(QuotaRow("web", community, "", "asks", "day", 3), by="ada")
    for channel in ("", "cinema", "age-restricted"):
        await store.set_rule(RuleRow("web", community, channel, "hate", 0.5, "warn"), by="ada")
    await store.reserve(one_more(request=request, community=community), [])
    return request


async def everything(store: Store, community: str, since: datetime) -> list[int]:
    """How much there is of each thing."""
    return [
        len(await store.history(f"web/{community}/c/")),
        len(await store.turns(f"web/{community}/c/")),
        len(await store.cases("web", community, open_only=False)),
        len(await store.settings("web", community)),
        len(await store.quotas("web", community)),
        len([row for row in await store.rules("web", community, "cinema") if row.community]),
        len(await store.usage("web", community, "u1", since)),
        len(await store.audit(platform="web", community=community)),
    ]


async def test_of_a_community_that_is_forgotten_nothing_stays_and_others_keep_all(
    store: Store, new: New, clock
) -> None:
    await store.set_rule(RuleRow("web", "", "", "hate", 0.9, "warn"), by="operator")
    gone, kept = await fill(store, new, "gone"), await fill(store, new, "kept")
    before = await everything(store, "kept", clock.now)
    assert before == await everything(store, "gone", clock.now)
    assert 0 not in before

    forgotten = await store.forget_community("web", "gone")
    assert gone in forgotten.requests
    assert (len(forgotten.requests), forgotten.paths) == (2, ("/clips/gone.mp4",))
    assert await everything(store, "gone", clock.now) == [0] * len(before)
    assert await everything(store, "kept", clock.now) == before
    assert await store.request(kept)
    assert len(await store.rules("web", "gone", "cinema")) == 1  # the operator's
    assert await store.communities("web") == ["kept"]
    assert await store.forget_community("web", "gone") == Forgotten()


async def test_the_communities_are_those_of_which_there_is_anything(store: Store, new: New) -> None:
    assert await store.communities("web") == []
    await store.set_rule(RuleRow("web", "", "", "hate", 0.9, "warn"), by="operator")
    assert await store.communities("web") == []
    await answered(store, new(community="d", conversation="web/d//"))
    await store.set_setting("web", "b", "model", "x", by="ada")
    await store.set_quota(QuotaRow("web", "a", "", "asks", "day", 3), by="ada")
    await store.set_rule(RuleRow("web", "c", "cinema", "hate", 0.9, "warn"), by="ada")
    await store.set_setting("slack", "other", "model", "x", by="ada")
    assert await store.communities("web") == ["a", "b", "c", "d"]


async def test_everyones_rules_are_no_community_that_could_be_forgotten(store: Store) -> None:
    await store.set_rule(RuleRow("web", "", "", "hate", 0.9, "warn"), by="operator")
    with pytest.raises(ValueError, match="Name the community"):
        await store.forget_community("web", "")
    assert len(await store.rules("web", "", "")) == 1


# --- what is old ---------------------------------------------------------------------------------------------------


async def test_pruning_takes_what_ended_before_oldest_first_and_a_few_at_a_time(store: Store, new: New, clock) -> None:
    old = []
    for n in range(5):
        old.append(await answered(store, new(), clip=f"/clips/{n}.mp4", quote="words"))
        clock.advance(60)
    limit = clock.now
    exactly, later = await answered(store, new()), await answered(store, new(**LOBBY))
    elsewhere = await answered(store, new(community="other", conversation="other"))

    first = await store.prune("web", "club", limit, limit=3)
    assert first == Forgotten(tuple(old[:3]), tuple(f"/clips/{n}.mp4" for n in range(3)), ())
    assert (await store.prune("web", "club", limit, limit=3)).requests == tuple(old[3:])
    assert await store.prune("web", "club", limit, limit=3) == Forgotten()
    assert await ids(store) == [exactly]
    assert await ids(store, THERE) == [later]
    assert await ids(store, "other") == [elsewhere]
    assert {row.excerpt for row in await store.audit()} == {""}
    assert {row.author for row in await store.audit()} == {"u1"}


async def test_pruning_goes_by_the_end_and_never_takes_what_still_runs(store: Store, new: New, clock) -> None:
    waiting, running, slow = [await accepted(store, new()) for _ in range(3)]
    await store.claim(running.id)
    clock.advance(3600)
    limit = clock.now
    await store.finish(slow.id, RequestState.DONE, {})
    assert await store.prune("web", "club", limit) == Forgotten()
    assert await ids(store) == [waiting.id, running.id, slow.id]
    assert (await store.prune("web", "club", limit + timedelta(days=1))).requests == (slow.id,)
    assert await ids(store) == [waiting.id, running.id]


async def test_pruning_hundreds_at_once_names_them_all(store: Store, new: New, clock) -> None:
    made = [(await accepted(store, new())).id for _ in range(30)]
    for id in made:
        await store.finish(id, RequestState.DONE, {"videos": [{"path": f"/videos/{id}.mp4"}]})
    gone = await store.prune("web", "club", clock.now + timedelta(seconds=1), limit=10_000)
    assert sorted(gone.requests) == sorted(made)
    assert len(gone.paths) == 30
    assert await store.communities("web") == []


async def test_old_records_go_and_young_ones_stay(store: Store, new: New, clock) -> None:
    for n in range(3):
        request = await accepted(store, new(event_id=f"old {n}"))
        await store.reserve(one_more(request=request.id), [])
        await store.record([decision_of(request)])
        await store.erase(request.id)
    clock.advance(3600)
    limit = clock.now
    request = await accepted(store, new(event_id="young"))
    await store.reserve(one_more(request=request.id), [])
    await store.record([decision_of(request)])

    assert await store.prune_records(events_before=limit, usage_before=limit) == 6
    assert len(await store.audit()) == 4  # the audit stays unless a time is given for it
    assert await store.prune_records(events_before=limit, usage_before=limit, audit_before=limit) == 3
    assert [row.request for row in await store.audit()] == [request.id]
    assert [row.request for row in await store.usage("web", "club", "u1", limit - timedelta(days=1))] == [request.id]
    assert await store.accept(new(event_id="young")) is None
    assert await store.accept(new(event_id="old 1"))


async def test_records_are_pruned_a_few_at_a_time_until_none_is_left(
    store: Store, new: New, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.store import forgetting

    monkeypatch.setattr(forgetting, "SOME", 2)
    for n in range(5):
        await store.reserve(one_more(n), [])
    later = clock.now + timedelta(seconds=1)
    assert await store.prune_records(events_before=later, usage_before=later) == 5


# --- at the same time ----------------------------------------------------------------------------------------------


async def live(store: Store, new: NewRequest, n: int, ended: dict[str, str]) -> None:
    """A request from its beginning to its end, with a file; notes the file when the end was stored."""
    request = await accepted(store, new)
    await store.claim(request.id)
    path = f"/videos/{n}.mp4"
    if await store.finish(
        request.id, RequestState.DONE, {"videos": [{"path": path}]}, [NewTurn(role="user", text="?")]
    ):
        ended[request.id] = path


@pytest.mark.parametrize("how", ["conversation", "author", "here", "community", "prune", "one by one"])
async def test_forgetting_while_requests_end_names_every_file_once_and_loses_none(
    store: Store, database_url: str, new: New, clock, how: str
) -> None:
    """Either the end comes first, and its file is named; or the forgetting does, and the end is refused."""
    other, named, ended = Store(database_url, clock=clock), list[str](), dict[str, str]()
    later = clock.now + timedelta(days=1)

    async def once(place: Store) -> None:
        if how == "one by one":
            for request in await place.history(HERE):
                named.extend((await place.erase(request.id)).paths)
            return
        gone = {
            "conversation": lambda: place.forget(HERE),
            "author": lambda: place.forget_author("web", "u1"),
            "here": lambda: place.forget_author("web", "u1", HERE),
            "community": lambda: place.forget_community("web", "club"),
            "prune": lambda: place.prune("web", "club", later, limit=3),
        }[how]
        named.extend((await gone()).paths)

    async def forget(place: Store) -> None:
        for _ in range(6):
            await once(place)

    lives = [live(store, new(), n, ended) for n in range(20)]
    await asyncio.gather(*lives, forget(store), forget(other))
    while await ids(store):
        await once(store)
    await other.close()
    assert sorted(named) == sorted(ended.values())
    assert await store.turns(HERE) == []
    assert await store.communities("web") == []


async def test_everybody_forgets_everything_at_once_and_nobody_is_in_the_others_way(
    store: Store, database_url: str, new: New, clock
) -> None:
    """People who reported each other: each one's forgetting deletes cases that the other's wants to delete, too."""
    other = Store(database_url, clock=clock)
    people = [f"u{n}" for n in range(6)]
    requests = {who: await answered(store, new(author_id=who)) for who in people}
    for who in people:
        for whom in people:
            await store.open_case(new_case(requests[whom], kind="report", author_id=who, asker_id=whom))
    gone = await asyncio.gather(
        *((store, other)[n % 2].forget_author("web", who) for n, who in enumerate(people)),
        store.forget(HERE),
        other.forget_community("web", "club"),
        store.prune("web", "club", clock.now + timedelta(days=1)),
    )
    await other.close()
    assert sorted(id for part in gone for id in part.requests) == sorted(requests.values())
    assert await store.cases("web", "club", open_only=False) == []


async def test_a_question_in_a_conversation_that_is_just_emptied_is_never_lost(
    store: Store, database_url: str, new: New, clock
) -> None:
    """The conversation's row goes with its last request; whoever asks at that moment needs it."""
    other = Store(database_url, clock=clock)
    for _ in range(15):
        old = await answered(store, new(**BOB))
        fresh, _ = await asyncio.gather(store.accept(new(**ADA)), other.forget_author("web", "u2"))
        assert fresh is not None
        assert await store.request(fresh.id)
        assert await store.request(old) is None
        await store.erase(fresh.id)
    await other.close()


async def test_a_case_that_is_opened_while_its_request_is_forgotten_is_refused_or_goes_with_it(
    store: Store, database_url: str, new: New, clock
) -> None:
    from bot.store import RequestGone

    other = Store(database_url, clock=clock)
    for n in range(10):
        request = await answered(store, new())
        opening = store.open_case(new_case(request, snapshot={"still": {"path": f"/clips/{n}.jpg"}}))
        opened_or_not, gone = await asyncio.gather(opening, other.erase(request), return_exceptions=True)
        assert isinstance(gone, Forgotten)
        if isinstance(opened_or_not, BaseException):
            assert isinstance(opened_or_not, RequestGone)
            assert gone.paths == ()
        else:
            assert gone.paths == (f"/clips/{n}.jpg",)
    await other.close()
    assert await store.cases("web", "club", open_only=False) == []


# --- Postgres in particular ----------------------------------------------------------------------------------------

postgres_only = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@postgres_only
async def test_a_question_that_is_just_being_accepted_survives_that_its_conversation_is_emptied(
    store: Store, database_url: str, new: New, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the question is written but not committed when the last other request of its place goes."""
    old = await answered(store, new(**BOB))
    commit, written, go_on = AsyncTransaction.commit, asyncio.Event(), asyncio.Event()

    async def held_back(self: AsyncTransaction) -> None:
        if not written.is_set():
            written.set()
            await go_on.wait()
        await commit(self)

    monkeypatch.setattr(AsyncTransaction, "commit", held_back)
    accepting = asyncio.create_task(store.accept(new(**ADA)))
    await written.wait()
    forgetting = asyncio.create_task(store.forget_author("web", "u2"))
    await until_somebody_waits_for_a_lock(postgres)
    go_on.set()
    fresh, gone = await asyncio.gather(accepting, forgetting)
    assert gone.requests == (old,)
    assert fresh is not None
    assert await ids(store) == [fresh.id]
    assert await store.claim(fresh.id) == 1


async def until_somebody_waits_for_a_lock(postgres: PostgresServer) -> None:
    connection = await asyncpg.connect(host=str(postgres.folder), user="tester", database="store")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'store' AND wait_event_type = 'Lock'"
    try:
        async with asyncio.timeout(20):
            while not await connection.fetchval(waiting):
                pass
    finally:
        await connection.close()


@postgres_only
@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("how", ["conversation", "one", "author", "community", "prune"])
async def test_a_connection_lost_around_a_commit_loses_no_file(
    store: Store, new: New, clock, monkeypatch: pytest.MonkeyPatch, how: str, after_commit: bool
) -> None:
    request = await answered(store, new(), clip="/clips/1.mp4")
    case = await opened(store, request)
    await store.note_card(case.id, "channel/card")
    commit, lose = AsyncTransaction.commit, True

    async def losing(self: AsyncTransaction) -> None:
        nonlocal lose
        if lose and after_commit:
            await commit(self)
        if lose:
            lose = False
            raise ConnectionResetError
        await commit(self)

    monkeypatch.setattr(AsyncTransaction, "commit", losing)
    gone = await {
        "conversation": lambda: store.forget(HERE),
        "one": lambda: store.erase(request),
        "author": lambda: store.forget_author("web", "u1"),
        "community": lambda: store.forget_community("web", "club"),
        "prune": lambda: store.prune("web", "club", clock.now + timedelta(days=1)),
    }[how]()
    assert not lose
    assert gone == Forgotten((request,), ("/clips/1.mp4",), ("channel/card",))
    assert await ids(store) == []
