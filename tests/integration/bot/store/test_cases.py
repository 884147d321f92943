"""Appeals and reports, on both databases: opened once, ruled on once, and never without a card for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.store import NewRequest, RecordRefused, RequestGone, Store
from tests.integration.bot.store.making import accepted, answered, new_case, opened

New = Callable[..., NewRequest]


async def test_an_opened_case_reads_back_as_it_was_told(store: Store, new: New, clock) -> None:
    request = await answered(store, new())
    case, is_new = await store.open_case(new_case(request))
    assert is_new
    assert len(case.id) == 12
    assert (case.state, case.at, case.decided_by, case.decided_at) == ("open", clock.now, "", None)
    assert (case.outcome, case.ref) == ("", "")
    assert {name: getattr(case, name) for name in new_case(request).__dataclass_fields__} == {
        name: getattr(new_case(request), name) for name in new_case(request).__dataclass_fields__
    }
    assert await store.case(case.id) == case
    assert await store.case("nobody000000") is None


async def test_a_second_try_of_the_same_person_is_the_first_case_even_when_it_was_ruled_on(
    store: Store, new: New
) -> None:
    request = await answered(store, new())
    first = await opened(store, request)
    assert await store.open_case(new_case(request, words="And another thing.")) == (first, False)
    await store.rule_case(first.id, "upheld", by="mod")
    again, is_new = await store.open_case(new_case(request))
    assert (again.id, again.state, is_new) == (first.id, "upheld", False)


async def test_other_people_other_kinds_and_other_requests_are_other_cases(store: Store, new: New) -> None:
    one, two = await answered(store, new()), await answered(store, new())
    cases = [
        await opened(store, one),
        await opened(store, one, kind="report"),
        await opened(store, one, kind="report", author_id="u2"),
        await opened(store, two),
    ]
    assert len({case.id for case in cases}) == 4


async def test_of_many_tries_at_once_one_is_new(store: Store, database_url: str, new: New) -> None:
    request = await answered(store, new())
    other = Store(database_url)
    results = await asyncio.gather(*(place.open_case(new_case(request)) for place in (store, other) * 5))
    await other.close()
    assert [is_new for _, is_new in results].count(True) == 1
    assert len({case.id for case, _ in results}) == 1


async def test_no_case_is_opened_about_what_is_gone(store: Store, new: New) -> None:
    request = await answered(store, new())
    await store.erase(request)
    with pytest.raises(RequestGone, match="deleted in the meantime"):
        await store.open_case(new_case(request))
    assert await store.cases("web", "club", open_only=False) == []


async def test_a_communitys_cases_come_newest_first_and_closed_ones_only_when_asked_for(store: Store, new: New) -> None:
    cases = [await opened(store, await answered(store, new())) for _ in range(4)]
    await opened(store, await answered(store, new(community="other")), community="other")
    await store.rule_case(cases[2].id, "upheld", by="mod")
    ids = [case.id for case in cases]
    assert [case.id for case in await store.cases("web", "club")] == [ids[3], ids[1], ids[0]]
    assert [case.id for case in await store.cases("web", "club", open_only=False)] == ids[::-1]
    assert [case.id for case in await store.cases("web", "club", limit=2)] == [ids[3], ids[1]]
    assert await store.cases("slack", "club") == []


@pytest.mark.parametrize(
    ("kind", "ruling"), [("appeal", "upheld"), ("appeal", "overturned"), ("report", "removed"), ("report", "kept")]
)
async def test_a_ruling_says_who_when_and_what_and_is_audited(
    store: Store, new: New, clock, kind: str, ruling: str
) -> None:
    case = await opened(store, await answered(store, new()), kind=kind)
    clock.advance(30)
    ruled = await store.rule_case(case.id, ruling, by="mod", outcome="Done.")
    assert ruled is not None
    assert (ruled.state, ruled.decided_by, ruled.decided_at, ruled.outcome) == (ruling, "mod", clock.now, "Done.")
    assert await store.case(case.id) == ruled
    (row,) = await store.audit(kind="change")
    assert row.details == {"what": "case", "case": case.id, "kind": kind, "from": "open", "to": ruling}
    assert (row.author, row.request, row.platform, row.community) == ("mod", case.request, "web", "club")
    assert (row.channel, row.at, row.excerpt) == ("cinema", clock.now, "")


async def test_a_ruling_is_final(store: Store, new: New) -> None:
    case = await opened(store, await answered(store, new()))
    ruled = await store.rule_case(case.id, "upheld", by="mod")
    for state in ("overturned", "upheld"):
        assert await store.rule_case(case.id, state, by="other") is None
    assert await store.rule_case("nobody000000", "upheld", by="mod") is None
    assert await store.case(case.id) == ruled
    assert len(await store.audit(kind="change")) == 1


async def test_of_rulings_at_once_one_wins_and_only_that_one_is_audited(
    store: Store, database_url: str, new: New, clock
) -> None:
    case = await opened(store, await answered(store, new()))
    other = Store(database_url, clock=clock)
    tries = [("upheld", "mod 1", store), ("overturned", "mod 2", other), ("upheld", "mod 3", store)] * 3
    results = await asyncio.gather(*(place.rule_case(case.id, state, by=by) for state, by, place in tries))
    await other.close()
    (won,) = [index for index, result in enumerate(results) if result is not None]
    stored = await store.case(case.id)
    assert stored == results[won]
    assert stored is not None
    assert (stored.state, stored.decided_by) == tries[won][:2]
    (row,) = await store.audit(kind="change")
    assert (row.author, row.details["to"]) == (stored.decided_by, stored.state)


@pytest.mark.parametrize(("kind", "ruling"), [("appeal", "removed"), ("report", "overturned"), ("appeal", "maybe")])
async def test_a_ruling_that_does_not_fit_the_kind_is_refused_and_changes_nothing(
    store: Store, new: New, kind: str, ruling: str
) -> None:
    case = await opened(store, await answered(store, new()), kind=kind)
    with pytest.raises(RecordRefused):
        await store.rule_case(case.id, ruling, by="mod")
    assert await store.case(case.id) == case
    assert await store.audit() == []


async def test_nobody_can_rule_that_a_case_is_open(store: Store, new: New) -> None:
    case = await opened(store, await answered(store, new()))
    with pytest.raises(RecordRefused):
        await store.rule_case(case.id, "open", by="mod")
    assert await store.case(case.id) == case


async def test_what_became_of_a_case_is_noted(store: Store, new: New) -> None:
    case = await opened(store, await answered(store, new()))
    await store.rule_case(case.id, "overturned", by="mod")
    assert await store.note_outcome(case.id, "It was answered again.")
    stored = await store.case(case.id)
    assert stored is not None
    assert (stored.state, stored.outcome) == ("overturned", "It was answered again.")
    assert not await store.note_outcome("nobody000000", "?")


async def test_a_start_finds_the_open_cases_that_no_moderator_was_shown(store: Store, new: New) -> None:
    shown, ruled, missing = [await opened(store, await answered(store, new())) for _ in range(3)]
    elsewhere = await opened(store, await answered(store, new(platform="slack")), platform="slack")
    await store.rule_case(ruled.id, "upheld", by="mod")
    assert await store.note_card(shown.id, "channel/message")
    assert [case.id for case in await store.cards_missing(["web"])] == [missing.id]
    assert [case.id for case in await store.cards_missing(["web", "slack"])] == [missing.id, elsewhere.id]
    assert await store.cards_missing([]) == []
    stored = await store.case(shown.id)
    assert stored is not None
    assert stored.ref == "channel/message"


async def test_a_start_finds_the_rulings_that_nothing_came_of_yet(store: Store, new: New) -> None:
    first, settled, _open, second = [await opened(store, await answered(store, new())) for _ in range(4)]
    elsewhere = await opened(store, await answered(store, new(platform="slack")), platform="slack")
    for case in (second, first, settled, elsewhere):
        await store.rule_case(case.id, "upheld", by="mod")
    await store.note_outcome(settled.id, "They were told.")
    assert [case.id for case in await store.cases_unsettled(["web"])] == [first.id, second.id]
    assert await store.cases_unsettled([]) == []


async def test_whoever_posts_a_card_about_a_case_that_is_forgotten_meanwhile_is_told(store: Store, new: New) -> None:
    request = await accepted(store, new())
    case = await opened(store, request.id)
    await store.erase(request.id)
    assert not await store.note_card(case.id, "channel/message")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_connection_lost_around_a_commit_neither_loses_nor_doubles_a_case_or_its_ruling(
    store: Store, new: New, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    from sqlalchemy.ext.asyncio import AsyncTransaction

    request = await answered(store, new())
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
    case, is_new = await store.open_case(new_case(request))
    assert is_new
    lose = True
    ruled = await store.rule_case(case.id, "upheld", by="mod")
    assert ruled is not None
    assert ruled == await store.case(case.id)
    assert len(await store.audit(kind="change")) == 1
